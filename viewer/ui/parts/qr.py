"""A QR code, painted as a camera wants it: dark on white, whole pixels, a free edge."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

_QUIET = 4
"""Free modules around it (ISO/IEC 18004 §6.3.8)."""


class QrPicture(QWidget):
    """Paints modules, row by row, dark is True. White and black whatever the theme."""

    def __init__(self, words: str, module_px: int = 4) -> None:
        super().__init__()
        self._modules: list[list[bool]] = []
        self._step = module_px
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_modules(self, modules: Sequence[Sequence[bool]]) -> None:
        """Show a code, as large as it needs to be."""
        self._modules = [list(line) for line in modules]
        side = (len(self._modules) + 2 * _QUIET) * self._step
        self.setFixedSize(side, side)
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

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it, each module as many whole device pixels as there is room for."""
        if not self._modules:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        ratio = self.devicePixelRatioF()
        step = int(self._step * ratio) / ratio
        edge = round((self.width() - step * len(self._modules)) / 2 * ratio) / ratio
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for row, line in enumerate(self._modules):
            for column, dark in enumerate(line):
                if dark:
                    module = QRectF(edge + column * step, edge + row * step, step, step)
                    painter.fillRect(module, Qt.GlobalColor.black)
