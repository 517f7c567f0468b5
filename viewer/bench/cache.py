"""Files put out of the system's page cache, so that the next reading comes from the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def drop(paths: Iterable[Path]) -> None:
    """Write the files out and ask the system to forget them; does nothing where it can't."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)  # what was not written out is not forgotten
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)


def can_drop(path: Path) -> bool:
    """Whether a file (of some bytes) is really out of the cache after `drop`.

    Not so in a folder that lives in memory, or where the system can't say.
    """
    if not hasattr(os, "RWF_NOWAIT"):
        return False
    try:
        drop([path])
    except OSError:  # not every kind of file can be written out
        return False
    file = os.open(path, os.O_RDONLY)
    try:
        os.preadv(file, [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False
