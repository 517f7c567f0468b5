"""Which key opens what in the store: catalog, patients' keys, objects. FORMAT.md §2."""

from __future__ import annotations

from viewer.crypto.aead import unwrap, wrap
from viewer.crypto.derive import context, derive
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId
from viewer.vault.errors import StoreDamaged
from viewer.vault.records import VaultKeys


def catalog_key(keys: VaultKeys, epoch: int) -> Secret:
    """Return the raw key of the catalog as it is in the given epoch."""
    info = context("bitewing catalog v1", keys.practice_id, epoch)
    return derive(keys.epochs[epoch], info)


def _wrapping_key(keys: VaultKeys, epoch: int) -> Secret:
    # Not the epoch key itself: one key, one use.
    info = context("bitewing patient keys v1", keys.practice_id, epoch)
    return derive(keys.epochs[epoch], info)


def _patient_context(patient_id: PatientId, number: int, epoch: int) -> bytes:
    # A patient's first key is bound as it was before keys had numbers: old stores open.
    if number == 1:
        return context("bitewing patient key v1", patient_id, epoch)
    return context("bitewing patient key v2", patient_id, number, epoch)


def wrap_patient_key(
    keys: VaultKeys, patient_id: PatientId, number: int, patient_key: Secret
) -> bytes:
    """Seal a patient's key of a number under the current epoch."""
    epoch = keys.current_epoch
    with _wrapping_key(keys, epoch) as key:
        return wrap(key, patient_key, _patient_context(patient_id, number, epoch))


def unwrap_patient_key(
    keys: VaultKeys, patient_id: PatientId, number: int, epoch: int, wrapped: bytes
) -> Secret:
    """Return a patient's key; the caller wipes it.

    Raises
    ------
    StoreDamaged
        It was wrapped in an epoch that these keys lack, for another patient or as another of the
        patient's keys, or was changed.
    """
    if epoch not in keys.epochs:
        raise StoreDamaged("A patient's key is sealed with a key that this user does not hold.")
    with _wrapping_key(keys, epoch) as key:
        try:
            return unwrap(key, wrapped, _patient_context(patient_id, number, epoch))
        except NotAuthentic:
            raise StoreDamaged("A patient's key in the store is damaged.") from None
