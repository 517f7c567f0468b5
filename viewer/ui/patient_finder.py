"""Finding one patient inside a sheet, by what is typed; nothing is listed before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.words import Words, clear_layout, column
from viewer.ui.store_ports import FoundPatient
from viewer.ui.wording import date_words, isolated

_WAIT_MS = 250
_SHOWN = 4


def patient_words(patient: FoundPatient) -> str:
    """Return name, birth date and chart number on one line."""
    facts = [
        isolated(patient.display_name) if patient.display_name else "",
        date_words(patient.birth_date) if patient.birth_date else "",
        f"#{patient.chart_number}" if patient.chart_number else "",
    ]
    return "  ·  ".join(fact for fact in facts if fact)


class PatientFinder(QWidget):
    """A field, and up to four people below it; `chosen(FoundPatient)`."""

    chosen = Signal(object)

    def __init__(self, find: Callable[[str], Sequence[FoundPatient]]) -> None:
        super().__init__()
        self._find = find
        layout = column(self, gap=2)
        self.field = line(self.tr("Chart number, or the beginning of a name"))
        layout.addWidget(labelled(self.tr("Patient"), self.field))
        self.answer = Words("", "soft", wrap=True)
        layout.addWidget(self.answer)
        self._rows = column(gap=1)
        layout.addLayout(self._rows)
        self.buttons: list[QPushButton] = []
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.timeout.connect(self.look)
        self.field.textChanged.connect(lambda _: self._wait.start(_WAIT_MS))
        self.field.returnPressed.connect(self._take_first)
        self.setFocusProxy(self.field)
        self.answer.hide()

    def look(self) -> None:
        """Find who matches what is typed."""
        self._wait.stop()
        clear_layout(self._rows)
        self.buttons.clear()
        text = self.field.text().strip()
        found = self._find(text) if text else ()
        for patient in found[:_SHOWN]:
            self._add(patient)
        words = ""
        if text and not found:
            words = self.tr("Nobody has this chart number.")
        elif len(found) > _SHOWN:
            words = self.tr("There are more: type on.")
        self.answer.setText(words)
        self.answer.setVisible(bool(words))

    def _add(self, patient: FoundPatient) -> None:
        made = button(patient_words(patient), lambda: self.chosen.emit(patient), "row", "user")
        self.buttons.append(made)
        self._rows.addWidget(made)

    def _take_first(self) -> None:
        self.look()
        if len(self.buttons) == 1:
            self.buttons[0].click()
