"""What the trail says: who, where, when, which patient and objects, what, why, how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import attrs

from viewer.model.ids import PatientId, UserId


class EventKind(Enum):
    """What happened. The value is what a person reads."""

    PROGRAM_STARTED = "program started"
    PROGRAM_ENDED = "program ended"
    PRACTICE_FOUNDED = "practice founded"
    PRACTICE_RECOVERED = "practice recovered"
    KEYSTORE_NOTICE = "key store notice"
    LOGIN = "login"
    LOGIN_FAILED = "login failed"
    LOCK = "lock"
    UNLOCK = "unlock"
    UNLOCK_FAILED = "unlock failed"
    LOGOFF = "logoff"
    ACCOUNT_CHANGED = "account changed"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - words, no password
    IMPORT = "import"
    LIST = "list"
    VIEW = "view"
    EXPORT = "export"
    SHARE = "share"
    BUNDLE_OPENED = "bundle opened"
    STORE_CHECKED = "store checked"
    TRAIL_READ = "trail read"
    TRAIL_VERIFIED = "trail verified"
    TRAIL_EXPORTED = "trail exported"
    TRAIL_REPAIRED = "trail repaired"
    REFUSED = "refused"
    BACKUP = "backup"
    RESTORED = "restored"
    HISTORY_FORKED = "history forked"
    SET_BACK = "set back"
    """A part of the store is older than it was: an alarm, and a refusal."""
    KEYS_ROTATED = "keys rotated"
    SEALED_ANEW = "sealed anew"
    PATIENT_ERASED = "patient erased"
    STORE_REPAIRED = "store repaired"
    KEEPING_CHANGED = "keeping changed"
    EVICTED = "evicted"
    PURGED = "purged"
    EMERGENCY = "emergency access"
    """Break-glass: it began, with the reason, or it ended."""
    EMERGENCY_CODE = "emergency code"
    """The sealed code was made, used or destroyed."""
    FACTOR_CHANGED = "second factor changed"
    QUICK_PIN = "quick PIN"
    """A PIN or a key's tap for this shift was set, dropped, or ended."""
    ROLE_DEFINED = "role defined"
    POLICY_CHANGED = "policy changed"
    REVIEWED = "reviewed"
    """Somebody looked at an unusual event or an emergency access, and signed it off."""
    REPORT = "report"
    """A monthly review, or an accounting of a patient's disclosures."""
    SENT_OFF = "trail sent off"
    """What another machine holds of this trail: begun, behind, caught up."""
    TRAIL_ARCHIVED = "trail archived"
    CHART_CORRECTED = "chart corrected"
    """Whose an image is, which side, which teeth: what stood there before, and what stands now."""
    SET_ASIDE = "set aside"
    """A file that could not be read safely was sealed away, tried again, or thrown away."""
    FOLDER_WATCHED = "folder watched"
    """Which folders of capture devices this workstation takes images from."""
    DRAFT = "draft"
    """Work that a lock interrupted was kept sealed, brought back, or thrown away."""


class Outcome(Enum):
    """How it ended, or that it is about to begin."""

    INTENT = "intent"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


@attrs.frozen
class Actor:
    """Who did it, as known at that time. The program itself has no `user_id`."""

    user_id: UserId | None = None
    name: str = ""
    role: str = ""


PROGRAM = Actor(name="Bitewing")


@attrs.frozen
class Entry:
    """What a caller tells the trail.

    `why` is the purpose, recipient or reason in words; `objects` and `digests` are hex ids and
    SHA-256 digests of what was touched; `refers_to` is the sequence number of the intent that
    this entry ends, and `refers_in` its segment where the trail may go on in another meanwhile.
    `purpose` and `recipient` are set where something left the practice (45 CFR 164.528 asks for
    both); `why` says the rest. `happened` is when (ISO 8601, UTC), where the entry had to wait: the
    trail could not be written then.
    """

    kind: EventKind
    actor: Actor = PROGRAM
    outcome: Outcome = Outcome.DONE
    patient_id: PatientId | None = None
    objects: tuple[str, ...] = ()
    why: str = ""
    digests: tuple[str, ...] = ()
    size_bytes: int | None = None
    refers_to: int | None = None
    refers_in: int | None = None
    purpose: str = ""
    recipient: str = ""
    happened: str = ""


@attrs.frozen
class Event:
    """An entry as committed: its number in the chain, where and when.

    `wall` is UTC; `boot_s` are seconds since the machine started, which betray a set clock. A new
    `segment` of the trail begins after a recovery; `seq` counts within it.
    """

    seq: int
    workstation: str
    wall: datetime
    boot_s: float
    entry: Entry
    segment: int = 1


@attrs.frozen
class EventFilter:
    """Which events to list; empty means all. `until` is exclusive."""

    kinds: frozenset[EventKind] = frozenset()
    users: frozenset[UserId] = frozenset()
    patient_id: PatientId | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, event: Event) -> bool:
        """Whether an event is wanted."""
        entry = event.entry
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.users or entry.actor.user_id in self.users)
            and (self.patient_id is None or entry.patient_id == self.patient_id)
            and (self.since is None or event.wall >= self.since)
            and (self.until is None or event.wall < self.until)
        )


ALL_EVENTS = EventFilter()
