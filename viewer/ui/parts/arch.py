"""The picture beside the door: a dental arch drawn in thin lines. It shows nobody's teeth."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.ui import theme

_WIDTHS = (0.86, 0.7, 0.8, 0.82, 0.84, 1.15, 1.1, 0.98)
"""Crown widths of one quadrant, central incisor first, relative to a canine's height."""
_ROOTS = (1, 1, 1, 1, 1, 2, 2, 2)


def tooth_path(width: float, height: float, roots: int) -> QPainterPath:
    """Return the outline of a tooth, crown below and roots above, centred on x = 0.

    `width` and `height` are in px; the biting edge lies at y = 0, the root tips at y = -height.
    """
    half, neck = width / 2, -height * 0.38
    path = QPainterPath(QPointF(-half * 0.82, 0))
    path.cubicTo(-half * 1.15, neck * 0.45, -half * 1.0, neck * 0.8, -half * 0.72, neck)
    if roots == 1:
        path.cubicTo(-half * 0.6, -height * 0.7, -half * 0.3, -height, 0, -height)
        path.cubicTo(half * 0.3, -height, half * 0.6, -height * 0.7, half * 0.72, neck)
    else:
        path.cubicTo(-half * 0.85, -height * 0.7, -half * 0.6, -height, -half * 0.45, -height)
        path.cubicTo(-half * 0.25, -height, -half * 0.2, -height * 0.6, 0, -height * 0.55)
        path.cubicTo(half * 0.2, -height * 0.6, half * 0.25, -height, half * 0.45, -height)
        path.cubicTo(half * 0.6, -height, half * 0.85, -height * 0.7, half * 0.72, neck)
    path.cubicTo(half * 1.0, neck * 0.8, half * 1.15, neck * 0.45, half * 0.82, 0)
    path.cubicTo(half * 0.4, height * 0.06, -half * 0.4, height * 0.06, -half * 0.82, 0)
    path.closeSubpath()
    return path


class ArchPicture(QWidget):
    """Two rows of teeth that meet in a gentle smile, as on a panoramic radiograph."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(320)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QLinearGradient(0, 0, 0, self.height())
        ground.setColorAt(0, look.colour("raised"))
        ground.setColorAt(1, look.colour("base"))
        painter.fillRect(self.rect(), ground)
        for is_upper in (True, False):
            for side in (-1, 1):
                self._paint_quadrant(painter, side, is_upper)

    def _paint_quadrant(self, painter: QPainter, side: int, is_upper: bool) -> None:
        unit = self.width() / 18.5
        along = 0.0
        for place, (width, roots) in enumerate(zip(_WIDTHS, _ROOTS, strict=True)):
            size = width * unit * (1.0 if is_upper else 0.92)
            centre = along + size / 2
            along += size * 1.06
            self._paint_tooth(painter, side * centre, size, roots, is_upper, place)

    def _paint_tooth(
        self, painter: QPainter, x: float, width: float, roots: int, is_upper: bool, place: int
    ) -> None:
        look = theme.current()
        half = self.width() / 2
        bend = (x / half) ** 2
        painter.save()
        y = self.height() * 0.5 - bend * half * 0.34 + (-3 if is_upper else 3)
        painter.translate(half + x, y)
        slope = -2 * x / half * 0.34
        painter.rotate(math.degrees(math.atan(slope)))
        if not is_upper:
            painter.scale(1, -1)
        height = self.width() / 18.5 * (2.5 if roots == 1 else 2.3)
        line = QColor(look.colour("accent" if place < 3 else "text_soft"))
        line.setAlphaF(0.55 if place < 3 else 0.34)
        fill = QColor(look.colour("text_soft"))
        fill.setAlphaF(0.06)
        painter.setPen(QPen(line, 1.25, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(fill)
        painter.drawPath(tooth_path(width, height, roots))
        painter.restore()
