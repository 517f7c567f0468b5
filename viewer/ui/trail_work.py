"""One line for work on the trail: what is being done, how far it is, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QFrame, QProgressBar

from viewer.app.jobs import Progress
from viewer.model.errors import Cancelled
from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import Words, restyle, row
from viewer.ui.ports import OnFault, OnProgress, Running
from viewer.ui.store_work import Begin

_STEPS = 1000


def _do_nothing() -> None:
    pass


class WorkBar(QFrame):
    """Hidden while nothing is under way and nothing is to be said."""

    def __init__(self) -> None:
        super().__init__()
        layout = row(self, gap=3)
        layout.setContentsMargins(16, 8, 12, 8)
        self.words = Words("", "soft", wrap=True)
        layout.addWidget(self.words, 1)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(240)
        layout.addWidget(self.bar)
        self.cancel_button = button(self.tr("Cancel"), self._cancel)
        layout.addWidget(self.cancel_button)
        self._running: Running | None = None
        self._on_end: Callable[[], None] = _do_nothing
        self._number = 0
        self.hide()

    def begin(
        self,
        what: str,
        begin: Begin,
        on_done: Callable[[Any], None],
        on_progress: OnProgress | None = None,
        on_fault: OnFault | None = None,
        on_end: Callable[[], None] = _do_nothing,
    ) -> None:
        """Begin some work in the place of what is under way; `on_end` is called however it ends."""
        self.drop()
        self._number += 1
        number = self._number
        self._dress("inset", what, is_busy=True)
        self.bar.setRange(0, 0)
        self._on_end = on_end

        def finish(answer: Any) -> None:
            self.end()
            on_done(answer)

        def fail(fault: Exception) -> None:
            self.end()
            if not isinstance(fault, Cancelled):
                (on_fault or self._say_fault)(fault)

        def move_on(progress: Progress) -> None:
            self._move_on(progress)
            if on_progress is not None:
                on_progress(progress)

        running = begin(finish, fail, move_on)
        if self._number == number and self.is_busy:
            self._running = running

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return not self.cancel_button.isHidden()

    def end(self) -> None:
        """What was under way is done."""
        self._running = None
        self.cancel_button.hide()
        self.hide()
        on_end, self._on_end = self._on_end, _do_nothing
        on_end()

    def say(self, words: str) -> None:
        """Say how it ended."""
        self._dress("verified", words, is_busy=False)

    def drop(self) -> None:
        """Wait for nothing any more."""
        if self._running is not None:
            self._running.drop()
            self.end()

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _move_on(self, progress: Progress) -> None:
        if progress.total > 0:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(_STEPS * progress.done // progress.total)

    def _say_fault(self, fault: Exception) -> None:
        self._dress("danger", error_words(fault), is_busy=False)

    def _dress(self, surface: str, words: str, *, is_busy: bool) -> None:
        self.setProperty("surface", surface)
        self.words.setText(words)
        self.bar.setVisible(is_busy)
        self.cancel_button.setVisible(is_busy)
        restyle(self)
        self.show()
