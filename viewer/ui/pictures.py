"""Small arrays become pictures that Qt can paint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPixmap


def to_image(pixels: NDArray[np.uint8]) -> QImage:
    """Return a copy of an array as an image.

    Parameters
    ----------
    pixels : ndarray of uint8
        [row, column] grey, or [row, column, 3] red-green-blue.

    Raises
    ------
    ValueError
        The array has another shape.
    """
    flat = np.ascontiguousarray(pixels)
    rows, columns = flat.shape[:2]
    if flat.ndim == 2:
        form = QImage.Format.Format_Grayscale8
    elif flat.ndim == 3 and flat.shape[2] == 3:
        form = QImage.Format.Format_RGB888
    else:
        raise ValueError("a picture is grey or red-green-blue")
    return QImage(flat.data, columns, rows, flat.strides[0], form).copy()


def to_pixmap(pixels: NDArray[np.uint8]) -> QPixmap:
    """Return a copy of an array as a pixmap; shapes as in `to_image`."""
    return QPixmap.fromImage(to_image(pixels))


def fitted(size: QSizeF, area: QRectF) -> QRectF:
    """Return where something of `size` lies when it is centred and fits `area`."""
    inner = size.scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
    left = area.x() + (area.width() - inner.width()) / 2
    return QRectF(
        left, area.y() + (area.height() - inner.height()) / 2, inner.width(), inner.height()
    )
