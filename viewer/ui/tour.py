"""Drives the windows through their screens and writes a PNG of each.

A tour uses the windows as they are: its walk fills fields, presses the buttons that a person
presses, and the tour waits until a screen has settled. One step that does not settle ends the
tour with status 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import attrs
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

_POLL_MS = 50
_SETTLE_MS = 500
_GIVE_UP_MS = 90_000


def _at_once() -> bool:
    return True


@attrs.frozen
class Step:
    """A picture to take once `is_ready`; without a name there is none, only waiting."""

    name: str = ""
    is_ready: Callable[[], bool] = _at_once
    settle_ms: int = _SETTLE_MS
    window: QWidget | None = None


class Walk(Protocol):
    """A way through the windows, and which of them is open now."""

    def steps(self) -> Iterator[Step]:
        """Do something, then yield what to wait for and photograph."""
        ...

    def window(self) -> QWidget | None:
        """Return the window on screen."""
        ...


class Tour(QObject):
    """Goes one walk after another; `start` it once, with a running event loop."""

    def __init__(self, walks: tuple[Walk, ...], folder: Path, size: tuple[int, int]) -> None:
        super().__init__()
        self._folder, self._size = folder, size
        self._number = 0
        self._waited_ms = 0
        self._done: Callable[[int], None] = lambda _: None
        self._walk = walks[0]
        self._steps = self._all_steps(walks)
        self._step = Step()
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def start(self, done: Callable[[int], None]) -> None:
        """Begin; `done` gets 0, or 1 where a screen did not settle."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._done = done
        self._next()

    def _all_steps(self, walks: tuple[Walk, ...]) -> Iterator[Step]:
        for walk in walks:
            self._walk = walk
            yield from walk.steps()

    def _next(self) -> None:
        step = next(self._steps, None)
        if step is None:
            self._done(0)
            return
        self._step = step
        self._waited_ms = 0
        self._fit_window()
        self._timer.start()

    def _poll(self) -> None:
        self._waited_ms += _POLL_MS
        if self._waited_ms > _GIVE_UP_MS:
            self._timer.stop()
            self._done(1)
        elif self._step.is_ready():
            self._timer.stop()
            self._settle()

    def _settle(self) -> None:
        if not self._step.name:
            self._next()
            return
        self._fit_window()
        QTimer.singleShot(self._step.settle_ms, self._take)

    def _take(self) -> None:
        window = self._step.window or self._walk.window()
        if window is not None:
            self._number += 1
            size = f"{self._size[0]}x{self._size[1]}"
            name = f"{self._number:02d}-{self._step.name}-{size}.png"
            window.grab().save(str(self._folder / name))
        self._next()

    def _fit_window(self) -> None:
        window = self._walk.window()
        if window is not None and (window.width(), window.height()) != self._size:
            window.showNormal()
            window.resize(*self._size)
