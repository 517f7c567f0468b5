"""Reading an open file at an offset, with one call where the system has one."""

from __future__ import annotations

import io
import os
import sys

if sys.platform == "win32":

    def start_of(file: int, size_bytes: int) -> bytes:
        """Return the file's first bytes."""
        return start_by_seeking(file, size_bytes)

    def read_into(file: int, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read, 0 at the file's end."""
        return read_by_seeking(file, target, offset)

else:

    def start_of(file: int, size_bytes: int) -> bytes:
        """Return the file's first bytes."""
        return os.pread(file, size_bytes, 0)

    def read_into(file: int, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read, 0 at the file's end."""
        if hasattr(os, "preadv"):  # macOS has it since 11
            return os.preadv(file, [target], offset)
        return read_by_seeking(file, target, offset)


def start_by_seeking(file: int, size_bytes: int) -> bytes:
    """Return the file's first bytes; moves its position."""
    content = bytearray(size_bytes)
    done = 0
    while count := read_by_seeking(file, memoryview(content)[done:], done):
        done += count
    return bytes(content[:done])


def read_by_seeking(file: int, target: memoryview, offset: int) -> int:
    """Read from an offset; moves the file's position, which processes may share."""
    os.lseek(file, offset, os.SEEK_SET)
    with io.FileIO(file, closefd=False) as stream:
        return stream.readinto(target) or 0
