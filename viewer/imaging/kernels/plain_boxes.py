"""Means over boxes of voxels in plain numpy: the meaning of `boxes`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def box_means(
    volume: NDArray[np.generic],
    factors: tuple[int, int, int],
    careful: bool,
    padding: tuple[float, float],
    first: int,
    out: NDArray[np.generic],
) -> None:
    """Fill `out` with the means of boxes of `factors` (k, j, i) voxels of a [k, j, i] volume.

    Boxes begin at voxel 0; the last along an axis may hold fewer voxels, and its mean is over
    those. Integers are rounded, halves up.

    Parameters
    ----------
    careful : bool
        Values from padding[0] to padding[1], and NaN, are left out of a mean; a box of nothing
        else becomes padding[0] (NaN if there is no such value).
    first : int
        Which plane of boxes `out` begins with.
    out : ndarray, shape (some planes, ceil(rows / factor), ceil(columns / factor))
        Of the volume's dtype; written.
    """
    is_real = volume.dtype.kind == "f"
    for k in range(out.shape[0]):
        at = (first + k) * factors[0]
        block: NDArray[Any] = volume[at : at + factors[0]]
        counted = np.ones(block.shape, bool)
        if careful:
            counted = ~(((block >= padding[0]) & (block <= padding[1])) | np.isnan(block))
            block = np.where(counted, block, 0)
        total = _over_boxes(block, factors, np.float64 if is_real else np.int64)
        count = _over_boxes(counted, factors, np.int64)
        some = np.maximum(count, 1)
        mean = total / some if is_real else (2 * total + some) // (2 * some)
        mean[count == 0] = _nothing(padding, is_real=is_real)
        out[k] = mean.astype(out.dtype)


def _over_boxes(
    block: NDArray[np.generic], factors: tuple[int, int, int], dtype: type[np.generic]
) -> NDArray[Any]:
    plane = block.sum(axis=0, dtype=dtype)
    rows = np.add.reduceat(plane, np.arange(0, plane.shape[0], factors[1]), axis=0)
    found: NDArray[Any] = np.add.reduceat(rows, np.arange(0, rows.shape[1], factors[2]), axis=1)
    return found


def _nothing(padding: tuple[float, float], *, is_real: bool) -> float:
    if padding[0] <= padding[1]:
        return padding[0]
    return float("nan") if is_real else 0.0
