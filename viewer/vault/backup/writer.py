"""Making a snapshot: copy what is not there yet, read it back, and name it all in one manifest.

The order makes it safe at any byte: objects, parts of files, and last the manifest, which is the
snapshot. A run that ends before leaves objects that the next one proves and uses.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from viewer.crypto.derive import digest
from viewer.model.ids import ObjectId, new_id
from viewer.vault.backup.copying import Found, ObjectCopier
from viewer.vault.backup.errors import BackupInUse, StoreBusy
from viewer.vault.backup.manifest import (
    CATALOG,
    FORMAT,
    OBJECT_LIST,
    Manifest,
    Part,
    SealedFile,
    pack_ids,
    snapshot_key,
)
from viewer.vault.backup.repository import PART_BYTES, Repository
from viewer.vault.backup.source import Source, StoreFile, Surroundings
from viewer.vault.catalog import images
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import StoredObject
from viewer.vault.errors import store_fault
from viewer.vault.layout import Layout, backup_copy
from viewer.vault.records import IsCancelled, Progress, VaultHead, VaultKeys, never, no_progress

_ROUNDS = 6
_one_at_a_time = threading.Lock()


@attrs.frozen
class BackupReport:
    """What a run did; `verified` are the objects that were opened on the medium by this run."""

    manifest: Manifest
    copied_objects: int
    copied_bytes: int
    proved_again: int
    verified: frozenset[ObjectId] = attrs.field(repr=False, factory=frozenset)


def back_up(
    repository: Repository,
    source: Source,
    around: Surroundings,
    progress: Progress = no_progress,
    is_cancelled: IsCancelled = never,
    *,
    proves_all: bool = False,
) -> BackupReport:
    """Make one more snapshot of a store that may be in use. Progress counts bytes.

    With `proves_all` every object that lies there is opened again, and copied anew where it is
    not whole any more.

    Raises
    ------
    MediumFault, BackupInUse, StoreBusy, StoreFault, Cancelled
        No snapshot was made; what was copied stays and is used by the next run.
    BackupParted
        The medium holds keys that the store never had; nothing was changed.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise BackupInUse
    try:
        with repository.lock():
            repository.require_ours(around.is_ours)
            run = _Run(repository, source, progress, is_cancelled, proves_all=proves_all)
            return run.make(around)
    finally:
        _one_at_a_time.release()


class FileSealer:
    """Seals files in parts; stretches that an earlier snapshot holds are named again."""

    def __init__(
        self, repository: Repository, keys: VaultKeys, epoch: int, earlier: list[Manifest]
    ) -> None:
        self._repository = repository
        self._keys = keys
        self._epoch = epoch
        parts = [part for each in earlier if each.epoch == epoch for part in each.parts]
        self._known = {(part.size_bytes, part.sha256): part for part in parts}

    def seal(self, name: str, stretches: Iterator[bytes]) -> SealedFile:
        """Return the file as it is named in a manifest, all of it on the medium."""
        return SealedFile(name, tuple(map(self._part_of, stretches)))

    def _part_of(self, plain: bytes) -> Part:
        sha256 = digest(plain).hex()
        place = len(plain), sha256
        if place not in self._known:
            part = self._repository.put_part(plain, sha256, self._epoch, self._keys)
            self._known[place] = part
        return self._known[place]


class _Run:
    def __init__(
        self,
        repository: Repository,
        source: Source,
        progress: Progress,
        is_cancelled: IsCancelled,
        *,
        proves_all: bool,
    ) -> None:
        self._repository = repository
        self._source = source
        self._keys, self._epoch = source.keys, source.keys.current_epoch
        self._pause = source.sealed.pause(is_cancelled)
        self._is_cancelled = is_cancelled
        repository.remove_leftovers()
        whole, _ = repository.manifests(source.keys)
        there = repository.names()
        proved: frozenset[ObjectId] = frozenset()
        if whole and not proves_all:
            proved = repository.object_list(whole[-1], source.keys)
        usable = [each for each in whole[-1:] if {part.id for part in each.parts} <= there]
        self._sealer = FileSealer(repository, source.keys, self._epoch, usable)
        self._copier = ObjectCopier(repository.medium, source, there, proved, self._pause, progress)

    def make(self, around: Surroundings) -> BackupReport:
        with self._exported() as (path, head, catalog_id, listed):
            manifest = self._seal(path, head, catalog_id, listed, around)
        self._repository.put_manifest(manifest, self._keys)
        copier = self._copier
        copied = len(copier.ids(Found.COPIED))
        verified = frozenset(copier.verified) & {part.id for part in listed}
        return BackupReport(manifest, copied, copier.copied_bytes, copier.proved_again, verified)

    @contextmanager
    def _exported(self) -> Iterator[tuple[Path, VaultHead, str, list[StoredObject]]]:
        """Copy objects until a copy of the catalog lists none that is missing; give that copy."""
        with self._source.catalog.read() as cursor:
            listed = images.all_objects(cursor)
        self._copier.copy(listed, more_bytes=self._catalog_bytes())
        for _ in range(_ROUNDS):
            path, catalog_id = self._work_path(), new_id()
            try:
                head, listed = self._export(path, catalog_id)
                if self._copier.copy(listed):
                    yield path, head, catalog_id, listed
                    return
            finally:
                path.unlink(missing_ok=True)
        raise StoreBusy

    def _export(self, path: Path, catalog_id: str) -> tuple[VaultHead, list[StoredObject]]:
        with snapshot_key(self._keys, self._repository.id, self._epoch, catalog_id) as key:
            head = self._source.catalog.export_to(path, key, self._is_cancelled)
            copy = Catalog(path, key)
        try:
            with copy.read() as cursor:
                return head, images.all_objects(cursor)
        finally:
            copy.close()

    def _seal(
        self,
        path: Path,
        head: VaultHead,
        catalog_id: str,
        listed: list[StoredObject],
        around: Surroundings,
    ) -> Manifest:
        self._repository.put_key_sheet(around.key_sheet())
        numbers = [name.number for name in self._repository.snapshots()]
        held = self._copier.ids(Found.THERE, Found.COPIED) & {part.id for part in listed}
        files = [
            self._put(CATALOG, read_stretches(path, path.stat().st_size)),
            self._put(OBJECT_LIST, cut(pack_ids(held))),
            *(self._put(each.name, _stretches_of(each)) for each in around.files()),
        ]
        return Manifest(
            format=FORMAT,
            practice_id=self._keys.practice_id,
            repository_id=self._repository.id,
            number=max(numbers, default=0) + 1,
            id=ObjectId(new_id()),
            epoch=self._epoch,
            made=around.made,
            workstation=around.workstation,
            generation=head.generation,
            head_digest=head.digest,
            catalog_id=catalog_id,
            files=tuple(files),
            object_count=len(held),
            object_bytes=sum(part.plain_bytes for part in listed if part.id in held),
            damaged=tuple(sorted(self._copier.ids(Found.DAMAGED))),
            elsewhere=tuple(sorted(self._copier.ids(Found.ELSEWHERE))),
        )

    def _put(self, name: str, stretches: Iterator[bytes]) -> SealedFile:
        def paused() -> Iterator[bytes]:
            for stretch in stretches:
                self._pause()
                yield stretch

        return self._sealer.seal(name, paused())

    def _catalog_bytes(self) -> int:
        return sum(path.stat().st_size for path in self._source.folder.glob("catalog.db*"))

    def _work_path(self) -> Path:
        Layout(self._source.folder).remove_backup_copies()
        return backup_copy(self._source.folder)


def _stretches_of(file: StoreFile) -> Iterator[bytes]:
    if file.path is None:
        return cut(file.content)
    return read_stretches(file.path, file.size_bytes)


def read_stretches(path: Path, size_bytes: int) -> Iterator[bytes]:
    """Yield the first bytes of a file of the store in stretches of a part's size.

    Raises
    ------
    StoreBusy
        It became shorter meanwhile.
    StoreFault
        The disk failed.
    """
    try:
        with path.open("rb") as file:
            left = size_bytes
            while left > 0:
                plain = file.read(min(PART_BYTES, left))
                if not plain:
                    raise StoreBusy
                left -= len(plain)
                yield plain
    except OSError as fault:
        raise store_fault(fault) from fault


def cut(raw: bytes) -> Iterator[bytes]:
    """Yield bytes in stretches of a part's size."""
    for start in range(0, len(raw), PART_BYTES):
        yield raw[start : start + PART_BYTES]
