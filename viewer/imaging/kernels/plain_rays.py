"""The ray caster in plain numpy: every ray steps at once, nothing is skipped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def cast(
    values: NDArray[np.int16], empty: NDArray[np.uint8], shift: int, table: F32, low: float,
    per_value: float, origin: F64, across: F64, down: F64, step: F64, to_lps: F32, light: F32,
    shading: F32, first_row: int, picture: NDArray[np.uint8], depth: F32,
) -> None:  # fmt: skip
    """Cast parallel rays through a volume, front to back, and light what they meet.

    Parameters
    ----------
    values : ndarray, shape (planes, rows, columns), int16
        Modality values; at least 2 along each axis.
    empty : ndarray, uint8
        For each brick of 2**`shift` positions cubed: 0 if something in it shows, else how many
        bricks away (in the largest of the three directions) the nearest such brick is. Only saves
        time.
    table : ndarray, shape (n, 4), float32
        Red, green, blue (0-1) and opacity of one step, at `low + index / per_value`.
    origin, across, down, step : ndarray, shape (3,), float64, [k, j, i]
        Ray of pixel (0, 0) at step 0; from one pixel to the next; along a ray.
    to_lps : ndarray, shape (3, 3), float32
        Turns an index gradient (i, j, k) into an LPS one.
    light : ndarray, shape (6,), float32
        Unit LPS vectors to the light and half way between it and the eye.
    shading : ndarray, shape (6,), float32
        Ambient, diffuse, specular, shininess; the cosine below which a highlight does not show;
        how much light may be left when a ray ends. The compiled twin also spares points that add
        less than 1/1024 their gradient.
    picture : ndarray, shape (rows, columns, 3), uint8
        Rows `first_row` on of the picture; written.
    depth : ndarray, shape (rows, columns), float32
        The step at which half the light is gone, inf where it never is; written.
    """
    rows, columns = depth.shape
    start = (
        origin
        + np.arange(columns)[None, :, None] * across
        + (first_row + np.arange(rows))[:, None, None] * down
    )
    enter, leave = _span(start, step, np.array(values.shape))
    light_sum, left = np.zeros((rows, columns, 3)), np.ones((rows, columns))
    depth[:] = np.inf
    first = int(np.floor(enter.min())) if np.isfinite(enter).any() else 0
    last = int(np.ceil(leave.max()))
    for n in range(max(first, 0), last + 1):
        at = start + n * step
        live = (n >= np.ceil(enter)) & (n <= leave) & (left >= shading[5])
        if live.any():
            _add(
                values, table, low, per_value, at, live, to_lps, light, shading, light_sum, left,
            )  # fmt: skip
            depth[live & (left < 0.5) & np.isinf(depth)] = n
    picture[:] = (np.minimum(light_sum, 1.0) * 255 + 0.5).astype(np.uint8)


def _span(start: F64, step: F64, shape: NDArray[np.int64]) -> tuple[F64, F64]:
    enter, leave = np.zeros(start.shape[:2]), np.full(start.shape[:2], 1e9)
    for a in range(3):
        if abs(step[a]) < 1e-9:
            outside = (start[..., a] < 0) | (start[..., a] > shape[a] - 1)
            enter, leave = np.where(outside, 1.0, enter), np.where(outside, 0.0, leave)
            continue
        one, two = -start[..., a] / step[a], (shape[a] - 1 - start[..., a]) / step[a]
        enter = np.maximum(enter, np.minimum(one, two))
        leave = np.minimum(leave, np.maximum(one, two))
    return enter, np.where(leave >= enter, leave, -1.0)


def _sample(values: NDArray[np.int16], at: F64) -> F64:
    from scipy.ndimage import map_coordinates  # half a second that no start needs

    return np.asarray(
        map_coordinates(values.astype(np.float64), at.T, order=1, mode="nearest"), np.float64
    )


def _add(
    values: NDArray[np.int16], table: F32, low: float, per_value: float, at: F64,
    live: NDArray[np.bool_], to_lps: F32, light: F32, shading: F32, light_sum: F64, left: F64,
) -> None:  # fmt: skip
    points = at[live]
    sampled = _sample(values, points)
    index = np.clip((sampled - low) * per_value + 0.5, 0, len(table) - 1).astype(np.int64)
    alpha = np.where(sampled > low, table[index, 3], 0.0)
    bright, glare = _light(values, points, to_lps, light, shading)
    part = left[live] * alpha
    light_sum[live] += part[:, None] * (table[index, :3] * bright[:, None] + glare[:, None])
    left[live] -= part


def _light(
    values: NDArray[np.int16], points: F64, to_lps: F32, light: F32, shading: F32
) -> tuple[F64, F64]:
    gradient = np.stack(
        [_sample(values, points + d) - _sample(values, points - d) for d in np.eye(3)[::-1]]
    )
    lps = to_lps.astype(np.float64) @ gradient
    size = np.linalg.norm(lps, axis=0)
    unit = lps / np.maximum(size, 1e-6)
    bright = shading[0] + shading[1] * np.abs(light[:3] @ unit)
    glare = shading[2] * np.abs(light[3:] @ unit) ** shading[3]
    flat = size < 1e-6
    return np.where(flat, shading[0] + shading[1], bright), np.where(flat, 0.0, glare)
