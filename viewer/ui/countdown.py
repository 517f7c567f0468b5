"""The last seconds before the lock, said aloud at the foot, where no name is covered."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QFrame, QWidget

from viewer.ui.idle_ring import WARNING_S
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, row

_FOOT_PX = 104
"""Tools and status line, which stay within reach."""


class Countdown(QFrame):
    """A band that appears for the last seconds and says what will happen. Any touch makes it go."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setProperty("surface", "doubt")
        layout = row(self, gap=3)
        layout.setContentsMargins(16, 10, 20, 10)
        layout.addWidget(picture("lock", "doubt"))
        self.words = Words("", "lead")
        layout.addWidget(self.words)
        over.installEventFilter(self)
        self.hide()

    def show_left(self, left_s: float, warning_s: float = WARNING_S) -> None:
        """Count, or hide while there is time."""
        if left_s > warning_s:
            self.hide()
            return
        self.words.setText(
            self.tr(
                "In {seconds} s this workstation locks. Your work is kept. Move the mouse to stay."
            ).format(seconds=max(0, math.ceil(left_s)))
        )
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the middle."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        foot = self._over.height() - self.height() - _FOOT_PX
        self.move((self._over.width() - self.width()) // 2, foot)
