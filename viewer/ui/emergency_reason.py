"""Why it cannot wait: a few large buttons, and a line for one's own words."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import line
from viewer.ui.parts.words import column
from viewer.ui.wording import tr

_COLUMNS = 2
_LETTERS = 3


def reasons() -> tuple[str, ...]:
    """What it mostly is."""
    return (
        tr("Pain or swelling, treatment now"),
        tr("Complication during treatment"),
        tr("Accident, images needed at once"),
        tr("Phone or key not at hand"),
        tr("Nobody with access is here"),
    )


class ReasonPicker(QWidget):
    """One reason, from a button or in words. `changed` with each choice and letter."""

    changed = Signal()
    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[QPushButton] = []
        self._group = QButtonGroup(self)
        layout = column(self, gap=2)
        grid = QGridLayout()
        grid.setSpacing(8)
        for place, words in enumerate(reasons()):
            made = button(words, self.chosen.emit, "row")
            made.setCheckable(True)
            self._group.addButton(made)
            self.buttons.append(made)
            grid.addWidget(made, place // _COLUMNS, place % _COLUMNS)
        layout.addLayout(grid)
        self.own = line(self.tr("Or in your own words"))
        self.own.setAccessibleName(self.tr("Reason in your own words"))
        self.own.setMaxLength(200)
        grid.addWidget(self.own, len(self.buttons) // _COLUMNS, len(self.buttons) % _COLUMNS)
        for column_number in range(_COLUMNS):
            grid.setColumnStretch(column_number, 1)
        self._group.buttonToggled.connect(lambda _button, _on: self._on_button())
        self.own.textEdited.connect(self._on_words)

    def text(self) -> str:
        """The reason; "" while there is none."""
        words = self.own.text().strip()
        if words:
            return words if sum(letter.isalnum() for letter in words) >= _LETTERS else ""
        picked = self._group.checkedButton()
        return picked.text() if picked is not None else ""

    def _on_button(self) -> None:
        if self._group.checkedButton() is not None:
            self.own.clear()
        self.changed.emit()

    def _on_words(self) -> None:
        """Own words take the place of a button."""
        picked = self._group.checkedButton()
        if picked is not None and self.own.text():
            self._group.setExclusive(False)
            picked.setChecked(False)
            self._group.setExclusive(True)
        self.changed.emit()
