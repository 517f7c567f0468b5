"""What changes the keys of an open store: rotation, sealing anew, erasing. One at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from viewer.model.ids import PatientId
from viewer.vault import erasure, reseal, rotation
from viewer.vault.catalog import aside, erasing, patients
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.legal import require_no_hold
from viewer.vault.erasure import MayErase
from viewer.vault.errors import KeysBusy, StoreFault
from viewer.vault.layout import Layout
from viewer.vault.records import Erased, IsCancelled, Progress, VaultKeys, never, no_progress
from viewer.vault.reseal import BeforeRemoval, Resealed, nothing_first
from viewer.vault.rotation import Rotated
from viewer.vault.sealed import SealedObjects
from viewer.vault.spare import Spare

_QUICK_BYTES = 8 << 20
"""Up to this size of the catalog (some 3,000 patients) a rotation takes about half a second."""


class Rekeying:
    """The keys of an open store. Any thread; none of it keeps readers or writers waiting long."""

    def __init__(
        self, layout: Layout, catalog: Catalog, sealed: SealedObjects, spare: Spare
    ) -> None:
        self._layout = layout
        self._spare = spare
        self._catalog = catalog
        self._sealed = sealed
        self._turn = Lock()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            raise KeysBusy
        try:
            yield
        finally:
            self._turn.release()

    @property
    def needs_rotation(self) -> bool:
        """Whether something is still under an older epoch: no epoch may be retired yet."""
        return self.is_behind(self._sealed.current_epoch)

    def is_behind(self, epoch: int) -> bool:
        """Whether something is not in this epoch."""
        return rotation.needs_rotation(self._catalog, epoch)

    @property
    def needs_reseal(self) -> bool:
        """Whether sealing everything anew was begun and not ended."""
        return reseal.is_under_way(self._catalog)

    def finish_if_quick(self) -> None:
        """End a rotation that was cut off, if what is left of it takes no time worth mentioning.

        For the moment of opening. Otherwise, or if the disk fails, `needs_rotation` stays true,
        both epochs open everything, and whoever manages keys rotates.
        """
        with suppress(StoreFault):
            if self._layout.catalog.stat().st_size > _QUICK_BYTES or not self.needs_rotation:
                return
            with self._sealed.lent_keys() as keys:
                self.rotate(keys)

    def rotate(
        self,
        keys: VaultKeys,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
    ) -> Rotated:
        """Bring the store to `keys.current_epoch`; the keys are copied.

        `keys` holds the new epoch and all that are in use. It can be called again after anything.
        When it returns complete, nothing needs the older epochs; they are wiped here, and the
        catalog's head is to be kept outside before they are retired.

        Raises
        ------
        KeysBusy
            Another change of keys is under way.
        Cancelled, StoreClosed, StoreFault, DiskFull, StoreDamaged
            What is done stays done, everything opens with both epochs, and a second call goes on.
        """
        with self._alone(), self._spare.without():
            self._sealed.take_keys(keys.copy())
            with self._sealed.lent_keys() as mine:
                pause = self._sealed.pause(is_cancelled)
                done = rotation.rotate_catalog(
                    self._catalog, self._layout, mine, progress, is_cancelled, pause
                )
            if done.is_complete:
                self._sealed.forget_older_epochs()
            return done

    def reseal(
        self,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
        before_removal: BeforeRemoval = nothing_first,
    ) -> Resealed:
        """Seal everything anew under fresh patient keys, or go on with it. Takes half the machine.

        `before_removal` is called, once a second at most, before objects that were replaced go:
        whoever keeps the head outside keeps it then. From there on an older catalog is no good.

        Raises
        ------
        KeysBusy, Cancelled, StoreClosed, StoreFault, DiskFull
            What is done stays done; the next call goes on.
        """
        with self._alone():
            run = reseal.Resealing(self._catalog, self._sealed, before_removal)
            return run.run(progress, is_cancelled)

    def renew_from(self, epoch: int) -> None:
        """Let each patient's next picture begin a fresh key, once an epoch is in force.

        For an epoch that begins since somebody may no longer hold the one before: he may have kept
        patients' keys, which a rotation does not change. Older pictures stay under the older keys.
        """
        with self._catalog.write() as cursor:
            patients.renew_keys_from(cursor, epoch)

    def erase_patient(self, patient_id: PatientId, may_erase: MayErase = require_no_hold) -> Erased:
        """Erase a patient; to reach older copies of the store, rotate and retire afterwards.

        Raises
        ------
        KeysBusy, NotInStore, UnderLegalHold, StoreFault, DiskFull, StoreDamaged
            As `erasure.erase_patient`.
        """
        self._catalog.prove(patient_id)  # a hold that was put back to before it stood is one
        with self._catalog.read() as cursor:
            merged = aside.merged_into(cursor, patient_id)
            if merged:
                may_erase(cursor, patient_id)
        with self._alone(), self._spare.without():
            for same_person in merged:  # first: these empty charts still say who it was
                erasure.erase_patient(self._catalog, self._sealed, same_person)
            return erasure.erase_patient(self._catalog, self._sealed, patient_id, may_erase)

    def erased(self, since_epoch: int = 0) -> list[PatientId]:
        """Return who was erased in an epoch or a later one: what backups are to forget."""
        with self._catalog.read() as cursor:
            return erasing.erased(cursor, since_epoch)
