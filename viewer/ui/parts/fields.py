"""Fields a person types into: passwords, new passwords with their strength, labelled lines."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from viewer.ui import icons, theme
from viewer.ui.parts.words import Words, column, restyle
from viewer.ui.ports import PasswordAdvice


class PasswordField(QWidget):
    """One hidden line with an eye that shows it, and a hint when Caps Lock is on."""

    submitted = Signal()
    edited = Signal()

    def __init__(self, words: str) -> None:
        super().__init__()
        self.line = QLineEdit()
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setProperty("target", "touch")
        self.line.setAccessibleName(words)
        self.line.setPlaceholderText(words)
        self.line.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.line.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText
        )
        self._eye = QAction(self)
        self._eye.setCheckable(True)
        self._eye.toggled.connect(self._show_plainly)
        self.line.addAction(self._eye, QLineEdit.ActionPosition.TrailingPosition)
        self._show_plainly(False)
        self.caps_hint = Words(self.tr("Caps Lock is on"), "doubt")
        self.caps_hint.setVisible(False)
        layout = column(self, gap=1)
        layout.addWidget(self.line)
        layout.addWidget(self.caps_hint)
        self.setFocusProxy(self.line)
        self.line.installEventFilter(self)
        self.line.returnPressed.connect(self.submitted)
        self.line.textChanged.connect(lambda _: self.edited.emit())

    def text(self) -> str:
        """What was typed."""
        return self.line.text()

    def wipe(self) -> None:
        """Forget what was typed, undo history included."""
        self.line.clear()
        self.line.setModified(False)
        self._eye.setChecked(False)

    def show_plainly(self) -> None:
        """Let it be read, as if the eye were pressed."""
        self._eye.setChecked(True)

    def set_wrong(self, wrong: bool) -> None:
        """Mark the field where the error is."""
        self.line.setProperty("wrong", wrong)
        restyle(self.line)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch for letters that come out in capitals without Shift."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_CapsLock:
                self.caps_hint.setVisible(False)
            elif event.text().isalpha():
                shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self.caps_hint.setVisible(event.text().isupper() != shifted)
        return super().eventFilter(watched, event)

    def _show_plainly(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self.line.setEchoMode(mode)
        self._eye.setIcon(icons.icon("eye-off" if shown else "eye", on_token="text_soft"))
        self._eye.setToolTip(self.tr("Hide password") if shown else self.tr("Show password"))


class StrengthBar(QWidget):
    """Four segments that fill as a password gets better."""

    _TOKENS = ("danger", "danger", "doubt", "verified", "verified")

    def __init__(self) -> None:
        super().__init__()
        self.score = 0
        self.setFixedHeight(4)

    def set_score(self, score: int) -> None:
        """Show a score of 0 to 4."""
        self.score = score
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as it may be."""
        return QSize(120, 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the segments."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        gap = look.size("space")
        width = (self.width() - 3 * gap) / 4
        for segment in range(4):
            token = self._TOKENS[self.score] if segment < self.score else "line"
            painter.setBrush(look.colour(token))
            painter.drawRoundedRect(QRectF(segment * (width + gap), 0, width, 4), 2, 2)


class NewPassword(QWidget):
    """A new password, typed once and shown at will, with honest advice beside it."""

    changed = Signal()

    def __init__(
        self, words: str, advise: Callable[[str, str], PasswordAdvice], name: Callable[[], str]
    ) -> None:
        super().__init__()
        self._advise, self._name = advise, name
        self.field = PasswordField(words)
        self._bar = StrengthBar()
        self.hint = Words(self.tr("At least 15 characters; a sentence works well."), "small")
        layout = column(self, gap=2)
        layout.addWidget(self.field)
        layout.addWidget(self._bar)
        layout.addWidget(self.hint)
        self.is_accepted = False
        self.setFocusProxy(self.field)
        self.field.edited.connect(self.look_again)

    def text(self) -> str:
        """What was typed."""
        return self.field.text()

    def look_again(self) -> None:
        """Weigh the password anew (its owner's name changed, say)."""
        advice = self._advise(self.field.text(), self._name())
        self.is_accepted = advice.is_accepted
        self._bar.set_score(advice.score if self.field.text() else 0)
        self.hint.setText(advice.words)
        self.changed.emit()


def labelled(words: str, field: QWidget) -> QWidget:
    """Put words above a field and make them its name."""
    holder = QWidget()
    layout = column(holder, gap=1)
    label = Words(words, "soft")
    label.setBuddy(field)
    if not field.accessibleName():
        field.setAccessibleName(words)
    layout.addWidget(label)
    layout.addWidget(field)
    return holder


def line(placeholder: str = "", *, touch: bool = True) -> QLineEdit:
    """Return a plain one-line field."""
    made = QLineEdit()
    made.setPlaceholderText(placeholder)
    made.setProperty("target", "touch" if touch else "dense")
    return made
