"""Each person's period at a glance: hours, patients, what they sent, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from viewer.app.review.findings import Finding
from viewer.app.review.material import LEAVES, LOOKS, Person, Seen
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import EventKind, Outcome

HOURS = 24
_FAILS = frozenset({EventKind.LOGIN_FAILED, EventKind.UNLOCK_FAILED})


@attrs.frozen
class PersonFacts:
    """What somebody did in a period. `hours` are events by hour of the day, 0 to 23."""

    user_id: UserId
    name: str
    role: str
    is_enabled: bool
    events: int
    days: int
    patients: int
    sent: int
    failed: int
    hours: tuple[int, ...]
    findings: int
    last: datetime | None = None


def people_facts(
    seen: Sequence[Seen],
    people: Mapping[UserId, Person],
    findings: Sequence[Finding],
    since: datetime,
) -> list[PersonFacts]:
    """Return everybody with an account or an event, those with open findings and most events first.

    A closing entry is not counted: it tells how the one before ended.
    """
    by_user: dict[UserId, list[Seen]] = {user: [] for user in people}
    for each in seen:
        if each.user is not None and each.local >= since and each.entry.refers_to is None:
            by_user.setdefault(each.user, []).append(each)
    facts = [_facts(user, some, people.get(user), findings) for user, some in by_user.items()]
    return sorted(facts, key=lambda each: (-each.findings, -each.events, each.name))


def _facts(
    user: UserId, seen: Sequence[Seen], person: Person | None, findings: Sequence[Finding]
) -> PersonFacts:
    hours = [0] * HOURS
    patients: set[PatientId] = set()
    for each in seen:
        hours[each.local.hour] += 1
        if each.kind in LOOKS and each.entry.patient_id is not None:
            patients.add(each.entry.patient_id)
    known = seen[-1].entry.actor if seen else None
    return PersonFacts(
        user,
        person.name if person else known.name if known else "",
        person.role if person else known.role if known else "",
        person.is_enabled if person else False,
        len(seen),
        len({each.day for each in seen}),
        len(patients),
        sum(
            1 for each in seen if each.kind in LEAVES and each.entry.outcome is not Outcome.REFUSED
        ),
        sum(1 for each in seen if each.kind in _FAILS),
        tuple(hours),
        sum(1 for each in findings if each.user_id == user and each.is_open),
        seen[-1].local if seen else None,
    )


def by_kind(seen: Sequence[Seen], since: datetime) -> list[tuple[str, int]]:
    """Return how many events of each kind there were in a period, most first."""
    counts: dict[str, int] = {}
    for each in seen:
        if each.local >= since and each.entry.refers_to is None:
            counts[each.kind.value] = counts.get(each.kind.value, 0) + 1
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
