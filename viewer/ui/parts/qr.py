"""A QR code, painted as a camera wants it: dark on white, whole pixels, a free edge."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

_QUIET = 4
"""Free modules around it (ISO/IEC 18004 §6.3.8)."""


class QrPicture(QWidget):
    """Paints modules, row by row, dark is True. White and black whatever the theme."""

    def __init__(self, words: str, side_px: int = 220) -> None:
        super().__init__()
        self._modules: list[list[bool]] = []
        self._side = side_px
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(side_px, side_px)

    def show_modules(self, modules: Sequence[Sequence[bool]]) -> None:
        """Show a code."""
        self._modules = [list(line) for line in modules]
        self.update()

    def wipe(self) -> None:
        """Forget it, and let what was painted go."""
        for line in self._modules:
            line[:] = [False] * len(line)
        self._modules = []
        self.update()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is shown."""
        return not self._modules

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it, each module as many whole device pixels as there is room for."""
        painter = QPainter(self)
        if not self._modules:
            return
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        ratio = self.devicePixelRatioF()
        count = len(self._modules) + 2 * _QUIET
        step = max(1, int(self.width() * ratio) // count) / ratio
        edge = (self.width() - step * len(self._modules)) / 2
        origin = QPointF(round(edge * ratio) / ratio, round(edge * ratio) / ratio)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for row, line in enumerate(self._modules):
            for column, dark in enumerate(line):
                if dark:
                    at = origin + QPointF(column * step, row * step)
                    painter.fillRect(QRectF(at.x(), at.y(), step, step), Qt.GlobalColor.black)
