"""Overwriting the C library's freed memory at machine speed, without Python's lock; glibc only.

Importing this imports numba (`hardening.warm` does, on a worker). Places are plain integers here,
so that the compiler knows nothing of what is written and freed, and leaves no overwriting out.

Source
------
glibc malloc/malloc.c (sizes that are kept apart, pieces kept for a thread); CPython, "Memory
Management", PyMem_SetAllocator.
"""

from __future__ import annotations

import atexit
import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import cfunc, njit, types

LARGEST_WIPED = 32 << 20
"""Larger pieces are always mapped by themselves, and gone with their content (DEFAULT_MMAP_MAX)."""
CACHED = 7
"""How many free pieces of one size glibc keeps at hand for a thread."""

_WORD, _SIGNED = types.uintp, types.intp
_usable: Any = types.ExternalFunction("malloc_usable_size", _WORD(_WORD))
_malloc: Any = types.ExternalFunction("malloc", _WORD(_WORD))
_realloc: Any = types.ExternalFunction("realloc", _WORD(_WORD, _WORD))
_free: Any = types.ExternalFunction("free", types.void(_WORD))
_wipe: Any = types.ExternalFunction("explicit_bzero", types.void(_WORD, _WORD))
_copy: Any = types.ExternalFunction("memcpy", _WORD(_WORD, _WORD, _WORD))
_sbrk: Any = types.ExternalFunction("sbrk", _WORD(_SIGNED))
_RAW_DOMAIN = 0


@cfunc(types.void(_WORD, _WORD), cache=True)
def _wiping_free(_context, place):  # type: ignore[no-untyped-def]
    if place != 0:
        size = _usable(place)
        if size <= LARGEST_WIPED:
            _wipe(place, size)
        _free(place)


@cfunc(_WORD(_WORD, _WORD, _WORD), cache=True)
def _wiping_realloc(_context, place, size):  # type: ignore[no-untyped-def]
    if place == 0:
        return _malloc(max(size, 1))
    had = _usable(place)
    if size <= had or had > LARGEST_WIPED:
        if size < had <= LARGEST_WIPED:
            _wipe(place + size, had - size)
        return _realloc(place, max(size, 1))
    new = _malloc(size)
    if new != 0:
        _copy(new, place, had)
        _wipe(place, had)
        _free(place)
    return new


@njit("int64(int64[::1], uint64[::1])", cache=True, nogil=True)
def _stir(sizes, taken):  # type: ignore[no-untyped-def]
    end = _sbrk(0)
    count = 0
    for size in sizes:
        new = 0
        while new <= CACHED and count < len(taken):
            place = _malloc(size)
            if place == 0:
                break
            _wipe(place, _usable(place))
            taken[count] = place
            count += 1
            if place >= end:
                new += 1
    for number in range(count):
        _free(taken[number])
    return count


class _Allocator(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("ctx", "malloc", "calloc", "realloc", "free")]


_original = _Allocator()


def stir(sizes: Sequence[int], most: int) -> int:
    """Take every free piece of these sizes, overwrite it, free it again; return how many."""
    return int(_stir(np.array(sizes, np.int64), np.empty(most, np.uint64)))


def wipe_what_python_frees() -> None:
    """From now on overwrite each larger piece that Python gives back to the C library.

    Python keeps small objects in memory of its own; what is larger (a text of a chart, a data set)
    it frees, and a library may take that memory for something that outlives a lock, and not fill
    it. So it goes back empty. Only where Python uses the C library's heap as it is.
    """
    if _original.free:
        return
    ctypes.pythonapi.PyMem_GetAllocator(_RAW_DOMAIN, ctypes.byref(_original))
    ours = _Allocator(
        _original.ctx, _original.malloc, _original.calloc,
        _wiping_realloc.address, _wiping_free.address,
    )  # fmt: skip
    ctypes.pythonapi.PyMem_SetAllocator(_RAW_DOMAIN, ctypes.byref(ours))
    atexit.register(_give_back)


def _give_back() -> None:
    """Compiled code goes before the last objects do."""
    ctypes.pythonapi.PyMem_SetAllocator(_RAW_DOMAIN, ctypes.byref(_original))
    _original.free = None
