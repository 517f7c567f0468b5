"""Everybody in a period: when they work, how many patients, what they sent, what went wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from viewer.app.review.people import PersonFacts
from viewer.ui.parts.buttons import WordButton, button
from viewer.ui.parts.people import Disc
from viewer.ui.parts.words import ElidedWords, Words, box, clear_layout, column, row
from viewer.ui.review_charts import HourScale, HourStrip
from viewer.ui.review_page import Around, ReviewPage, empty_words, legend, page_column, scrolled
from viewer.ui.wording import isolated, tr

_NAME_PX, _FIGURE_PX, _BUTTON_PX = 190, 66, 118


class PeoplePage(ReviewPage):
    """A strip of 24 hours each; `person_wanted(user_id)` for somebody's findings."""

    person_wanted = Signal(str)

    def __init__(self, around: Around) -> None:
        super().__init__(around)
        layout = page_column(self)
        layout.addWidget(self._make_head())
        self._holder = QWidget()
        self._list = column(self._holder, gap=1)
        self._list.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(self._holder), 1)
        words = tr(
            "Brighter: more entries in that hour. The line below marks opening hours; cells with "
            "an edge lie outside them."
        )
        layout.addWidget(legend(words))
        self.rows: dict[str, PersonRow] = {}

    def _make_head(self) -> QWidget:
        head = box("clear")
        layout = _grid(head)
        layout.addWidget(HourScale(), 0, 1)
        titles = (tr("Patients"), tr("Sent"), tr("Failed"))
        for place, title in enumerate(titles):
            words = Words(title, "section")
            words.setFixedWidth(_FIGURE_PX)
            words.setAlignment(Qt.AlignmentFlag.AlignRight)
            layout.addWidget(words, 0, 2 + place)
        layout.addWidget(_room(_NAME_PX), 0, 0)
        layout.addWidget(_room(_BUTTON_PX), 0, 5)
        return head

    def refresh(self) -> None:
        """List people anew."""
        clear_layout(self._list)
        self.rows.clear()
        if self.review is None:
            return
        at_work = [each for each in self.review.people if each.events]
        for person in self.review.people:
            made = PersonRow(person, HourStrip(person.hours, self.review.hours))
            made.findings.clicked.connect(
                lambda _=False, who=person.user_id: self.person_wanted.emit(who)
            )
            self.rows[person.user_id] = made
            self._list.addWidget(made)
        if not self.review.people:
            nobody = empty_words(tr("Nobody"), tr("There are no accounts yet."), "users")
            self._list.addWidget(nobody, 1)
        self._list.addStretch(1)
        self.summarised.emit(tr("{count} at work").format(count=len(at_work)), "text_soft")


class PersonRow(QFrame):
    """Somebody's period in one row."""

    def __init__(self, person: PersonFacts, strip: HourStrip) -> None:
        super().__init__()
        self.setProperty("surface", "row")
        self.strip = strip
        layout = _grid(self)
        who = QWidget()
        who.setFixedWidth(_NAME_PX)
        inner = row(who, gap=2)
        inner.addWidget(Disc(person.name))
        words = column(gap=0)
        words.addWidget(ElidedWords(isolated(person.name), "strong"))
        role = person.role if person.is_enabled else tr("{role}, disabled").format(role=person.role)
        words.addWidget(ElidedWords(role, "small"))
        inner.addLayout(words, 1)
        layout.addWidget(who, 0, 0)
        layout.addWidget(strip, 0, 1)
        figures = (person.patients, person.sent, person.failed)
        for place, number in enumerate(figures):
            role = "strong" if number else "small"
            figure = Words(str(number) if number else "–", role)
            figure.setFixedWidth(_FIGURE_PX)
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            layout.addWidget(figure, 0, 2 + place)
        self.findings = self._make_button(person)
        layout.addWidget(self.findings, 0, 5)
        self.setAccessibleName(f"{person.name}, {person.role}. {strip.words}")

    @staticmethod
    def _make_button(person: PersonFacts) -> WordButton:
        words = tr("{count} open").format(count=person.findings)
        made = button(words, lambda: None, "quiet", touch=True)
        made.setFixedWidth(_BUTTON_PX)
        made.setMinimumHeight(44)
        made.setEnabled(person.findings > 0)
        if not person.findings:
            made.setText(tr("none open"))
        made.setAccessibleName(tr("Findings about {name}").format(name=person.name))
        return made


def _grid(holder: QWidget) -> QGridLayout:
    layout = QGridLayout(holder)
    layout.setContentsMargins(12, 8, 8, 8)
    layout.setHorizontalSpacing(12)
    layout.setColumnStretch(1, 1)
    return layout


def _room(width: int) -> QWidget:
    empty = QWidget()
    empty.setFixedWidth(width)
    return empty
