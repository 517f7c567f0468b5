"""Compiled X-rays: sums of attenuation along straight rays through a phantom."""

# mypy: disable-error-code="no-untyped-call,untyped-decorator"

from __future__ import annotations

import numba
import numpy as np


@numba.njit(parallel=True, fastmath=True, cache=True, nogil=True)
def cast(  # type: ignore[no-untyped-def]
    voxels, origin, voxel_mm, starts, ends, table, step_mm, out
):
    """Fill `out` (rows, columns) float32 with the attenuation from each start to each end.

    `starts` and `ends` are (rows, columns, 3) float32 LPS mm; `table` (4096,) float32 turns stored
    values into attenuation per mm. Trilinear, steps of at most `step_mm`, nothing outside.
    """
    planes, lines, columns = voxels.shape
    for r in numba.prange(out.shape[0]):
        for c in range(out.shape[1]):
            sx, sy, sz = starts[r, c, 0], starts[r, c, 1], starts[r, c, 2]
            dx, dy, dz = ends[r, c, 0] - sx, ends[r, c, 1] - sy, ends[r, c, 2] - sz
            length = np.sqrt(dx * dx + dy * dy + dz * dz)
            count = int(length / step_mm) + 1
            pace = length / count
            total = 0.0
            for n in range(count):
                t = (n + 0.5) / count
                x = (sx + t * dx - origin[0]) / voxel_mm
                y = (sy + t * dy - origin[1]) / voxel_mm
                z = (sz + t * dz - origin[2]) / voxel_mm
                if x < 0 or y < 0 or z < 0:
                    continue
                i, j, k = int(x), int(y), int(z)
                if i >= columns - 1 or j >= lines - 1 or k >= planes - 1:
                    continue
                a, b, e = np.float32(z - k), np.float32(y - j), np.float32(x - i)
                one = np.float32(1.0)
                near = (voxels[k, j, i] * (one - e) + voxels[k, j, i + 1] * e) * (one - b) + (
                    voxels[k, j + 1, i] * (one - e) + voxels[k, j + 1, i + 1] * e
                ) * b
                far = (voxels[k + 1, j, i] * (one - e) + voxels[k + 1, j, i + 1] * e) * (
                    one - b
                ) + (voxels[k + 1, j + 1, i] * (one - e) + voxels[k + 1, j + 1, i + 1] * e) * b
                total += table[int(near * (one - a) + far * a)]
            out[r, c] = total * pace
