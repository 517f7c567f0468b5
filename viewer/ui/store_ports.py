"""What the page of the store asks of the program, and the records that answer.

The rules are those of `viewer.ui.ports`: main thread only; a method with `on_done` returns at once
and calls exactly one of `on_done` and `on_fault` later; the others answer within 50 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import attrs

from viewer.model.errors import IntegrityError
from viewer.model.ids import PatientId, UserId
from viewer.ui.ports import OnFault, OnProgress, RecoveryKey, Running

RECOVERY_GROUPS = 14
"""Groups of a recovery key on paper."""


# --- health -----------------------------------------------------------------------------------


@attrs.frozen
class StoreFinding:
    """One thing that a check found, and what to do now; harmless ones cost only room."""

    words: str
    now: str = ""
    is_harmless: bool = False


@attrs.frozen
class StoreCheck:
    """What a check looked at and found. `is_deep`: every object was opened to its last byte."""

    when: datetime
    is_deep: bool
    is_whole: bool
    objects: int
    size_bytes: int = 0
    findings: tuple[StoreFinding, ...] = ()


@attrs.frozen
class StoreRepair:
    """What a repair did, and each loss that stays, in sentences."""

    done: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


# --- backups ----------------------------------------------------------------------------------


@attrs.frozen
class BackupPlace:
    """A place that holds a backup. Its name is what a person recognises ("USB 1").

    `verified` is when all of it was last opened, if that is known. `is_pending`: it still holds
    patients that were erased, until it is connected again. `is_set_aside`: no backup, but a store
    that a restore set aside, which holds older keys until it is given up.
    """

    id: str
    label: str
    last_snapshot: datetime | None = None
    verified: datetime | None = None
    is_pending: bool = False
    is_connected: bool = True
    is_set_aside: bool = False


@attrs.frozen
class BackupDone:
    """A finished snapshot. `damaged` objects were not whole in the store when it was made."""

    label: str
    objects: int
    copied_bytes: int
    damaged: int = 0


@attrs.frozen
class BackupProof:
    """What the check of a backup found; each flaw in a sentence."""

    label: str
    snapshots: int
    objects: int
    flaws: tuple[str, ...] = ()


# --- keys -------------------------------------------------------------------------------------


@attrs.frozen
class KeyFacts:
    """How the keys stand.

    `due_why` says why new keys are due ("" if they are not); `is_unfinished`: a change was begun
    and not ended; `pending` backups still need older keys. `recovery_proved` is None where nobody
    typed the sheet in since it was made.
    """

    epoch: int
    since: datetime | None = None
    due_why: str = ""
    is_unfinished: bool = False
    older_epochs: int = 0
    pending: tuple[str, ...] = ()
    recovery_proved: datetime | None = None


@attrs.frozen
class KeysChanged:
    """What a change of keys did. `pending` backups keep older keys from being destroyed."""

    epoch: int
    patients: int
    retired: int = 0
    pending: tuple[str, ...] = ()
    damaged: int = 0


@attrs.frozen
class SealedAnew:
    """What was sealed anew; `patients_left` still have images under an older key."""

    objects: int
    size_bytes: int
    patients_left: int = 0


# --- room and keeping -------------------------------------------------------------------------


@attrs.frozen
class KindRoom:
    """What images of one kind take. `free_bytes` could leave, since they are held elsewhere."""

    kind: str
    images: int
    here_bytes: int
    elsewhere_bytes: int = 0
    held_bytes: int = 0
    free_bytes: int = 0


@attrs.frozen
class RoomFacts:
    """What the store takes, by kind, largest first. `places` hold copies of it.

    `stale_since`: they were last looked at then, and that counts for `verified_days` only.
    """

    kinds: tuple[KindRoom, ...]
    disk_bytes: int
    disk_free_bytes: int
    quota_bytes: int | None = None
    places: tuple[str, ...] = ()
    stale_since: datetime | None = None
    verified_days: int = 0

    @property
    def here_bytes(self) -> int:
        """What lies on this disk."""
        return sum(each.here_bytes for each in self.kinds)

    @property
    def elsewhere_bytes(self) -> int:
        """What lies only elsewhere."""
        return sum(each.elsewhere_bytes for each in self.kinds)

    @property
    def free_bytes(self) -> int:
        """What could leave this disk now."""
        return sum(each.free_bytes for each in self.kinds)


@attrs.frozen
class FreeingPlan:
    """What would leave this disk; nothing has."""

    wanted_bytes: int
    images: int
    patients: int
    size_bytes: int
    places: tuple[str, ...] = ()


@attrs.frozen
class Freed:
    """What left this disk."""

    images: int
    size_bytes: int


@attrs.frozen
class FoundPatient:
    """Somebody who was looked for."""

    id: PatientId
    chart_number: str = attrs.field(repr=False)
    display_name: str = attrs.field(default="", repr=False)
    birth_date: date | None = attrs.field(default=None, repr=False)


@attrs.frozen
class LegalHold:
    """While it stands, nothing of the patient is removed by anybody."""

    number: int
    patient: FoundPatient
    reason: str = attrs.field(repr=False)
    by: str
    since: datetime


@attrs.frozen
class DuePatient:
    """Images of one patient whose period has ended. `code` stands for exactly these images."""

    patient: FoundPatient
    images: int
    kept_until: date
    last_visit: date
    is_whole: bool
    is_held: bool
    code: str


# --- erasing ----------------------------------------------------------------------------------


@attrs.frozen
class ErasurePlan:
    """What erasing a patient would destroy; nothing has been.

    `backups` are the places that hold a copy; those `out_of_reach` would stay pending.
    """

    patient: FoundPatient
    images: int
    visits: int
    first_visit: date | None
    last_visit: date | None
    holds: tuple[LegalHold, ...] = ()
    backups: tuple[str, ...] = ()
    out_of_reach: tuple[str, ...] = ()


@attrs.frozen
class ErasureDone:
    """What was destroyed, and the signed certificate to keep."""

    images: int
    objects: int
    certificate: bytes = attrs.field(repr=False)
    backups_done: tuple[str, ...] = ()
    backups_pending: tuple[str, ...] = ()


# --- the port ---------------------------------------------------------------------------------


class Health(Protocol):
    """Whether everything stored is still what was written."""

    def last_check(self) -> StoreCheck | None:
        """The last check, without what it found in detail; None where there was none."""

    def check(
        self,
        deep: bool,
        on_done: Callable[[StoreCheck], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Look at every object, or open each to its last byte."""

    def repair(
        self,
        on_done: Callable[[StoreRepair], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Mend what there is a second place for."""


class Backups(Protocol):
    """Where copies lie, and how old they are."""

    def backups(
        self, on_done: Callable[[Sequence[BackupPlace]], None], on_fault: OnFault
    ) -> Running:
        """Say which places there are that were not given up, by name; looks which are connected."""

    def back_up(
        self,
        folder: Path,
        label: str,
        on_done: Callable[[BackupDone], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Make a snapshot in a folder, known by a label from then on."""

    def back_up_again(
        self,
        place_id: str,
        on_done: Callable[[BackupDone], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Make a snapshot at a place that is known."""

    def verify_backup(
        self,
        place_id: str,
        on_done: Callable[[BackupProof], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Open every snapshot and every object in it."""

    def give_up_backup(
        self, place_id: str, reason: str, on_done: Callable[[str], None], on_fault: OnFault
    ) -> Running:
        """Declare a place lost: nothing waits for it any more. Answers with its label."""


class Keys(Protocol):
    """The keys that everything is sealed with."""

    def key_facts(self, on_done: Callable[[KeyFacts], None], on_fault: OnFault) -> Running:
        """Say how the keys stand."""

    def change_keys(
        self, on_done: Callable[[KeysChanged], None], on_fault: OnFault, on_progress: OnProgress
    ) -> Running:
        """Begin new keys and bring the store and its backups to them; seconds."""

    def seal_anew(
        self, on_done: Callable[[SealedAnew], None], on_fault: OnFault, on_progress: OnProgress
    ) -> Running:
        """Seal every image anew under fresh keys, or go on with it; hours for a large store."""

    def prove_recovery(
        self, typed: str, on_done: Callable[[bool], None], on_fault: OnFault
    ) -> Running:
        """Say whether what was typed from the sheet opens every key; a yes is remembered."""

    def replace_recovery(
        self, on_done: Callable[[RecoveryKey], None], on_fault: OnFault
    ) -> Running:
        """Make a new recovery key; the old sheet opens nothing here any more."""


class Keeping(Protocol):
    """What is here, what elsewhere, what must stay, and what may go."""

    def room(
        self, on_done: Callable[[RoomFacts], None], on_fault: OnFault, on_progress: OnProgress
    ) -> Running:
        """Measure the store."""

    def set_quota(
        self, size_bytes: int | None, on_done: Callable[[int | None], None], on_fault: OnFault
    ) -> Running:
        """Set or drop the limit; nothing leaves by that alone."""

    def plan_freeing(
        self, wanted_bytes: int, on_done: Callable[[FreeingPlan], None], on_fault: OnFault
    ) -> Running:
        """Say what would leave; nothing does."""

    def free_up(
        self,
        wanted_bytes: int,
        on_done: Callable[[Freed], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Send images away that another place verifiably holds, longest unseen first."""

    def find_patients(self, text: str) -> Sequence[FoundPatient]:
        """Who has this chart number; also by name, for a role that may list patients."""

    def is_held(self, patient_id: PatientId) -> bool:
        """Whether a patient is under legal hold."""

    def holds(self, on_done: Callable[[Sequence[LegalHold]], None], on_fault: OnFault) -> Running:
        """Say which holds stand, oldest first."""

    def put_hold(
        self,
        patient_id: PatientId,
        reason: str,
        on_done: Callable[[int], None],
        on_fault: OnFault,
    ) -> Running:
        """Put a patient under hold; answers with its number."""

    def release_hold(
        self, number: int, reason: str, on_done: Callable[[int], None], on_fault: OnFault
    ) -> Running:
        """Release one hold."""

    def due(
        self,
        on_done: Callable[[Sequence[DuePatient]], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Say whose images' periods have ended; nothing is removed."""

    def purge(
        self,
        patient_id: PatientId,
        code: str,
        reason: str,
        on_done: Callable[[int], None],
        on_fault: OnFault,
    ) -> Running:
        """Remove one patient's images that somebody has seen on the list; answers how many."""


class Erasing(Protocol):
    """The end of a patient's images."""

    def plan_erasure(
        self, patient_id: PatientId, on_done: Callable[[ErasurePlan], None], on_fault: OnFault
    ) -> Running:
        """Say what would be destroyed; nothing is."""

    def erase(
        self,
        patient_id: PatientId,
        reason: str,
        on_done: Callable[[ErasureDone], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Destroy a patient's images and keys, here and in every backup within reach."""

    def save_certificate(self, certificate: bytes, path: Path) -> None:
        """Write a certificate to a file.

        Raises
        ------
        EnvironmentFault
            It cannot be written.
        """


class Store(Health, Backups, Keys, Keeping, Erasing, Protocol):
    """All of it, for whoever looks after the store."""


# --- at the door: a backup, or a store that was set back --------------------------------------


class StoreSetBack(IntegrityError):
    """The store is older than it was when it was last used: nobody may work with it yet."""


@attrs.frozen
class BackupFolder:
    """What a folder holds before any key was typed: how many snapshots, and the newest's number."""

    path: Path = attrs.field(repr=False)
    snapshots: int
    newest: int = 0


@attrs.frozen
class Snapshot:
    """One moment of the store that can be brought back."""

    number: int
    made: datetime
    objects: int
    size_bytes: int


@attrs.frozen
class OpenedBackup:
    """What the recovery key opened. `officers` may be brought back with a new password."""

    practice_name: str
    snapshots: tuple[Snapshot, ...]
    officers: tuple[str, ...] = ()


@attrs.frozen
class RestoreOrder:
    """Which snapshot, and who shall be able to log in afterwards."""

    folder: Path = attrs.field(repr=False)
    recovery: str = attrs.field(repr=False)
    snapshot: int
    officer: str
    password: str = attrs.field(repr=False)
    replaces: bool = False


@attrs.frozen
class Restored:
    """What was brought back; `lost` objects are listed and not in the backup."""

    objects: int
    size_bytes: int
    lost: int = 0


class Restoring(Protocol):
    """Bringing a store back, before anybody can log in."""

    @property
    def is_unfinished(self) -> bool:
        """Whether one was begun and not finished: nothing else can be done until it is."""

    def look_at_backup(
        self, folder: Path, on_done: Callable[[BackupFolder], None], on_fault: OnFault
    ) -> Running:
        """Say what a folder holds."""

    def open_backup(
        self,
        folder: Path,
        recovery: str,
        on_done: Callable[[OpenedBackup], None],
        on_fault: OnFault,
    ) -> Running:
        """Open it with a typed recovery key."""

    def restore(
        self,
        order: RestoreOrder,
        on_done: Callable[[Restored], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Bring a snapshot back; one that was interrupted goes on."""

    def accept_older(
        self,
        user_id: UserId,
        password: str,
        reason: str,
        on_done: Callable[[], None],
        on_fault: OnFault,
        code: str = "",
    ) -> Running:
        """Go on with a store that was set back, by right: signed, and in the trail."""
