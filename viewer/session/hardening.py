"""What this process may not leave behind: a core dump would hold keys, names and pixels.

Called once at the very start. On Windows nothing is done yet: Windows Error Reporting keeps its
dumps by a policy of the machine.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import sys

_PR_SET_DUMPABLE = 4
_PYTHON_STEP, _LARGEST_SMALL = 16, 512
"""Sizes in which CPython keeps small objects (Objects/obmalloc.c)."""
_STIRRED_BYTES = 1 << 20
_TEXT_SIZES = 160
"""Up to here lie names, of which more are freed."""
_M_ARENA_MAX = -8
_HEAP_STEP, _LARGEST_EXACT = 16, 1032
"""Sizes that glibc keeps apart (malloc/malloc.c, tcache and small bins)."""
_LARGE_PIECES = tuple(1 << power for power in range(16, 10, -1))
_MOST_PIECES = 500_000
_CACHED = 7


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


def forget_freed_memory() -> None:
    """Overwrite what freed objects left behind, and give freed pages back. Main thread, ~0.1 s.

    Python and the C library keep freed memory with its content until it is used again. Cycles are
    collected first. Then every size of small Python object is made once more, in zeros, in the
    places that are free now, and the same with the C library's heap. Last, whole free pages go
    back to the kernel, which hands them out empty.
    """
    gc.collect()
    for size in range(_PYTHON_STEP, _LARGEST_SMALL + 1, _PYTHON_STEP):
        inner = max(size - sys.getsizeof(b""), 1)
        count = _STIRRED_BYTES * (4 if size <= _TEXT_SIZES else 1) // size
        stirred = [bytes(inner) for _ in range(count)]
        stirred.clear()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # glibc has it, musl gives pages back by itself
            libc.malloc_trim(0)
            _stir_heap(libc)
            libc.malloc_trim(0)


def _stir_heap(libc: ctypes.CDLL) -> None:
    """Take every free piece of the C library's heap, overwrite it, and free it again.

    Larger pieces first: what is left of them is found by the smaller sizes. Pieces behind the end
    that the heap had before are new memory: more of them than glibc keeps at hand for a thread
    mean that no free one of this size is left. Threads that run keep a few pieces of their own,
    which only their end gives back (`JobRunner.renew`).
    """
    for name, result in (("malloc", ctypes.c_void_p), ("sbrk", ctypes.c_void_p)):
        getattr(libc, name).restype = result
    libc.malloc.argtypes, libc.sbrk.argtypes = [ctypes.c_size_t], [ctypes.c_ssize_t]
    libc.free.argtypes = [ctypes.c_void_p]
    end = libc.sbrk(0) or 0
    taken: list[int] = []
    for size in (*_LARGE_PIECES, *range(_LARGEST_EXACT, 0, -_HEAP_STEP)):
        new = 0
        while new <= _CACHED and len(taken) < _MOST_PIECES:
            place = libc.malloc(size)
            if not place:
                break
            ctypes.memset(place, 0, size)
            taken.append(place)
            new += place >= end
    for place in taken:
        libc.free(place)
