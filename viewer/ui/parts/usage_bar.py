"""A bar that shows what takes how much room, and the limit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.ui import theme

_HEIGHT = 28
_GAP = 2.0
_LOWEST = 0.4


def shade(place: int, count: int) -> QColor:
    """Return the colour of one of several parts: the accent, fainter from part to part."""
    colour = theme.current().colour("accent")
    colour.setAlphaF(1.0 - (1.0 - _LOWEST) * place / max(1, count - 1))
    return colour


class Swatch(QWidget):
    """The colour of a part, for its line in the legend."""

    def __init__(self, place: int, count: int) -> None:
        super().__init__()
        self._place, self._count = place, count
        self.setFixedSize(12, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.current().colour("line"))
        painter.setBrush(shade(self._place, self._count))
        painter.drawRoundedRect(QRectF(0.5, 0.5, 11, 11), 3, 3)


class UsageBar(QWidget):
    """Parts side by side on the length of `total`; a line where the limit is."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[int, ...] = ()
        self._total = 1
        self._limit: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)

    def show_parts(self, parts: Sequence[int], total: int, limit: int | None, words: str) -> None:
        """Show sizes in bytes; `words` say the same for a screen reader."""
        self._parts, self._total, self._limit = tuple(parts), max(1, total, sum(parts)), limit
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as it may be."""
        return QSize(240, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint parts and limit."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(0.5, 4.5, -0.5, -4.5)
        outline = QPainterPath()
        outline.addRoundedRect(whole, look.size("radius"), look.size("radius"))
        painter.fillPath(outline, look.colour("overlay"))
        painter.save()
        painter.setClipPath(outline)
        left = whole.left()
        for place, size in enumerate(self._parts):
            width = whole.width() * size / self._total
            part = QRectF(left, whole.top(), max(0.0, width - _GAP), whole.height())
            painter.fillRect(part, shade(place, len(self._parts)))
            left += width
        painter.restore()
        painter.setPen(look.colour("line"))
        painter.drawPath(outline)
        if self._limit is not None and self._limit < self._total:
            at = whole.left() + whole.width() * self._limit / self._total
            painter.setPen(QPen(look.colour("doubt"), 2))
            painter.drawLine(QPointF(at, 0), QPointF(at, self.height()))
