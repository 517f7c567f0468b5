"""A folder on a medium that may be slow, fill up, vanish, or lack what a good disk can do.

Nothing is ever renamed over something else, no case and no permissions are relied upon, names are
short; a folder that cannot be synced is left to the medium. What a power cut makes of such a medium
is found by reading it: a file counts only once it was read back and named by a sealed list.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from viewer.vault.backup.errors import (
    BackupInUse,
    MediumFull,
    NotABackup,
    medium_fault,
    medium_faults,
)
from viewer.vault.lock import lock_now
from viewer.vault.v1.folder import FAN_OUT, PART, ObjectFolder, replace_patiently

_NOT_OFFERED = {
    errno.EINVAL,
    errno.ENOSYS,
    errno.ENOTTY,
    getattr(errno, "ENOTSUP", errno.EINVAL),
    getattr(errno, "EOPNOTSUPP", errno.EINVAL),
}
_BLOCK_BYTES = 1 << 22
_LONG_FROM = 200

Pause = Callable[[], None]


def long_path(path: Path) -> Path:
    """Return a path that Windows takes beyond 260 characters; elsewhere the path itself."""
    return Path(long_windows_path(str(path.absolute()))) if sys.platform == "win32" else path


def long_windows_path(path: str) -> str:
    r"""Return an absolute Windows path in the form without a length limit where it may need it.

    >>> long_windows_path("C:/short")
    'C:/short'
    """
    if len(path) < _LONG_FROM or path.startswith("\\\\?\\"):
        return path
    spelled = str(PureWindowsPath(path))
    is_share = spelled.startswith("\\\\")
    return "\\\\?\\UNC\\" + spelled[2:] if is_share else "\\\\?\\" + spelled


class Medium:
    """The folder of a repository. Any thread."""

    def __init__(self, root: Path) -> None:
        self.root = long_path(root)
        self.objects = ObjectFolder(self.root / "objects")
        self._thinned: set[Path] = set()

    def make_folders(self) -> None:
        """Make what is missing of the folders; the parent must be there: a medium is not made."""
        with medium_faults(self.root):
            self.root.mkdir(exist_ok=True)
            for name in ("snapshots", "objects", *(f"objects/{byte}" for byte in FAN_OUT)):
                (self.root / name).mkdir(exist_ok=True)

    def require_own_folders(self) -> None:
        """Return only if no folder is a link: behind one could lie the store's own objects.

        Raises
        ------
        NotABackup
            One leads elsewhere.
        """
        with medium_faults(self.root):
            for name in ("snapshots", "objects", *(f"objects/{byte}" for byte in FAN_OUT)):
                if _leads_elsewhere(self.root / name):
                    raise NotABackup("A part of this folder leads to another folder.")

    def write(self, path: Path, fill: Callable[[BinaryIO], None]) -> None:
        """Write a file under a name that is free: another name first, then synced and renamed.

        Raises
        ------
        MediumFault
            Nothing of this name is there.
        """
        part = path.with_name(path.name + PART)
        _unlink_quietly(part)
        try:
            with part.open("xb", buffering=0) as raw:  # never through a link that lies there
                fill(raw)
                sync_file(raw.fileno())
            replace_patiently(part, path)
        except BaseException as fault:
            _unlink_quietly(part)
            if isinstance(fault, OSError):
                raise medium_fault(fault, self.root) from fault
            raise

    def copy_in(self, source: Path, path: Path, pause: Pause) -> int:
        """Copy a file to the medium; return how many bytes.

        Raises
        ------
        FileNotFoundError
            The source is not there.
        OSError
            The source cannot be read.
        MediumFault
            The medium failed.
        """
        with source.open("rb", buffering=0) as file:

            def fill(raw: BinaryIO) -> None:
                while block := _read_block(file):
                    pause()
                    write_all(raw, block)

            self.write(path, fill)
            return file.tell()

    def remove(self, path: Path) -> None:
        """Remove a file; one that is gone is as good."""
        with medium_faults(self.root):
            path.unlink(missing_ok=True)
            self._thinned.add(path.parent)

    def sync(self) -> None:
        """Make names durable as far as the medium offers it.

        Folders that are empty and always were are left out: on a slow disk all 256 took seconds.
        """
        with medium_faults(self.root):
            fans = [self.root / "objects" / name for name in FAN_OUT]
            folders = [each for each in fans if each in self._thinned or not _is_empty(each)]
            for folder in (*folders, self.root / "objects", self.root / "snapshots", self.root):
                sync_names(folder)
            self._thinned.clear()

    def sync_root(self) -> None:
        """Make the names directly in the folder durable as far as the medium offers it."""
        with medium_faults(self.root):
            sync_names(self.root)

    def require_room(self, needed_bytes: int) -> None:
        """Return only if so much more can be written.

        Raises
        ------
        MediumFull
            It cannot.
        """
        with medium_faults(self.root):
            free_bytes = shutil.disk_usage(self.root).free
        if needed_bytes > free_bytes:
            raise MediumFull(needed_bytes, free_bytes)


class SourceUnreadable(Exception):
    """Inside this package: what is to be copied cannot be read (not the medium's fault)."""


def _read_block(file: BinaryIO) -> bytes:
    try:
        return file.read(_BLOCK_BYTES)
    except OSError as fault:
        raise SourceUnreadable from fault


def write_all(raw: BinaryIO, content: bytes | memoryview) -> None:
    """Write everything: an unbuffered write may stop short where a disk is nearly full."""
    left = memoryview(content)
    while left:
        left = left[raw.write(left) :]


def sync_file(descriptor: int) -> None:
    """Wait for the medium, and let go of the cached copy so that the next read asks the medium.

    Linux and BSD; elsewhere the read back may come from the cache.
    """
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in _NOT_OFFERED:
            raise
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def sync_names(folder: Path) -> None:
    """Make names in a folder durable where the file system offers it."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in _NOT_OFFERED | {errno.EBADF, errno.EACCES, errno.EPERM}:
            raise
    finally:
        os.close(descriptor)


def _is_empty(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def _leads_elsewhere(path: Path) -> bool:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    junction = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    tag = getattr(found, "st_reparse_tag", 0)
    return stat.S_ISLNK(found.st_mode) or (bool(tag) and tag == junction)


def _unlink_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


class MediumLock:
    """Keeps a second writer out: by the system's lock, where there is none by a file.

    A lock of the system falls with its process. The file that stands in for it on media without
    locks does not: who finds it after a crash has to remove it.

    Raises
    ------
    BackupInUse
        Somebody else writes.
    MediumFault
        The lock file cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self._sign: Path | None = None
        with medium_faults(root):
            self._descriptor = os.open(root / "backup.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._take(root)
            except BaseException:
                self.release()
                raise

    def _take(self, root: Path) -> None:
        try:
            lock_now(self._descriptor)
        except OSError as fault:
            if fault.errno not in _NOT_OFFERED | {errno.ENOLCK}:
                raise BackupInUse from None
            self._take_by_file(root / "backup.busy")

    def _take_by_file(self, sign: Path) -> None:
        try:
            os.close(os.open(sign, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            now = "If none is running anywhere, remove the file “backup.busy” there."
            raise BackupInUse(now) from None
        self._sign = sign

    def release(self) -> None:
        """Let go. Safe to call twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
        if self._sign is not None:
            _unlink_quietly(self._sign)
            self._sign = None

    def __enter__(self) -> MediumLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
