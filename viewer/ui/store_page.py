"""What the pages of the store share: their surroundings, and cards that follow some work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import attrs
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from viewer.model.ids import PatientId
from viewer.ui.emergency_ports import Emergencies
from viewer.ui.parts.cards import Card, Columns, Question
from viewer.ui.parts.sheet import Sheet
from viewer.ui.ports import OnFault, OnProgress, Running
from viewer.ui.store_ports import Store
from viewer.ui.store_work import Begin, Outcome, StoreWork

OpenSheet = Callable[[str, QWidget], Sheet]
Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@attrs.frozen(eq=False)
class Surroundings:
    """What every page needs: the port, what is under way, a way to ask, and the time.

    `offers` says whether the role may use an action; `forget` is told whose images went.
    """

    store: Store
    work: StoreWork
    open_sheet: OpenSheet
    offers: Callable[[str], bool] = lambda _: True
    forget: Callable[[PatientId], None] = lambda _: None
    now: Clock = _now
    emergencies: Emergencies | None = None

    def ask(self, title: str, question: Question, on_yes: Callable[[str], None]) -> Sheet:
        """Ask in a sheet; `on_yes(reason)` once it is closed again."""
        sheet = self.open_sheet(title, question)

        def confirmed(reason: str) -> None:
            sheet.close_sheet()
            on_yes(reason)

        question.confirmed.connect(confirmed)
        question.declined.connect(sheet.close_sheet)
        return sheet


@attrs.frozen
class Summary:
    """A page in one line for the rail: its fact, and the colour of its icon."""

    words: str
    token: str = "text_soft"


class Page(Columns):
    """One of the pages of the store; `summarised` when its line in the rail is another."""

    summarised = Signal()

    def __init__(self, around: Surroundings) -> None:
        super().__init__()
        self.around = around
        self.store, self.work = around.store, around.work
        self.summary = Summary("")

    def refresh(self) -> None:
        """Read what it shows anew."""

    def refresh_if_there(self) -> None:
        """Read it anew if the page was not closed meanwhile: work goes on without its page."""
        if isValid(self):
            self.refresh()

    def load(self, name: str, what: str, begin: Begin, show: Callable[[Any], None]) -> None:
        """Read something and show it, if the page is still there then."""

        def done(answer: Any) -> None:
            if isValid(self):
                show(answer)

        self.work.load(name, what, begin, done)

    def summarise(self, words: str, token: str = "text_soft") -> None:
        """Say the page in one line."""
        self.summary = Summary(words, token)
        self.summarised.emit()


class Follower(QObject):
    """Keeps a card in step with the work of a name: progress, cancel, and how it ended."""

    def __init__(self, card: Card, work: StoreWork, *names: str) -> None:
        super().__init__(card)
        self._card, self._work, self._names = card, work, names
        work.changed.connect(self._look)
        card.work.cancelled.connect(self._cancel)
        card.message.closed.connect(self._dismiss)
        self._show()

    def _look(self, name: str) -> None:
        if name in self._names and isValid(self._card):
            self._show()

    def _show(self) -> None:
        found = [p for name in self._names if (p := self._work.progress(name)) is not None]
        self._card.show_work(found[0] if found else None)
        outcomes = [o for name in self._names if (o := self._work.outcome(name)) is not None]
        if found or not outcomes:
            self._card.message.hide()
        else:
            self._card.message.say(outcomes[-1].words, outcomes[-1].tone)

    def _cancel(self) -> None:
        for name in self._names:
            self._work.cancel(name)

    def _dismiss(self) -> None:
        for name in self._names:
            self._work.dismiss(name)


def begin_with(call: Callable[..., Running], *given: object) -> Begin:
    """Return a port's method with its first arguments, for `StoreWork.start`."""
    return partial(call, *given)


def without_progress(call: Callable[..., Running], *given: object) -> Begin:
    """The same for a method that tells no progress."""

    def begin(
        on_done: Callable[[Any], None], on_fault: OnFault, on_progress: OnProgress
    ) -> Running:
        del on_progress
        return call(*given, on_done, on_fault)

    return begin


__all__ = [
    "Clock",
    "Follower",
    "OpenSheet",
    "Outcome",
    "Page",
    "Summary",
    "Surroundings",
    "begin_with",
    "without_progress",
]
