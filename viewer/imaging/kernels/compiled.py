"""The kernels compiled with numba; what each means is written at its twin in `plain`.

Importing this module imports numba (a third of a second): only `kernels.warm` does, on a worker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile without the interpreter lock, cached on disk (machine code, never data)."""
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))


@compiled
def _careful(value: Any, weight: Any, low: Any, high: Any) -> Any:
    if weight == 0:
        return np.float32(0)
    if low <= value <= high:
        return np.float32(np.nan)
    return weight * value


@compiled
def spread_columns(
    source: Any, start: Any, weights: Any, careful: bool, padding: Any, out: Any
) -> None:
    """See `plain.spread_columns`."""
    low, high = np.float32(padding[0]), np.float32(padding[1])
    taps = weights.shape[1]
    for r in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = np.float32(0)
            base = np.uint32(start[x])
            if careful:
                for t in range(taps):
                    value = np.float32(source[r, base + np.uint32(t)])
                    total += _careful(value, weights[x, t], low, high)
            else:
                for t in range(taps):
                    total += weights[x, t] * np.float32(source[r, base + np.uint32(t)])
            out[r, x] = total


@compiled
def spread_rows(
    source: Any, start: Any, weights: Any, careful: bool, padding: Any, out: Any
) -> None:
    """See `plain.spread_rows`."""
    low, high = np.float32(padding[0]), np.float32(padding[1])
    columns = out.shape[1]
    for y in range(out.shape[0]):
        base = start[y]
        for x in range(columns):
            out[y, x] = 0
        for t in range(weights.shape[1]):
            weight = weights[y, t]
            if weight == 0:
                continue
            if careful:
                for x in range(columns):
                    value = np.float32(source[base + t, x])
                    value = np.float32(np.nan) if low <= value <= high else value
                    out[y, x] += weight * value
            else:
                for x in range(columns):
                    out[y, x] += weight * np.float32(source[base + t, x])


@compiled
def copy_plane(plane: Any, out: Any) -> None:
    """See `plain.copy_plane`."""
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = plane[r, c]


@compiled
def cut_aligned(
    volume: Any, axis: int, index: int, fraction: float, padding: Any, out: Any
) -> None:
    """See `plain.cut_aligned`."""
    low, high = padding
    guarded = low <= high
    part = np.float32(fraction)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            k, j, i = r, c, index
            dk, dj, di = 0, 0, 1
            if axis == 0:
                k, j, i = index, r, c
                dk, di = 1, 0
            elif axis == 1:
                j, i = index, c
                dj, di = 1, 0
            value = np.float32(volume[k, j, i])
            if guarded and low <= value <= high:
                value = np.float32(np.nan)
            if part != 0:
                far = np.float32(volume[k + dk, j + dj, i + di])
                if guarded and low <= far <= high:
                    far = np.float32(np.nan)
                value += part * (far - value)
            out[r, c] = value


@compiled
def _trilinear(volume: Any, k: float, j: float, i: float, low: float, high: float) -> float:
    nk, nj, ni = volume.shape
    if not (-0.5 <= k <= nk - 0.5 and -0.5 <= j <= nj - 0.5 and -0.5 <= i <= ni - 0.5):
        return np.nan
    k = min(max(k, 0.0), nk - 1.0)
    j = min(max(j, 0.0), nj - 1.0)
    i = min(max(i, 0.0), ni - 1.0)
    k0 = min(int(k), max(nk - 2, 0))
    j0 = min(int(j), max(nj - 2, 0))
    i0 = min(int(i), max(ni - 2, 0))
    k1, j1, i1 = min(k0 + 1, nk - 1), min(j0 + 1, nj - 1), min(i0 + 1, ni - 1)
    fk, fj, fi = k - k0, j - j0, i - i0
    if low <= high and _touches(volume, k0, k1, j0, j1, i0, i1, fk, fj, fi, low, high):
        return np.nan
    near: float = _bilinear(volume[k0, j0, i0], volume[k0, j0, i1], volume[k0, j1, i0],
                     volume[k0, j1, i1], fj, fi)  # fmt: skip
    far: float = _bilinear(volume[k1, j0, i0], volume[k1, j0, i1], volume[k1, j1, i0],
                    volume[k1, j1, i1], fj, fi)  # fmt: skip
    return float(_mix(near, far, fk))


@compiled
def _bilinear(a: Any, b: Any, c: Any, d: Any, fj: float, fi: float) -> float:
    first: float = _mix(float(a), float(b), fi)
    return float(_mix(first, _mix(float(c), float(d), fi), fj))


@compiled
def _mix(one: float, two: float, share: float) -> float:
    """Mix two values; one without a share may be NaN."""
    if share == 0.0:
        return one
    return two if share == 1.0 else one + share * (two - one)


@compiled
def _touches(
    volume: Any, k0: int, k1: int, j0: int, j1: int, i0: int, i1: int,
    fk: float, fj: float, fi: float, low: float, high: float,
) -> bool:  # fmt: skip
    for dk in range(2):
        for dj in range(2):
            for di in range(2):
                weight = (fk if dk else 1 - fk) * (fj if dj else 1 - fj) * (fi if di else 1 - fi)
                value = float(volume[k1 if dk else k0, j1 if dj else j0, i1 if di else i0])
                if weight != 0 and low <= value <= high:
                    return True
    return False


@compiled
def _inner(start: float, step: float, count: int, first: int, last: int) -> Any:
    """Narrow a row's stretch [first, last) to where one axis needs no clamping."""
    top = count - 1.001
    if abs(step) < 1e-12:
        return (first, last) if 0.0 <= start < top else (0, 0)
    one, two = -start / step, (top - start) / step
    one, two = min(max(one, -1e6), 1e6), min(max(two, -1e6), 1e6)
    return max(first, int(np.ceil(min(one, two))) + 1), min(last, int(np.floor(max(one, two))))


@compiled
def _within(volume: Any, k: float, j: float, i: float, low: float, high: float) -> float:
    """Interpolate where all eight neighbours exist."""
    k0, j0, i0 = np.uint32(k), np.uint32(j), np.uint32(i)
    k1, j1, i1 = k0 + np.uint32(1), j0 + np.uint32(1), i0 + np.uint32(1)
    a, b = float(volume[k0, j0, i0]), float(volume[k0, j0, i1])
    c, d = float(volume[k0, j1, i0]), float(volume[k0, j1, i1])
    e, f = float(volume[k1, j0, i0]), float(volume[k1, j0, i1])
    g, h = float(volume[k1, j1, i0]), float(volume[k1, j1, i1])
    if low <= high and (
        (low <= a <= high) | (low <= b <= high) | (low <= c <= high) | (low <= d <= high)
        | (low <= e <= high) | (low <= f <= high) | (low <= g <= high) | (low <= h <= high)
    ):  # fmt: skip
        return float(_trilinear(volume, k, j, i, low, high))
    fk, fj, fi = k - k0, j - j0, i - i0
    a += fi * (b - a)
    c += fi * (d - c)
    e += fi * (f - e)
    g += fi * (h - g)
    a += fj * (c - a)
    e += fj * (g - e)
    a += fk * (e - a)
    return a if a == a else float(_trilinear(volume, k, j, i, low, high))


@compiled
def cut_oblique(
    volume: Any, origin_kji: Any, across_kji: Any, down_kji: Any, fine: int, padding: Any, out: Any
) -> None:
    """See `plain.cut_oblique`."""
    low, high = float(padding[0]), float(padding[1])
    dk, dj, di = across_kji
    share = 1.0 / (fine * fine)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            out[y, x] = 0.0
        for b in range(fine):
            v = y + (b + 0.5) / fine - 0.5
            for a in range(fine):
                u = (a + 0.5) / fine - 0.5
                k = origin_kji[0] + u * dk + v * down_kji[0]
                j = origin_kji[1] + u * dj + v * down_kji[1]
                i = origin_kji[2] + u * di + v * down_kji[2]
                first, last = _inner(k, dk, volume.shape[0], 0, out.shape[1])
                first, last = _inner(j, dj, volume.shape[1], first, last)
                first, last = _inner(i, di, volume.shape[2], first, last)
                last = max(first, last)
                for x in range(min(first, out.shape[1])):
                    out[y, x] += share * _trilinear(
                        volume, k + x * dk, j + x * dj, i + x * di, low, high
                    )
                for x in range(first, last):
                    out[y, x] += share * _within(
                        volume, k + x * dk, j + x * dj, i + x * di, low, high
                    )
                for x in range(last, out.shape[1]):
                    out[y, x] += share * _trilinear(
                        volume, k + x * dk, j + x * dj, i + x * di, low, high
                    )


@compiled
def window_linear(values: Any, gain: float, offset: float, out: Any) -> None:
    """See `plain.window_linear`."""
    for r in range(values.shape[0]):
        for c in range(values.shape[1]):
            t: float = np.float64(values[r, c]) * gain + offset
            t = t if t > 0.0 else 0.0
            t = t if t < 255.0 else 255.0
            out[r, c] = np.uint8(np.int32(t + 0.5))


@compiled
def window_table(values: Any, gain: float, offset: float, table: Any, out: Any) -> None:
    """See `plain.window_table`."""
    top = len(table) - 1.0
    for r in range(values.shape[0]):
        for c in range(values.shape[1]):
            value = values[r, c]
            t: float = np.float64(value) * gain + offset
            t = t if t > 0.0 else 0.0
            t = t if t < top else top
            out[r, c] = table[np.int32(t + 0.5)] if value == value else np.uint8(0)


@compiled
def pack_window_linear(values: Any, gain: float, offset: float, out: Any) -> None:
    """See `plain.pack_window_linear`."""
    for r in range(values.shape[0]):
        for c in range(values.shape[1]):
            t: float = np.float64(values[r, c]) * gain + offset
            t = t if t > 0.0 else 0.0
            t = t if t < 255.0 else 255.0
            out[r, c] = np.uint32(0xFF000000) | np.uint32(np.int32(t + 0.5)) * np.uint32(0x010101)


@compiled
def pack_window_table(values: Any, gain: float, offset: float, table: Any, out: Any) -> None:
    """See `plain.pack_window_table`."""
    top = len(table) - 1.0
    for r in range(values.shape[0]):
        for c in range(values.shape[1]):
            value = values[r, c]
            t: float = np.float64(value) * gain + offset
            t = t if t > 0.0 else 0.0
            t = t if t < top else top
            level = np.uint32(table[np.int32(t + 0.5)]) if value == value else np.uint32(0)
            out[r, c] = np.uint32(0xFF000000) | level * np.uint32(0x010101)


@compiled
def pack_grey(picture: Any, out: Any) -> None:
    """See `plain.pack_grey`."""
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = np.uint32(0xFF000000) | np.uint32(picture[r, c]) * np.uint32(0x010101)


@compiled
def pack_colour(picture: Any, out: Any) -> None:
    """See `plain.pack_colour`."""
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = (
                np.uint32(0xFF000000)
                | np.uint32(picture[r, c, 0]) << np.uint32(16)
                | np.uint32(picture[r, c, 1]) << np.uint32(8)
                | np.uint32(picture[r, c, 2])
            )


@compiled
def lay(ink: Any, left: int, top: int, out: Any) -> None:
    """See `plain.lay`."""
    for r in range(max(0, -top), min(ink.shape[0], out.shape[0] - top)):
        for c in range(max(0, -left), min(ink.shape[1], out.shape[1] - left)):
            over = ink[r, c]
            if over != 0:
                out[r + top, c + left] = _over(over, out[r + top, c + left])


@compiled
def _over(ink: Any, light: Any) -> Any:
    through = np.uint32(255) - (ink >> np.uint32(24))
    mask = np.uint32(255)
    red = (ink & mask) + _fade(light >> np.uint32(16) & mask, through)
    green = (ink >> np.uint32(8) & mask) + _fade(light >> np.uint32(8) & mask, through)
    blue = (ink >> np.uint32(16) & mask) + _fade(light & mask, through)
    return (
        np.uint32(0xFF000000)
        | np.uint32(min(red, mask)) << np.uint32(16)
        | np.uint32(min(green, mask)) << np.uint32(8)
        | np.uint32(min(blue, mask))
    )


@compiled
def _fade(level: Any, through: Any) -> Any:
    return np.uint32((level * through + np.uint32(127)) // np.uint32(255))
