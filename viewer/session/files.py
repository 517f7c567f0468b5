"""Small files that are either the old or the new one, and a lock between processes."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from viewer.session.errors import AccountsUnwritable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_WAIT_S = 5.0
"""Programs hold a lock for a write; who holds it longer hangs, or means harm."""
_LOCK_LOOK_S = 0.002


def read_whole(path: Path) -> bytes:
    """Return a small file's bytes."""
    return path.read_bytes()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut (Windows does it by itself)."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by another, readable by its owner alone: temp, fsync, replace, fsync.

    One writer of a file at a time (`process_lock`): what an earlier one left is removed.

    Raises
    ------
    OSError
        The disk refused; the old file is still there.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    _remove_leftovers(path)
    sync_folder(path.parent)


def _remove_leftovers(path: Path) -> None:
    """Remove what killed writes of this file left: it may hold keys that were destroyed since."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}"):
        with contextlib.suppress(OSError):
            leftover.unlink()


@contextlib.contextmanager
def process_lock(path: Path) -> Iterator[None]:
    """Hold a lock file for a moment, so that window and command line do not write at once.

    Raises
    ------
    OSError
        The lock file cannot be made, or another program holds it and does not let go.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_up = time.monotonic() + LOCK_WAIT_S
        while not _is_locked(handle):
            if time.monotonic() > give_up:
                raise TimeoutError("another program holds the lock")
            time.sleep(_LOCK_LOOK_S)
        yield
    finally:
        os.close(handle)  # closing releases the lock


@contextlib.contextmanager
def accounts_lock(path: Path) -> Iterator[None]:
    """As `process_lock`, for a file that belongs to the accounts; a fault of the body stays itself.

    Raises
    ------
    AccountsUnwritable
        The lock cannot be had.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(process_lock(path))
        except OSError:
            raise AccountsUnwritable from None
        yield


def _is_locked(handle: int) -> bool:
    """Take the lock, if nobody else holds it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
