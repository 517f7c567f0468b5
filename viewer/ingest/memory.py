"""Memory that the parent makes and the child fills: pixels come back without touching a disk."""

from __future__ import annotations

import importlib
import mmap
import os
import secrets

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.errors import ChildUnavailable


class SharedPixels:
    """A block of shared memory, zeros at first.

    On Linux it is a sealed memfd: the child can neither shrink nor grow it, so that the parent
    cannot be made to fault on it. `array` stays valid after `close`.
    """

    def __init__(self, size_bytes: int) -> None:
        self.file = _memory_file(size_bytes)
        self._map = mmap.mmap(self.file, size_bytes)

    def array(self, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
        """Return the block as a C-order array over the same memory."""
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self._map, dtype, count=count).reshape(shape)

    def close(self) -> None:
        """Close the file; arrays keep the memory alive."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def _memory_file(size_bytes: int) -> int:
    if hasattr(os, "memfd_create"):
        import fcntl

        file = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(file, size_bytes)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        return file
    if os.name == "nt":
        # Open files cannot be handed to the child there; named sections come with the port.
        raise ChildUnavailable
    return _unlinked_posix_memory(size_bytes)


def _unlinked_posix_memory(size_bytes: int) -> int:
    posix = importlib.import_module("_posixshmem")
    name = f"/{secrets.token_hex(8)}"
    file = int(posix.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600))
    posix.shm_unlink(name)
    os.ftruncate(file, size_bytes)
    return file
