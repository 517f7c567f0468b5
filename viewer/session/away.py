"""The computer's own lock, sleep and change of user, as a port: whoever hears of one locks at once.

The idle clock notices the same a second later at the latest, where the machine goes on running; a
sleep it notices after it. This port is for what must not wait that long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol


class Away(Enum):
    """Why nobody may be in front of the screen any more. The value is for the trail."""

    LOCKED = "the computer was locked"
    SLEEP = "the computer goes to sleep"
    SWITCHED = "another user came to the front"
    REMOTE = "the session was taken to another screen"
    ENDING = "the session of the computer ends"
    DEAF = "the computer's lock can no longer be heard"


Locked = Callable[[], None]
"""To be called, by any thread, once it is locked: until then a computer's sleep may be held up."""
OnAway = Callable[[Away, Locked], None]
"""Called by the watch, on a thread of its own: it must not wait for the lock."""


class SessionWatch(Protocol):
    """Hears of the computer's session. `start` and `stop` once each, on one thread."""

    @property
    def hears(self) -> bool:
        """Whether it would hear of a lock now."""

    def start(self, on_away: OnAway) -> None:
        """Begin to listen, without waiting for whom to listen to."""

    def stop(self) -> None:
        """Listen no longer; nothing is called after."""


class DeafWatch:
    """For systems that say nothing, and for programs without a window."""

    hears = False

    def start(self, on_away: OnAway) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class Watches:
    """Several watches as one."""

    def __init__(self, watches: Sequence[SessionWatch]) -> None:
        self._watches = tuple(watches)

    @property
    def hears(self) -> bool:
        """Whether any of them would hear of a lock now."""
        return any(watch.hears for watch in self._watches)

    def start(self, on_away: OnAway) -> None:
        """Start all."""
        for watch in self._watches:
            watch.start(on_away)

    def stop(self) -> None:
        """Stop all."""
        for watch in self._watches:
            watch.stop()


def nothing() -> None:
    """Let nobody know: nothing was held up."""
