"""Which key opens what in the store: catalog, patients' keys, objects. FORMAT.md §2."""

from __future__ import annotations

from typing import Self

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


def copy_key(keys: VaultKeys, epoch: int) -> Secret:
    """Return the raw key of the catalog's copy as it is in the given epoch."""
    info = context("bitewing catalog copy v1", keys.practice_id, epoch)
    return derive(keys.epochs[epoch], info)


def _patient_context(patient_id: PatientId, number: int, epoch: int) -> bytes:
    # A patient's first key is bound as it was before keys had numbers: old stores open.
    if number == 1:
        return context("bitewing patient key v1", patient_id, epoch)
    return context("bitewing patient key v2", patient_id, number, epoch)


class Wrapping:
    """Wraps and unwraps patients' keys: many with one derivation an epoch. Wiped at the end.

    Not thread safe. Every wrap takes a fresh random nonce (96 bits); FORMAT.md §2 has the bound.
    """

    def __init__(self, keys: VaultKeys) -> None:
        self._keys = keys
        self._derived: dict[int, Secret] = {}

    def wrap(self, patient_id: PatientId, number: int, patient_key: Secret) -> bytes:
        """Seal a patient's key of a number under the current epoch."""
        epoch = self._keys.current_epoch
        bound = _patient_context(patient_id, number, epoch)
        return wrap(self._key(epoch), patient_key, bound)

    def unwrap(self, patient_id: PatientId, number: int, epoch: int, wrapped: bytes) -> Secret:
        """Return a patient's key; the caller wipes it.

        Raises
        ------
        StoreDamaged
            It was wrapped in an epoch that these keys lack, for another patient or as another of
            the patient's keys, or was changed.
        """
        if epoch not in self._keys.epochs:
            raise StoreDamaged("A patient's key is sealed with a key that this user does not hold.")
        try:
            bound = _patient_context(patient_id, number, epoch)
            return unwrap(self._key(epoch), wrapped, bound)
        except NotAuthentic:
            raise StoreDamaged("A patient's key in the store is damaged.") from None

    def _key(self, epoch: int) -> Secret:
        # Not the epoch key itself: one key, one use.
        if epoch not in self._derived:
            info = context("bitewing patient keys v1", self._keys.practice_id, epoch)
            self._derived[epoch] = derive(self._keys.epochs[epoch], info)
        return self._derived[epoch]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for key in self._derived.values():
            key.wipe()
        self._derived.clear()


def wrap_patient_key(
    keys: VaultKeys, patient_id: PatientId, number: int, patient_key: Secret
) -> bytes:
    """Seal one patient's key of a number under the current epoch."""
    with Wrapping(keys) as wrapping:
        return wrapping.wrap(patient_id, number, patient_key)


def unwrap_patient_key(
    keys: VaultKeys, patient_id: PatientId, number: int, epoch: int, wrapped: bytes
) -> Secret:
    """Return one patient's key; the caller wipes it.

    Raises
    ------
    StoreDamaged
        As `Wrapping.unwrap`.
    """
    with Wrapping(keys) as wrapping:
        return wrapping.unwrap(patient_id, number, epoch, wrapped)
