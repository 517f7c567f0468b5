"""Emergency access: what began, when it ended, what was opened in it, and whether it was reviewed.

An emergency access is open until there is a REVIEWED event that refers to its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from viewer.app.review.findings import Finding, SignedOff, counted, found
from viewer.app.review.looking import patients_in
from viewer.app.review.material import LOOKS, Material, Ref, Seen
from viewer.app.review.settings import Rule, Settings
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import EventKind, Outcome

ABOUT_ONESELF = "(about oneself, since nobody else may review)"
"""Ends the words of a sign-off by the only one who may."""

_KINDS = frozenset({EventKind.EMERGENCY, EventKind.EMERGENCY_CODE})
_AT_MOST = timedelta(minutes=40)
"""An access lasts half an hour; what its end is missing for is looked at for a little longer."""


@attrs.frozen
class EmergencyAccess:
    """One emergency access. `signed` is None as long as nobody reviewed it."""

    ref: Ref
    began: datetime
    ended: datetime | None
    user_id: UserId | None
    who: str
    role: str
    reason: str
    by_code: bool
    patients: tuple[PatientId, ...]
    looks: int
    workstation: str
    signed: SignedOff | None = None

    def is_overdue(self, now: datetime, settings: Settings) -> bool:
        """Whether nobody reviewed it in time."""
        hours = settings.number(Rule.EMERGENCY, "review_hours")
        return self.signed is None and now - self.began > timedelta(hours=hours)


def sign_offs(seen: Sequence[Seen]) -> tuple[Mapping[Ref, SignedOff], Mapping[str, SignedOff]]:
    """Return what was reviewed: by the event that a sign-off refers to, and by finding."""
    by_ref: dict[Ref, SignedOff] = {}
    by_finding: dict[str, SignedOff] = {}
    for each in seen:
        entry = each.entry
        if each.kind is not EventKind.REVIEWED or not each.is_done:
            continue
        signed = _signed(each)
        if entry.refers_to is not None and not is_of_another_rule(entry.why):
            by_ref[Ref(entry.refers_in or each.event.segment, entry.refers_to)] = signed
        for digest in entry.digests:
            by_finding[digest] = signed
    return by_ref, by_finding


def is_of_another_rule(words: str) -> bool:
    """Whether a sign-off is of something else that the same event took part in.

    A clock that was set right after an emergency access began is a finding of its own, and whoever
    signs that off has not looked at the emergency.
    """
    others = (rule for rule in Rule if rule is not Rule.EMERGENCY)
    return words.startswith(tuple(f"{rule.value}: " for rule in others))


def _signed(each: Seen) -> SignedOff:
    words = each.entry.why
    own = words.endswith(ABOUT_ONESELF)
    words = words.removesuffix(ABOUT_ONESELF).strip()
    rules = tuple(f"{rule.value}: " for rule in Rule)
    note = next((words.removeprefix(rule) for rule in rules if words.startswith(rule)), words)
    return SignedOff(each.entry.actor.name, each.local, note, own)


def accesses(seen: Sequence[Seen]) -> list[EmergencyAccess]:
    """Return every emergency access, oldest first, with what was opened meanwhile."""
    by_ref, _ = sign_offs(seen)
    ends = {
        Ref(each.entry.refers_in or each.event.segment, each.entry.refers_to): each
        for each in seen
        if each.kind in _KINDS and each.entry.refers_to is not None
    }
    return [
        _access(seen, each, ends.get(each.ref), by_ref.get(each.ref))
        for each in seen
        if _is_beginning(each)
    ]


def _is_beginning(each: Seen) -> bool:
    entry = each.entry
    if entry.refers_to is not None or entry.outcome in {Outcome.REFUSED, Outcome.FAILED}:
        return False
    if entry.kind is EventKind.EMERGENCY_CODE:
        return "used" in entry.why.casefold()
    return entry.kind is EventKind.EMERGENCY and not entry.why.casefold().startswith("ended")


def _access(
    seen: Sequence[Seen], first: Seen, end: Seen | None, signed: SignedOff | None
) -> EmergencyAccess:
    entry = first.entry
    last = end.local if end is not None else first.local + _AT_MOST
    looks = [
        each
        for each in seen
        if each.kind in LOOKS
        and each.is_begun
        and each.event.workstation == first.event.workstation
        and (each.user, each.entry.actor.name) == (first.user, entry.actor.name)
        and first.local <= each.local <= last
    ]
    return EmergencyAccess(
        first.ref,
        first.local,
        end.local if end is not None else None,
        first.user,
        entry.actor.name,
        entry.actor.role,
        entry.why,
        entry.kind is EventKind.EMERGENCY_CODE or first.user is None,
        tuple(patients_in(looks)),
        len(looks),
        first.event.workstation,
        signed,
    )


def emergencies(material: Material) -> Iterator[Finding]:
    """Each emergency access is a finding of its own until it is reviewed, whenever it was."""
    settings, rule = material.settings, Rule.EMERGENCY
    by_ref = {each.ref: each for each in material.seen}
    for access in accesses(material.seen):
        patients = counted(len(access.patients), "patient", "patients")
        reason = "With the sealed code: " if access.by_code else ""
        reason += f"“{access.reason}”. {patients} opened."
        weight = settings.number(rule)
        if access.is_overdue(material.now, settings):
            hours = settings.number(rule, "review_hours")
            weight = settings.number(rule, "overdue_weight")
            reason += f" Nobody reviewed it within {hours:.0f} hours."
        yield found(rule, weight, reason, [by_ref[access.ref]], access.patients)
