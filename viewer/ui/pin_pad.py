"""Digits for gloved fingers: a pad of large keys, and dots for what was typed.

The keyboard works as well: digits, Backspace, Enter. What is typed is kept in a buffer that is
overwritten, and painted as dots; no line edit ever holds it.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from viewer.ui import icons, theme
from viewer.ui.parts.words import column

KEY_PX = (104, 56)
"""Width and height of a key at least; a finger in a glove needs 44."""
LONGEST = 16
_ERASING = {Qt.Key.Key_Backspace, Qt.Key.Key_Delete}
_ENTERING = {Qt.Key.Key_Return, Qt.Key.Key_Enter}


class PinPad(QWidget):
    """Twelve keys. `submitted` when a PIN of at least six digits is given."""

    submitted = Signal()
    edited = Signal()

    def __init__(self, shortest: int = 6) -> None:
        super().__init__()
        self._typed = bytearray()
        self._shortest = shortest
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Quick PIN"))
        self.dots = _Dots()
        self.keys: dict[str, QPushButton] = {}
        layout = column(self, gap=3)
        layout.addWidget(self.dots)
        grid = QGridLayout()
        grid.setSpacing(8)
        for at, digit in enumerate("123456789"):
            grid.addWidget(self._make_key(digit), at // 3, at % 3)
        self.erase_key = self._make_key("erase", self.tr("Erase the last digit"), "chevron-left")
        self.enter_key = self._make_key("enter", self.tr("Enter"), "check")
        for at, key in enumerate((self.erase_key, self._make_key("0"), self.enter_key)):
            grid.addWidget(key, 3, at)
        layout.addLayout(grid)
        self._show()

    def text(self) -> str:
        """What was typed."""
        return self._typed.decode()

    def wipe(self) -> None:
        """Forget what was typed."""
        self._typed[:] = bytes(len(self._typed))
        self._typed.clear()
        self._show()

    def set_wrong(self, wrong: bool) -> None:
        """Mark that it was wrong, until the next digit."""
        self.dots.is_wrong = wrong
        self.dots.update()

    def press(self, key: str) -> None:
        """Take a digit, "erase" or "enter"."""
        if key == "enter":
            if len(self._typed) >= self._shortest:
                self.submitted.emit()
            return
        if key == "erase":
            if self._typed:
                self._typed[-1] = 0
                del self._typed[-1]
        elif len(self._typed) < LONGEST:
            self._typed += key.encode()
        self.set_wrong(False)
        self._show()
        self.edited.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take digits, Backspace and Enter from the keyboard."""
        if event.text().isascii() and event.text().isdigit():
            self.press(event.text())
        elif event.key() in _ERASING:
            self.press("erase")
        elif event.key() in _ENTERING:
            self.press("enter")
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where digits go."""
        super().focusInEvent(event)
        self.dots.set_active(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that they go elsewhere."""
        super().focusOutEvent(event)
        self.dots.set_active(False)

    def _make_key(self, name: str, words: str = "", icon: str = "") -> QPushButton:
        made = QPushButton("" if icon else name)
        made.setAccessibleName(words or name)
        made.setToolTip(words)
        made.setProperty("look", "pad")
        made.setProperty("enter", name == "enter")
        made.setMinimumSize(*KEY_PX)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # digits typed go on to the pad
        if icon:
            token = "on_accent" if name == "enter" else "text"
            made.setIcon(icons.icon(icon, token, token, 24))
            made.setIconSize(QSize(24, 24))
        made.pressed.connect(self.setFocus)
        made.clicked.connect(lambda _=False: self.press(name))
        self.keys[name] = made
        return made

    def _show(self) -> None:
        self.dots.show_count(len(self._typed), self._shortest)
        self.enter_key.setEnabled(len(self._typed) >= self._shortest)
        self.erase_key.setEnabled(bool(self._typed))


class _Dots(QWidget):
    """One dot for each digit typed, rings for those that are missing."""

    def __init__(self) -> None:
        super().__init__()
        self._count, self._shortest = 0, 6
        self._is_active = False
        self.is_wrong = False
        self.setFixedHeight(40)

    def show_count(self, count: int, shortest: int) -> None:
        """Show how many digits there are, and how many there must be."""
        self._count, self._shortest = count, shortest
        self.setAccessibleName(self.tr("{count} digits").format(count=count))
        self.update()

    def set_active(self, active: bool) -> None:
        """Show whether digits come here."""
        self._is_active = active
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the field and the dots."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = "danger" if self.is_wrong else "accent" if self._is_active else "line"
        painter.setPen(QPen(look.colour(edge), 2 if self._is_active else 1))
        painter.setBrush(look.colour("base"))
        inner = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(inner, look.size("radius"), look.size("radius"))
        places = max(self._count, self._shortest)
        step = min(24.0, (self.width() - 32) / places)
        left = self.width() / 2 - step * (places - 1) / 2
        for place in range(places):
            is_there = place < self._count
            painter.setPen(Qt.PenStyle.NoPen if is_there else QPen(look.colour("text_off"), 1))
            painter.setBrush(look.colour("text") if is_there else Qt.BrushStyle.NoBrush)
            radius = 5.0 if is_there else 3.0
            x, y = left + place * step, self.height() / 2
            painter.drawEllipse(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
