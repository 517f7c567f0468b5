"""Memory that the parent makes and the child fills: pixels come back without touching a disk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.hosts import here


class SharedPixels:
    """A block of shared memory, zeros at first. `array` stays valid after `close`.

    Raises
    ------
    OSError
        There is not so much memory.
    """

    def __init__(self, size_bytes: int) -> None:
        self.block = here.HOST.memory(size_bytes)

    def array(self, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
        """Return the block as a C-order array over the same memory."""
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self.block.buffer, dtype, count=count).reshape(shape)

    def close(self) -> None:
        """Let no further child in; arrays keep the memory alive."""
        self.block.close()
