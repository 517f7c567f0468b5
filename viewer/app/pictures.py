"""Stored values to 8-bit pictures where no renderer is at hand: share previews and reports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.kernels import plain
from viewer.imaging.window import transfer_of
from viewer.model.image import ImageRecord
from viewer.model.view import first_window


def displayed(record: ImageRecord, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return a flat picture as it opens on screen: uint8, same rows and columns.

    Rescale, window or table, and photometric meaning are applied as PS3.3 C.11 says; colour passes
    as it is.

    Parameters
    ----------
    pixels : ndarray
        Stored values: (rows, columns), or (rows, columns, 3) uint8 for colour.
    """
    if record.is_colour:
        return pixels.astype(np.uint8)
    transfer = transfer_of(first_window(record.grey), record.grey)
    values, shown = pixels.astype(np.float32), np.empty(pixels.shape, np.uint8)
    if transfer.table is None:
        plain.window_linear(values, transfer.gain, transfer.offset, shown)
    else:
        plain.window_table(values, transfer.gain, transfer.offset, transfer.table, shown)
    return shown
