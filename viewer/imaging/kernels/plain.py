"""The kernels in plain numpy: the meaning of `compiled`, slower, and what serves until it is ready.

Values without an image are NaN. All functions are pure but for `out`, and safe on any thread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Grey = NDArray[np.uint8]


def spread_columns(
    source: NDArray[np.generic],
    start: NDArray[np.int32],
    weights: Values,
    careful: bool,
    padding: tuple[float, float],
    out: Values,
) -> None:
    """Resample each row: out[r, x] = sum over t of weights[x, t] * source[r, start[x] + t].

    `source` has shape (rows, columns). `careful` says that it may hold NaN or padding: values from
    padding[0] to padding[1] count as NaN, and a weight of 0 takes nothing, not even a NaN.
    """
    out[:] = 0
    for t in range(weights.shape[1]):
        out += _weighted(source[:, start + t], weights[:, t], careful, padding)


def spread_rows(
    source: NDArray[np.generic],
    start: NDArray[np.int32],
    weights: Values,
    careful: bool,
    padding: tuple[float, float],
    out: Values,
) -> None:
    """Resample each column: out[y, x] = sum over t of weights[y, t] * source[start[y] + t, x]."""
    out[:] = 0
    for t in range(weights.shape[1]):
        out += _weighted(source[start + t], weights[:, t][:, None], careful, padding)


def _weighted(
    values: NDArray[np.generic], weight: Values, careful: bool, padding: tuple[float, float]
) -> Values:
    real = values.astype(np.float32)
    if not careful:
        return real * weight
    real[(real >= padding[0]) & (real <= padding[1])] = np.nan
    return np.where(weight == 0, np.float32(0), real * weight)


def cut_aligned(
    volume: NDArray[np.generic],
    axis: int,
    index: int,
    fraction: float,
    padding: tuple[float, float],
    out: Values,
) -> None:
    """Cut between plane `index` and the next along array axis 0, 1 or 2, mixed by `fraction`."""
    near = np.take(volume, index, axis=axis).astype(np.float32)
    near[(near >= padding[0]) & (near <= padding[1])] = np.nan
    if fraction == 0:
        out[:] = near
        return
    far = np.take(volume, index + 1, axis=axis).astype(np.float32)
    far[(far >= padding[0]) & (far <= padding[1])] = np.nan
    out[:] = near + np.float32(fraction) * (far - near)


def cut_oblique(
    volume: NDArray[np.generic],
    origin_kji: NDArray[np.float64],
    across_kji: NDArray[np.float64],
    down_kji: NDArray[np.float64],
    fine: int,
    padding: tuple[float, float],
    out: Values,
) -> None:
    """Cut any plane: out[y, x] is the trilinear value at origin + x * across + y * down.

    Each pixel is the mean of `fine` x `fine` points within it; NaN where a point is outside.
    """
    rows, columns = out.shape
    offsets = (np.arange(fine) + 0.5) / fine - 0.5
    total = np.zeros(out.shape, np.float64)
    for v in offsets:
        for u in offsets:
            at = (
                origin_kji
                + (np.arange(columns) + u)[None, :, None] * across_kji
                + (np.arange(rows) + v)[:, None, None] * down_kji
            )
            total += _trilinear(volume, at, padding)
    out[:] = total / (fine * fine)


def _trilinear(
    volume: NDArray[np.generic], at: NDArray[np.float64], padding: tuple[float, float]
) -> NDArray[np.float64]:
    shape = np.array(volume.shape)
    outside = ((at < -0.5) | (at > shape - 0.5)).any(axis=-1)
    inside = np.clip(at, 0, shape - 1)
    low = np.minimum(np.floor(inside).astype(np.int64), np.maximum(shape - 2, 0))
    high = np.minimum(low + 1, shape - 1)
    f = inside - low
    value = np.zeros(at.shape[:-1], np.float64)
    for corner in range(8):
        pick = [(high if corner >> a & 1 else low)[..., a] for a in range(3)]
        part = np.ones(at.shape[:-1], np.float64)
        for a in range(3):
            part *= f[..., a] if corner >> a & 1 else 1 - f[..., a]
        sample = volume[pick[0], pick[1], pick[2]].astype(np.float64)
        sample[(sample >= padding[0]) & (sample <= padding[1])] = np.nan
        value += np.where(part == 0, 0.0, part * sample)
    value[outside] = np.nan
    return value


def window_linear(values: Values, gain: float, offset: float, out: Grey) -> None:
    """Turn values into grey levels: clamp(values * gain + offset, 0, 255), rounded half up."""
    with np.errstate(invalid="ignore"):
        t = values.astype(np.float64) * gain + offset
        out[:] = np.nan_to_num(np.clip(t, 0.0, 255.0) + 0.5, nan=0.0).astype(np.uint8)


def window_table(values: Values, gain: float, offset: float, table: Grey, out: Grey) -> None:
    """Turn values into grey levels through a table at clamp(values * gain + offset, 0, n - 1)."""
    with np.errstate(invalid="ignore"):
        t = np.clip(values.astype(np.float64) * gain + offset, 0.0, len(table) - 1.0) + 0.5
    index = np.nan_to_num(t, nan=0.0).astype(np.int64)
    out[:] = np.where(np.isnan(values), 0, table[index])


def pack_window_linear(values: Values, gain: float, offset: float, out: NDArray[np.uint32]) -> None:
    """Do as `window_linear`, into 0xFFRRGGBB."""
    grey = np.empty(values.shape, np.uint8)
    window_linear(values, gain, offset, grey)
    pack_grey(grey, out)


def pack_window_table(
    values: Values, gain: float, offset: float, table: Grey, out: NDArray[np.uint32]
) -> None:
    """Do as `window_table`, into 0xFFRRGGBB."""
    grey = np.empty(values.shape, np.uint8)
    window_table(values, gain, offset, table, grey)
    pack_grey(grey, out)


def pack_grey(picture: Grey, out: NDArray[np.uint32]) -> None:
    """Turn (rows, columns) grey levels into 0xFFRRGGBB."""
    out[:] = picture.astype(np.uint32) * np.uint32(0x010101) | np.uint32(0xFF000000)


def pack_colour(picture: Grey, out: NDArray[np.uint32]) -> None:
    """Turn a (rows, columns, 3) colour picture into 0xFFRRGGBB."""
    packed = np.full(out.shape, 0xFF000000, np.uint32)
    for channel, shift in ((0, 16), (1, 8), (2, 0)):
        packed |= picture[..., channel].astype(np.uint32) << np.uint32(shift)
    out[:] = packed


def copy_plane(plane: NDArray[np.generic], out: NDArray[np.generic]) -> None:
    """Copy a (rows, columns) view, however it lies in memory, into an array of its type."""
    out[:] = plane


def lay(ink: NDArray[np.uint32], left: int, top: int, out: NDArray[np.uint32]) -> None:
    """Lay a piece of overlay over a picture, its corner at column `left` and row `top`.

    Parameters
    ----------
    ink : ndarray, shape (rows, columns), uint32
        0xAABBGGRR, premultiplied, top row first; what sticks out of the picture is left off.
    out : ndarray, shape (rows, columns), uint32
        0xFFRRGGBB, top row first; changed in place.
    """
    rows = slice(max(top, 0), max(min(top + ink.shape[0], out.shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + ink.shape[1], out.shape[1]), 0))
    under = out[rows, columns]
    over = ink[rows.start - top :, columns.start - left :][: under.shape[0], : under.shape[1]]
    under = under[: over.shape[0], : over.shape[1]]
    through = np.uint32(255) - (over >> np.uint32(24))
    packed = np.full(under.shape, 0xFF000000, np.uint32)
    for taken, put in ((0, 16), (8, 8), (16, 0)):
        added = over >> np.uint32(taken) & np.uint32(255)
        level = under >> np.uint32(put) & np.uint32(255)
        light = np.minimum(added + (level * through + np.uint32(127)) // np.uint32(255), 255)
        packed |= light.astype(np.uint32) << np.uint32(put)
    under[:] = packed
