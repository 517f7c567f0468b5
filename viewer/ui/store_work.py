"""What is under way in the store: it goes on when its page is closed, and ends at the lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import attrs
from PySide6.QtCore import QObject, Signal

from viewer.app.jobs import Progress
from viewer.ui.parts.messages import error_words
from viewer.ui.ports import OnFault, OnProgress, Running

Answer = TypeVar("Answer")


@attrs.frozen
class Outcome:
    """How some work ended, for a banner: words and a tone; no words where it was cancelled."""

    words: str
    tone: str = "verified"


class Begin(Protocol):
    """Begins some work and returns what is running."""

    def __call__(
        self, on_done: Callable[[Any], None], on_fault: OnFault, on_progress: OnProgress
    ) -> Running:
        """Call one of the first two later."""


class StoreWork(QObject):
    """Works by name, one of a name at a time. Lives as long as the shell.

    `changed(name)` tells of a start, a progress or an end; `ended(name)` of an end alone.
    """

    changed = Signal(str)
    ended = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[str, Running | None] = {}
        self._progress: dict[str, Progress] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._quiet: set[str] = set()

    def load(self, name: str, what: str, begin: Begin, on_done: Callable[[Any], None]) -> None:
        """Read something for a page, anew if it is being read: nobody waits without the page."""
        self._drop(name)
        self._quiet.add(name)
        self.start(name, what, begin, on_done)

    def start(
        self,
        name: str,
        what: str,
        begin: Begin,
        on_done: Callable[[Any], Outcome | None],
    ) -> None:
        """Begin it, unless one of its name is under way; `on_done` says how it ended."""
        if name in self._running:
            return
        self._outcomes.pop(name, None)
        self._progress[name] = Progress(0, 0, what)
        self._running[name] = None
        self.changed.emit(name)
        running = begin(
            lambda answer: self._finish(name, on_done(answer)),
            lambda fault: self._fail(name, fault),
            lambda progress: self._move_on(name, progress),
        )
        if name in self._running:
            self._running[name] = running

    def progress(self, name: str) -> Progress | None:
        """How far it is; None where nothing of this name is under way."""
        return self._progress.get(name)

    @property
    def under_way(self) -> tuple[str, ...]:
        """The names of what is under way and goes on without its page, oldest first."""
        return tuple(name for name in self._running if name not in self._quiet)

    @property
    def is_busy(self) -> bool:
        """Whether anything at all is under way, what is read for a page included."""
        return bool(self._running)

    def outcome(self, name: str) -> Outcome | None:
        """How the last one ended, until it was dismissed."""
        return self._outcomes.get(name)

    def dismiss(self, name: str) -> None:
        """Forget how it ended."""
        self._outcomes.pop(name, None)

    def cancel(self, name: str) -> None:
        """Ask it to stop."""
        running = self._running.get(name)
        if running is not None:
            running.cancel()

    def drop_loads(self) -> None:
        """Stop what is read for a page: it was closed."""
        for name in self._quiet:
            self._drop(name)

    def drop(self) -> None:
        """Stop everything and forget all of it: the lock calls this."""
        for name in list(self._running):
            self._drop(name)
        self._outcomes.clear()

    def _drop(self, name: str) -> None:
        running = self._running.pop(name, None)
        self._progress.pop(name, None)
        if running is not None:
            running.drop()

    def _move_on(self, name: str, progress: Progress) -> None:
        if name in self._running:
            self._progress[name] = progress
            self.changed.emit(name)

    def _finish(self, name: str, outcome: Outcome | None) -> None:
        self._running.pop(name, None)
        self._progress.pop(name, None)
        if outcome is not None and outcome.words:
            self._outcomes[name] = outcome
        self.changed.emit(name)
        self.ended.emit(name)

    def _fail(self, name: str, fault: Exception) -> None:
        try:
            words = error_words(fault)
        finally:
            self._running.pop(name, None)
            self._progress.pop(name, None)
        self._finish(name, Outcome(words, "danger"))
