"""A sheet: a question or a page laid over the window, never a modal box.

It lives inside its window, so that hiding the window hides it; it keeps the keyboard to itself
and is answered later, by signals, never by a nested event loop.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QSizePolicy, QWidget
from shiboken6 import isValid

from viewer.ui import theme
from viewer.ui.parts.buttons import IconButton
from viewer.ui.parts.words import Words, box, column, row, rule

_WIDEST = 1760
"""Lines longer than this are hard to follow to their end, on however large a screen."""


class Sheet(QWidget):
    """Lays `content` over `window`; Escape or the cross closes it.

    A `wide` sheet is a page that fills nearly the whole window, or the middle of a very large one;
    the others are as large as they need to be. `top` px of the window stay free: the patient bar
    never goes away. The content is deleted with the sheet; it gets the keyboard through its focus
    proxy, if it has one.
    """

    closed = Signal()

    def __init__(
        self, window: QWidget, title: str, content: QWidget, *, wide: bool = False, top: int = 0
    ) -> None:
        super().__init__(window)
        self.content = content
        self._over = window
        self._top = top
        self._had_focus = QApplication.focusWidget()
        self.setAccessibleName(title)
        self.card = self._make_card(title, content)
        layout = row(self, margin=6)
        if wide:
            layout.setContentsMargins(16, 12, 16, 16)
            self.card.setMaximumWidth(_WIDEST)
            layout.addWidget(self.card)
        else:
            policy = QSizePolicy.Policy.Maximum
            self.card.setSizePolicy(policy, policy)
            layout.addWidget(self.card, 0, Qt.AlignmentFlag.AlignCenter)
        window.installEventFilter(self)
        self._cover()
        self.show()
        self.raise_()
        self._take_focus()

    def _make_card(self, title: str, content: QWidget) -> QFrame:
        card = box("card")
        layout = column(card, gap=0)
        head = row(gap=2)
        head.setContentsMargins(20, 12, 12, 12)
        head.addWidget(Words(title, "title"), 1)
        self.close_button = IconButton("close", self.tr("Close (Esc)"), size="touch")
        self.close_button.clicked.connect(self.close_sheet)
        head.addWidget(self.close_button)
        layout.addLayout(head)
        layout.addWidget(rule())
        layout.addWidget(content, 1)
        return card

    def close_sheet(self) -> None:
        """Take it away."""
        if self.isHidden():
            return
        self.hide()
        self._over.removeEventFilter(self)
        self.closed.emit()
        if self._had_focus is not None and isValid(self._had_focus) and self._had_focus.isVisible():
            self._had_focus.setFocus()
        # It stays its window's child: without a parent it would die with its last reference, in
        # the middle of the key press that closed it.
        self.deleteLater()

    def _cover(self) -> None:
        self.setGeometry(self._over.rect().adjusted(0, self._top, 0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the window whatever its size."""
        if event.type() == QEvent.Type.Resize:
            self._cover()
        return super().eventFilter(watched, event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Keep Tab inside the sheet."""
        # Not by `nextInFocusChain()`: PySide takes what it returns for a child of the widget that
        # was asked, and deletes it with that widget.
        stops = [widget for widget in self.findChildren(QWidget) if self._takes_tab(widget)]
        here = QApplication.focusWidget()
        if stops:
            step = 1 if forward else -1
            place = stops.index(here) + step if here in stops else 0
            reason = Qt.FocusReason.TabFocusReason
            stops[place % len(stops)].setFocus(
                reason if forward else Qt.FocusReason.BacktabFocusReason
            )
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim what lies below."""
        QPainter(self).fillRect(self.rect(), theme.current().colour("scrim"))

    def _takes_tab(self, widget: QWidget) -> bool:
        wants = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        is_there = widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None
        return wants and is_there and self.isAncestorOf(widget)

    def _take_focus(self) -> None:
        if self.content.focusProxy() is not None:
            self.content.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        for widget in self.content.findChildren(QWidget):
            if self._takes_tab(widget):
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                return
        self.close_button.setFocus()
