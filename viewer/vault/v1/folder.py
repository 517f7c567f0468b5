"""Where objects lie: 256 folders of files with random names, each written once and whole."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from viewer.model.ids import ObjectId
from viewer.vault.errors import store_fault

FAN_OUT = tuple(f"{byte:02x}" for byte in range(256))
PART = ".part"
_OBJECT_NAME = re.compile(r"[0-9a-f]{32}")
_IS_WINDOWS = os.name == "nt"
_WINDOWS_TRIES = 8


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable (POSIX; Windows has no such call and needs none)."""
    if _IS_WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_patiently(source: Path, target: Path) -> None:
    """Rename a file over another or a free name."""
    # Virus scanners and indexers hold fresh files open for a moment on Windows.
    for tries_left in reversed(range(_WINDOWS_TRIES)):
        try:
            source.replace(target)
        except PermissionError:
            if not _IS_WINDOWS or not tries_left:
                raise
            time.sleep(0.01 * 2 ** (_WINDOWS_TRIES - tries_left))
        else:
            return


class ObjectFolder:
    """The `objects` folder of a store. Any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def create(self) -> None:
        """Make the folder and its 256 folders, durable.

        Raises
        ------
        StoreFault
            The disk failed or is full.
        """
        try:
            self._root.mkdir(mode=0o700, exist_ok=True)
            for name in FAN_OUT:
                (self._root / name).mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._root)
        except OSError as fault:
            raise store_fault(fault) from fault

    def path(self, object_id: ObjectId) -> Path:
        """Return where an object lies.

        Raises
        ------
        ValueError
            That is no object id.
        """
        if not _OBJECT_NAME.fullmatch(object_id):
            raise ValueError("an object id is 32 lower-case hex digits")
        return self._root / object_id[:2] / object_id

    def write(self, object_id: ObjectId, fill: Callable[[BinaryIO], None]) -> None:
        """Write an object so that it is either whole and durable or not there.

        Temporary file in the same folder, fsync, rename, fsync of the folder. Whatever goes wrong
        removes the temporary file.

        Raises
        ------
        StoreFault
            The disk failed or is full.
        """
        path = self.path(object_id)
        part = path.with_name(path.name + PART)
        try:
            with part.open("xb", buffering=0) as raw:
                fill(raw)
                os.fsync(raw.fileno())
            replace_patiently(part, path)
            sync_folder(path.parent)
        except BaseException as fault:
            _unlink_quietly(part)
            if isinstance(fault, OSError):
                raise store_fault(fault) from fault
            raise

    def delete(self, object_id: ObjectId) -> None:
        """Remove an object; one that is gone already is as good.

        Raises
        ------
        StoreFault
            The disk failed.
        """
        path = self.path(object_id)
        try:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        except OSError as fault:
            raise store_fault(fault) from fault

    def names(self) -> Iterator[str]:
        """Yield every name in the 256 folders and, with its folder, any that lies elsewhere."""
        try:
            for folder in sorted(self._root.iterdir()):
                if folder.name not in FAN_OUT or not folder.is_dir():
                    yield folder.name
                    continue
                for entry in os.scandir(folder):
                    is_home = entry.name[:2] == folder.name
                    yield entry.name if is_home else f"{folder.name}/{entry.name}"
        except OSError as fault:
            raise store_fault(fault) from fault

    def names_in(self, bucket: str) -> list[str]:
        """Return every name in one of the 256 folders, as `names` does.

        Raises
        ------
        StoreFault
            It is missing or cannot be read; the others may be whole.
        """
        try:
            names = sorted(path.name for path in (self._root / bucket).iterdir())
        except OSError as fault:
            raise store_fault(fault) from fault
        return [name if name[:2] == bucket else f"{bucket}/{name}" for name in names]

    def strays(self) -> list[str]:
        """Return the names beside the 256 folders.

        Raises
        ------
        StoreFault
            The folder cannot be read.
        """
        try:
            return sorted({path.name for path in self._root.iterdir()} - set(FAN_OUT))
        except OSError as fault:
            raise store_fault(fault) from fault

    def remove_leftovers(self) -> int:
        """Remove temporary files that a killed process left; return how many."""
        count = 0
        for name in list(self.names()):
            if is_leftover(name):
                _unlink_quietly(self._root / name[:2] / name)
                count += 1
        return count


def is_object(name: str) -> bool:
    """Whether a name is that of a whole object."""
    return _OBJECT_NAME.fullmatch(name) is not None


def is_leftover(name: str) -> bool:
    """Whether a name is that of a write that never ended."""
    return name.endswith(PART) and is_object(name.removesuffix(PART))


def _unlink_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
