"""What the child says of a surface, and the bounds on it. Both sides of the channel."""

from __future__ import annotations

import math

import attrs


@attrs.frozen
class MeshFacts:
    """What the child says of a surface; the box is in the file's own unit.

    `mm_each` is how many millimetres one of it is, 0 where that is in doubt.
    """

    written_as: str
    vertices: int
    triangles: int
    box: tuple[float, float, float]
    area: float
    volume: float
    unit: str
    mm_each: float
    is_certain: bool

    @property
    def box_mm(self) -> tuple[float, float, float] | None:
        """The sides of the box in mm, if the unit is known."""
        if not self.mm_each:
            return None
        a, b, c = (side * self.mm_each for side in self.box)
        return a, b, c


def unit_words(facts: MeshFacts) -> str:
    """Say the unit, and how it is known.

    No format says its unit, so the size has to: a jaw is neither 6 cm nor 60 m long.
    """
    longest = max(facts.box)
    if not facts.mm_each:
        return (
            f"The file does not say its unit, and its longest side of {longest:.3g} could be of "
            "inches or centimetres: nothing is measured on it before somebody says."
        )
    sides = " x ".join(f"{side:.0f}" for side in facts.box_mm or ())
    if facts.unit == "millimetres" and facts.is_certain:
        return f"Taken as millimetres by its size: {sides} mm."
    if facts.unit == "millimetres":
        return f"Taken as millimetres: {sides} mm is one tooth; if it is more, the unit is wrong."
    scale = f"{facts.mm_each:g}"
    return (
        f"The file is in {facts.unit}: its longest side is {longest:.3g}, and of millimetres that "
        f"would be no jaw. Multiplied by {scale} it is {sides} mm."
    )


def is_sensible(facts: MeshFacts) -> bool:
    """Whether a surface's facts stay within all bounds."""
    numbers = (*facts.box, facts.area, facts.volume, facts.mm_each)
    return (
        facts.written_as in ("STL", "PLY", "OBJ")
        and 0 < facts.triangles < 1 << 24
        and 0 < facts.vertices < 1 << 26
        and all(math.isfinite(number) for number in numbers)
        and all(side >= 0 for side in facts.box)
        and facts.unit in ("", "millimetres", "metres", "micrometres")
        and facts.mm_each in (0.0, 1.0, 1000.0, 0.001)
    )
