"""The ray caster compiled with numba; its meaning is written at `plain_rays.cast`."""

from __future__ import annotations

from typing import Any

import numpy as np

from viewer.imaging.kernels.compiled import compiled


@compiled
def _sample(values: Any, k: Any, j: Any, i: Any) -> Any:
    k0 = min(max(int(k), 0), values.shape[0] - 2)
    j0 = min(max(int(j), 0), values.shape[1] - 2)
    i0 = min(max(int(i), 0), values.shape[2] - 2)
    fk, fj, fi = np.float32(k - k0), np.float32(j - j0), np.float32(i - i0)
    a = np.float32(values[k0, j0, i0])
    b = np.float32(values[k0, j0 + 1, i0])
    c = np.float32(values[k0 + 1, j0, i0])
    d = np.float32(values[k0 + 1, j0 + 1, i0])
    a += fi * (np.float32(values[k0, j0, i0 + 1]) - a)
    b += fi * (np.float32(values[k0, j0 + 1, i0 + 1]) - b)
    c += fi * (np.float32(values[k0 + 1, j0, i0 + 1]) - c)
    d += fi * (np.float32(values[k0 + 1, j0 + 1, i0 + 1]) - d)
    a += fj * (b - a)
    c += fj * (d - c)
    return a + fk * (c - a)


@compiled
def _light(values: Any, k: Any, j: Any, i: Any, to_lps: Any, light: Any, shading: Any) -> Any:
    one = np.float32(1)
    gk = _sample(values, k + one, j, i) - _sample(values, k - one, j, i)
    gj = _sample(values, k, j + one, i) - _sample(values, k, j - one, i)
    gi = _sample(values, k, j, i + one) - _sample(values, k, j, i - one)
    x = to_lps[0, 0] * gi + to_lps[0, 1] * gj + to_lps[0, 2] * gk
    y = to_lps[1, 0] * gi + to_lps[1, 1] * gj + to_lps[1, 2] * gk
    z = to_lps[2, 0] * gi + to_lps[2, 1] * gj + to_lps[2, 2] * gk
    size = np.sqrt(x * x + y * y + z * z)
    if size < np.float32(1e-6):
        return shading[0] + shading[1], np.float32(0)
    facing = abs(x * light[0] + y * light[1] + z * light[2]) / size
    half = abs(x * light[3] + y * light[4] + z * light[5]) / size
    return shading[0] + shading[1] * facing, shading[2] * half ** shading[3]


@compiled
def _span(start: Any, step: Any, size: int, enter: float, leave: float) -> Any:
    if abs(step) < 1e-9:
        return (enter, leave) if 0.0 <= start <= size - 1.0 else (1.0, 0.0)
    a, b = -start / step, (size - 1.0 - start) / step
    return max(enter, min(a, b)), min(leave, max(a, b))


@compiled
def _ahead(at: Any, step: Any, brick: int, empty: int, edge: int) -> Any:
    if abs(step) < 1e-9:
        return 1e9
    wall = (brick + empty) * edge if step > 0 else (brick - empty + 1) * edge
    return (wall - at) / step


@compiled
def cast(
    values: Any, empty: Any, edge: int, table: Any, low: float, per_value: float, origin: Any,
    across: Any, down: Any, step: Any, to_lps: Any, light: Any, shading: Any, first_row: int,
    picture: Any, depth: Any,
) -> None:  # fmt: skip
    """See `plain_rays.cast`."""
    top = len(table) - 1
    for r in range(picture.shape[0]):
        for c in range(picture.shape[1]):
            k0 = origin[0] + c * across[0] + (first_row + r) * down[0]
            j0 = origin[1] + c * across[1] + (first_row + r) * down[1]
            i0 = origin[2] + c * across[2] + (first_row + r) * down[2]
            enter, leave = _span(k0, step[0], values.shape[0], 0.0, 1e9)
            enter, leave = _span(j0, step[1], values.shape[1], enter, leave)
            enter, leave = _span(i0, step[2], values.shape[2], enter, leave)
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            left = np.float32(1)
            seen = np.float32(np.inf)
            n = int(np.ceil(enter))
            while n <= leave:
                k, j, i = k0 + n * step[0], j0 + n * step[1], i0 + n * step[2]
                bk, bj, bi = int(k) // edge, int(j) // edge, int(i) // edge
                gap = empty[bk, bj, bi]
                if gap > 0:
                    jump = _ahead(k, step[0], bk, gap, edge)
                    jump = min(jump, _ahead(j, step[1], bj, gap, edge))
                    jump = min(jump, _ahead(i, step[2], bi, gap, edge))
                    n += max(int(jump - 1e-6), 1)
                    continue
                n += 1
                value = _sample(values, np.float32(k), np.float32(j), np.float32(i))
                index = int((value - low) * per_value + 0.5)
                if value <= low:
                    continue
                index = min(index, top)
                alpha = table[index, 3]
                if alpha <= 0:
                    continue
                bright, glare = _light(
                    values, np.float32(k), np.float32(j), np.float32(i), to_lps, light, shading
                )
                part = left * alpha
                red += part * (table[index, 0] * bright + glare)
                green += part * (table[index, 1] * bright + glare)
                blue += part * (table[index, 2] * bright + glare)
                left -= part
                if left < np.float32(0.5) and seen == np.float32(np.inf):
                    seen = np.float32(n - 1)
                if left < np.float32(0.02):
                    break
            picture[r, c, 0] = np.uint8(min(red, np.float32(1)) * np.float32(255) + np.float32(0.5))
            picture[r, c, 1] = np.uint8(
                min(green, np.float32(1)) * np.float32(255) + np.float32(0.5)
            )
            picture[r, c, 2] = np.uint8(
                min(blue, np.float32(1)) * np.float32(255) + np.float32(0.5)
            )
            depth[r, c] = seen
