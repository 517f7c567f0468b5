"""Moving the store to the current epoch: patients' keys wrapped anew, the catalog under its key.

No object is touched. Both halves are resumable and either may be done when the power fails: the
rows say which epoch wrapped each key, and the catalog opens with the key of the one or the other.
"""

from __future__ import annotations

import attrs

from viewer.model.ids import PatientId
from viewer.vault.catalog import patients
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.errors import StoreDamaged, store_fault
from viewer.vault.keys import Wrapping, catalog_key
from viewer.vault.layout import Layout, epoch_of, mark_epoch
from viewer.vault.records import IsCancelled, Progress, VaultKeys, never, no_progress
from viewer.vault.v1.folder import sync_folder
from viewer.vault.v1.order import Pause

_KEYS_AT_ONCE = 500
"""So many keys are wrapped in one transaction (some 15 ms): others wait no longer than that."""


@attrs.frozen
class Rotated:
    """What a rotation did: keys wrapped anew, and those that could not be opened any more."""

    epoch: int
    keys: int
    damaged: tuple[PatientId, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing in the store needs an older epoch, so that those may be retired."""
        return not self.damaged


def needs_rotation(catalog: Catalog, current_epoch: int) -> bool:
    """Whether anything in the catalog, or the catalog, is still under another epoch."""
    with catalog.read() as cursor:
        return epoch_of(cursor) != current_epoch or patients.has_other_epochs(cursor, current_epoch)


def rotate_catalog(
    catalog: Catalog,
    layout: Layout,
    keys: VaultKeys,
    progress: Progress = no_progress,
    is_cancelled: IsCancelled = never,
    pause: Pause = lambda: None,
) -> Rotated:
    """Bring a catalog to the current epoch; what is there already is not done again.

    Whoever writes patients' keys must have begun to use `keys` before this is called.

    Raises
    ------
    Cancelled, StoreClosed, StoreFault, DiskFull, StoreDamaged
        What is done stays done; the next call goes on. Both epochs are needed until then.
    """
    count, damaged = rewrap(catalog, keys, progress, pause)
    epoch = keys.current_epoch
    with catalog.read() as cursor:
        is_there = epoch_of(cursor) == epoch
    if not is_there:
        with catalog_key(keys, epoch) as key:
            catalog.move_to(
                layout.next_catalog, key, lambda cursor: mark_epoch(cursor, epoch), is_cancelled
            )
    try:
        sync_folder(layout.folder)  # an earlier call may have failed just here
    except OSError as fault:
        raise store_fault(fault) from fault
    return Rotated(epoch, count, damaged)


def rewrap(
    catalog: Catalog, keys: VaultKeys, progress: Progress, pause: Pause
) -> tuple[int, tuple[PatientId, ...]]:
    """Wrap every patient key under the current epoch, many in one transaction.

    Returns how many were, and the patients with a key that does not open (it stays as it is).
    """
    with catalog.read() as cursor:
        total = patients.count_other_epochs(cursor, keys.current_epoch)
    done, damaged = 0, list[PatientId]()
    after = (PatientId(""), 0)
    while True:
        pause()
        progress(min(done, total), total)
        with catalog.write() as cursor:
            rows = patients.keys_after(cursor, after, keys.current_epoch, _KEYS_AT_ONCE)
            if not rows:
                return done - len(damaged), tuple(dict.fromkeys(damaged))
            damaged += _rewrap_rows(cursor, keys, rows)
        done += len(rows)
        after = rows[-1][:2]


def _rewrap_rows(cursor: Cursor, keys: VaultKeys, rows: list[patients.KeyRow]) -> list[PatientId]:
    fresh, damaged = [], []
    with Wrapping(keys) as wrapping:
        for patient_id, number, epoch, wrapped in rows:
            try:
                with wrapping.unwrap(patient_id, number, epoch, wrapped) as key:
                    fresh.append((patient_id, number, wrapping.wrap(patient_id, number, key)))
            except StoreDamaged:
                damaged.append(patient_id)
    patients.move_keys(cursor, keys.current_epoch, fresh)
    return damaged
