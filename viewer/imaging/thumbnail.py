"""A small picture of an image for lists: at most 256 pixels on the longest side, 8 bits.

Pure numpy, any thread, no state. A volume shows as a frontal maximum-intensity picture: patient's
right on the left, head up, true proportions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.kernels import plain
from viewer.imaging.padding import NO_PADDING, padding_of
from viewer.imaging.sampling import taps
from viewer.imaging.window import transfer_of
from viewer.model.image import GreyScale, Picture
from viewer.model.view import WindowLevel, first_window

LONGEST = 256


def thumbnail(picture: Picture, longest: int = LONGEST) -> NDArray[np.uint8]:
    """Return a small picture as it first appears on screen.

    Parameters
    ----------
    picture : Picture
        Flat (grey or colour), a stack of frames (the first one is taken) or a volume.
    longest : int
        Longest side of the result in pixels; smaller pictures are not enlarged.

    Returns
    -------
    ndarray, uint8
        Shape (rows, columns), or (rows, columns, 3) for colour. C order.
    """
    record, pixels = picture.record, picture.pixels
    if record.is_volume:
        return _frontal(picture, longest)
    flat = pixels[0] if len(record.shape) == 3 and not record.is_colour else pixels
    flat = flat[0] if flat.ndim == 4 else flat
    aspect = record.aspect
    channels = flat if flat.ndim == 3 else flat[..., None]
    padding = padding_of(record.grey)
    small = [_shrink(channels[..., c], longest, aspect, padding) for c in range(channels.shape[-1])]
    shown = [_windowed(values, first_window(record.grey), record.grey) for values in small]
    return np.stack(shown, axis=-1) if len(shown) == 3 else shown[0]


def _shrink(
    plane: NDArray[np.generic], longest: int, aspect: float, padding: tuple[float, float]
) -> NDArray[np.float32]:
    rows, columns = plane.shape
    scale = min(1.0, longest / max(rows * aspect, columns))
    height = max(1, round(rows * aspect * scale))
    width = max(1, round(columns * scale))
    across = taps(columns, width, columns / width / 2 - 0.5, columns / width)
    down = taps(rows, height, rows / height / 2 - 0.5, rows / height)
    narrow = np.empty((rows, width), np.float32)
    careful = padding[0] <= padding[1]
    plain.spread_columns(plane, across.start, across.weights, careful, padding, narrow)
    small = np.empty((height, width), np.float32)
    plain.spread_rows(narrow, down.start, down.weights, careful, NO_PADDING, small)
    return small


def _windowed(
    values: NDArray[np.float32], window: WindowLevel, grey: GreyScale
) -> NDArray[np.uint8]:
    out = np.empty(values.shape, np.uint8)
    transfer = transfer_of(window, grey)
    if transfer.table is None:
        plain.window_linear(values, transfer.gain, transfer.offset, out)
    else:
        plain.window_table(values, transfer.gain, transfer.offset, transfer.table, out)
    return out


def _frontal(picture: Picture, longest: int) -> NDArray[np.uint8]:
    spacing = np.linalg.norm(picture.affine[:3, :3], axis=0)
    coarse, kept = _every_few(picture.pixels, longest)
    facing = picture.affine[:3, :3] / spacing
    axis_of = _voxel_axes(facing)
    front = coarse.max(axis=2 - axis_of[1])
    front = front if axis_of[0] < axis_of[2] else front.T
    right_flip = facing[0, axis_of[0]] < 0
    down_flip = facing[2, axis_of[2]] > 0
    front = front[:: -1 if down_flip else 1, :: -1 if right_flip else 1]
    mm = [spacing[a] * kept[2 - a] for a in axis_of]
    small = _shrink(front, longest, mm[2] / mm[0], NO_PADDING)
    low, high = np.percentile(small, [35.0, 99.8])
    slope, intercept = picture.record.grey.slope, picture.record.grey.intercept
    window = WindowLevel((low + high) / 2 * slope + intercept, max((high - low) * abs(slope), 1.0))
    plain_grey = GreyScale(slope=slope, intercept=intercept)
    return _windowed(small, window, plain_grey)


def _every_few(
    volume: NDArray[np.generic], longest: int
) -> tuple[NDArray[np.generic], tuple[int, ...]]:
    steps = tuple(max(1, size // longest) for size in volume.shape)
    return volume[:: steps[0], :: steps[1], :: steps[2]], steps


def _voxel_axes(facing: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return for x, y and z of LPS the affine column (0=i, 1=j, 2=k) that runs most along it."""
    left = [0, 1, 2]
    chosen: list[int] = []
    for row in range(3):
        best = max(left, key=lambda column: abs(float(facing[row, column])))
        chosen.append(best)
        left.remove(best)
    return chosen[0], chosen[1], chosen[2]
