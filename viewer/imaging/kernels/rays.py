"""The ray caster compiled with numba; its meaning is written at `plain_rays.cast`.

Indices are unsigned, which spares numba its wrap-around of negative ones; positions are float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from viewer.imaging.kernels.compiled import compiled

_ONE = np.float32(1)
_NOTHING = np.float32(1e-6)
_DARK = np.float32(1 / 1024)


@compiled
def _floor(at: Any, size: Any) -> Any:
    return np.uint32(min(max(np.int32(at), np.int32(0)), np.int32(size) - np.int32(2)))


@compiled
def _sample(values: Any, k: Any, j: Any, i: Any) -> Any:
    k0, j0, i0 = (
        _floor(k, values.shape[0]),
        _floor(j, values.shape[1]),
        _floor(i, values.shape[2]),
    )
    k1, j1, i1 = k0 + np.uint32(1), j0 + np.uint32(1), i0 + np.uint32(1)
    fk, fj, fi = k - np.float32(k0), j - np.float32(j0), i - np.float32(i0)
    a = np.float32(values[k0, j0, i0])
    b = np.float32(values[k0, j1, i0])
    c = np.float32(values[k1, j0, i0])
    d = np.float32(values[k1, j1, i0])
    a += fi * (np.float32(values[k0, j0, i1]) - a)
    b += fi * (np.float32(values[k0, j1, i1]) - b)
    c += fi * (np.float32(values[k1, j0, i1]) - c)
    d += fi * (np.float32(values[k1, j1, i1]) - d)
    a += fj * (b - a)
    c += fj * (d - c)
    return a + fk * (c - a)


@compiled
def _gradient(values: Any, k: Any, j: Any, i: Any) -> Any:
    return (
        _sample(values, k + _ONE, j, i) - _sample(values, k - _ONE, j, i),
        _sample(values, k, j + _ONE, i) - _sample(values, k, j - _ONE, i),
        _sample(values, k, j, i + _ONE) - _sample(values, k, j, i - _ONE),
    )


@compiled
def _light(gk: Any, gj: Any, gi: Any, to_lps: Any, light: Any, shading: Any) -> Any:
    x = to_lps[0, 0] * gi + to_lps[0, 1] * gj + to_lps[0, 2] * gk
    y = to_lps[1, 0] * gi + to_lps[1, 1] * gj + to_lps[1, 2] * gk
    z = to_lps[2, 0] * gi + to_lps[2, 1] * gj + to_lps[2, 2] * gk
    size = np.sqrt(x * x + y * y + z * z)
    if size < _NOTHING:
        return shading[0] + shading[1], np.float32(0)
    one = _ONE / size
    facing = abs(x * light[0] + y * light[1] + z * light[2]) * one
    half = abs(x * light[3] + y * light[4] + z * light[5]) * one
    glare = np.float32(0)
    if half > shading[4]:
        glare = shading[2] * half ** shading[3]
    return shading[0] + shading[1] * facing, glare


@compiled
def _lit(
    values: Any, k: Any, j: Any, i: Any, part: Any, to_lps: Any, light: Any, shading: Any
) -> Any:  # fmt: skip
    if part < _DARK:
        return shading[0] + shading[1] * np.float32(0.5), np.float32(0)
    gk, gj, gi = _gradient(values, k, j, i)
    return _light(gk, gj, gi, to_lps, light, shading)


@compiled
def _span(start: Any, step: Any, size: int, enter: float, leave: float) -> Any:
    if abs(step) < 1e-9:
        return (enter, leave) if 0.0 <= start <= size - 1.0 else (1.0, 0.0)
    a, b = -start / step, (size - 1.0 - start) / step
    return max(enter, min(a, b)), min(leave, max(a, b))


@compiled
def _ahead(at: Any, per_step: Any, brick: Any, empty: Any, edge: Any) -> Any:
    """Steps to the far wall of the empty bricks; `per_step` is 1 / step, 0 for none."""
    if per_step > 0:
        return ((brick + empty) * edge - at) * per_step
    if per_step < 0:
        return ((brick - empty + np.int32(1)) * edge - at) * per_step
    return np.float32(1e9)


@compiled
def _inverse(step: Any) -> Any:
    return np.float32(0) if abs(step) < 1e-9 else np.float32(1.0 / step)


@compiled
def _level(light: Any) -> Any:
    return np.uint8(min(light, _ONE) * np.float32(255) + np.float32(0.5))


@compiled
def cast(
    values: Any, empty: Any, shift: Any, table: Any, low: float, per_value: float, origin: Any,
    across: Any, down: Any, step: Any, to_lps: Any, light: Any, shading: Any, first_row: int,
    picture: Any, depth: Any,
) -> None:  # fmt: skip
    """See `plain_rays.cast`."""
    top = np.int32(len(table) - 1)
    least, scale = np.float32(low), np.float32(per_value)
    bits = np.int32(shift)
    edge = np.int32(1) << bits
    dk, dj, di = np.float32(step[0]), np.float32(step[1]), np.float32(step[2])
    pk, pj, pi = _inverse(step[0]), _inverse(step[1]), _inverse(step[2])
    for r in range(picture.shape[0]):
        for c in range(picture.shape[1]):
            k0 = origin[0] + c * across[0] + (first_row + r) * down[0]
            j0 = origin[1] + c * across[1] + (first_row + r) * down[1]
            i0 = origin[2] + c * across[2] + (first_row + r) * down[2]
            enter, leave = _span(k0, step[0], values.shape[0], 0.0, 1e9)
            enter, leave = _span(j0, step[1], values.shape[1], enter, leave)
            enter, leave = _span(i0, step[2], values.shape[2], enter, leave)
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            left = _ONE
            seen = np.float32(np.inf)
            ks, js, i_s = np.float32(k0), np.float32(j0), np.float32(i0)
            n, last = np.int32(np.ceil(enter)), np.int32(np.floor(min(leave, 1e8)))
            while n <= last:
                k = max(ks + np.float32(n) * dk, np.float32(0))
                j = max(js + np.float32(n) * dj, np.float32(0))
                i = max(i_s + np.float32(n) * di, np.float32(0))
                bk, bj, bi = np.int32(k) >> bits, np.int32(j) >> bits, np.int32(i) >> bits
                gap = np.int32(empty[np.uint32(bk), np.uint32(bj), np.uint32(bi)])
                if gap > 0:
                    jump = min(
                        _ahead(k, pk, bk, gap, edge),
                        _ahead(j, pj, bj, gap, edge),
                        _ahead(i, pi, bi, gap, edge),
                    )
                    n += max(np.int32(jump - np.float32(1e-3)), np.int32(1))
                    continue
                n += np.int32(1)
                value = _sample(values, k, j, i)
                if value <= least:
                    continue
                index = np.uint32(min(np.int32((value - least) * scale + np.float32(0.5)), top))
                alpha = table[index, 3]
                if alpha <= 0:
                    continue
                part = left * alpha
                bright, glare = _lit(values, k, j, i, part, to_lps, light, shading)
                red += part * (table[index, 0] * bright + glare)
                green += part * (table[index, 1] * bright + glare)
                blue += part * (table[index, 2] * bright + glare)
                left -= part
                if left < np.float32(0.5) and seen == np.float32(np.inf):
                    seen = np.float32(n - 1)
                if left < shading[5]:
                    break
            picture[r, c, 0] = _level(red)
            picture[r, c, 1] = _level(green)
            picture[r, c, 2] = _level(blue)
            depth[r, c] = seen
