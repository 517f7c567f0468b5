"""The review list: a card for each arrival of which it is not sure whose it is.

What the file says stands beside the charts that may be meant; what differs carries a sign. Nothing
is decided without a reason, and nothing by one tap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from viewer.app.jobs import Progress
from viewer.app.review_list import WaitingCase
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import WorkLine, touchable
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, clear_layout, column, row
from viewer.ui.ports import Running
from viewer.ui.waiting_card import WaitingCard
from viewer.ui.waiting_ports import ReviewList
from viewer.ui.wording import count_words


class WaitingPanel(QWidget):
    """The page. `changed` tells that something was decided, so that lists are read anew."""

    changed = Signal()

    def __init__(self, desk: ReviewList) -> None:
        super().__init__()
        self._desk = desk
        self._running: Running | None = None
        self._is_busy = False
        self.cases: Sequence[WaitingCase] = ()
        self.cards: list[WaitingCard] = []
        layout = column(self, gap=0)
        head = column(gap=2)
        head.setContentsMargins(20, 14, 20, 10)
        line = row(gap=3)
        self.summary = Words("", "lead", wrap=True)
        line.addWidget(self.summary, 1)
        self.again = touchable(button(self.tr("Read again"), self.load, "quiet"))
        line.addWidget(self.again)
        head.addLayout(line)
        self.message = Banner()
        head.addWidget(self.message)
        self.work = WorkLine()
        self.work.cancel.hide()
        head.addWidget(self.work)
        layout.addLayout(head)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        self._list = column(holder, gap=4)
        self._list.setContentsMargins(20, 4, 20, 20)
        self._scroll.setWidget(holder)
        layout.addWidget(self._scroll, 1)
        self.setFocusProxy(self.again)
        self.load()

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return self._is_busy

    def drop(self) -> None:
        """Forget who was shown, and hear of nothing any more."""
        if self._running is not None:
            self._running.drop()
        self._rest()
        for card in self.cards:
            card.drop()
        self.cases = ()
        self.cards.clear()
        clear_layout(self._list)

    def load(self) -> None:
        """Read the list anew."""
        self._start(
            self.tr("Reading the list"), partial(self._desk.load, self.show_cases, self._fail)
        )

    def _start(self, words: str, begin: Callable[[], Running]) -> None:
        self._is_busy = True
        self.work.show_progress(Progress(0, 0, words))
        running = begin()
        if self._is_busy:  # a job may have ended by now
            self._running = running

    def _rest(self) -> None:
        self._is_busy, self._running = False, None
        self.work.show_progress(None)

    def show_cases(self, cases: Sequence[WaitingCase]) -> None:
        """Make a card of each."""
        self._rest()
        clear_layout(self._list)
        self.cases = cases
        self.cards = [WaitingCard(case, self._desk, self.decide) for case in cases]
        for card in self.cards:
            self._list.addWidget(card)
        if not cases:
            self._list.addWidget(self._nothing())
        self._list.addStretch(1)
        images = sum(len(case.images) for case in cases)
        words = self.tr("{count} in no chart yet. Compare, then say whose.").format(
            count=count_words(images, self.tr("image is"), self.tr("images are"))
        )
        self.summary.setText(words if cases else self.tr("Nothing waits."))

    def _nothing(self) -> QWidget:
        holder = QWidget()
        layout = column(holder, gap=2)
        layout.setContentsMargins(0, 60, 0, 0)
        for words, role in (
            (self.tr("Every image is in a chart"), "title"),
            (
                self.tr(
                    "An import whose patient is doubtful stops here: another name with a known "
                    "number, another birth date, no number at all."
                ),
                "soft",
            ),
        ):
            label = Words(words, role, wrap=True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(label)
        return holder

    def _fail(self, fault: Exception) -> None:
        self._rest()
        words = error_words(fault)
        if words:
            self.message.say(words, "danger")

    def decide(self, words: str, begin: Callable[..., Running]) -> None:
        """Carry a decision out, then read the list anew."""
        if self._is_busy:
            return
        self.message.hide()
        self._start(self.tr("Working"), lambda: begin(partial(self._decided, words), self._fail))

    def _decided(self, words: str) -> None:
        self._rest()
        self.message.say(words, "verified")
        self.changed.emit()
        self.load()
