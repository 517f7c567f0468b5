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
def _careful(value: Any, weight: Any, low: float, high: float) -> Any:
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
    low, high = padding
    taps = weights.shape[1]
    for r in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = np.float32(0)
            base = start[x]
            if careful:
                for t in range(taps):
                    total += _careful(np.float32(source[r, base + t]), weights[x, t], low, high)
            else:
                for t in range(taps):
                    total += weights[x, t] * np.float32(source[r, base + t])
            out[r, x] = total


@compiled
def spread_rows(
    source: Any, start: Any, weights: Any, careful: bool, padding: Any, out: Any
) -> None:
    """See `plain.spread_rows`."""
    low, high = padding
    columns = out.shape[1]
    for y in range(out.shape[0]):
        base = start[y]
        for x in range(columns):
            out[y, x] = 0
        for t in range(weights.shape[1]):
            weight = weights[y, t]
            if careful:
                for x in range(columns):
                    out[y, x] += _careful(np.float32(source[base + t, x]), weight, low, high)
            else:
                for x in range(columns):
                    out[y, x] += weight * np.float32(source[base + t, x])


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
    return float(near + fk * (far - near))


@compiled
def _bilinear(a: Any, b: Any, c: Any, d: Any, fj: float, fi: float) -> float:
    first, second = float(a), float(c)
    first += fi * (float(b) - first)
    second += fi * (float(d) - second)
    return first + fj * (second - first)


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
def cut_oblique(
    volume: Any, origin_kji: Any, across_kji: Any, down_kji: Any, fine: int, padding: Any, out: Any
) -> None:
    """See `plain.cut_oblique`."""
    low, high = padding
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = 0.0
            for b in range(fine):
                v = y + (b + 0.5) / fine - 0.5
                for a in range(fine):
                    u = x + (a + 0.5) / fine - 0.5
                    total += _trilinear(
                        volume,
                        origin_kji[0] + u * across_kji[0] + v * down_kji[0],
                        origin_kji[1] + u * across_kji[1] + v * down_kji[1],
                        origin_kji[2] + u * across_kji[2] + v * down_kji[2],
                        low,
                        high,
                    )
            out[y, x] = total / (fine * fine)


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
def compose_grey(picture: Any, overlay: Any, out: Any) -> None:
    """See `plain.compose_grey`."""
    rows, columns = out.shape
    for r in range(rows):
        inked = np.uint32(0)
        for c in range(columns):
            out[r, c] = np.uint32(0xFF000000) | np.uint32(picture[r, c]) * np.uint32(0x010101)
            inked |= overlay[rows - 1 - r, c]
        if inked != 0:
            for c in range(columns):
                ink = overlay[rows - 1 - r, c]
                if ink != 0:
                    out[r, c] = _over(ink, out[r, c])


@compiled
def compose_colour(picture: Any, overlay: Any, out: Any) -> None:
    """See `plain.compose_colour`."""
    rows, columns = out.shape
    for r in range(rows):
        for c in range(columns):
            light = (
                np.uint32(0xFF000000)
                | np.uint32(picture[r, c, 0]) << np.uint32(16)
                | np.uint32(picture[r, c, 1]) << np.uint32(8)
                | np.uint32(picture[r, c, 2])
            )
            ink = overlay[rows - 1 - r, c]
            out[r, c] = light if ink == 0 else _over(ink, light)


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
