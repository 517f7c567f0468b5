"""A layout that wraps its widgets like words."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from viewer.ui import theme


class FlowLayout(QLayout):
    """Lays widgets side by side and goes on below where the width ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: list[QLayoutItem] = []
        self._gap = 2 * theme.current().size("space")
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, entry: QLayoutItem) -> None:
        """Take another in."""
        self._entries.append(entry)

    def count(self) -> int:
        """How many there are."""
        return len(self._entries)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One of them."""
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give one away."""
        return self._entries.pop(index) if 0 <= index < len(self._entries) else None

    def expandingDirections(self) -> Qt.Orientation:
        """None."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Yes: that is the point."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height it takes at a width."""
        return self._lay_out(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, area: QRect) -> None:
        """Lay them out."""
        super().setGeometry(area)
        self._lay_out(area, move=True)

    def sizeHint(self) -> QSize:
        """No more than needed."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """Room for the widest."""
        size = QSize(0, 0)
        for entry in self._entries:
            size = size.expandedTo(entry.minimumSize())
        return size

    def _lay_out(self, area: QRect, *, move: bool) -> int:
        x, y, tallest = area.x(), area.y(), 0
        for entry in self._entries:
            size = entry.sizeHint()
            if x + size.width() > area.right() + 1 and tallest:
                x, y, tallest = area.x(), y + tallest + self._gap, 0
            if move:
                entry.setGeometry(QRect(QPoint(x, y), size))
            x += size.width() + self._gap
            tallest = max(tallest, size.height())
        return y + tallest - area.y()
