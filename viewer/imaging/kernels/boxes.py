"""Means over boxes of voxels compiled with numba; what they mean is written at `plain_boxes`."""

from __future__ import annotations

from typing import Any

import numpy as np

from viewer.imaging.kernels.compiled import compiled


def box_means(volume: Any, factors: Any, careful: bool, padding: Any, first: int, out: Any) -> None:
    """See `plain_boxes.box_means`."""
    is_real = volume.dtype.kind == "f"
    # Up to 2**15 voxels of 16 bits sum up in 32.
    narrow = not is_real and factors[0] * factors[1] <= 1 << 15
    sums = np.zeros(volume.shape[2], np.int32 if narrow else np.float64)
    counts = np.zeros(volume.shape[2], np.int32)
    low, high = float(padding[0]), float(padding[1])
    fk, fj, fi = factors
    _box_means(volume, fk, fj, fi, careful, low, high, first, not is_real, sums, counts, out)


@compiled
def _box_means(
    volume: Any, fk: int, fj: int, fi: int, careful: bool, low: float, high: float,
    first: int, rounded: bool, sums: Any, counts: Any, out: Any,
) -> None:  # fmt: skip
    planes, rows, columns = volume.shape
    nothing = low if low <= high else np.nan
    for k in range(out.shape[0]):
        top, bottom = (first + k) * fk, min((first + k + 1) * fk, planes)
        for j in range(out.shape[1]):
            sums[:] = 0
            counts[:] = 0
            back, front = j * fj, min((j + 1) * fj, rows)
            for z in range(top, bottom):
                for y in range(back, front):
                    if careful:
                        _add_real(volume[z, y], low, high, sums, counts)
                    else:
                        _add(volume[z, y], sums)
            for i in range(out.shape[2]):
                left, right = i * fi, min((i + 1) * fi, columns)
                total = np.float64(0)
                count = (bottom - top) * (front - back) * (right - left)
                if careful:
                    count = 0
                    for x in range(left, right):
                        count += counts[x]
                for x in range(left, right):
                    total += sums[x]
                mean = total / count if count else nothing
                out[k, j, i] = np.floor(mean + 0.5) if rounded else mean


@compiled
def _add(line: Any, sums: Any) -> None:
    for x in range(line.shape[0]):
        sums[x] += line[x]


@compiled
def _add_real(line: Any, low: float, high: float, sums: Any, counts: Any) -> None:
    for x in range(line.shape[0]):
        value = line[x]
        if not (low <= value <= high) and value == value:
            sums[x] += value
            counts[x] += 1
