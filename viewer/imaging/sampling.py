"""Which source pixels make one screen pixel along one axis: weights for separable resampling.

Magnified: linear interpolation between neighbours. Minified: the mean of the covered stretch (area
filter), so that nothing aliases. A better filter is another way of filling the same table.
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen(eq=False)
class Taps:
    """For each of n outputs: the first source index and the weights of the following ones.

    `start` has shape (n,), int32; `weights` shape (n, taps), float32, each row summing to 1, or
    NaN where the output lies outside the source.
    """

    start: NDArray[np.int32]
    weights: NDArray[np.float32]

    @property
    def reach(self) -> tuple[int, int]:
        """First and one-past-last source index that any output uses."""
        return int(self.start.min()), int(self.start.max()) + self.weights.shape[1]

    def moved(self, by: int) -> Taps:
        """Return the same taps on a source whose indices are `by` greater."""
        return Taps(self.start + np.int32(by), self.weights)


def taps(size: int, count: int, origin: float, step: float) -> Taps:
    """Return the taps of outputs 0..count-1 whose centres lie at `origin + x * step`.

    Parameters
    ----------
    size : int
        Number of source pixels; pixel i covers [i - 0.5, i + 0.5].
    count : int
        Number of outputs.
    origin, step : float
        Source coordinate of output 0's centre, and the distance between outputs (> 0).

    Examples
    --------
    >>> taps(4, 2, 0.5, 1.0).weights.tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    >>> taps(4, 2, 0.5, 2.0).weights.tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    at = origin + step * np.arange(count, dtype=np.float64)
    start, weights = _area(size, at, step) if step > 1.0 else _linear(size, at)
    weights[(at < -0.5 - 1e-9) | (at > size - 0.5 + 1e-9)] = np.nan
    return Taps(start.astype(np.int32), weights.astype(np.float32))


def _linear(size: int, at: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if size == 1:
        return np.zeros(len(at), np.int64), np.ones((len(at), 1))
    inside = np.clip(at, 0.0, size - 1.0)
    start = np.minimum(np.floor(inside), size - 2).astype(np.int64)
    fraction = inside - start
    return start, np.stack([1.0 - fraction, fraction], axis=1)


def _area(
    size: int, at: NDArray[np.float64], step: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    count = min(int(np.ceil(step)) + 1, size)
    low, high = at - step / 2, at + step / 2
    start = np.clip(np.floor(low + 0.5 + 1e-9), 0, size - count).astype(np.int64)
    index = start[:, None] + np.arange(count)
    covered = np.minimum(high[:, None], index + 0.5) - np.maximum(low[:, None], index - 0.5)
    covered = np.clip(covered, 0.0, None)
    total = covered.sum(axis=1, keepdims=True)
    return start, np.divide(covered, total, out=np.full_like(covered, np.nan), where=total > 0)
