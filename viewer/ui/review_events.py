"""Entries as a table with filters: the timeline of a period, or of one patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHeaderView, QStackedWidget, QTableView, QWidget

from viewer.app.review.leaving import purpose_and_recipient
from viewer.app.review.material import Seen
from viewer.ui.parts.fields import line
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.table import RowsModel
from viewer.ui.parts.words import Words, column
from viewer.ui.review_page import Around, ReviewPage, empty_words, page_column
from viewer.ui.wording import count_words, tr

NameOf = Callable[[Seen], str]
_BAD = frozenset({"refused", "failed"})
_NARROW_PX, _ROOMY_PX = 900, 1200
_ROLE, _PATIENT, _PLACE = 2, 5, 6
_ALL = ""
_FILTERS = ("who", "kind", "purpose", "outcome")


def _ending(outcome: str) -> str:
    """Return how something ended; an intent is what began."""
    return tr("began") if outcome == "intent" else outcome


@attrs.frozen(eq=False)
class EventRow:
    """An entry as the table shows it."""

    when: str
    who: str
    role: str
    kind: str
    what: str
    patient: str
    place: str
    outcome: str
    purpose: str
    user_id: str

    @classmethod
    def of(cls, seen: Seen, name_of: NameOf) -> EventRow:
        """Return an entry in words."""
        entry = seen.entry
        purpose, recipient = purpose_and_recipient(entry)
        parts = [entry.why]
        if recipient and recipient not in entry.why:
            parts.append(tr("to {recipient}").format(recipient=recipient))
        return cls(
            seen.local.strftime("%Y-%m-%d  %H:%M:%S"),
            entry.actor.name,
            entry.actor.role,
            entry.kind.value,
            " · ".join(part for part in parts if part),
            name_of(seen),
            seen.event.workstation,
            _ending(entry.outcome.value),
            purpose,
            entry.actor.user_id or "",
        )


class EventsModel(RowsModel[EventRow]):
    """Columns: when, who, role, did, what, patient, where, outcome."""

    def titles(self) -> Sequence[str]:
        """Return eight."""
        return (
            tr("When"), tr("Who"), tr("Role"), tr("Did"), tr("What"), tr("Patient"),
            tr("Where"), tr("Outcome"),
        )  # fmt: skip

    def cells(self, row: EventRow) -> Sequence[str]:
        """Return an entry in words."""
        return (
            row.when, row.who, row.role, row.kind, row.what, row.patient, row.place, row.outcome,
        )  # fmt: skip

    def colour(self, row: EventRow, column: int) -> str:
        """Return what stands out: what did not end well."""
        if row.outcome in _BAD and column in {3, 7}:
            return "danger"
        return "text" if column in {1, 3} else "text_soft"


class EventsTable(QWidget):
    """The table below its filters; `keep` is the name under which the filters are remembered."""

    def __init__(self, around: Around, keep: str) -> None:
        super().__init__()
        self._around, self._keep = around, keep
        self._all: list[EventRow] = []
        layout = column(self, gap=2)
        self._filters = QWidget()
        flow = FlowLayout(self._filters)
        self.boxes: dict[str, QComboBox] = {}
        for name in _FILTERS:
            self.boxes[name] = self._make_box(name)
            flow.addWidget(self.boxes[name])
        self.patient = line(tr("Patient"))
        self.patient.setAccessibleName(tr("Only entries of this patient"))
        self.patient.setFixedWidth(170)
        self.patient.textChanged.connect(self._filter)
        flow.addWidget(self.patient)
        layout.addWidget(self._filters)
        self.model = EventsModel()
        self.table = self._make_table()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        nothing = tr("Choose other filters, or a longer period.")
        self.pages.addWidget(empty_words(tr("No such entry"), nothing, "trail", "text_soft"))
        layout.addWidget(self.pages, 1)
        self.count = Words("", "small")
        layout.addWidget(self.count)

    def _make_box(self, name: str) -> QComboBox:
        made = QComboBox()
        made.setProperty("target", "touch")
        made.setMinimumWidth(150)
        made.setMaximumWidth(210)
        made.setAccessibleName(self._title(name))
        made.activated.connect(lambda _: self._on_chosen(name))
        return made

    @staticmethod
    def _title(name: str) -> str:
        return {
            "who": tr("Everybody"),
            "kind": tr("Every kind"),
            "purpose": tr("Every purpose"),
            "outcome": tr("Every outcome"),
        }[name]

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setAccessibleName(tr("Entries"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(36)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        for place, width in enumerate((170, 140, 120, 110, 200, 180, 100, 84)):
            table.setColumnWidth(place, width)
        head.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        return table

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave role and place to a wide window."""
        super().resizeEvent(event)
        width = self.width()
        is_crowded = width < _ROOMY_PX and not self.table.isColumnHidden(_PATIENT)
        self.table.setColumnHidden(_ROLE, is_crowded or width < _NARROW_PX)
        self.table.setColumnHidden(_PLACE, width < _NARROW_PX)

    def hide_patient(self) -> None:
        """For one patient's entries: the column and the filter say nothing."""
        self.table.setColumnHidden(_PATIENT, True)
        self.patient.hide()

    def show_seen(self, seen: Sequence[Seen], name_of: NameOf) -> None:
        """Show entries, newest first."""
        self._all = [EventRow.of(each, name_of) for each in seen]
        values = {
            "who": sorted({row.who for row in self._all}),
            "kind": sorted({row.kind for row in self._all}),
            "purpose": sorted({row.purpose for row in self._all if row.purpose}),
            "outcome": sorted({row.outcome for row in self._all}),
        }
        for name, made in self.boxes.items():
            before = self._around.keeper.chosen(f"{self._keep} {name}")
            made.clear()
            made.addItem(self._title(name), _ALL)
            for value in values[name]:
                made.addItem(value, value)
            made.setCurrentIndex(max(0, made.findData(before)))
            made.setVisible(name != "purpose" or bool(values[name]))
        self._filter()

    def forget(self) -> None:
        """Let go of the entries."""
        self._all = []
        self.model.show_rows(())
        self.patient.clear()

    def _on_chosen(self, name: str) -> None:
        self._around.keeper.choose(f"{self._keep} {name}", str(self.boxes[name].currentData()))
        self._filter()

    def _filter(self) -> None:
        wanted = {name: str(made.currentData() or "") for name, made in self.boxes.items()}
        patient = self.patient.text().strip().casefold()
        shown = [
            row
            for row in self._all
            if all(not value or getattr(row, name) == value for name, value in wanted.items())
            and (not patient or patient in row.patient.casefold())
        ]
        self.model.show_rows(shown)
        self.pages.setCurrentIndex(0 if shown else 1)
        self.count.setText(count_words(len(shown), tr("entry"), tr("entries")))


class TimelinePage(ReviewPage):
    """Everything in the period, newest first."""

    def __init__(self, around: Around) -> None:
        super().__init__(around)
        layout = page_column(self)
        self.events = EventsTable(around, "timeline")
        layout.addWidget(self.events, 1)

    def refresh(self) -> None:
        """List anew."""
        if self.review is None:
            return
        self.events.show_seen(list(reversed(self.review.seen)), self._named)
        entries = count_words(len(self.review.seen), tr("entry"), tr("entries"))
        self.summarised.emit(entries, "text_soft")

    def forget(self) -> None:
        """Let go of the entries."""
        super().forget()
        self.events.forget()

    def _named(self, seen: Seen) -> str:
        patient_id = seen.entry.patient_id
        return self.name_of(patient_id) if patient_id is not None else ""
