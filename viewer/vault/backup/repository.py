"""A repository: one practice's snapshots and the objects they share, in one folder."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from viewer.crypto.derive import digest
from viewer.model.ids import ObjectId, new_id
from viewer.vault.backup.errors import (
    BackupDamaged,
    BackupParted,
    BackupTooNew,
    MediumFault,
    NoSuchSnapshot,
    NotABackup,
    OtherPractice,
    medium_faults,
)
from viewer.vault.backup.manifest import (
    OBJECT_LIST,
    Manifest,
    Part,
    SealedFile,
    SnapshotName,
    from_bytes,
    repository_key,
    to_bytes,
    unpack_ids,
)
from viewer.vault.backup.medium import Medium, MediumLock, write_all
from viewer.vault.errors import ObjectDamaged, ObjectMissing, StoreTooNew
from viewer.vault.records import VaultKeys
from viewer.vault.v1.container import (
    ContainerReader,
    object_cipher,
    read_header,
    write_container,
)
from viewer.vault.v1.folder import is_leftover, is_object
from viewer.vault.v1.header import Header

PART_BYTES = 8 << 20
_MARKER = "bitewing-backup.json"
_LARGEST_TEXT = 16 << 20
_LARGEST_MANIFEST = 1 << 29
"""Some fifteen million evicted objects; a false length is refused before any allocation."""
_ID = re.compile(r"[0-9a-f]{32}")
_SHEET = re.compile(r"keys-(\d{6,9})-[ab]\.json")


def unpaused() -> None:
    """Never stop."""


@attrs.frozen
class Marker:
    """What the folder says of itself in plain: opaque ids, no names."""

    repository_id: str
    practice_id: str


class Repository:
    """One repository. Reading needs no lock; who writes holds `lock()`."""

    def __init__(self, medium: Medium, marker: Marker) -> None:
        self.medium = medium
        self.id = marker.repository_id
        self.practice_id = marker.practice_id

    # --- begin -----------------------------------------------------------------------------

    @classmethod
    def open(cls, root: Path, practice_id: str | None = None) -> Repository:
        """Open what is there; with a practice, only that one's.

        Raises
        ------
        NotABackup, OtherPractice, BackupTooNew, MediumFault
            It cannot be used.
        """
        medium = Medium(root)
        marker = _read_marker(medium)
        if marker is None:
            raise NotABackup
        if practice_id is not None and marker.practice_id != practice_id:
            raise OtherPractice
        return cls(medium, marker)

    @classmethod
    def open_or_make(cls, root: Path, practice_id: str) -> Repository:
        """Open the practice's repository, or make an empty one where there is nothing.

        Raises
        ------
        NotABackup
            Something else lies there.
        OtherPractice, BackupTooNew, MediumFault
            It cannot be used.
        """
        medium = Medium(root)
        if _read_marker(medium) is None:
            with medium_faults(medium.root):
                medium.root.mkdir(exist_ok=True)
                if any((medium.root / name).exists() for name in ("snapshots", "objects")):
                    raise NotABackup("This folder holds something else.")
            with MediumLock(medium.root):
                if _read_marker(medium) is None:
                    _write_marker(medium, Marker(new_id(), practice_id))
        repository = cls.open(root, practice_id)
        medium.make_folders()
        return repository

    def lock(self) -> MediumLock:
        """Keep other writers out until it is released.

        Raises
        ------
        BackupInUse, MediumFault
            Somebody else writes, or nobody can.
        NotABackup
            One of the folders leads elsewhere.
        """
        self.medium.require_own_folders()
        return MediumLock(self.medium.root)

    # --- the key sheet ---------------------------------------------------------------------

    def key_sheet(self) -> str:
        """Return the sheet of epoch keys sealed to the recovery key, as the session wrote it.

        Raises
        ------
        BackupDamaged
            No copy of it is whole.
        """
        for _, path in sorted(self._sheets(), reverse=True):
            with medium_faults(self.medium.root):
                sheet = _sheet_of(_small(path))
            if sheet is not None:
                return sheet
        raise BackupDamaged("The backup's sheet of keys is missing or damaged.")

    def require_ours(self, is_ours: Callable[[str], bool]) -> None:
        """Return only if the sheet that lies here may be replaced, or is damaged or missing.

        Raises
        ------
        BackupParted
            It holds keys that the store never had: replacing it would lose its snapshots.
        """
        try:
            sheet = self.key_sheet()
        except BackupDamaged:
            return
        if not is_ours(sheet):
            raise BackupParted

    def put_key_sheet(self, sheet: str) -> None:
        """Replace the sheet by another, two copies of it, and remove those before."""
        old = self._sheets()
        whole = sum(_sheet_of(_small(path)) == sheet for _, path in old)
        if whole == len(old) == 2:
            return
        number = max((number for number, _ in old), default=0) + 1
        body = {"format": "bitewing backup keys", "version": 1, "sheet": sheet}
        raw = json.dumps(body | {"sha256": digest(sheet.encode()).hex()}, indent=1).encode()
        for copy in "ab":
            path = self.medium.root / f"keys-{number:06d}-{copy}.json"
            self.medium.write(path, lambda file: write_all(file, raw))
        self.medium.sync()
        if self.key_sheet() != sheet:
            raise MediumFault
        for _, path in old:
            self.medium.remove(path)
        self.medium.sync_root()  # it may hold the seals of epochs that count as destroyed next

    def _sheets(self) -> list[tuple[int, Path]]:
        with medium_faults(self.medium.root):
            names = [path.name for path in self.medium.root.iterdir()]
        found = ((name, _SHEET.fullmatch(name)) for name in names)
        return [(int(match[1]), self.medium.root / name) for name, match in found if match]

    # --- snapshots -------------------------------------------------------------------------

    def snapshots(self) -> list[SnapshotName]:
        """Return the names of the snapshots that were finished, oldest first."""
        with medium_faults(self.medium.root):
            names = [path.name for path in (self.medium.root / "snapshots").iterdir()]
        found = (SnapshotName.of_file(name) for name in names)
        return sorted(name for name in found if name is not None)

    def path_of(self, name: SnapshotName) -> Path:
        """Return where a snapshot's manifest lies."""
        return self.medium.root / "snapshots" / name.file_name

    def manifest(self, name: SnapshotName, keys: VaultKeys) -> Manifest:
        """Open a snapshot's manifest.

        Raises
        ------
        BackupDamaged, BackupTooNew, MediumFault
            It does not open, or is not that of its name and repository.
        """
        raw = self._open_sealed(self.path_of(name), name.id, keys, _LARGEST_MANIFEST)
        manifest = from_bytes(raw)
        told = (manifest.practice_id, manifest.repository_id, manifest.name)
        if told != (keys.practice_id, self.id, name):
            raise BackupDamaged
        return manifest

    def epoch_of(self, name: SnapshotName) -> int | None:
        """Return the epoch that a snapshot says it is under; None where it is damaged."""
        try:
            with medium_faults(self.medium.root):
                return read_header(self.path_of(name)).epoch
        except (ObjectDamaged, ObjectMissing, StoreTooNew):
            return None

    def manifests(self, keys: VaultKeys) -> tuple[list[Manifest], list[SnapshotName]]:
        """Return the snapshots that open, oldest first, and the names of those that do not."""
        whole, bad = [], []
        for name in self.snapshots():
            try:
                whole.append(self.manifest(name, keys))
            except (BackupDamaged, BackupTooNew):
                bad.append(name)
        return whole, bad

    def choose(self, keys: VaultKeys, number: int | None = None) -> Manifest:
        """Return the snapshot of a number, or the newest that opens.

        Raises
        ------
        NoSuchSnapshot
            There is none.
        """
        whole, _ = self.manifests(keys)
        wanted = [each for each in whole if number in {None, each.number}]
        if not wanted:
            raise NoSuchSnapshot
        return wanted[-1]

    def put_manifest(self, manifest: Manifest, keys: VaultKeys) -> None:
        """Write a snapshot's manifest, which makes the snapshot; the last thing to be written."""
        raw = to_bytes(manifest)
        self._write_sealed(self.path_of(manifest.name), manifest.id, manifest.epoch, raw, keys)
        self.medium.sync()
        if self.manifest(manifest.name, keys) != manifest:
            raise MediumFault

    def remove_snapshot(self, name: SnapshotName) -> None:
        """Remove a snapshot's manifest: the snapshot is gone; its parts are collected later."""
        self.medium.remove(self.path_of(name))

    # --- files in parts --------------------------------------------------------------------

    def put_part(self, plain: bytes, sha256: str, epoch: int, keys: VaultKeys) -> Part:
        """Seal a stretch of a file and read it back."""
        object_id = ObjectId(new_id())
        path = self.medium.objects.path(object_id)
        self._write_sealed(path, object_id, epoch, plain, keys)
        if self._open_sealed(path, object_id, keys) != plain:
            raise MediumFault
        return Part(object_id, len(plain), sha256)

    def stretches(self, file: SealedFile, keys: VaultKeys) -> Iterator[bytearray]:
        """Yield a file's parts, opened, in order.

        Raises
        ------
        BackupDamaged, MediumFault
            One of them does not open.
        """
        for part in file.parts:
            plain = self._open_sealed(self.medium.objects.path(part.id), part.id, keys)
            if len(plain) != part.size_bytes or digest(plain).hex() != part.sha256:
                raise BackupDamaged
            yield plain

    def object_list(self, manifest: Manifest, keys: VaultKeys) -> frozenset[ObjectId]:
        """Return the ids of the stored objects that a snapshot counts on."""
        file = manifest.file(OBJECT_LIST)
        return unpack_ids(b"".join(map(bytes, self.stretches(file, keys))))

    def _write_sealed(
        self, path: Path, object_id: ObjectId, epoch: int, plain: bytes, keys: VaultKeys
    ) -> None:
        header = Header.fresh(object_id, epoch, len(plain))
        with repository_key(keys, self.id, epoch) as key:
            cipher = object_cipher(key, header)
        self.medium.write(
            path,
            lambda file: write_container(file, header, cipher, memoryview(plain), unpaused),
        )

    def _open_sealed(
        self, path: Path, object_id: ObjectId, keys: VaultKeys, most_bytes: int = PART_BYTES
    ) -> bytearray:
        try:
            with medium_faults(self.medium.root):
                epoch = read_header(path).epoch
                with repository_key(keys, self.id, epoch) as key:
                    reader = ContainerReader(path, object_id, key)
                if reader.header.plain_bytes > most_bytes:
                    raise BackupDamaged
                plain = bytearray(reader.header.plain_bytes)
                reader.open_into(memoryview(plain), unpaused)
        except (ObjectDamaged, ObjectMissing):
            raise BackupDamaged from None
        except StoreTooNew:
            raise BackupTooNew from None
        return plain

    # --- names -----------------------------------------------------------------------------

    def names(self) -> set[ObjectId]:
        """Return the ids of all objects and parts that lie here under their final name."""
        with medium_faults(self.medium.root):
            return {ObjectId(name) for name in self.medium.objects.names() if is_object(name)}

    def remove_leftovers(self) -> None:
        """Remove what a run that was killed left under names that count for nothing."""
        with medium_faults(self.medium.root):
            names = [name for name in self.medium.objects.names() if is_leftover(name)]
            for name in names:
                (self.medium.root / "objects" / name[:2] / name).unlink(missing_ok=True)
            for folder in (self.medium.root, self.medium.root / "snapshots"):
                for path in folder.glob("*.part"):
                    path.unlink(missing_ok=True)


def _read_marker(medium: Medium) -> Marker | None:
    try:
        with medium_faults(medium.root):
            found = json.loads(_small(medium.root / _MARKER))
        if found["format"] != "bitewing backup":
            raise NotABackup
        if found["version"] != 1:
            raise BackupTooNew
        return Marker(_id(found["repository"]), _id(found["practice"]))
    except MediumFault as fault:
        if isinstance(fault.__cause__, FileNotFoundError | NotADirectoryError):
            return None
        raise
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotABackup from None


def _id(found: object) -> str:
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise ValueError
    return found


def _write_marker(medium: Medium, marker: Marker) -> None:
    body = {
        "format": "bitewing backup",
        "version": 1,
        "repository": marker.repository_id,
        "practice": marker.practice_id,
    }
    raw = json.dumps(body, indent=1).encode() + b"\n"
    medium.write(medium.root / _MARKER, lambda file: write_all(file, raw))
    medium.sync_root()


def _small(path: Path) -> bytes:
    """Read a small file; a huge one in its place is cut, and so refused, before it fills memory.

    Something that is no file (a pipe would wait for ever) is nothing.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return b""
    with path.open("rb") as file:
        return file.read(min(_LARGEST_TEXT, path.stat().st_size))


def _sheet_of(raw: bytes) -> str | None:
    try:
        body = json.loads(raw)
        sheet, expected = body["sheet"], body["sha256"]
        is_whole = isinstance(sheet, str) and digest(sheet.encode()).hex() == expected
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return sheet if is_whole else None
