"""Joins the computer's own lock, sleep and change of user with the windows."""

from __future__ import annotations

from collections.abc import Callable

from viewer.session.away import Away, Locked, SessionWatch
from viewer.ui.front_desk import FrontDesk
from viewer.wiring.workstation import Workstation

Post = Callable[[Callable[[], None]], None]


class Computer:
    """Locks the windows as soon as the computer's session says so.

    Parameters
    ----------
    post : callable
        Runs a call on the main thread, from any thread.
    """

    def __init__(
        self, watch: SessionWatch, front_desk: FrontDesk, workstation: Workstation, post: Post
    ) -> None:
        self._watch, self._post = watch, post
        self._front_desk, self._workstation = front_desk, workstation
        self._is_started = False
        workstation.hears_the_computer = lambda: self._watch.hears

    def start(self) -> None:
        """Begin to listen; main thread."""
        self._is_started = True
        self._watch.start(lambda away, locked: self._post(lambda: self.go_away(away, locked)))

    def stop(self) -> None:
        """Listen no longer; main thread."""
        if self._is_started:
            self._is_started = False
            self._watch.stop()

    def go_away(self, away: Away, locked: Locked) -> None:
        """Lock; then nobody comes back without a password. A sleep waits for `locked`."""
        try:
            self._front_desk.go_away(away.value)
            self._workstation.end_shift(away.value)
        finally:
            self._workstation.after_forgetting(locked)
