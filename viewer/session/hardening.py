"""What this process may not leave behind: a core dump would hold keys, names and pixels.

Called once at the very start. On Windows nothing is done yet: Windows Error Reporting keeps its
dumps by a policy of the machine.
"""

from __future__ import annotations

import bisect
import ctypes
import faulthandler
import gc
import itertools
import os
import sys
from pathlib import Path
from types import ModuleType

_PR_SET_DUMPABLE = 4
_PYTHON_STEP, _LARGEST_SMALL = 16, 512
"""Sizes in which CPython keeps small objects (Objects/obmalloc.c)."""
_WHOLE_POOLS = 480
"""Objects of this size fill a pool (16 KiB less its head) but for its last 16 bytes."""
_STIRRED_BYTES = 1 << 20
_TEXT_SIZES = 160
"""Up to here lie names, of which more are freed."""
_M_ARENA_MAX = -8
_HEAP_STEP, _LARGEST_EXACT = 16, 1032
"""Sizes that glibc keeps apart (malloc/malloc.c, tcache and small bins)."""
_LARGE_PIECES = tuple(1 << power for power in range(16, 10, -1))
_KEPT_SIZES = tuple(range(_LARGEST_EXACT, 0, -_HEAP_STEP))
_STIRRED_SIZES = _LARGE_PIECES + _KEPT_SIZES
_MOST_PIECES = 500_000
_CACHED = 7
_AT_ONCE = 512
_NEW_ENOUGH = 3
_MOST_BYTES = 256 << 20
_native: ModuleType | None = None


def harden_process() -> tuple[str, ...]:
    """Forbid core dumps and attaching debuggers; return the names of what is in force.

    RLIMIT_CORE alone would not do: a kernel that pipes dumps into a program ignores it. A process
    that is not dumpable is never dumped, and on Linux no other process of the same user reads its
    memory.

    Source
    ------
    prctl(2), PR_SET_DUMPABLE; core(5)
    """
    faulthandler.disable()
    in_force = ["no fault dumps"]
    if sys.platform == "win32":
        return tuple(in_force)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    in_force.append("no core dumps")
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
            in_force.append("not dumpable")
        if hasattr(libc, "mallopt") and libc.mallopt(_M_ARENA_MAX, 1) == 1:
            in_force.append("one heap")  # for all threads, so that a lock can overwrite it
    return tuple(in_force)


def warm() -> None:
    """Prepare for forgetting: overwrite what Python frees from now on, at once. Any thread.

    Without it, or where this is not glibc, freed memory is overwritten at a lock all the same,
    more slowly.
    """
    global _native
    is_plain = not sys.flags.dev_mode and "PYTHONMALLOC" not in os.environ
    if _native is None and is_plain and _glibc() is not None:
        from viewer.session import native_heap

        native_heap.stir((), 0)
        native_heap.wipe_what_python_frees()
        _native = native_heap


def leave_unlooked() -> None:
    """Let no later search for cycles look at what is there now. Only while nobody is logged in.

    What is there then stays to the end of the program: modules, classes, tables. That is most of
    what a search looks at, and at a lock it would hold up the window.
    """
    gc.freeze()


def forget_freed_memory() -> None:
    """Overwrite what freed objects left behind, and give freed pages back. Main thread, ~0.3 s.

    Python and the C library keep freed memory with its content until it is used again. The parts
    are `collect`, which the main thread alone may do, `overwrite_freed_memory` for any thread, and
    `empty_hand` for each that goes on.
    """
    collect()
    overwrite_freed_memory()
    empty_hand()


def collect() -> None:
    """Free what only cycles hold; its parts belong to the main thread."""
    gc.collect()


def empty_hand() -> None:
    """Overwrite the free pieces that glibc keeps at hand for this very thread."""
    libc = _glibc()
    if libc is None:
        return
    for size in _KEPT_SIZES:
        places = [libc.malloc(size) for _ in range(_CACHED + 1)]
        for place in filter(None, places):
            ctypes.memset(place, 0, libc.malloc_usable_size(place))
            libc.free(place)


def overwrite_freed_memory() -> None:
    """Overwrite what is free and give freed pages back. Any thread; others go on meanwhile.

    Every piece of Python's own memory is filled with zeros for a moment, size by size, and the
    same with the C library's heap. Last, whole free pages go back to the kernel, which hands them
    out empty.
    """
    _stir_python()
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)
        if _native is not None:
            _native.stir(_STIRRED_SIZES, _MOST_PIECES)
        else:
            _stir_heap(libc)
        libc.malloc_trim(0)


def _stir_python() -> None:
    """Make objects of each size until they lie in memory that was not there before.

    One size comes first and takes all pools that are wholly free; what was made is kept,
    so that smaller ones fill what is left in pools of their own size, and nothing else. Where one
    cannot see what memory is there, a fixed amount of each size is made.
    """
    _mapped()  # leaves room for what the next reading needs, so that it maps nothing behind it
    before = _mapped()
    made: list[list[object]] = []
    for size in (_WHOLE_POOLS, *range(_LARGEST_SMALL, 0, -_PYTHON_STEP)):
        most = _MOST_BYTES if before else _STIRRED_BYTES * (4 if size <= _TEXT_SIZES else 1)
        news = 0  # more than one: a place may have been mapped, used and freed since
        for _ in range(0, most, size * _AT_ONCE):  # in pieces, between which other threads run
            made.append(_made_of(size))
            seen = (id(made[-1][place]) for place in (0, _AT_ONCE // 2, -1))
            news = news + 1 if before and all(_is_new(before, place) for place in seen) else 0
            if news == _NEW_ENOUGH:
                break
    while made:
        made.pop()


def _made_of(size: int) -> list[object]:
    """Return new objects that fill pieces of one size, with nothing of what was there."""
    if size == _PYTHON_STEP:
        return [object() for _ in range(_AT_ONCE)]
    if size == 2 * _PYTHON_STEP:
        return [complex(number) for number in range(_AT_ONCE)]
    return list(map(bytes, itertools.repeat(size - sys.getsizeof(b""), _AT_ONCE)))


def _mapped() -> list[int]:
    """Return where each piece of this process's memory begins and ends, ascending; Linux only."""
    try:
        lines = Path("/proc/self/maps").read_text("ascii", errors="replace").splitlines()
    except OSError:
        return []
    return [int(end, 16) for line in lines for end in line.split(" ", 1)[0].split("-")]


def _is_new(before: list[int], place: int) -> bool:
    return bisect.bisect_right(before, place) % 2 == 0


def _glibc() -> ctypes.CDLL | None:
    """Return glibc with the types of what is called; None for another C library."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is None or not hasattr(libc, "malloc_trim"):  # musl gives pages back by itself
        return None
    for name, result in (("malloc", ctypes.c_void_p), ("sbrk", ctypes.c_void_p)):
        getattr(libc, name).restype = result
    libc.malloc.argtypes, libc.sbrk.argtypes = [ctypes.c_size_t], [ctypes.c_ssize_t]
    libc.free.argtypes, libc.free.restype = [ctypes.c_void_p], None
    libc.malloc_usable_size.argtypes = [ctypes.c_void_p]
    libc.malloc_usable_size.restype = ctypes.c_size_t  # a piece may be longer than was asked for
    return libc


def _stir_heap(libc: ctypes.CDLL) -> None:
    """Take every free piece of the C library's heap, overwrite it, and free it again.

    Larger pieces first: what is left of them is found by the smaller sizes. Pieces behind the end
    that the heap had before are new memory: more of them than glibc keeps at hand for a thread
    mean that no free one of this size is left. Threads that run keep a few pieces of their own,
    which `empty_hand` or their end gives back (`JobRunner.renew`).
    """
    end = libc.sbrk(0) or 0
    taken: list[int] = []
    for size in _STIRRED_SIZES:
        new = 0
        while new <= _CACHED and len(taken) < _MOST_PIECES:
            place = libc.malloc(size)
            if not place:
                break
            ctypes.memset(place, 0, libc.malloc_usable_size(place))
            taken.append(place)
            new += place >= end
    for place in taken:
        libc.free(place)
