"""Bringing a snapshot back into a store's folder: objects first, the catalog last.

The folder counts as a store again only once `Restoration.install` has renamed the catalog into
place. A run that ends before is begun again and goes on: objects that are whole stay.
"""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import attrs

from viewer.model.errors import Cancelled
from viewer.model.ids import ObjectId
from viewer.vault.backup.errors import RestoreUnfinished, medium_faults
from viewer.vault.backup.manifest import Manifest
from viewer.vault.backup.medium import Pause, write_all
from viewer.vault.backup.reading import OpenSnapshot, fetch_file, opened
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.since import NOTHING_DONE, NOTHING_KNOWN, Reapplied, Since, reapply
from viewer.vault.catalog.connection import Cursor
from viewer.vault.catalog.images import StoredObject
from viewer.vault.errors import (
    ObjectDamaged,
    ObjectMissing,
    StoreDamaged,
    StoreExists,
    StoreTooNew,
    store_fault,
)
from viewer.vault.keys import catalog_key, copy_key
from viewer.vault.layout import Layout, mark_epoch
from viewer.vault.lock import StoreLock
from viewer.vault.records import IsCancelled, Progress, VaultHead, VaultKeys, never, no_progress
from viewer.vault.rotation import rewrap
from viewer.vault.v1.container import ContainerReader
from viewer.vault.v1.folder import (
    FAN_OUT,
    ObjectFolder,
    is_object,
    replace_patiently,
    sync_folder,
)

SIGN = "restore.json"
"""Stands in the store's folder while a restore is unfinished."""
_ASIDE = "set-aside-{}"
_COPIES_AT_ONCE = 4
_SUBMITTED = 1024
_BLOCK_BYTES = 1 << 22
_LARGEST_SIGN = 4096


@attrs.frozen
class RestoreReport:
    """What was brought back. `lost` are listed objects that the backup does not hold whole;
    `again` is what was done since the snapshot and was done again.
    """

    manifest: Manifest
    objects: int
    size_bytes: int
    lost: tuple[StoredObject, ...]
    head: VaultHead
    again: Reapplied = NOTHING_DONE

    @property
    def is_whole(self) -> bool:
        """Whether everything that the snapshot lists was brought back."""
        return not self.lost


def require_finished(folder: Path) -> None:
    """Return only if no restore into this folder was begun and not finished.

    Raises
    ------
    RestoreUnfinished
        One was.
    """
    if (folder / SIGN).exists():
        raise RestoreUnfinished


class Restoration:
    """A restore into one folder, which it holds locked until `close`."""

    def __init__(self, folder: Path, *, replaces: bool = False) -> None:
        """Take the folder; with `replaces` a store that is there is set aside, not deleted.

        Raises
        ------
        StoreExists
            There is a store, and it shall not be replaced.
        StoreInUse, StoreFault
            The folder cannot be had.
        """
        self.layout = Layout(folder)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise store_fault(fault) from fault
        self._lock = StoreLock(self.layout.lock)
        try:
            self._claim(replaces=replaces)
        except BaseException:
            self._lock.release()
            raise
        self._objects = ObjectFolder(self.layout.objects)

    def _claim(self, *, replaces: bool) -> None:
        folder = self.layout.folder
        sign = folder / SIGN
        try:
            if not sign.exists():
                is_there = self.layout.exists() or (folder / "accounts.json").exists()
                if is_there and not replaces:
                    raise StoreExists
                _put_sign(sign, self._free_aside().name if is_there else None)
            name = _sets_aside(sign)
            if name is not None:  # from here on the store does not open until it is restored
                self._set_aside(folder / name)
                _put_sign(sign, None)
        except OSError as fault:
            raise store_fault(fault) from fault

    def _free_aside(self) -> Path:
        places = (self.layout.folder / _ASIDE.format(n) for n in range(1, 10_000))
        return next(path for path in places if not path.exists())

    def _set_aside(self, aside: Path) -> None:
        """Move what is there out of the way, or go on with it where that was cut off."""
        folder = self.layout.folder
        aside.mkdir(mode=0o700, exist_ok=True)
        for path in sorted(folder.glob("catalog.*")):
            path.rename(aside / path.name)
        for name in ("accounts.json", "vault.json", "objects", "store.open"):
            if (folder / name).exists():
                (folder / name).rename(aside / name)
        sync_folder(aside)
        sync_folder(folder)

    def asides(self) -> list[Path]:
        """Return the stores that were set aside here, the newest first."""
        found = self.layout.folder.glob(_ASIDE.format("*"))
        return sorted(found, key=lambda path: (len(path.name), path.name), reverse=True)

    # --- objects and catalog ---------------------------------------------------------------

    def bring_back(
        self,
        repository: Repository,
        manifest: Manifest,
        keys: VaultKeys,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
        since: Since = NOTHING_KNOWN,
    ) -> RestoreReport:
        """Restore objects and a catalog under the current epoch, not yet in its place.

        Parameters
        ----------
        keys : VaultKeys
            Every epoch that the snapshot uses, and the one that shall be in force.
        since : Since
            What happened after the snapshot and is not to be undone: nothing of a patient who was
            erased since is brought back.

        Raises
        ------
        BackupDamaged, MediumFault, StoreFault, Cancelled
            It is not finished; a later call goes on.
        """

        def pause() -> None:
            if is_cancelled():
                raise Cancelled

        folder = self.layout.folder
        for leftover in folder.glob("catalog.new*"):
            leftover.unlink()
        fetch_file(repository, manifest, "vault.json", keys, self.layout.marker)
        self._objects.create()
        self._objects.remove_leftovers()  # of a run that was killed
        with opened(repository, manifest, keys, folder) as snapshot:
            with snapshot.catalog.write() as cursor:
                again = reapply(cursor, since, keys.current_epoch)
            crew = _Crew(snapshot, self._objects, self._aside_folders(), pause, progress)
            crew.bring(snapshot.objects())
            self._drop_others({part.id for part in snapshot.objects()})
            rewrap(snapshot.catalog, keys, no_progress, pause)
            with snapshot.catalog.write() as cursor:  # also makes the head a new one
                mark_epoch(cursor, keys.current_epoch)
                _mark_here(cursor, crew.brought)
            with catalog_key(keys, keys.current_epoch) as key:
                head = snapshot.catalog.export_to(folder / "catalog.new", key, is_cancelled)
            with copy_key(keys, keys.current_epoch) as key:  # the spare that a store has
                snapshot.catalog.export_to(folder / "catalog.new-copy", key, is_cancelled)
        lost = tuple(crew.lost)
        return RestoreReport(manifest, len(crew.brought), crew.done_bytes, lost, head, again)

    def _drop_others(self, listed: set[ObjectId]) -> None:
        """Remove what an unfinished restore of another snapshot left here."""
        for bucket in FAN_OUT:
            for name in self._objects.names_in(bucket):
                if is_object(name) and name not in listed:
                    self._objects.delete(ObjectId(name))

    def _aside_folders(self) -> list[ObjectFolder]:
        found = [path / "objects" for path in self.asides()]
        return [ObjectFolder(path) for path in found if path.is_dir()]

    def fetch(
        self, repository: Repository, manifest: Manifest, name: str, keys: VaultKeys, path: Path
    ) -> None:
        """Write one of the snapshot's files below the folder, whole or not at all."""
        fresh = path.with_name(f".{path.name}.restoring")
        fetch_file(repository, manifest, name, keys, fresh)
        try:
            with fresh.open("rb+") as file:
                os.fsync(file.fileno())
            replace_patiently(fresh, path)
            sync_folder(path.parent)
        except OSError as fault:
            raise store_fault(fault) from fault

    def install(self) -> None:
        """Make it a store: rename the catalog into place. The caller then calls `finish`."""
        fresh = self.layout.folder / "catalog.new"
        try:
            if fresh.exists():
                for old in self.layout.folder.glob("catalog.db*"):
                    old.unlink()
                spare = self.layout.folder / "catalog.new-copy"
                if spare.exists():
                    replace_patiently(spare, self.layout.copy)
                replace_patiently(fresh, self.layout.catalog)
                sync_folder(self.layout.folder)
        except OSError as fault:
            raise store_fault(fault) from fault

    def finish(self) -> None:
        """Take the sign away: from now on the store opens."""
        try:
            (self.layout.folder / SIGN).unlink(missing_ok=True)
            sync_folder(self.layout.folder)
        except OSError as fault:
            raise store_fault(fault) from fault

    def close(self) -> None:
        """Let the folder go. Safe to call twice."""
        self._lock.release()

    def __enter__(self) -> Restoration:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Crew:
    """Copies objects from the medium, or takes those that were set aside here."""

    def __init__(
        self,
        snapshot: OpenSnapshot,
        target: ObjectFolder,
        aside: list[ObjectFolder],
        pause: Pause,
        progress: Progress,
    ) -> None:
        self._snapshot = snapshot
        self._target = target
        self._aside = aside
        self._pause = pause
        self._progress = progress
        self._turn = threading.Lock()
        self._seen_bytes = self._total_bytes = 0
        self.brought: set[ObjectId] = set()
        self.lost: list[StoredObject] = []
        self.done_bytes = 0

    def bring(self, listed: list[StoredObject]) -> None:
        self._total_bytes = sum(part.plain_bytes for part in listed)
        with ThreadPoolExecutor(_COPIES_AT_ONCE, "restore") as crew:
            for start in range(0, len(listed), _SUBMITTED):
                some = listed[start : start + _SUBMITTED]
                waiting = [crew.submit(self._bring_one, part) for part in some]
                try:
                    for each in waiting:
                        each.result()
                except BaseException:
                    crew.shutdown(wait=False, cancel_futures=True)
                    raise
        self.lost.sort(key=lambda part: part.id)

    def _bring_one(self, part: StoredObject) -> None:
        self._pause()
        is_brought = self._is_brought(part)
        with self._turn:
            self._seen_bytes += part.plain_bytes
            if is_brought:
                self.brought.add(part.id)
                self.done_bytes += part.plain_bytes
            elif part.id not in self._snapshot.manifest.elsewhere:
                self.lost.append(part)
            self._progress(self._seen_bytes, self._total_bytes)

    def _is_brought(self, part: StoredObject) -> bool:
        path = self._target.path(part.id)
        if path.exists():
            if self._is_whole(part, path):
                return True
            self._target.delete(part.id)
        return self._is_taken_from_aside(part, path) or self._is_copied(part, path)

    def _is_taken_from_aside(self, part: StoredObject, path: Path) -> bool:
        for folder in self._aside:
            source = folder.path(part.id)
            if source.exists() and self._is_whole(part, source):
                try:
                    os.link(source, path)
                except OSError:
                    return False  # no links here: the backup has it too
                sync_folder(path.parent)
                return True
        return False

    def _is_copied(self, part: StoredObject, path: Path) -> bool:
        medium = self._snapshot.repository.medium
        source = medium.objects.path(part.id)
        try:
            # Its length is known to be right before anything is written: no disk is filled in vain.
            size = self._snapshot.reader_of(part).header.file_bytes
            self._target.write(part.id, lambda file: self._fill(file, source, size))
        except (ObjectDamaged, ObjectMissing):
            return False
        if self._is_whole(part, path):
            return True
        self._target.delete(part.id)
        return False

    def _fill(self, file: BinaryIO, source: Path, size_bytes: int) -> None:
        root = self._snapshot.repository.medium.root
        with medium_faults(root):
            raw = source.open("rb", buffering=0)
        left = size_bytes
        with raw:
            while left > 0:
                self._pause()
                with medium_faults(root):
                    block = raw.read(min(left, _BLOCK_BYTES))
                if not block:
                    return
                left -= len(block)
                write_all(file, block)

    def _is_whole(self, part: StoredObject, path: Path) -> bool:
        try:
            key = self._snapshot.sealed.patient_key(part.patient_id, part.key_number)
            with key:
                reader = ContainerReader(path, part.id, key)
                reader.check(self._pause)
        except (StoreDamaged, StoreTooNew):
            return False
        return reader.header.plain_bytes == part.plain_bytes


def _mark_here(cursor: Cursor, brought: set[ObjectId]) -> None:
    away = cursor.execute("SELECT id FROM objects WHERE is_here = 0").fetchall()
    here = [(row[0],) for row in away if row[0] in brought]
    cursor.executemany("UPDATE objects SET is_here = 1 WHERE id = ?", here)


def _put_sign(sign: Path, aside: str | None) -> None:
    """Say that a restore is under way, and what is to be set aside before it begins."""
    content = {"format": "bitewing restore"} | ({"sets_aside": aside} if aside else {})
    fresh = sign.with_name(f"{sign.name}.new")
    _write_durably(fresh, json.dumps(content).encode())
    replace_patiently(fresh, sign)
    sync_folder(sign.parent)


def _sets_aside(sign: Path) -> str | None:
    """Return the name of the folder that a store is being moved to, if that is not done."""
    try:
        content = json.loads(sign.read_bytes()[:_LARGEST_SIGN])
    except ValueError:
        return None
    name = content.get("sets_aside") if isinstance(content, dict) else None
    if not isinstance(name, str) or not name.startswith("set-aside-") or Path(name).name != name:
        return None
    return name


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
