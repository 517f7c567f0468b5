"""In which order the chunks of an object are opened, and by which thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Event, Lock

BLOCK_CHUNKS = 16
"""So many chunks on end are read in one go; single ones to and fro took 1.5 times as long."""

Pause = Callable[[], None]
"""Called before each chunk; raises to stop."""

Opened = Callable[[int, int], None]
"""Told which plain bytes, from the first to before the second, are valid now."""


class Turns:
    """Hands the chunks out to the threads that open one object, and stops all when one fails."""

    def __init__(self, order: Iterable[int], pause: Pause, opened: Opened) -> None:
        self._order = iter(order)
        self._pause = pause
        self._opened = opened
        self._turn = Lock()
        self._stopped = Event()
        self.begun: list[int] = []
        """The chunks that were handed out: nothing else has been written."""

    def take(self) -> Iterator[int]:
        """Yield chunk after chunk until there are none left, or somebody stopped."""
        while not self._stopped.is_set():
            self._pause()
            with self._turn:
                index = next(self._order, None)
                if index is None:
                    return
                self.begun.append(index)
            yield index

    def done(self, start: int, stop: int) -> None:
        """Tell that these plain bytes are valid now."""
        with self._turn:
            self._opened(start, stop)

    def stop(self) -> None:
        """Hand out nothing any more."""
        self._stopped.set()


def reading_order(first: int, count: int) -> list[int]:
    """Return 0..count-1: the block that holds `first`, then outwards, upwards within each block.

    A disk reads a block in one go; `first` itself comes before everything.

    >>> reading_order(20, 40)[:3], reading_order(20, 40)[16], reading_order(0, 3)
    ([20, 16, 17], 32, [0, 1, 2])
    """
    home, blocks = first // BLOCK_CHUNKS, -(-count // BLOCK_CHUNKS)
    nearest = sorted(range(blocks), key=lambda block: (abs(block - home), block < home))
    within = [
        index
        for block in nearest
        for index in range(block * BLOCK_CHUNKS, min((block + 1) * BLOCK_CHUNKS, count))
    ]
    return [first, *(index for index in within if index != first)]
