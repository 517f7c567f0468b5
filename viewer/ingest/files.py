"""Files on disk: found without following links, opened only if plain."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from viewer.ingest.arrival import Refusal
from viewer.ingest.errors import FileRefused

LINK = "This is a link to another place; links are not followed."
_NOT_PLAIN = "This is not a plain file."
_UNREADABLE = "The file cannot be opened."
_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT; synchronised folders have other tags


def find(paths: Sequence[Path]) -> Iterator[Path | Refusal]:
    """Walk over files and folders in a stable order; links become refusals."""
    for path in paths:
        if is_link(path):
            yield Refusal(path, LINK)
        elif path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _walk(folder: Path) -> Iterator[Path | Refusal]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield Refusal(folder, "The folder cannot be opened.")
        return
    for entry in entries:
        path = Path(entry.path)
        if is_link(entry):
            yield Refusal(path, LINK)
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(path)
        else:
            yield path


def is_link(entry: Path | os.DirEntry[str]) -> bool:
    """Whether it only stands for a file or folder elsewhere."""
    return entry.is_symlink() or _reparse_tag(entry) == _JUNCTION


def _reparse_tag(entry: Path | os.DirEntry[str]) -> int:
    """Return what Windows says of a file or folder that stands for another one; else 0."""
    if sys.platform != "win32":
        return 0
    else:
        try:
            return entry.stat(follow_symlinks=False).st_reparse_tag
        except OSError:
            return 0  # opening it will tell


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a plain file for reading; never a link, a device or a pipe.

    Raises
    ------
    FileRefused
    """
    file = open_plain(path)
    try:
        yield file
    finally:
        os.close(file)


def open_plain(path: Path) -> int:
    """Open as `opened`; the caller closes it.

    Raises
    ------
    FileRefused
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        file = os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    except OSError as fault:
        raise FileRefused(_UNREADABLE) from fault
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FileRefused(_NOT_PLAIN)
    return file
