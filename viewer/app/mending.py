"""Repair of a closed store, and the signed fork where its list of images was put back."""

from __future__ import annotations

from pathlib import Path

from viewer.app import forking
from viewer.session.audit.trail import Trail
from viewer.session.keystore import KeyStore
from viewer.vault.records import IsCancelled, VaultKeys
from viewer.vault.repair import Mended
from viewer.vault.store import Vault


def mend_closed(
    folder: Path,
    keystore: KeyStore,
    trail: Trail,
    keys: VaultKeys,
    grounds: forking.Grounds,
    is_cancelled: IsCancelled,
) -> Mended:
    """Repair what keeps the store from opening; a history that goes on from a copy is signed.

    If the power fails between the two, the store is refused as set back until somebody
    authorises where it stands.

    Raises
    ------
    RolledBack, StoreDamaged, StoreInUse, StoreTooNew, StoreFault, TrailUnwritable, Cancelled
        It was not repaired.
    """
    expected = forking.outside_head(keystore, keys.practice_id)
    mended = Vault.repair(folder, keys, expected, is_cancelled)
    if mended.fork is not None and mended.fork.left is not None:
        steps = forking.head_of(mended.fork.left), forking.head_of(mended.fork.now)
        history = forking.CATALOG_HEAD
        signed = forking.authorise(
            folder, keystore, trail, keys.practice_id, history, steps, grounds
        )
        forking.settle(keystore, keys.practice_id, signed)
    return mended
