"""A snapshot opened for reading: its catalog as a file of its own, its objects where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from viewer.crypto.secret import Secret
from viewer.model.ids import ObjectId
from viewer.vault.backup.errors import (
    BackupDamaged,
    BackupTooNew,
    MediumFault,
    NotABackup,
    OtherPractice,
    medium_faults,
)
from viewer.vault.backup.manifest import CATALOG, Manifest, snapshot_key
from viewer.vault.backup.medium import Pause
from viewer.vault.backup.repository import Repository
from viewer.vault.catalog import images
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import StoredObject
from viewer.vault.errors import (
    ArchiveAway,
    NotInStore,
    ObjectDamaged,
    ObjectMissing,
    StoreDamaged,
    StoreTooNew,
    WrongKey,
    store_fault,
)
from viewer.vault.layout import backup_copy
from viewer.vault.records import VaultKeys
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.container import ContainerReader


class OpenSnapshot:
    """One snapshot's catalog and keys, for as long as it is open."""

    def __init__(
        self, repository: Repository, manifest: Manifest, catalog: Catalog, keys: VaultKeys
    ) -> None:
        self.repository = repository
        self.manifest = manifest
        self.catalog = catalog
        self.sealed = SealedObjects(repository.medium.objects, catalog, keys.copy())

    def objects(self) -> list[StoredObject]:
        """Return what the catalog lists."""
        with self.catalog.read() as cursor:
            return images.all_objects(cursor)

    def reader_of(self, part: StoredObject) -> ContainerReader:
        """Return a reader of an object on the medium.

        Raises
        ------
        ObjectMissing, ObjectDamaged
            It is not there, or not the one that the catalog lists.
        MediumFault
            The medium failed.
        """
        try:
            key = self.sealed.patient_key(part.patient_id, part.key_number)
        except (NotInStore, StoreDamaged):
            raise ObjectDamaged from None
        return self.reader_with(key, part)

    def reader_with(self, key: Secret, part: StoredObject) -> ContainerReader:
        """Return a reader of an object, opened with a key that is wiped here."""
        path = self.repository.medium.objects.path(part.id)
        try:
            with key, medium_faults(self.repository.medium.root):
                reader = ContainerReader(path, part.id, key)
        except StoreTooNew:
            raise ObjectDamaged from None
        if reader.header.plain_bytes != part.plain_bytes:
            raise ObjectDamaged
        return reader

    def check(self, part: StoredObject, pause: Pause) -> None:
        """Open an object on the medium to its last byte.

        Raises
        ------
        ObjectMissing, ObjectDamaged, MediumFault
            It is not whole, or that cannot be told.
        """
        reader = self.reader_of(part)
        with medium_faults(self.repository.medium.root):
            reader.check(pause)

    def close(self) -> None:
        """Wipe the keys and close the catalog."""
        self.sealed.close()
        self.catalog.close()


@contextmanager
def opened(
    repository: Repository, manifest: Manifest, keys: VaultKeys, work: Path
) -> Iterator[OpenSnapshot]:
    """Open a snapshot; its catalog lies in the folder `work`, encrypted, until the end.

    Raises
    ------
    BackupDamaged, MediumFault, StoreTooNew, StoreFault
        It does not open.
    """
    path = backup_copy(work)
    try:
        fetch_catalog(repository, manifest, keys, path)
        snapshot = OpenSnapshot(
            repository, manifest, catalog_at(repository, manifest, keys, path), keys
        )
        try:
            yield snapshot
        finally:
            snapshot.close()
    finally:
        for leftover in work.glob(f"{path.name}*"):
            leftover.unlink(missing_ok=True)


def catalog_at(repository: Repository, manifest: Manifest, keys: VaultKeys, path: Path) -> Catalog:
    """Open a fetched catalog."""
    with snapshot_key(keys, repository.id, manifest.epoch, manifest.catalog_id) as key:
        try:
            return Catalog(path, key)
        except WrongKey:
            raise BackupDamaged("A snapshot's list of images does not open.") from None


def fetch_catalog(repository: Repository, manifest: Manifest, keys: VaultKeys, path: Path) -> None:
    """Write a snapshot's catalog to a file of its own, encrypted as it is."""
    fetch_file(repository, manifest, CATALOG, keys, path)


def fetch_file(
    repository: Repository, manifest: Manifest, name: str, keys: VaultKeys, path: Path
) -> None:
    """Write one of a snapshot's files, each part of it proved.

    Raises
    ------
    BackupDamaged, MediumFault
        It cannot be read whole.
    StoreFault
        It cannot be written.
    """
    stretches = repository.stretches(manifest.file(name), keys)
    try:
        with path.open("wb") as file:
            for plain in stretches:
                file.write(plain)
            file.flush()
    except OSError as fault:
        raise store_fault(fault) from fault


class RepositorySource:
    """A known backup as the place that evicted objects come back from (`ObjectSource`).

    It is looked for when something is fetched, so that a medium that is away keeps nobody waiting.
    """

    def __init__(self, path: Path, repository_id: str, practice_id: str) -> None:
        self._path = path
        self._id = repository_id
        self._practice_id = practice_id

    @property
    def archive_id(self) -> str:
        """Which backup."""
        return self._id

    def fetch(self, object_id: ObjectId) -> BinaryIO:
        """Return the sealed file, open for reading; the caller closes and verifies it.

        Raises
        ------
        ObjectMissing
            The backup does not hold it.
        ArchiveAway
            The medium is not there, or cannot be read now.
        """
        try:
            repository = Repository.open(self._path, self._practice_id)
            if repository.id != self._id:
                raise ArchiveAway
            return repository.medium.objects.path(object_id).open("rb")
        except FileNotFoundError:
            raise ObjectMissing from None
        except (OSError, MediumFault, NotABackup, OtherPractice, BackupTooNew) as fault:
            raise ArchiveAway from fault
