"""Shares the rows of a picture out among a few threads; the kernels hold no interpreter lock."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

_WORTH_IT = 150_000
_THREADS = max(1, min(os.cpu_count() or 1, 4))

_pool: ThreadPoolExecutor | None = None
_turn = threading.Lock()


def in_bands(shape: tuple[int, ...], run: Callable[[int, int], None], costly: int = 1) -> None:
    """Call `run(first, last)` for bands that cover all rows, the first one on this thread.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns; a picture that takes less time than a thread's start stays in one band.
    costly : int
        How much more a pixel costs than a plain copy.
    """
    rows, columns = shape[0], shape[1]
    count = min(_THREADS, rows, 1 + rows * columns * costly // _WORTH_IT)
    if count < 2:
        run(0, rows)
        return
    ends = [rows * at // count for at in range(count + 1)]
    others = _submit(run, list(itertools.pairwise(ends[1:])))
    run(0, ends[1])
    for other in others:
        other.result()


def rest() -> None:
    """End the threads; they start again with the next large picture. Any thread."""
    global _pool
    with _turn:
        resting, _pool = _pool, None
    if resting is not None:
        resting.shutdown(wait=True)


def _submit(run: Callable[[int, int], None], bands: list[tuple[int, int]]) -> list[Future[None]]:
    global _pool
    with _turn:
        if _pool is None:
            _pool = ThreadPoolExecutor(max(1, _THREADS - 1), "picture band")
        return [_pool.submit(run, first, last) for first, last in bands]
