"""Stored values to 8-bit pictures where no renderer is at hand: share previews and reports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.model.image import ImageRecord, Photometric
from viewer.model.view import first_window


def displayed(record: ImageRecord, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return a flat picture as it opens on screen: uint8, same rows and columns.

    The header's first window is applied as PS3.3 C.11.2.1.2.1 (LINEAR) says; colour passes as it
    is.

    Parameters
    ----------
    pixels : ndarray
        Stored values: (rows, columns), or (rows, columns, 3) uint8 for colour.
    """
    if record.is_colour:
        return pixels.astype(np.uint8)
    grey = record.grey
    window = first_window(grey)
    values = pixels.astype(np.float32) * np.float32(grey.slope) + np.float32(grey.intercept)
    width = max(window.width - 1, 1e-6)
    light = ((values - (window.centre - 0.5)) / width + 0.5) * 255
    shown: NDArray[np.uint8] = np.clip(np.rint(light), 0, 255).astype(np.uint8)
    return np.invert(shown) if grey.photometric is Photometric.MONOCHROME1 else shown
