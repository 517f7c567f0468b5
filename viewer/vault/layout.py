"""The store's folder: what lies in it under which name, and how an empty one is made."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import attrs

from viewer.model.ids import new_id
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.moving import remove_leftovers
from viewer.vault.errors import StoreDamaged, StoreMissing, StoreTooNew, WrongKey, store_fault
from viewer.vault.keys import catalog_key
from viewer.vault.records import VaultKeys
from viewer.vault.v1.folder import ObjectFolder, sync_folder

_FORMAT = {"format": "bitewing store", "version": 1}
_LARGEST_MARKER = 4096


@attrs.frozen
class Layout:
    """The paths of one store. Other rooms keep files of their own in the same folder."""

    folder: Path

    @property
    def marker(self) -> Path:
        """Plain file that names the format and its version."""
        return self.folder / "vault.json"

    @property
    def catalog(self) -> Path:
        """The encrypted catalog; the store exists once this does."""
        return self.folder / "catalog.db"

    @property
    def next_catalog(self) -> Path:
        """The catalog under the next epoch's key while it is being made; never read otherwise."""
        return self.folder / "catalog.next"

    @property
    def copy(self) -> Path:
        """The catalog's copy for repair."""
        return self.folder / "catalog.copy"

    @property
    def objects(self) -> Path:
        """The folder of sealed objects."""
        return self.folder / "objects"

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.folder / "store.lock"

    @property
    def in_use(self) -> Path:
        """Empty file that stands while the store is open: found at open, the end was by force."""
        return self.folder / "store.open"

    def exists(self) -> bool:
        """Whether a store, or the rest of one, is here."""
        objects = self.objects
        has_objects = objects.is_dir() and any(path.is_file() for path in objects.glob("*/*"))
        return self.catalog.exists() or has_objects

    def make(self, keys: VaultKeys) -> None:
        """Make an empty store; what a crash leaves half-made is taken over.

        Raises
        ------
        StoreFault
            The disk failed.
        """
        try:
            self.write_marker()
            ObjectFolder(self.objects).create()
            self._make_catalog(keys)
            sync_folder(self.folder)
        except OSError as fault:
            raise store_fault(fault) from fault

    def write_marker(self) -> None:
        """Write the file that names the format, durable.

        Raises
        ------
        StoreFault
            The disk failed.
        """
        try:
            with self.marker.open("w", encoding="ascii") as file:
                file.write(json.dumps(_FORMAT) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            raise store_fault(fault) from fault

    def _make_catalog(self, keys: VaultKeys) -> None:
        fresh = self.folder / "catalog.new"
        for leftover in self.folder.glob("catalog.new*"):
            leftover.unlink()
        with catalog_key(keys, keys.current_epoch) as key:
            catalog = Catalog(fresh, key)
        try:
            with catalog.write() as cursor:
                cursor.execute("INSERT INTO meta VALUES ('practice_id', ?)", (keys.practice_id,))
                mark_epoch(cursor, keys.current_epoch)
        finally:
            catalog.close()
        fresh.replace(self.catalog)

    def check_marker(self) -> None:
        """Return only if a store of this version is here.

        Raises
        ------
        StoreMissing, StoreTooNew, StoreDamaged
            None is, it is newer, or its catalog is gone.
        """
        try:
            with self.marker.open("rb") as file:
                found = json.loads(file.read(_LARGEST_MARKER))
        except FileNotFoundError:
            raise StoreMissing from None
        except OSError as fault:
            raise store_fault(fault) from fault
        except (ValueError, RecursionError):
            raise StoreMissing from None
        if not isinstance(found, dict) or found.get("format") != _FORMAT["format"]:
            raise StoreMissing
        if found.get("version") != _FORMAT["version"]:
            raise StoreTooNew
        if not self.catalog.exists():
            raise StoreDamaged("The list of images is missing from the store.")

    def open_catalog(self, keys: VaultKeys) -> Catalog:
        """Open the catalog with the current epoch's key, else an older one's.

        What a rotation that never ended left of the next catalog is removed.

        Raises
        ------
        WrongKey
            None of the keys opens it.
        """
        remove_leftovers(self.next_catalog)
        older = sorted(set(keys.epochs) - {keys.current_epoch}, reverse=True)
        for epoch in (keys.current_epoch, *older):
            with catalog_key(keys, epoch) as key:
                try:
                    catalog = Catalog(self.catalog, key)
                except WrongKey:
                    continue
            if _practice_of(catalog) == keys.practice_id:
                return catalog
            catalog.close()
        raise WrongKey

    def remove_backup_copies(self) -> None:
        """Remove copies of the catalog that a killed backup left; what resists is tried again."""
        for leftover in self.folder.glob("backup-*.catalog*"):
            with suppress(OSError):
                leftover.unlink()

    def mark_open(self) -> bool:
        """Leave the sign of an open store; return whether it stood already.

        Raises
        ------
        StoreFault
            The disk failed.
        """
        was_open = self.in_use.exists()
        try:
            self.in_use.touch(mode=0o600)
            sync_folder(self.folder)
        except OSError as fault:
            raise store_fault(fault) from fault
        return was_open

    def mark_closed(self) -> None:
        """Take the sign away; if that fails the next open only tidies in vain."""
        try:
            self.in_use.unlink(missing_ok=True)
        except OSError:
            return


def mark_epoch(cursor: Cursor, epoch: int) -> None:
    """Write into a catalog which epoch its key is of; a store without the mark is in the first."""
    cursor.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (str(epoch),))


def epoch_of(cursor: Cursor) -> int:
    """Return the epoch that a catalog is under."""
    row = cursor.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
    return int(row[0]) if row else 1


def _practice_of(catalog: Catalog) -> str:
    with catalog.read() as cursor:
        row = cursor.execute("SELECT value FROM meta WHERE name = 'practice_id'").fetchone()
    return str(row[0]) if row else ""


def backup_copy(folder: Path) -> Path:
    """Return where a backup may keep a copy of the catalog while it works; encrypted like it."""
    return folder / f"backup-{new_id()[:8]}.catalog"
