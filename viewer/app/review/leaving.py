"""What left the practice: each export and share, with purpose and recipient as far as recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from viewer.app.review.material import LEAVES, Ref, Seen
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import Entry, EventKind, Outcome

NOT_RECORDED = "not recorded"
_OLD_WHY = re.compile(
    r"(?P<purpose>.*?), to (?P<recipient>.*), profile (?P<profile>[^,]*), share (?P<number>\w+)"
)
"""How a share told purpose and recipient before they had fields of their own."""


@attrs.frozen
class Leaving:
    """One export or share.

    `ended` is None where the trail does not say how it ended: it may have left. `objects` are the
    images, and the patients where there were several.
    """

    ref: Ref
    when: datetime
    kind: EventKind
    user_id: UserId | None
    who: str
    role: str
    purpose: str
    recipient: str
    patient_id: PatientId | None
    objects: tuple[str, ...]
    size_bytes: int | None
    digest: str
    number: str
    ended: Outcome | None
    workstation: str = ""

    @property
    def left(self) -> bool:
        """Whether it left, or may have."""
        return self.ended in {Outcome.DONE, None}

    def is_of(self, patient_id: PatientId) -> bool:
        """Whether a patient's images were in it."""
        return self.patient_id == patient_id or patient_id in self.objects

    @property
    def is_of_several(self) -> bool:
        """Whether the trail names no single patient for it."""
        return self.patient_id is None


def purpose_and_recipient(entry: Entry) -> tuple[str, str]:
    """Return both, from their fields or from an old entry's words; "" where neither says it.

    >>> purpose_and_recipient(Entry(EventKind.SHARE, why="Referral, to Dr. X, profile referral, "
    ...                                                  "share 01AB"))
    ('Referral', 'Dr. X')
    """
    if entry.purpose or entry.recipient:
        return entry.purpose, entry.recipient
    old = _OLD_WHY.search(entry.why) if entry.kind is EventKind.SHARE else None
    return (old["purpose"], old["recipient"]) if old else ("", "")


def share_number(entry: Entry) -> str:
    """Return the number that the share's manifest and mark carry; "" where there is none."""
    found = re.search(r"\bshare (\w+)", entry.why)
    return found[1] if found and entry.kind is EventKind.SHARE else ""


def leavings(seen: Iterable[Seen]) -> list[Leaving]:
    """Return what left or may have, oldest first; what failed or was cancelled says so."""
    begun: dict[Ref, Seen] = {}
    ends: dict[Ref, Seen] = {}
    for each in seen:
        if each.kind not in LEAVES or each.entry.outcome is Outcome.REFUSED:
            continue
        entry = each.entry
        if entry.refers_to is None:
            begun[each.ref] = each
        else:
            ends[Ref(entry.refers_in or each.event.segment, entry.refers_to)] = each
    lone = {ref: end for ref, end in ends.items() if ref not in begun}
    pairs = [(each, ends.get(ref)) for ref, each in begun.items()]
    pairs += [(end, end) for end in lone.values()]
    return sorted((_leaving(*pair) for pair in pairs), key=lambda each: each.ref)


def _leaving(first: Seen, end: Seen | None) -> Leaving:
    entry = first.entry
    told = end.entry if end is not None else entry
    purpose, recipient = purpose_and_recipient(entry)
    if end is None and entry.outcome is not Outcome.INTENT:
        end = first
    return Leaving(
        first.ref,
        first.local,
        entry.kind,
        entry.actor.user_id,
        entry.actor.name,
        entry.actor.role,
        purpose,
        recipient,
        entry.patient_id,
        entry.objects,
        told.size_bytes,
        told.digests[0] if told.digests else "",
        share_number(entry),
        end.entry.outcome if end is not None else None,
        first.event.workstation,
    )


def of_patient(all_of_them: Sequence[Leaving], patient_id: PatientId) -> list[Leaving]:
    """Return what left of one patient."""
    return [each for each in all_of_them if each.left and each.is_of(patient_id)]
