"""One arrival that waits: small pictures, what the file says beside the charts, what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Protocol

import attrs
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.app.review_list import NearChart, WaitingCase, WaitingImage
from viewer.model.patient import Patient
from viewer.ui.chart_finder import ChartFinder, person_words
from viewer.ui.decision_form import DecisionForm
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import sentence, touchable
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.words import Words, column, row
from viewer.ui.pictures import to_pixmap
from viewer.ui.ports import Running
from viewer.ui.waiting_compare import ConflictRow
from viewer.ui.waiting_ports import ReviewList
from viewer.ui.wording import count_words, date_words, image_words, isolated, tr, when_words

_SIDE = 84
_CHARTS = 3


class Decide(Protocol):
    """Carries a decision out: what to say once it is done, and how it begins."""

    def __call__(self, words: str, begin: Callable[..., Running]) -> None:
        """Begin it with (on_done, on_fault)."""


def reasons_to_assign() -> tuple[str, ...]:
    """Why it mostly is the chart's patient all the same."""
    return (
        tr("Same person: asked"),
        tr("Name changed"),
        tr("Typing error at the device"),
        tr("The device still showed the patient before"),
    )


class WaitingCard(QFrame):
    """The card. Whatever is decided needs a reason and a second tap."""

    def __init__(self, case: WaitingCase, desk: ReviewList, decide: Decide) -> None:
        super().__init__()
        self.setProperty("surface", "inset")
        self.case, self._desk, self._decide = case, desk, decide
        self.form: QWidget | None = None
        self.assign_buttons: list[QPushButton] = []
        self.conflicts: list[ConflictRow] = []
        outer = row(self, gap=5)
        outer.setContentsMargins(20, 16, 20, 16)
        outer.addWidget(self._make_pictures(), 0, Qt.AlignmentFlag.AlignTop)
        self._inner = column(gap=3)
        outer.addLayout(self._inner, 1)
        self._inner.addLayout(self._make_head())
        self._inner.addLayout(self._make_table())
        for image in case.conflicts:
            self._add_conflict(image)
        self._inner.addLayout(self._make_foot())
        self.setAccessibleName(self.tr("Waits: {who}").format(who=person_words(case.patient)))

    def drop(self) -> None:
        """Hear of nothing any more."""
        for each in self.conflicts:
            each.drop()

    # --- made once ---------------------------------------------------------------------------

    def _make_pictures(self) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(2 * _SIDE + 8)
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        shown = [each for each in self.case.images if each.record.id in self.case.thumbnails]
        for place, image in enumerate(shown):
            label = QLabel()
            label.setFixedSize(_SIDE, _SIDE)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setProperty("surface", "canvas")
            pixmap = to_pixmap(self.case.thumbnails[image.record.id])
            label.setPixmap(
                pixmap.scaled(
                    _SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
            )  # fmt: skip
            label.setToolTip(image_words(image.record))
            label.setAccessibleName(image_words(image.record))
            grid.addWidget(label, place // 2, place % 2, Qt.AlignmentFlag.AlignLeft)
        return holder

    def _make_head(self) -> QVBoxLayout:
        layout = column(gap=1)
        images = count_words(len(self.case.images), self.tr("image"), self.tr("images"))
        since = when_words(self.case.since) if self.case.since else ""
        title = self.tr("{images}, arrived {when}").format(images=images, when=since)
        layout.addWidget(Words(title if since else images, "name"))
        for doubt in self.case.doubts:
            layout.addWidget(sentence(QCoreApplication.translate("WaitingCard", doubt), "warning"))
        return layout

    def _make_table(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(4)
        charts = self.case.near[:_CHARTS]
        heads = [self.tr("THE FILE SAYS"), *[_chart_title(n, charts) for n in range(len(charts))]]
        for place, words in enumerate(heads, 1):
            grid.addWidget(Words(words, "section"), 0, place)
            grid.setColumnStretch(place, 1)
        mine = facts_of(self.case.patient)
        for line_number, (name, value) in enumerate(mine, 1):
            grid.addWidget(Words(name, "soft"), line_number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(Words(value, "strong", wrap=True), line_number, 1)
            for place, near in enumerate(charts, 2):
                theirs = facts_of(near.patient)[line_number - 1][1]
                grid.addWidget(_compared(value, theirs), line_number, place)
        last = len(mine) + 1
        for place, near in enumerate(charts, 2):
            grid.addWidget(Words(_size_words(near), "soft", wrap=True), last, place)
            grid.addWidget(self._make_assign(near), last + 1, place, Qt.AlignmentFlag.AlignLeft)
        if not charts:
            words = self.tr("No chart resembles this person.")
            grid.addWidget(Words(words, "soft", wrap=True), 1, 2, len(mine), 1)
            grid.setColumnStretch(2, 2)
        return grid

    def _make_assign(self, near: NearChart) -> QPushButton:
        made = touchable(
            button(self.tr("Put into this chart"), partial(self.ask_to_assign, near.patient))
        )
        made.setAccessibleName(
            self.tr("Put into the chart of {who}").format(who=person_words(near.patient))
        )
        self._rest_if_in_conflict(made)
        self.assign_buttons.append(made)
        return made

    def _rest_if_in_conflict(self, made: QPushButton) -> None:
        if self.case.conflicts:
            made.setEnabled(False)
            made.setToolTip(self.tr("Decide first which of the two images below to keep"))

    def _add_conflict(self, image: WaitingImage) -> None:
        conflict = ConflictRow(image, self._desk, self._decide)
        self.conflicts.append(conflict)
        self._inner.addWidget(conflict)

    def _make_foot(self) -> QHBoxLayout:
        layout = row(gap=2)
        self.another = touchable(button(self.tr("Another chart…"), self.ask_for_chart))
        self.new = touchable(button(self.tr("New patient…"), self.ask_for_new))
        self.reject = touchable(button(self.tr("Reject…"), self.ask_to_reject, "danger"))
        for made in (self.another, self.new):
            self._rest_if_in_conflict(made)
            layout.addWidget(made)
        layout.addStretch(1)
        layout.addWidget(self.reject)
        return layout

    # --- decisions ---------------------------------------------------------------------------

    def _unfold(self, form: QWidget) -> None:
        self._fold()
        self.form = form
        if isinstance(form, DecisionForm):
            form.left.connect(self._fold)
        self._inner.addWidget(form)
        form.show()
        form.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fold(self) -> None:
        form, self.form = self.form, None
        if form is not None:
            form.hide()
            self._inner.removeWidget(form)
            form.deleteLater()

    @property
    def _images(self) -> str:
        return count_words(len(self.case.images), self.tr("image"), self.tr("images"))

    def ask_to_assign(self, patient: Patient) -> None:
        """Ask before images go into a chart."""
        words = self.tr("Put {images} into the chart of {who}? The files keep what they say.")
        waits, done = self.case.patient.id, self.tr("Put into the chart.")

        def go(reason: str) -> None:
            self._decide(done, partial(self._desk.assign, waits, patient.id, (), reason))

        self._unfold(
            DecisionForm(
                words.format(images=self._images, who=person_words(patient)),
                reasons_to_assign(),
                self.tr("Put into this chart"),
                go,
            )
        )

    def ask_for_chart(self) -> None:
        """Let somebody look for another chart."""
        finder = ChartFinder(self._desk.find_charts)
        finder.chosen.connect(self.ask_to_assign)
        self._unfold(finder)

    def ask_for_new(self) -> None:
        """Ask who it is, where the file does not say, before a chart is made."""
        person = PersonFields(self.case.patient)
        waits, done = self.case.patient.id, self.tr("A chart was made.")

        def go(reason: str) -> None:
            described = person.described()
            self._decide(done, partial(self._desk.make_chart, waits, described, reason))

        form = DecisionForm(
            self.tr("A new chart is made for somebody who has none yet."),
            (tr("New patient"), tr("Checked: no chart yet"), tr("Number was given twice")),
            self.tr("Make the chart"),
            go,
            extra=person,
            is_ready=person.is_filled,
        )
        for field in person.fields:
            field.textChanged.connect(lambda _: form.look())
        self._unfold(form)

    def ask_to_reject(self) -> None:
        """Ask before what waits is deleted."""
        waits, done = self.case.patient.id, self.tr("Deleted; the entry in the trail says why.")

        def go(reason: str) -> None:
            self._decide(done, partial(self._desk.reject, waits, (), reason))

        words = self.tr(
            "Delete {images} here, with the keys? Nobody can bring that back. The files that were "
            "imported stay where they are."
        )
        self._unfold(
            DecisionForm(
                words.format(images=self._images),
                (tr("Not our patient"), tr("Test image"), tr("Unusable image")),
                self.tr("Delete {images}").format(images=self._images),
                go,
                look="danger",
            )
        )


def _chart_title(number: int, charts: Sequence[NearChart]) -> str:
    return tr("NEAREST CHART") if number == 0 and len(charts) > 1 else tr("CHART")


def facts_of(patient: Patient) -> list[tuple[str, str]]:
    """Return what is compared of two descriptions of a person."""
    return [
        (tr("Name"), isolated(patient.display_name)),
        (tr("Born"), date_words(patient.birth_date) if patient.birth_date else "—"),
        (tr("Chart number"), patient.chart_number or "—"),
        (tr("Sex"), patient.sex or "—"),
    ]


def _compared(mine: str, theirs: str) -> Words:
    """Return a chart's value; a sign before it says that it is not the file's."""
    if mine == theirs:
        return Words(f"=  {theirs}", "soft", wrap=True)
    label = Words(f"≠  {theirs}", "doubt", wrap=True)
    label.setAccessibleName(tr("differs: {value}").format(value=theirs))
    return label


def _size_words(near: NearChart) -> str:
    images = count_words(near.image_count, tr("image"), tr("images"))
    if near.last_study is None:
        return images
    return tr("{images}, last {day}").format(images=images, day=date_words(near.last_study))


class PersonFields(QWidget):
    """Who it is: filled with what the file says, to be put right where that is wrong."""

    def __init__(self, patient: Patient) -> None:
        super().__init__()
        self._patient = patient
        flow = row(self, gap=3)
        born = patient.birth_date.isoformat() if patient.birth_date else ""
        self.family, self.given = line(), line()
        self.number, self.born = line(), line(self.tr("1987-04-12"))
        self.fields = (self.family, self.given, self.number, self.born)
        for words, field, text in (
            (self.tr("Family name"), self.family, patient.family_name),
            (self.tr("Given name"), self.given, patient.given_name),
            (self.tr("Chart number"), self.number, patient.chart_number),
            (self.tr("Born (year-month-day)"), self.born, born),
        ):
            field.setText(text)
            flow.addWidget(labelled(words, field), 1)

    def is_filled(self) -> bool:
        """Whether there is a name, and the birth date is one or empty."""
        has_name = bool(self.family.text().strip() or self.given.text().strip())
        return has_name and (not self.born.text().strip() or self._birth_date() is not None)

    def _birth_date(self) -> date | None:
        try:
            return date.fromisoformat(self.born.text().strip())
        except ValueError:
            return None

    def described(self) -> Patient | None:
        """Return who it is; None where that is what the file says."""
        said = attrs.evolve(
            self._patient,
            family_name=self.family.text().strip(),
            given_name=self.given.text().strip(),
            chart_number=self.number.text().strip(),
            birth_date=self._birth_date(),
        )
        return None if said == self._patient else said
