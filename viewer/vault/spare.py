"""The spare catalog: a second, compact copy in the store's folder, for when the first is damaged.

It is `Catalog.export_to` under the same epoch's key but another purpose, written beside and renamed
into place, so that at any moment there is the old copy or the new one. It knows nothing of what was
written since; a repair says what that was. A patient who is erased may not live on in it: erasing
and rotation happen inside `without`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, RLock

from sqlcipher3 import dbapi2 as sqlcipher

from viewer.crypto.secret import Secret
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.export import reading
from viewer.vault.catalog.moving import overwrite, remove_leftovers
from viewer.vault.errors import CatalogDamaged, StoreDamaged, StoreFault, store_fault
from viewer.vault.keys import copy_key
from viewer.vault.layout import Layout
from viewer.vault.records import IsCancelled, VaultHead, VaultKeys, never
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.folder import replace_patiently, sync_folder

_FRESH = "catalog.copy.new"
_SETTLE_S = 5.0
_IS_WINDOWS = os.name == "nt"

ALWAYS_BYTES = 64 << 20
"""Up to this size (some 25,000 images) a copy is made whenever it is behind.

A copy of 100 MB went at 28 MB/s on a busy machine.
"""

OFTEN_S = 24 * 3600.0
"""A larger one is made at most once in so many seconds."""


class Spare:
    """The copy of an open store's catalog. Any thread; two copies wait for each other."""

    def __init__(
        self,
        layout: Layout,
        catalog: Catalog,
        sealed: SealedObjects,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._layout = layout
        self._catalog = catalog
        self._sealed = sealed
        self._clock = clock
        self._turn = RLock()
        self._is_unwanted = Event()

    def head(self) -> VaultHead | None:
        """Return the moment that the copy holds; None where no copy opens."""
        with self._sealed.lent_keys() as keys:
            found = find_copy(self._layout, keys)
        return found[1] if found else None

    def is_wanted(self) -> bool:
        """Whether a copy was made once, so that none now is a loss."""
        with self._catalog.read() as cursor:
            sql = "SELECT 1 FROM meta WHERE name = 'has_copy'"
            return cursor.execute(sql).fetchone() is not None

    def is_due(self) -> bool:
        """Whether the copy is behind, and making one is worth its time now."""
        if self.head() == self._catalog.head():
            return False
        try:
            size = self._layout.catalog.stat().st_size
            made = self._layout.copy.stat().st_mtime
        except FileNotFoundError:
            return True
        except OSError as fault:
            raise store_fault(fault) from fault
        return size <= ALWAYS_BYTES or not 0 <= self._clock() - made < OFTEN_S

    def refresh(self, is_cancelled: IsCancelled = never) -> VaultHead:
        """Make the copy anew; return the moment that it holds.

        Raises
        ------
        StoreClosed, Cancelled, StoreFault, DiskFull, StoreDamaged
            The copy is as it was.
        """
        with self._turn:
            if self.is_wanted():
                return self._make(is_cancelled)
            # One lies there before anybody may miss it: a kill in between is no damage.
            head = self._make(is_cancelled)
            self._note_wanted()
            if self._layout.copy.stat().st_size > ALWAYS_BYTES:
                return head  # behind by that one note
            return self._make(is_cancelled)

    def _make(self, is_cancelled: IsCancelled) -> VaultHead:
        fresh = self._layout.copy.with_name(_FRESH)

        def is_over() -> bool:
            return is_cancelled() or self._is_unwanted.is_set()

        while True:
            remove_leftovers(fresh)
            with self._sealed.lent_keys() as keys:
                epoch = keys.current_epoch
                with copy_key(keys, epoch) as key:
                    head = self._catalog.export_to(fresh, key, is_over)
            # A rotation meanwhile: nothing may stay behind under the older epoch's key.
            if epoch == self._sealed.current_epoch:
                break
        _put(fresh, self._layout.copy)
        return head

    def refresh_if_due(self, is_cancelled: IsCancelled = never) -> bool:
        """Make the copy anew where `is_due`; return whether it was."""
        if not self.is_due():
            return False
        self.refresh(is_cancelled)
        return True

    def settle(self) -> None:
        """Wait until no copy is being made any more: the closed catalog ends one under way.

        Not for ever: what a disk that hangs leaves behind is encrypted, and overwritten next time.
        """
        if self._turn.acquire(timeout=_SETTLE_S):
            self._turn.release()

    def _note_wanted(self) -> None:
        with self._catalog.write() as cursor:
            cursor.execute("INSERT OR REPLACE INTO meta VALUES ('has_copy', '1')")

    def _note_unwanted(self) -> None:
        # None is missed by a check until one has been made again.
        if self.is_wanted():
            with self._catalog.write() as cursor:
                cursor.execute("DELETE FROM meta WHERE name = 'has_copy'")

    @contextmanager
    def without(self) -> Iterator[None]:
        """Overwrite and remove the copy, and make none until the end of the block.

        Around an erasing and a change of epoch: nothing of before may live on in a copy. Whoever
        is making one is stopped.

        Raises
        ------
        StoreFault
            It is still there; the block was not entered.
        """
        self._is_unwanted.set()
        with self._turn:
            self._is_unwanted.clear()
            self._note_unwanted()
            self._remove()
            yield

    def _remove(self) -> None:
        copy = self._layout.copy
        remove_leftovers(copy.with_name(_FRESH))
        try:
            old = None if _IS_WINDOWS else copy.open("r+b", buffering=0)
            copy.unlink()
            overwrite(old, self._layout.folder)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise store_fault(fault) from fault

    def faults(self) -> int | None:
        """Return how many damaged pages the copy has; None where it is gone or does not open.

        Raises
        ------
        StoreFault
            It could not be read.
        """
        with self._turn, self._sealed.lent_keys() as keys:
            found = find_copy(self._layout, keys)
            if found is None:
                return None
            with copy_key(keys, found[0]) as key:
                return count_faults(self._layout.copy, key)


@contextmanager
def saying_if_copied(layout: Layout, keys: VaultKeys) -> Iterator[None]:
    """Turn a damaged or missing catalog into `CatalogDamaged` where a copy of it opens."""
    try:
        yield
    except StoreDamaged as damage:
        if find_copy(layout, keys) is None:
            raise
        raise CatalogDamaged from damage


def count_faults(path: Path, key: Secret) -> int:
    """Return how many faults SQLCipher and SQLite find in a catalog file at rest."""
    try:
        with reading(path, key) as connection:
            pages = connection.execute("PRAGMA cipher_integrity_check").fetchall()
            if pages:
                return len(pages)
            rows = connection.execute("PRAGMA integrity_check(100)").fetchall()
    except sqlcipher.OperationalError as fault:
        raise StoreFault from fault
    except (sqlcipher.DatabaseError, MemoryError):
        return 1
    return sum(row[0] != "ok" for row in rows)


def find_copy(layout: Layout, keys: VaultKeys) -> tuple[int, VaultHead] | None:
    """Return (epoch, head) of the copy; None where it is gone or opens with none of the keys."""
    if not layout.copy.is_file():
        return None
    older = sorted(set(keys.epochs) - {keys.current_epoch}, reverse=True)
    for epoch in (keys.current_epoch, *older):
        with copy_key(keys, epoch) as key:
            try:
                with reading(layout.copy, key) as connection:
                    sql = "SELECT generation, digest FROM heads ORDER BY generation DESC LIMIT 1"
                    row = connection.execute(sql).fetchone()
                    practice = connection.execute(
                        "SELECT value FROM meta WHERE name = 'practice_id'"
                    ).fetchone()
            except (sqlcipher.DatabaseError, MemoryError):
                continue
        if row and practice == (keys.practice_id,):
            return epoch, VaultHead(int(row[0]), str(row[1]))
    return None


def _put(fresh: Path, copy: Path) -> None:
    try:
        sync_folder(copy.parent)
        replace_patiently(fresh, copy)
        sync_folder(copy.parent)
    except OSError as fault:
        raise store_fault(fault) from fault
