"""What the program says: quiet toasts, banners in place, and the words of an error."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from viewer.model.errors import BitewingError, Cancelled
from viewer.ui import icons, theme
from viewer.ui.parts.buttons import IconButton, button
from viewer.ui.parts.words import Words, restyle, row

_TONES = {
    "doubt": "warning",
    "danger": "warning",
    "verified": "check",
    "accent": "info",
}
_TOAST_MS = 4000


def error_words(fault: Exception) -> str:
    """Return what to tell about an error; nothing for a cancelled job.

    Raises
    ------
    Exception
        The fault itself, where it is no `BitewingError` but a bug: the crash dialog takes it.
    """
    if isinstance(fault, Cancelled):
        return ""
    if isinstance(fault, BitewingError):
        return f"{fault.what} {fault.now}".strip()
    raise fault


class IconLabel(QLabel):
    """An icon as a label, sharp on every screen, in the colours of the theme in force."""

    def __init__(self, name: str, token: str, size: int = 20) -> None:
        super().__init__()
        self._name, self._token, self._size = name, token, size
        self.setFixedSize(size, size)
        self._refresh()

    def set_icon(self, name: str, token: str) -> None:
        """Show another icon."""
        self._name, self._token = name, token
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()

    def _refresh(self) -> None:
        ratio = self.devicePixelRatioF()
        self.setPixmap(icons.pixmap(self._name, self._token, self._size, ratio))


def picture(name: str, token: str, size: int = 20) -> IconLabel:
    """Return an icon as a label."""
    return IconLabel(name, token, size)


class Banner(QFrame):
    """A message in place, with at most one thing to do about it."""

    closed = Signal()

    def __init__(self, *, can_close: bool = True) -> None:
        super().__init__()
        self._layout = row(self, margin=2, gap=3)
        self._layout.setContentsMargins(12, 8, 8, 8)
        self._icon = picture("warning", "doubt")
        self.words = Words("", "body", wrap=True)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addWidget(self.words, 1)
        self.do_button = button("", self._act)
        self.do_button.hide()
        self._layout.addWidget(self.do_button)
        self._do: Callable[[], None] | None = None
        if can_close:
            close = IconButton("close", QCoreApplication.translate("Banner", "Dismiss"))
            close.clicked.connect(self._close)
            for part in (self._icon, self.words):  # as high as the cross: one line stands level
                part.setMinimumHeight(theme.current().size("dense"))
            self._icon.setMaximumHeight(theme.current().size("dense"))
            self._layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(
        self,
        words: str,
        tone: str = "doubt",
        do: tuple[str, Callable[[], None]] | None = None,
    ) -> None:
        """Show a message; `tone` is "doubt", "danger", "verified" or "accent"."""
        self.setProperty("surface", tone)
        self._icon.set_icon(_TONES[tone], tone)
        self.words.setText(words)
        self._do = do[1] if do else None
        self.do_button.setVisible(do is not None)
        if do:
            self.do_button.setText(do[0])
        restyle(self)
        self.setVisible(bool(words))

    def _act(self) -> None:
        self.hide()
        if self._do:
            self._do()

    def _close(self) -> None:
        self.hide()
        self.closed.emit()


class Toast(QFrame):
    """Something was done: said at the foot of its parent for four seconds."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setProperty("surface", "toast")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = row(self, gap=2)
        layout.setContentsMargins(14, 10, 16, 10)
        layout.addWidget(picture("check", "verified", 16))
        self.words = Words()
        layout.addWidget(self.words)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def say(self, words: str) -> None:
        """Show the words for a while."""
        self.words.setText(words)
        self.adjustSize()
        self._place()
        self.raise_()
        self.show()
        self._timer.start(_TOAST_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the foot when the window changes."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        foot = self._over.height() - self.height() - 112
        self.move((self._over.width() - self.width()) // 2, foot)
