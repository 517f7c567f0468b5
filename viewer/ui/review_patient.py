"""Who saw this patient: found by name or number, then everything that was done, and accounting."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QWidget

from viewer.app.jobs import Progress
from viewer.app.review.disclosures import Accounting
from viewer.app.reviewing import PatientLabel
from viewer.model.ids import PatientId
from viewer.ui.folder_dialog import ask_where_to_save
from viewer.ui.parts.buttons import WordButton, button
from viewer.ui.parts.cards import WorkLine, touchable
from viewer.ui.parts.fields import line
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import Words, clear_layout, column, row
from viewer.ui.ports import Running
from viewer.ui.review_events import EventsTable
from viewer.ui.review_page import Around, ReviewPage, empty_words, page_column, scrolled
from viewer.ui.review_ports import PatientView
from viewer.ui.wording import count_words, date_words, isolated, tr


class PatientPage(ReviewPage):
    """A field, whom it found, and the one who was chosen."""

    def __init__(self, around: Around) -> None:
        super().__init__(around)
        self._running: Running | None = None
        self._view: PatientView | None = None
        layout = page_column(self)
        top = row(gap=2)
        self.field = line(tr("Name or chart number"))
        self.field.setAccessibleName(tr("Whom to look for"))
        self.field.returnPressed.connect(self.look_for)
        self.go = touchable(button(tr("Find"), self.look_for))
        top.addWidget(self.field, 1)
        top.addWidget(self.go)
        layout.addLayout(top)
        self.work = WorkLine()
        self.work.cancelled.connect(self.drop)
        layout.addWidget(self.work)
        self.pages = QStackedWidget()
        layout.addWidget(self.pages, 1)
        words = tr("Find a patient to see who opened the chart, when, from where, and what left.")
        self.pages.addWidget(empty_words(tr("Who saw whom"), words, "user", "text_soft"))
        self._holder = QWidget()
        self._found = column(self._holder, gap=1)
        self.pages.addWidget(scrolled(self._holder))
        self.pages.addWidget(self._make_patient())
        self.buttons: list[WordButton] = []

    def _make_patient(self) -> QWidget:
        holder = QWidget()
        layout = column(holder, gap=2)
        head = row(gap=3)
        words = column(gap=0)
        self.name = Words("", "title")
        self.facts = Words("", "soft", wrap=True)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        head.addLayout(words, 1)
        self.account = button(tr("Accounting of disclosures…"), self.ask_path, "primary")
        self.account.setToolTip(tr("As PDF and CSV, by 45 CFR 164.528; it is itself in the trail"))
        head.addWidget(self.account)
        layout.addLayout(head)
        self.events = EventsTable(self.around, "patient")
        self.events.hide_patient()
        layout.addWidget(self.events, 1)
        return holder

    def refresh(self) -> None:
        """Say by what somebody is found."""
        if self.review is not None and not self.review.knows_names:
            self.field.setPlaceholderText(tr("The beginning of the id, as the trail shows it"))

    def look_for(self) -> None:
        """Look for what was typed."""
        self.drop()
        text = self.field.text().strip()
        if text:
            self.work.show_progress(Progress(0, 0, tr("Looking")))
            self._running = self.around.desk.find_patient(text, self._show_found, self._fail)

    def _show_found(self, found: Sequence[PatientLabel]) -> None:
        self._rest()
        if len(found) == 1:
            self.open(found[0].id)
            return
        clear_layout(self._found)
        self.buttons.clear()
        for label in found:
            made = button(_label_words(label), partial(self.open, label.id), "row")
            self._found.addWidget(made)
            self.buttons.append(made)
        if not found:
            words = tr("Type more of the name, or the chart number as the chart has it.")
            self._found.addWidget(empty_words(tr("Nobody found"), words, "search", "text_soft"), 1)
        self._found.addStretch(1)
        self.pages.setCurrentIndex(1)

    def open(self, patient_id: PatientId) -> None:
        """Read everything that was done with somebody's images."""
        self.drop()
        self.work.show_progress(Progress(0, 0, tr("Reading the trail")))
        self._running = self.around.desk.who_saw(
            patient_id, self._show_patient, self._fail, self.work.show_progress
        )

    def _show_patient(self, view: PatientView) -> None:
        self._rest()
        self._view = view
        self.name.setText(isolated(view.label.words))
        people = len({each.user for each in view.seen if each.user is not None})
        accounting = view.accounting
        parts = [
            count_words(len(view.seen), tr("entry"), tr("entries")),
            count_words(people, tr("person"), tr("people")),
            count_words(len(accounting.lines), tr("disclosure"), tr("disclosures")),
            tr("{count} of them to be accounted for").format(count=len(accounting.required)),
        ]
        if view.label.chart_number:
            parts.insert(0, f"#{view.label.chart_number}")
        self.facts.setText("  ·  ".join(parts))
        self.events.show_seen(view.seen, lambda _: "")
        self.pages.setCurrentIndex(2)
        self.summarised.emit(view.label.words, "text_soft")

    def ask_path(self) -> None:
        """Ask where to write the accounting."""
        if self._view is not None:
            name = tr("disclosures-{id}.pdf").format(id=self._view.label.id[:8])
            ask_where_to_save(self, tr("Accounting of disclosures"), name, self.write)

    def write(self, path: Path) -> None:
        """Write it as PDF, and beside it as CSV."""
        if self._view is not None:
            self.drop()
            self.work.show_progress(Progress(0, 0, tr("Writing")))
            self._running = self.around.desk.account(
                self._view.label.id, path.with_suffix(".pdf"), self._written, self._fail
            )

    def _written(self, accounting: Accounting) -> None:
        self._rest()
        words = tr("Written as PDF and CSV: {required} of {all} disclosures to be accounted for.")
        self.around.say(
            words.format(required=len(accounting.required), all=len(accounting.lines)), "verified"
        )

    def _fail(self, fault: Exception) -> None:
        self._rest()
        self.around.say(error_words(fault), "danger")

    def _rest(self) -> None:
        self._running = None
        self.work.show_progress(None)

    def forget(self) -> None:
        """Let go of the patient."""
        super().forget()
        self._view = None
        self.events.forget()
        clear_layout(self._found)
        for words in (self.name, self.facts):
            words.clear()
        self.field.clear()

    def drop(self) -> None:
        """Wait for nothing any more."""
        if self._running is not None:
            self._running.drop()
        self._rest()


def _label_words(label: PatientLabel) -> str:
    parts = [isolated(label.words)]
    if label.chart_number:
        parts.append(f"#{label.chart_number}")
    if label.birth_date:
        parts.append(date_words(label.birth_date))
    return "   ·   ".join(parts)
