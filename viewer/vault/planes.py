"""Which planes of a volume are in place while it is being opened."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Arrived = Callable[[NDArray[np.generic], range], None]
"""Told of the array and of the planes (axis 0) in it that are authentic and in place."""

_STEPS = 8
"""A whole volume is told of in about so many steps."""


class GrowingPlanes:
    """Joins opened stretches of bytes into one growing range of whole planes.

    One thread at a time. Tells as soon as the first plane is there, then each time an eighth of
    the volume was added, at last of all planes.
    """

    def __init__(self, pixels: NDArray[np.generic], first: int, arrived: Arrived) -> None:
        self._pixels = pixels
        self._arrived = arrived
        self._plane_bytes = int(pixels.strides[0])
        self._count = int(pixels.shape[0])
        self._first = min(max(first, 0), self._count - 1)
        self._starts: dict[int, int] = {}
        self._stops: dict[int, int] = {}
        self._told = range(0)

    @property
    def first_byte(self) -> int:
        """Where the first plane begins."""
        return self._first * self._plane_bytes

    def opened(self, start: int, stop: int) -> None:
        """Take note of bytes from `start` to before `stop`, which touch or miss earlier ones."""
        low, high = self._stops.pop(start, start), self._starts.pop(stop, stop)
        if low != start:
            del self._starts[low]
        if high != stop:
            del self._stops[high]
        self._starts[low], self._stops[high] = high, low
        if low <= self.first_byte < high:
            self._tell(range(-(-low // self._plane_bytes), high // self._plane_bytes))

    def _tell(self, whole: range) -> None:
        if self._first not in whole:
            return
        is_all = len(whole) == self._count
        if is_all or not self._told or len(whole) - len(self._told) >= self._count / _STEPS:
            self._told = whole
            self._arrived(self._pixels, whole)
