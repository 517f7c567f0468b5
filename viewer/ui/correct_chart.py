"""Correcting a chart that is open: an image that is somebody else's, two charts of one person."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from viewer.app.jobs import Progress
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.ui.chart_finder import ChartFinder, person_words
from viewer.ui.decision_form import DecisionForm
from viewer.ui.parts.cards import WorkLine, sentence
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column
from viewer.ui.ports import Running
from viewer.ui.waiting_ports import Corrections, Done
from viewer.ui.wording import image_words, tr

_WIDTH = 720


class Correction(Protocol):
    """Carries a correction out: into whose chart, why."""

    def __call__(
        self, into: Patient, reason: str, on_done: Done, on_fault: Callable[[Exception], None]
    ) -> Running:
        """Begin it."""


class CorrectChart(QWidget):
    """Find the other chart, say why, done. `changed` with the chart that has it now."""

    changed = Signal(object)

    def __init__(
        self,
        desk: Corrections,
        mine: Patient,
        title: str,
        facts: tuple[str, ...],
        ask: str,
        verb: str,
        reasons: tuple[str, ...],
        do: Correction,
    ) -> None:
        super().__init__()
        self._mine, self._ask, self._verb, self._reasons, self._do = mine, ask, verb, reasons, do
        self._running: Running | None = None
        self._is_busy = False
        self.form: DecisionForm | None = None
        self.setFixedWidth(_WIDTH)
        layout = column(self, margin=5, gap=4)
        layout.addWidget(Words(title, "lead", wrap=True))
        for fact in facts:
            layout.addWidget(sentence(fact))
        self.finder = ChartFinder(desk.find_charts)
        self.finder.chosen.connect(self.ask)
        layout.addWidget(self.finder)
        self._place = column()
        layout.addLayout(self._place)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        self.work = WorkLine()
        self.work.cancel.hide()
        layout.addWidget(self.work)
        self.setFocusProxy(self.finder)

    def ask(self, into: Patient) -> None:
        """Ask before anything is moved."""
        self._fold()
        if into.id == self._mine.id:
            self.message.say(self.tr("That is the chart that is open."), "doubt")
            return
        self.message.hide()
        self.form = DecisionForm(
            self._ask.format(who=person_words(into)),
            self._reasons,
            self._verb,
            partial(self._go, into),
        )
        self.form.left.connect(self._fold)
        self._place.addWidget(self.form)
        self.form.show()
        self.form.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go(self, into: Patient, reason: str) -> None:
        if self._is_busy:
            return
        self._is_busy = True
        self.work.show_progress(Progress(0, 0, self.tr("Sealing anew for the other chart")))
        running = self._do(into, reason, partial(self._done, into), self._fail)
        if self._is_busy:
            self._running = running

    def _rest(self) -> None:
        self._is_busy, self._running = False, None
        self.work.show_progress(None)

    def _done(self, into: Patient) -> None:
        self._rest()
        self._fold()
        self.finder.hide()
        self.message.say(self.tr("Done; the entry in the trail says why."), "verified")
        self.changed.emit(into)

    def _fail(self, fault: Exception) -> None:
        self._rest()
        words = error_words(fault)
        if words:
            self.message.say(words, "danger")

    def _fold(self) -> None:
        form, self.form = self.form, None
        if form is not None:
            form.hide()
            self._place.removeWidget(form)
            form.deleteLater()

    def drop(self) -> None:
        """Hear of nothing any more."""
        if self._running is not None:
            self._running.drop()
        self._rest()


def move_page(desk: Corrections, mine: Patient, image: ImageRecord) -> CorrectChart:
    """Return the page that moves one image into another chart."""

    def do(
        into: Patient, reason: str, on_done: Done, on_fault: Callable[[Exception], None]
    ) -> Running:
        return desk.move([image.id], into.id, reason, on_done, on_fault)

    return CorrectChart(
        desk,
        mine,
        tr("{image} of {who} belongs to somebody else").format(
            image=image_words(image), who=person_words(mine)
        ),
        (
            tr("It is sealed anew under the other patient’s key, and is in one chart at a time."),
            tr("The file keeps what it says of the patient, and the trail says what was done."),
        ),
        tr("The image goes into the chart of {who}."),
        tr("Move the image"),
        (tr("Wrong patient at the device"), tr("Wrong chart was chosen"), tr("Asked the patient")),
        do,
    )


def merge_page(desk: Corrections, mine: Patient) -> CorrectChart:
    """Return the page that moves all of a chart into another of the same person."""

    def do(
        into: Patient, reason: str, on_done: Done, on_fault: Callable[[Exception], None]
    ) -> Running:
        return desk.merge(mine.id, into.id, reason, on_done, on_fault)

    return CorrectChart(
        desk,
        mine,
        tr("The chart {who} is of somebody who has another one").format(who=person_words(mine)),
        (
            tr("All images go into the other chart; this one is not listed any more."),
            tr("It can be taken apart again: “bitewing patient unmerge”."),
        ),
        tr("All images go into the chart of {who}, which stays."),
        tr("Make it one chart"),
        (tr("Same person: asked"), tr("Name changed"), tr("Chart was made twice")),
        do,
    )
