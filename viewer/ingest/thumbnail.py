"""Small 8-bit pictures for lists. Pure, any thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.model.image import Photometric, Picture, ValueTable
from viewer.model.view import first_window

LONGEST_SIDE = 256


def thumbnail(picture: Picture) -> NDArray[np.uint8]:
    """Return a picture's thumbnail as it would be shown at first.

    Returns
    -------
    (rows, columns) or (rows, columns, 3) uint8
        Longest side at most 256. Of a volume or film, its middle plane.
    """
    pixels = picture.pixels
    if picture.record.frames > 1 or picture.record.is_volume:
        pixels = pixels[pixels.shape[0] // 2]
    if picture.record.is_colour:
        return np.asarray(np.rint(_shrunk(pixels)), dtype=np.uint8)
    if pixels.ndim == 3:
        pixels = pixels[0]
    grey = picture.record.grey
    values = np.nan_to_num(_shrunk(pixels)) * grey.slope + grey.intercept
    window = first_window(grey)
    if window.table is None:
        light = np.clip((values - window.low) / max(window.width, 1e-9), 0, 1)
    else:
        light = _looked_up(grey.tables[window.table], values)
    if grey.photometric is Photometric.MONOCHROME1:
        light = 1 - light
    return np.asarray(np.rint(light * 255), dtype=np.uint8)


def _looked_up(table: ValueTable, values: NDArray[np.float64]) -> NDArray[np.float64]:
    index = np.clip(np.rint(values) - table.first, 0, len(table.entries) - 1).astype(np.int64)
    light = np.minimum(table.entries[index] / float((1 << table.bits) - 1), 1.0)
    return np.asarray(light, np.float64)


def _shrunk(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """Average whole blocks until the longest side fits; the last partial block is left out."""
    rows, columns = pixels.shape[:2]
    step = -(-max(rows, columns) // LONGEST_SIDE)
    down, along = min(step, rows), min(step, columns)
    height, width = rows // down, columns // along
    kept = pixels[: height * down, : width * along]
    blocks = kept.reshape(height, down, width, along, *pixels.shape[2:])
    mean: NDArray[np.float64] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return mean
