"""How often each grey value occurs, with the window over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.model.image import Picture
from viewer.model.view import WindowLevel
from viewer.ui import theme

_BINS = 96
_SAMPLES = 60_000


def modality_range(picture: Picture) -> tuple[float, float]:
    """Return the least and greatest modality value of a picture, from its record."""
    grey = picture.record.grey
    ends = (grey.minimum * grey.slope + grey.intercept, grey.maximum * grey.slope + grey.intercept)
    return min(ends), max(*ends, min(ends) + 1)


def count_greys(picture: Picture) -> NDArray[np.float64]:
    """Return relative frequencies, shape (96,), 0 to 1, over the modality range.

    Every n-th pixel is looked at, about 60,000 in all, so that a volume costs no more than a film.
    The root is taken: a radiograph's background would flatten all else.
    """
    grey = picture.record.grey
    flat = picture.pixels.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLES)].astype(np.float64) * grey.slope + grey.intercept
    counts, _ = np.histogram(sample, bins=_BINS, range=modality_range(picture))
    shown = np.sqrt(counts.astype(np.float64))
    return shown / max(float(shown.max()), 1.0)


class Histogram(QWidget):
    """A small grey mountain, bright inside the window, with the window's slope drawn in."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: NDArray[np.float64] = np.zeros(_BINS)
        self._range = (0.0, 1.0)
        self._window: WindowLevel | None = None
        self.setFixedHeight(88)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Histogram"))

    def sizeHint(self) -> QSize:
        """As wide as it may be."""
        return QSize(240, 88)

    def show_picture(self, picture: Picture | None) -> None:
        """Count a picture's greys, or none."""
        self._counts = count_greys(picture) if picture else np.zeros(_BINS)
        self._range = modality_range(picture) if picture else (0.0, 1.0)
        self.update()

    def show_window(self, window: WindowLevel | None) -> None:
        """Draw a window over it."""
        self._window = window
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint bars and slope."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(look.colour("line"))
        painter.setBrush(look.colour("base"))
        painter.drawRoundedRect(area, look.size("radius"), look.size("radius"))
        inner = area.adjusted(6, 8, -6, -1)
        self._paint_bars(painter, inner)
        if self._window is not None:
            self._paint_slope(painter, inner, self._window)

    def _x(self, value: float, inner: QRectF) -> float:
        low, high = self._range
        return inner.x() + (value - low) / (high - low) * inner.width()

    def _paint_bars(self, painter: QPainter, inner: QRectF) -> None:
        look = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        width = inner.width() / _BINS
        window = self._window
        low, high = (window.low, window.high) if window else self._range
        for place, count in enumerate(self._counts):
            x = inner.x() + place * width
            inside = self._x(low, inner) <= x + width / 2 <= self._x(high, inner)
            painter.setBrush(look.colour("text_soft" if inside else "line"))
            height = float(count) * inner.height()
            painter.drawRect(QRectF(x, inner.bottom() - height, max(width - 0.6, 0.8), height))

    def _paint_slope(self, painter: QPainter, inner: QRectF, window: WindowLevel) -> None:
        accent = QColor(theme.current().colour("accent"))
        painter.setClipRect(inner)
        painter.setPen(QPen(accent, 1.75))
        left, right = self._x(window.low, inner), self._x(window.high, inner)
        painter.drawPolyline(
            QPolygonF(
                [
                    QPointF(inner.x(), inner.bottom()),
                    QPointF(left, inner.bottom()),
                    QPointF(right, inner.top()),
                    QPointF(inner.right(), inner.top()),
                ]
            )
        )
