"""What a snapshot says of itself: when, of which moment of the catalog, and where its parts lie."""

from __future__ import annotations

import re
from datetime import datetime

import attrs

from viewer.crypto.derive import context, derive
from viewer.crypto.secret import Secret
from viewer.model.ids import ObjectId
from viewer.model.json import from_json, to_json
from viewer.vault.backup.errors import BackupDamaged, BackupTooNew
from viewer.vault.records import VaultHead, VaultKeys

FORMAT = 1
CATALOG = "catalog.db"
OBJECT_LIST = "objects"
_NAME = re.compile(r"(\d{6,9})-([0-9a-f]{32})")
_ID_BYTES = 16


@attrs.frozen
class Part:
    """A stretch of a file, sealed as a container of its own; the digest is of the plain bytes."""

    id: ObjectId
    size_bytes: int
    sha256: str


@attrs.frozen
class SealedFile:
    """A file of the store as a row of parts."""

    name: str
    parts: tuple[Part, ...]

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return sum(part.size_bytes for part in self.parts)


@attrs.frozen(order=True)
class SnapshotName:
    """A snapshot's number and id, which its file is named by."""

    number: int
    id: ObjectId

    @classmethod
    def of_file(cls, name: str) -> SnapshotName | None:
        """Return what a file name stands for; None where it is not a snapshot's."""
        match = _NAME.fullmatch(name)
        return cls(int(match[1]), ObjectId(match[2])) if match else None

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.number:06d}-{self.id}"


@attrs.frozen
class Manifest:
    """All of a snapshot but the stored objects, which its catalog names.

    `catalog_id` and `epoch` give the key of the catalog's copy. `object_count`, `object_bytes`:
    what of the catalog's objects the repository holds. `damaged`: listed, but not whole in the
    store when this was made; `elsewhere`: in no place that this backup could read.
    """

    format: int
    practice_id: str
    repository_id: str
    number: int
    id: ObjectId
    epoch: int
    made: datetime
    workstation: str
    generation: int
    head_digest: str
    catalog_id: str
    files: tuple[SealedFile, ...]
    object_count: int
    object_bytes: int
    damaged: tuple[ObjectId, ...] = ()
    elsewhere: tuple[ObjectId, ...] = ()

    @property
    def name(self) -> SnapshotName:
        """What its file is named by."""
        return SnapshotName(self.number, self.id)

    @property
    def head(self) -> VaultHead:
        """The moment of the catalog's history that it holds."""
        return VaultHead(self.generation, self.head_digest)

    @property
    def parts(self) -> list[Part]:
        """Parts of all its files."""
        return [part for file in self.files for part in file.parts]

    def file(self, name: str) -> SealedFile:
        """Return one of its files.

        Raises
        ------
        BackupDamaged
            It has none of this name.
        """
        for file in self.files:
            if file.name == name:
                return file
        raise BackupDamaged


def to_bytes(manifest: Manifest) -> bytes:
    """Return it as JSON."""
    return to_json(manifest).encode()


def from_bytes(raw: bytes | bytearray) -> Manifest:
    """Read it.

    Raises
    ------
    BackupTooNew, BackupDamaged
        It is of a later format, or no manifest.
    """
    try:
        return from_json(bytes(raw), Manifest)
    except ValueError:
        if b'"format":1,' not in bytes(raw[:40]):
            raise BackupTooNew from None
        raise BackupDamaged from None


def pack_ids(ids: frozenset[ObjectId]) -> bytes:
    """Return object ids as 16 bytes each, in order."""
    return b"".join(bytes.fromhex(each) for each in sorted(ids))


def unpack_ids(raw: bytes | bytearray) -> frozenset[ObjectId]:
    """Return the ids of a packed list.

    Raises
    ------
    BackupDamaged
        It is not one.
    """
    if len(raw) % _ID_BYTES:
        raise BackupDamaged
    text = bytes(raw).hex()
    step = 2 * _ID_BYTES
    return frozenset(ObjectId(text[at : at + step]) for at in range(0, len(text), step))


def repository_key(keys: VaultKeys, repository_id: str, epoch: int) -> Secret:
    """Return what the parts and manifests of an epoch are sealed under.

    Raises
    ------
    BackupDamaged
        The epoch is not among the keys: it was retired, or is another practice's.
    """
    if epoch not in keys.epochs:
        raise BackupDamaged("A part of the backup is sealed with a key that is not there.")
    info = context("bitewing backup v1", keys.practice_id, repository_id, epoch)
    return derive(keys.epochs[epoch], info)


def snapshot_key(keys: VaultKeys, repository_id: str, epoch: int, catalog_id: str) -> Secret:
    """Return the raw key of a catalog's copy."""
    if epoch not in keys.epochs:
        raise BackupDamaged("A snapshot is sealed with a key that is not there.")
    info = context(
        "bitewing backup snapshot v1", keys.practice_id, repository_id, catalog_id, epoch
    )
    return derive(keys.epochs[epoch], info)
