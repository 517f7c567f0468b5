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
    return tuple(in_force)


def forget_freed_memory() -> None:
    """Overwrite what freed objects left behind, and give freed pages back. Main thread, ~0.1 s.

    Python and the C library keep freed memory with its content until it is used again. Cycles are
    collected first. Then every size of small Python object is made once more, in zeros, in the
    places that are free now. Last, whole free pages go back to the kernel, which hands them out
    empty. What other threads' arenas keep in parts of pages is not reached.
    """
    gc.collect()
    for size in range(_PYTHON_STEP, _LARGEST_SMALL + 1, _PYTHON_STEP):
        inner = max(size - sys.getsizeof(b""), 1)
        stirred = [bytes(inner) for _ in range(_STIRRED_BYTES // size)]
        stirred.clear()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # glibc has it, musl gives pages back by itself
            libc.malloc_trim(0)
