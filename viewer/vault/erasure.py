"""Erasing a patient: what is listed and the keys in one transaction, then the objects.

The keys are what makes it final: without them the objects are noise, here and in every copy. What
holds the keys in an *older* copy of the catalog is the epoch in which they are wrapped, so the use
case moves the store to a new epoch afterwards and retires the older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from viewer.crypto.derive import context, digest
from viewer.model.ids import ObjectId, PatientId
from viewer.vault.catalog import erasing, patients
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.legal import require_no_hold
from viewer.vault.records import IsCancelled, Progress, VaultKeys
from viewer.vault.sealed import SealedObjects

MayErase = Callable[[Cursor, PatientId], None]
"""Raises `UnderLegalHold` or another reason why not, inside the transaction that erases."""


@attrs.frozen
class Erased:
    """What was erased. `epoch` is the last one in which the patient's keys were wrapped."""

    patient_id: PatientId
    image_count: int
    object_ids: tuple[ObjectId, ...]
    epoch: int

    @property
    def digest(self) -> str:
        """SHA-256 in hex over the objects' ids in order, each behind its length."""
        return digest(context("bitewing erased objects v1", *sorted(self.object_ids))).hex()


class ErasureDestinations(Protocol):
    """The backups that the practice knows.

    Each must forget, or be declared lost, before an old epoch may be retired: a backup that cannot
    be reached now still opens with it.
    """

    def forget(
        self,
        patient_ids: Sequence[PatientId],
        keys: VaultKeys,
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Erase these patients from every backup within reach and move it to the current epoch.

        `keys` holds the old epochs and the new one. What is out of reach stays pending.
        """

    def done(self) -> tuple[str, ...]:
        """Return the names of the backups that need no older epoch any more."""

    def pending(self) -> tuple[str, ...]:
        """Return the names of those that were not reached yet; empty: old epochs may go."""


class NoDestinations:
    """A practice without backups."""

    def forget(
        self,
        patient_ids: Sequence[PatientId],
        keys: VaultKeys,
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Nothing to do."""

    def done(self) -> tuple[str, ...]:
        """None."""
        return ()

    def pending(self) -> tuple[str, ...]:
        """None."""
        return ()


def erase_patient(
    catalog: Catalog,
    sealed: SealedObjects,
    patient_id: PatientId,
    may_erase: MayErase = require_no_hold,
) -> Erased:
    """Erase a patient from the store.

    Once the transaction is durable nothing of the patient can be opened through the catalog; the
    objects go after it, and what resists is collected at the next open. The log is cut, so that
    the rows do not stay in it.

    Raises
    ------
    NotInStore
        There is no such patient.
    UnderLegalHold
        Nothing was erased.
    StoreFault, DiskFull, StoreDamaged
        Nothing was erased, or only the log could not be cut: a second call says `NotInStore` then.
    """
    with sealed.writing():
        with catalog.write() as cursor:
            patients.get_key(cursor, patient_id)
            may_erase(cursor, patient_id)
            image_count, object_ids = erasing.remove(cursor, patient_id)
            erasing.note(cursor, patient_id, sealed.current_epoch)
        sealed.discard(object_ids)
    catalog.checkpoint()
    return Erased(patient_id, image_count, tuple(sorted(object_ids)), sealed.current_epoch)
