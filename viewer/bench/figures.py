"""What a benchmark finds: a value against a limit or a peer, and whether its target holds."""

from __future__ import annotations

import attrs


@attrs.frozen
class AtMost:
    """A target: the value is at most `times` the value that it is measured against."""

    times: float

    def __str__(self) -> str:
        """Return it in short words.

        >>> str(AtMost(1.5)), str(AtMost(0.05))
        ('≤ 1.5 ×', '≤ 0.05 ×')
        """
        return f"≤ {self.times:g} ×"

    def holds(self, ratio: float | None) -> bool | None:
        """Whether a ratio meets it; None where there is no ratio."""
        return None if ratio is None else ratio <= self.times


@attrs.frozen
class Figure:
    """One line of the result; less is better.

    `name` says what was measured and `against` what with, both in plain words; the two together
    name the line. `against_value` (same unit) is None where it could not be measured.
    """

    name: str
    value: float
    unit: str
    against: str
    against_value: float | None
    target: AtMost | None = None

    @property
    def ratio(self) -> float | None:
        """Value over what it is measured against.

        >>> Figure("a", 3.0, "ms", "b", 2.0).ratio
        1.5
        """
        return self.value / self.against_value if self.against_value else None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None where there is none or nothing to compare with."""
        return None if self.target is None else self.target.holds(self.ratio)

    def facts(self) -> dict[str, str | float | bool | None]:
        """Return the line as JSON keeps it."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "against": self.against,
            "against_value": None if self.against_value is None else round(self.against_value, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "target": None if self.target is None else str(self.target),
            "holds": self.holds,
        }
