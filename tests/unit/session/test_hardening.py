"""What a process that forgets has in the places of what it freed."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest

from viewer.session.hardening import forget_freed_memory

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="glibc's heap, read by /proc")
MARK = b"a name that was shown "


def at(place: int, size: int) -> bytes:
    """Return what lies at an address of this process; nothing where no memory is any more."""
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        memory.seek(place)
        try:
            return memory.read(size)
        except OSError:
            return b""


@linux_only
@pytest.mark.parametrize("size", [72, 200, 1000, 5000, 40_000])
def test_what_the_c_library_freed_is_overwritten(size: int) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    places = [libc.malloc(size) for _ in range(400)]
    for place in places:
        ctypes.memset(place, 0, size)
        ctypes.memmove(place + 32, MARK, len(MARK))  # behind glibc's own links
    kept = places[::2]
    for place in places[1::2]:
        libc.free(place)
    assert any(MARK in at(place, size) for place in places[1::2])
    forget_freed_memory()
    assert [place for place in places[1::2] if MARK in at(place, size)] == []
    assert all(MARK in at(place, size) for place in kept), "what is in use stays as it is"
    for place in kept:
        libc.free(place)


@linux_only
def test_what_python_freed_is_overwritten() -> None:
    texts = [f"{MARK.decode()}{number:06d}" for number in range(2000)]
    head = sys.getsizeof("") - 1
    places = [id(text) + head for text in texts]
    assert all(MARK in at(place, 40) for place in places)
    texts.clear()
    forget_freed_memory()
    assert sum(MARK in at(place, 40) for place in places) == 0
