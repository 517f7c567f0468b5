"""Erasing a patient: what is listed and the keys in one transaction, then the objects.

The keys are what makes it final: without them the objects are noise, here and in every copy. What
holds the keys in an *older* copy of the catalog is the epoch in which they are wrapped, so the use
case moves the store to a new epoch afterwards and retires the older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from viewer.crypto.derive import context, digest
from viewer.model.ids import ObjectId, PatientId
from viewer.vault.catalog import erasing, patients
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.legal import require_no_hold
from viewer.vault.records import Erased, IsCancelled, Progress, VaultKeys
from viewer.vault.sealed import SealedObjects

MayErase = Callable[[Cursor, PatientId], None]
"""Raises `UnderLegalHold` or another reason why not, inside the transaction that erases."""


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

    Somebody who was erased before is answered with what was erased then.

    Raises
    ------
    NotInStore
        There is no such patient and never was.
    UnderLegalHold
        Nothing was erased.
    StoreFault, DiskFull, StoreDamaged
        Nothing was erased, or only the log could not be cut, which the next call does.
    """
    with sealed.writing():
        with catalog.write() as cursor:
            done = erasing.noted(cursor, patient_id)
            gone: list[ObjectId] = []
            if done is None:
                patients.get(cursor, patient_id)
                may_erase(cursor, patient_id)
                image_count, gone = erasing.remove(cursor, patient_id)
                epoch = sealed.current_epoch
                done = Erased(patient_id, epoch, image_count, len(gone), digest_of(gone))
                erasing.note(cursor, done)
        sealed.discard(gone)
    catalog.checkpoint()
    return done


def digest_of(object_ids: Sequence[ObjectId]) -> str:
    """Return SHA-256 in hex over the ids in order, each behind its length."""
    return digest(context("bitewing erased objects v1", *sorted(object_ids))).hex()
