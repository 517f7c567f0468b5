"""What a process that forgets has in the places of what it freed."""

from __future__ import annotations

import ctypes
import subprocess
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
@pytest.mark.parametrize("size", [72, 200, 1000, 2064, 5000, 40_000])
@pytest.mark.parametrize("is_at_its_end", [False, True])
def test_what_the_c_library_freed_is_overwritten(size: int, is_at_its_end: bool) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    places = [libc.malloc(size) for _ in range(400)]
    for place in places:
        ctypes.memset(place, 0, size)
        at_byte = size - len(MARK) if is_at_its_end else 32  # behind glibc's own links
        ctypes.memmove(place + at_byte, MARK, len(MARK))
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
@pytest.mark.parametrize("kept", [0, 2, 9], ids=["none kept", "each second", "each ninth"])
@pytest.mark.parametrize("longer", [0, 60, 330])
def test_what_python_freed_is_overwritten(kept: int, longer: int) -> None:
    texts = [f"{MARK.decode()}{number:06d}" + "." * longer for number in range(8_000)]
    head = sys.getsizeof("") - 1
    places = [id(text) + head for text in texts]
    assert all(MARK in at(place, 40) for place in places[::100])
    still_there = texts[::kept] if kept else []
    freed = [place for number, place in enumerate(places) if not kept or number % kept]
    texts.clear()
    forget_freed_memory()
    assert sum(MARK in at(place, 40) for place in freed) == 0
    assert all(text.startswith(MARK.decode()) for text in still_there)


_FREES = """
import sys
from tests.unit.session.test_hardening import MARK, at
from viewer.session import hardening

hardening.warm()
head = sys.getsizeof(b"") - 1
for size in (600, 5_000, 90_000, 300_000):
    text = MARK * (size // len(MARK))
    place = id(text) + head
    assert MARK in at(place, size)
    del text
    assert MARK not in at(place, size), size
    growing = bytearray(MARK * (size // len(MARK)))
    place = id(growing)
    before = hardening.ctypes.addressof(hardening.ctypes.c_char.from_buffer(growing))
    growing.extend(bytes(4 * size))
    now = hardening.ctypes.addressof(hardening.ctypes.c_char.from_buffer(growing))
    assert now == before or MARK not in at(before, size), size
    assert growing.startswith(MARK), size
listed = list(range(100_000))
for number in range(100_000):
    listed.append(number)
assert listed[150_000] == 50_000
print("wiped")
"""


@linux_only
def test_what_python_gives_back_to_the_c_library_is_empty_at_once() -> None:
    """Else a library takes it for something that outlives the lock, and does not fill it."""
    done = subprocess.run(
        [sys.executable, "-c", _FREES], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "wiped\n", "")
