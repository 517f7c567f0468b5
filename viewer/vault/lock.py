"""One store, one process: an exclusive lock that the operating system drops with its holder."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from viewer.vault.errors import StoreInUse, store_fault

_WINDOWS_OFFSET = 1 << 30
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def lock_now(descriptor: int) -> None:
    """Lock an open file or raise `OSError` at once; the only line that differs by system."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _WINDOWS_OFFSET, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class StoreLock:
    """Holds the store's lock file until `release`.

    Raises
    ------
    StoreInUse
        Somebody else holds it, in this process or another.
    StoreFault
        The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
        except OSError as fault:
            raise store_fault(fault) from fault
        try:
            lock_now(self._descriptor)
            self._require_same_file(path)
        except OSError:
            self.release()
            raise StoreInUse from None

    def _require_same_file(self, path: Path) -> None:
        # Somebody may have removed the file between our opening and locking it; the next one makes
        # and locks another. (A file removed later still leaves the catalog's own lock.)
        if not os.path.samestat(os.fstat(self._descriptor), path.lstat()):
            raise OSError(errno.ESTALE, "another file")

    def release(self) -> None:
        """Let go. Safe to call twice. The file stays: removing it would race with the next."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
