"""What the review looks for, as data: `resources/review/rules.toml`, and the practice's hours."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Any

import attrs

from viewer.model.errors import UserError
from viewer.model.resources import resource_path

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NOT_RULES = {"hours", "past", "rarity"}


class Rule(Enum):
    """One thing that the review looks for; the value is what a person reads."""

    AFTER_HOURS = "after hours"
    VOLUME = "many patients"
    LEAVING_OFTEN = "much left"
    LEAVING_LARGE = "a large share"
    LEAVING_TO = "recipient"
    FAILED_LOGINS = "failed logins"
    EMERGENCY = "emergency access"
    RIGHTS = "rights changed"
    SECOND_FACTOR = "second factor dropped"
    OWN_CHART = "own chart"
    CO_WORKER = "co-worker's chart"
    SAME_SURNAME = "same surname"
    MARKED_PATIENT = "marked patient"
    TRAIL_GAP = "gap in the trail"
    UNCLEAN_END = "unclean end"
    CLOCK = "clock was set"
    KEY_STORE = "key store"
    DISABLED_ACCOUNT = "disabled account"
    REFUSED = "refused by role"
    VERIFICATION = "verification failed"
    SET_BACK = "store set back"


@attrs.frozen
class Hours:
    """When the practice is open, in its own time. `days` are weekdays, Monday 0."""

    opens: time
    closes: time
    days: frozenset[int]

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Hours:
        """Read them as `resources/review/rules.toml` and the practice's own setting write them.

        Raises
        ------
        UserError
            Not hours.
        """
        try:
            opens, closes = (
                time.fromisoformat(fields["opens"]),
                time.fromisoformat(fields["closes"]),
            )
            days = frozenset(WEEKDAYS.index(day) for day in fields["days"])
        except (KeyError, ValueError, TypeError, AttributeError):
            raise UserError("These are no hours.", "Write them as 07:30 and 19:00.") from None
        if opens >= closes or not days:
            raise UserError("The practice closes after it opens, on at least one day.")
        return cls(opens, closes, days)

    def fields(self) -> dict[str, Any]:
        """Return them as they are kept."""
        return {
            "opens": self.opens.isoformat("minutes"),
            "closes": self.closes.isoformat("minutes"),
            "days": [WEEKDAYS[day] for day in sorted(self.days)],
        }

    @property
    def words(self) -> str:
        """Say them: "07:00 to 19:00, Mon Tue Wed Thu Fri"."""
        days = " ".join(WEEKDAYS[day][:3] for day in sorted(self.days))
        return f"{self.opens:%H:%M} to {self.closes:%H:%M}, {days}"

    def is_open(self, local: datetime, grace: timedelta = timedelta()) -> bool:
        """Whether the practice works at a moment of its own time, or nearly."""
        if local.weekday() not in self.days:
            return False
        start = datetime.combine(local.date(), self.opens, local.tzinfo) - grace
        end = datetime.combine(local.date(), self.closes, local.tzinfo) + grace
        return start <= local <= end


@attrs.frozen
class Settings:
    """Thresholds and weights by rule, and the practice's hours."""

    tables: Mapping[str, Mapping[str, Any]]
    hours: Hours

    def number(self, rule: Rule | str, name: str = "weight") -> float:
        """Return a number of a rule's table."""
        return float(self._table(rule)[name])

    def words(self, rule: Rule, name: str) -> tuple[str, ...]:
        """Return a list of a rule's table."""
        return tuple(self._table(rule)[name])

    def is_always_grave(self, rule: Rule) -> bool:
        """Whether it weighs as much however often it happens."""
        return bool(self._table(rule).get("always", False))

    @property
    def past(self) -> timedelta:
        """How far back "usual" looks."""
        return timedelta(days=self.number("past", "days"))

    def _table(self, rule: Rule | str) -> Mapping[str, Any]:
        return self.tables[rule.name.lower() if isinstance(rule, Rule) else rule]


def parse_settings(text: str) -> Settings:
    """Read a table of rules.

    Raises
    ------
    ValueError
        A rule is missing, unknown or without a weight.
    """
    tables = tomllib.loads(text)
    if {rule.name.lower() for rule in Rule} != set(tables) - _NOT_RULES:
        raise ValueError("each rule has one table")
    if any("weight" not in tables[rule.name.lower()] for rule in Rule):
        raise ValueError("each rule has a weight")
    return Settings(tables, Hours.from_fields(tables["hours"]))


@cache
def shipped_settings() -> Settings:
    """Return what comes with the program."""
    return parse_settings(resource_path("review", "rules.toml").read_text(encoding="utf-8"))
