"""Smooth curves with points at even distances. Pure, any thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import splev, splprep


def even_curve(
    points: NDArray[np.float64], step_mm: float, smoothing_mm2: float
) -> NDArray[np.float64]:
    """Return (m, d) points `step_mm` apart along a smooth curve near (n, d) points.

    `smoothing_mm2` is the mean square distance that the curve may keep from the points.

    >>> line = even_curve(np.array([[0.0, 0], [1, 0], [2, 0], [4, 0]]), 1.0, 0.0)
    >>> np.allclose(line, [[0, 0], [1, 0], [2, 0], [3, 0]], atol=1e-3)
    True
    """
    fitted: Any = splprep(points.T, s=len(points) * smoothing_mm2)
    dense = np.array(splev(np.linspace(0, 1, 4000), fitted[0])).T
    way = np.concatenate([[0], np.linalg.norm(np.diff(dense, axis=0), axis=1).cumsum()])
    even = np.arange(0, way[-1], step_mm)
    axes = range(points.shape[1])
    return np.stack([np.interp(even, way, dense[:, axis]) for axis in axes], axis=1)
