"""Typing a key from paper: one small field a group, which hands on to the next."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QGridLayout, QLineEdit, QWidget

from viewer.ui.parts.fields import line
from viewer.ui.parts.words import Words, row

_LETTERS = 4
_LONGEST_PASTE = 400


def plain_group(text: str) -> str:
    """Return what was typed without what does not count.

    >>> plain_group(" k4-tn ")
    'K4TN'
    """
    return "".join(letter for letter in text if letter.isalnum()).upper()


class GroupFields(QWidget):
    """As many fields as the key has groups. `changed` at each letter, `submitted` at Enter."""

    changed = Signal()
    submitted = Signal()
    completed = Signal()
    """The last letter was typed, in whatever order the groups were."""

    def __init__(self, count: int, columns: int = 4) -> None:
        super().__init__()
        self.fields: list[QLineEdit] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for place in range(count):
            cell = row(gap=1)
            number = Words(str(place + 1), "small")
            number.setFixedWidth(18)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            cell.addWidget(number)
            cell.addWidget(self._make_field(place), 1)
            grid.addLayout(cell, place // columns, place % columns)
        for each in range(columns):
            grid.setColumnStretch(each, 1)
        self.setFocusProxy(self.fields[0])

    def _make_field(self, place: int) -> QLineEdit:
        field = line()
        field.setMinimumWidth(72)
        field.setAccessibleName(self.tr("Group {number}").format(number=place + 1))
        field.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        field.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText
        )
        field.textEdited.connect(lambda _, at=place: self._on_edited(at))
        field.returnPressed.connect(self.submitted)
        field.installEventFilter(self)
        self.fields.append(field)
        return field

    @property
    def is_complete(self) -> bool:
        """Whether every group has its letters."""
        return all(len(plain_group(field.text())) == _LETTERS for field in self.fields)

    def text(self) -> str:
        """What was typed, groups joined by dashes."""
        return "-".join(plain_group(field.text()) for field in self.fields)

    def first_open(self) -> QLineEdit:
        """The first field that lacks letters, or the last one."""
        lacking = (f for f in self.fields if len(plain_group(f.text())) < _LETTERS)
        return next(lacking, self.fields[-1])

    def fill(self, text: str) -> None:
        """Spread a whole key over the fields (what is pasted, say)."""
        letters = plain_group(text[:_LONGEST_PASTE])
        for place, field in enumerate(self.fields):
            field.setText(letters[place * _LETTERS : (place + 1) * _LETTERS])
        self.changed.emit()

    def wipe(self) -> None:
        """Forget what was typed."""
        for field in self.fields:
            field.clear()
        self.changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a pasted key apart; go back where a group is empty."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.matches(QKeySequence.StandardKey.Paste):
                self.fill(QApplication.clipboard().text())
                return True
            place = next((n for n, field in enumerate(self.fields) if field is watched), 0)
            is_empty = not self.fields[place].text()
            if event.key() == Qt.Key.Key_Backspace and is_empty and place:
                self.fields[place - 1].setFocus()
        return super().eventFilter(watched, event)

    def _on_edited(self, place: int) -> None:
        field = self.fields[place]
        letters = plain_group(field.text())
        if field.text() != letters[:_LETTERS]:
            field.setText(letters[:_LETTERS])
        if len(letters) >= _LETTERS and place + 1 < len(self.fields):
            following = self.fields[place + 1]
            following.setFocus()
            if len(letters) > _LETTERS:
                following.setText(letters[_LETTERS : 2 * _LETTERS])
        self.changed.emit()
        if len(letters) >= _LETTERS and self.is_complete:
            self.completed.emit()
