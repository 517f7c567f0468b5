"""A chart of the teeth to tap: as the dentist sees the mouth, the patient's right on the left."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from viewer.model.tooth import Tooth, ToothNotation, display_tooth
from viewer.ui.parts.buttons import button
from viewer.ui.parts.words import Words, column, row
from viewer.ui.wording import tr

_SIDE = 48
"""A gloved finger needs 44."""


def _rows(rows: tuple[tuple[int, ...], ...]) -> tuple[tuple[Tooth, ...], ...]:
    return tuple(tuple(Tooth(number) for number in numbers) for numbers in rows)


PERMANENT = _rows(((*range(18, 10, -1), *range(21, 29)), (*range(48, 40, -1), *range(31, 39))))
PRIMARY = _rows(((*range(55, 50, -1), *range(61, 66)), (*range(85, 80, -1), *range(71, 76))))
"""Upper row, lower row; from the patient's right to the left."""


class ToothChart(QWidget):
    """Teeth as buttons that stay down. `changed` tells of each tap."""

    changed = Signal()

    def __init__(self, notation: ToothNotation = ToothNotation.FDI) -> None:
        super().__init__()
        self._notation = notation
        self.teeth: dict[Tooth, QPushButton] = {}
        layout = column(self, gap=2)
        sides = row(gap=2)
        sides.addWidget(Words(tr("PATIENT’S RIGHT"), "section"))
        sides.addStretch(1)
        sides.addWidget(Words(tr("PATIENT’S LEFT"), "section"))
        layout.addLayout(sides)
        self.permanent = self._make(PERMANENT)
        self.primary = self._make(PRIMARY)
        layout.addWidget(self.permanent)
        layout.addWidget(self.primary)
        self.primary.hide()

    def _make(self, rows: tuple[tuple[Tooth, ...], ...]) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        middle = len(rows[0]) // 2
        first = 8 - middle
        for line, numbers in enumerate(rows):
            for place, tooth in enumerate(numbers):
                # A column stays free between right and left.
                grid.addWidget(self._tooth(tooth), line, first + place + (place >= middle))
        for place in range(17):
            grid.setColumnMinimumWidth(place, 12 if place == 8 else _SIDE)
        return holder

    def _tooth(self, tooth: Tooth) -> QPushButton:
        made = button(display_tooth(tooth, self._notation), self.changed.emit, "tooth")
        made.setCheckable(True)
        made.setFixedSize(_SIDE, _SIDE)
        made.setAccessibleName(tr("Tooth {number}").format(number=made.text()))
        universal = display_tooth(tooth, ToothNotation.UNIVERSAL)
        words = tr("Tooth {number} (universal {other})")
        made.setToolTip(words.format(number=int(tooth), other=universal))
        self.teeth[tooth] = made
        return made

    def show_primary(self, shown: bool) -> None:
        """Show the teeth of children, too."""
        self.primary.setVisible(shown)

    def choose(self, teeth: Iterable[Tooth]) -> None:
        """Press these, and no others."""
        chosen = frozenset(teeth)
        for tooth, made in self.teeth.items():
            made.setChecked(tooth in chosen)
        if any(tooth >= 50 for tooth in chosen):
            self.primary.show()

    @property
    def chosen(self) -> tuple[Tooth, ...]:
        """Which are pressed, from the patient's upper right around."""
        return tuple(tooth for tooth, made in self.teeth.items() if made.isChecked())
