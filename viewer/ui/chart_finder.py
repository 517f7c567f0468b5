"""Finding another chart inside a sheet, by name or number; nothing is listed before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from viewer.model.patient import Patient
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import line
from viewer.ui.parts.words import Words, clear_layout, column
from viewer.ui.ports import PatientRow
from viewer.ui.wording import date_words, isolated

_WAIT_MS = 250


def person_words(patient: Patient) -> str:
    """Return name, birth date and chart number on one line."""
    born = date_words(patient.birth_date) if patient.birth_date else ""
    number = f"#{patient.chart_number}" if patient.chart_number else ""
    facts = (isolated(patient.display_name), born, number)
    return "  ·  ".join(fact for fact in facts if fact)


class ChartFinder(QWidget):
    """A field, and whom it found below it; `chosen(Patient)`."""

    chosen = Signal(object)

    def __init__(self, find: Callable[[str], Sequence[PatientRow]]) -> None:
        super().__init__()
        self._find = find
        layout = column(self, gap=2)
        self.field = line(self.tr("Name, chart number or birth date of the right chart"))
        self.field.setAccessibleName(self.tr("Find a chart"))
        layout.addWidget(self.field)
        self.answer = Words("", "soft", wrap=True)
        layout.addWidget(self.answer)
        self._rows = column(gap=1)
        layout.addLayout(self._rows)
        self.buttons: list[QPushButton] = []
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.timeout.connect(self.look)
        self.field.textChanged.connect(lambda _: self._wait.start(_WAIT_MS))
        self.field.returnPressed.connect(self.look)
        self.setFocusProxy(self.field)
        self.answer.hide()

    def look(self) -> None:
        """Find who matches what is typed."""
        self._wait.stop()
        clear_layout(self._rows)
        self.buttons.clear()
        text = self.field.text().strip()
        found = self._find(text)
        for each in found:
            self._add(each.patient)
        is_nobody = bool(text) and not found
        self.answer.setText(self.tr("No chart of this name or number.") if is_nobody else "")
        self.answer.setVisible(is_nobody)

    def _add(self, patient: Patient) -> None:
        made = button(person_words(patient), lambda: self.chosen.emit(patient), "row", "user")
        self.buttons.append(made)
        self._rows.addWidget(made)
