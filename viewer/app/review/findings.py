"""What a rule found: how grave, the reason in words, and the events it stands on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import attrs

from viewer.app.review.material import Ref, Seen
from viewer.app.review.settings import Rule
from viewer.model.ids import PatientId, UserId


@attrs.frozen
class SignedOff:
    """Somebody looked at it: who, when, and what they wrote. `own`: it was about themselves."""

    by: str
    when: datetime
    note: str = ""
    own: bool = False


@attrs.frozen
class Finding:
    """Something unusual.

    `weight` is the rule's, `score` what the list is ranked by. `refs` are the events it stands
    on: with them it is the same finding whoever looks, whenever. `user_id` is None where nobody
    with an account did it. `also` names what the same person did on the same day.
    """

    rule: Rule
    weight: float
    reason: str
    refs: tuple[Ref, ...]
    first: datetime
    last: datetime
    user_id: UserId | None = None
    who: str = ""
    patients: tuple[PatientId, ...] = ()
    score: float = 0.0
    also: tuple[Rule, ...] = ()
    signed: SignedOff | None = None

    @property
    def id(self) -> str:
        """SHA-256 over rule and events, in hex: what a sign-off is about."""
        told = self.rule.name + "".join(f"|{ref}" for ref in self.refs)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def is_open(self) -> bool:
        """Whether nobody signed it off."""
        return self.signed is None


def found(
    rule: Rule,
    weight: float,
    reason: str,
    seen: Sequence[Seen],
    patients: Sequence[PatientId | None] = (),
) -> Finding:
    """Return a finding that stands on some events of one person, oldest first."""
    ordered = sorted(seen, key=lambda each: each.ref)
    return Finding(
        rule,
        weight,
        reason,
        tuple(each.ref for each in ordered),
        min(each.local for each in ordered),
        max(each.local for each in ordered),
        ordered[0].user,
        ordered[0].entry.actor.name,
        tuple(dict.fromkeys(p for p in patients if p is not None)),
    )


def counted(number: int, one: str, many: str) -> str:
    """Return a count in words.

    >>> counted(1, "patient", "patients")
    '1 patient'
    """
    return f"{number} {one if number == 1 else many}"
