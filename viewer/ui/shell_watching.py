"""Watched folders from inside the shell: a look every few seconds, and a word about what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from viewer.ui.watch_ports import Taken
from viewer.ui.wording import count_words

if TYPE_CHECKING:
    from viewer.ui.shell import Shell

EVERY_MS = 5000


class ShellWatching(QObject):
    """Goes round the watched folders as long as the window is there. Main thread only."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.go_round)

    @property
    def is_on(self) -> bool:
        """Whether it looks."""
        return self._timer.isActive()

    def begin(self) -> None:
        """Look from now on, if any folder is watched; stop where none is any more."""
        if self._shell.practice.watched.has_any:
            if not self._timer.isActive():
                self._timer.start()
                self.go_round()
        else:
            self._timer.stop()

    def drop(self) -> None:
        """Look no more: the window closes."""
        self._timer.stop()

    def go_round(self) -> None:
        """Look once, unless somebody imports just now."""
        if not self._shell.imports.is_busy:
            self._shell.practice.watched.go_round(self._on_taken, self._on_look)

    def _on_look(self) -> None:
        shell = self._shell
        told = tuple(shell.practice.watched.troubles())
        if told != getattr(self, "_told", ()):
            self._told = told
            shell.status.show_protections(shell.practice.chart.protections())

    def _on_taken(self, taken: Taken) -> None:
        self._shell.toast.say(self._words(taken))
        self._shell.refresh()

    def _words(self, taken: Taken) -> str:
        """Say what came, and what of it needs a person."""
        done = taken.summary
        parts = []
        if done.images:
            parts.append(count_words(done.images, self.tr("image"), self.tr("images")))
        if done.kept:
            parts.append(count_words(len(done.kept), self.tr("file kept"), self.tr("files kept")))
        if done.waiting:
            words = self.tr("{count} waiting on the review list")
            parts.append(words.format(count=done.waiting))
        if done.set_aside:
            parts.append(self.tr("{count} set aside").format(count=len(done.set_aside)))
        if done.refusals:
            parts.append(self.tr("{count} not taken").format(count=len(done.refusals)))
        if not parts:
            parts.append(self.tr("nothing new"))
        return f"{taken.device}: {', '.join(parts)}"
