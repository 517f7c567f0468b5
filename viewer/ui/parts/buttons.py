"""Buttons: with an icon of our own, or with words that say what they do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton

from viewer.ui import icons, theme

_GAP = 6
"""Free px between an icon and the words after it, on top of Qt's own."""


class IconButton(QToolButton):
    """A button with an icon; its tooltip is also its name for a screen reader."""

    def __init__(self, icon_name: str, words: str, *, size: str = "dense") -> None:
        super().__init__()
        self._icon_name = icon_name
        self._token = "text_soft"
        self.setProperty("target", size)
        self.set_words(words)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._refresh()

    def set_words(self, words: str) -> None:
        """Say what it does."""
        self.setToolTip(words)
        self.setAccessibleName(words)

    def set_icon(self, icon_name: str, token: str = "text_soft") -> None:
        """Show another icon, or the same in another colour."""
        self._icon_name, self._token = icon_name, token
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()

    def _refresh(self) -> None:
        size = theme.current().size("icon")
        self.setIcon(icons.icon(self._icon_name, self._token, size=size))
        self.setIconSize(QSize(size, size))


_TOKENS = {"primary": "on_accent", "danger": "danger", "alarm": "on_danger"}


class WordButton(QPushButton):
    """A button with words, and before them an icon that follows the theme."""

    def __init__(self, words: str, look: str, icon_name: str) -> None:
        super().__init__(words)
        self._icon_name = icon_name
        self._token = _TOKENS.get(look, "text_soft")
        self._size = theme.current().size("icon_beside")
        self.setProperty("look", look)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._refresh()

    def set_icon(self, icon_name: str, token: str, size: int) -> None:
        """Show another icon."""
        self._icon_name, self._token, self._size = icon_name, token, size
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()

    def _refresh(self) -> None:
        if self._icon_name:
            size = self._size
            self.setIcon(icons.icon(self._icon_name, self._token, self._token, size, _GAP))
            self.setIconSize(QSize(size + _GAP, size))


def button(
    words: str, on_click: Callable[[], None], look: str = "", icon: str = "", *, touch: bool = False
) -> WordButton:
    """Return a button; `look` is one of the style sheet's ("primary", "quiet", "link", "chip").

    `touch` makes a chip or a link as high as a gloved finger needs.
    """
    made = WordButton(words, look, icon)
    made.setProperty("touch", touch)
    made.clicked.connect(lambda _=False: on_click())
    return made
