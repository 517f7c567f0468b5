"""What the practice decided about keeping: quota, verification, periods; checked on reading."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

import attrs

from viewer.model.image import ImageKind
from viewer.model.json import from_json, to_json
from viewer.model.resources import resource_path
from viewer.vault.errors import KeepingRefused, StoreDamaged

LONGEST_YEARS = 200
VERIFIED_DAYS = 30


@attrs.frozen
class Quota:
    """The most that the store shall take: bytes, or percent of the disk it lies on."""

    size_bytes: int | None = None
    percent: int | None = None

    def __attrs_post_init__(self) -> None:
        if (self.size_bytes is None) == (self.percent is None):
            raise KeepingRefused("A quota is either a size or a share of the disk.")
        if self.size_bytes is not None and self.size_bytes < 0:
            raise KeepingRefused("A quota cannot be negative.")
        if self.percent is not None and not 1 <= self.percent <= 100:
            raise KeepingRefused("A share of the disk is between 1 and 100 percent.")

    def of_disk(self, disk_bytes: int) -> int:
        """Return the quota in bytes on a disk of this size."""
        if self.size_bytes is not None:
            return self.size_bytes
        return disk_bytes * (self.percent or 0) // 100


_LATER_KINDS = (ImageKind.MODEL, ImageKind.DOCUMENT)
"""Kinds that came later: rules stored before name none, and the period of others counts."""


@attrs.frozen
class Retention:
    """How many years after the last visit each kind is kept, and how long for minors."""

    years: Mapping[str, int]
    minor_age: int
    minor_extra_years: int
    floor_years: int

    def __attrs_post_init__(self) -> None:
        missing = {kind.value for kind in _LATER_KINDS} - set(self.years)
        if missing and ImageKind.OTHER.value in self.years:  # stored before there were such kinds
            others = dict.fromkeys(missing, self.years[ImageKind.OTHER.value])
            object.__setattr__(self, "years", {**self.years, **others})
        if set(self.years) != {kind.value for kind in ImageKind}:
            raise KeepingRefused("Every kind of image needs a period, and no other.")
        if any(not self.floor_years <= years <= LONGEST_YEARS for years in self.years.values()):
            raise KeepingRefused(
                f"A period is at least {self.floor_years} and at most {LONGEST_YEARS} years.",
                "Choose a longer one.",
            )
        if not (0 <= self.minor_extra_years <= LONGEST_YEARS and 18 <= self.minor_age <= 25):
            raise KeepingRefused("The rule for minors is out of bounds.")

    @property
    def shortest_years(self) -> int:
        """The shortest period of any kind."""
        return min(self.years.values())

    def changed(self, years: Mapping[str, int], minor_extra_years: int | None = None) -> Retention:
        """Return the rules with some periods changed.

        Raises
        ------
        KeepingRefused
            An unknown kind, or a period below the floor.
        """
        extra = self.minor_extra_years if minor_extra_years is None else minor_extra_years
        return attrs.evolve(self, years={**self.years, **years}, minor_extra_years=extra)


@attrs.frozen
class Rules:
    """All of it. `verified_days`: how fresh an archive's verification must be for an eviction."""

    retention: Retention
    quota: Quota | None = None
    verified_days: int = VERIFIED_DAYS

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.verified_days <= 366:
            raise KeepingRefused("A verification counts for 1 to 366 days.")


@attrs.frozen
class Source:
    """A rule that stands behind the defaults, and what it says in short."""

    rule: str
    says: str


@cache
def defaults() -> Retention:
    """Return the periods that come with the program."""
    table = _table()
    return Retention(
        dict(table["years"]),
        table["minor_age"],
        table["minor_extra_years"],
        table["floor_years"],
    )


@cache
def sources() -> tuple[Source, ...]:
    """Return the rules behind the defaults."""
    return tuple(Source(row["rule"], row["says"]) for row in _table()["sources"])


def _table() -> dict[str, Any]:
    return tomllib.loads(resource_path("keeping", "retention.toml").read_text(encoding="utf-8"))


def rules_from(text: str | None) -> Rules:
    """Read stored rules; None gives the defaults. The floor is always the program's own.

    Raises
    ------
    StoreDamaged
        They are no rules.
    """
    if text is None:
        return Rules(defaults())
    try:
        found = from_json(text, Rules)
        floor = max(found.retention.floor_years, defaults().floor_years)
        return attrs.evolve(found, retention=attrs.evolve(found.retention, floor_years=floor))
    except (ValueError, KeepingRefused) as fault:
        raise StoreDamaged("The rules of keeping in the store are damaged.") from fault


def rules_text(rules: Rules) -> str:
    """Return rules as they are stored."""
    return to_json(rules)
