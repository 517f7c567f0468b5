"""The system asks the program to end: an orderly end while Qt's loop runs."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier

_WANTED = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
]


class EndSignals(QObject):
    """Calls `on_end` on the main thread when the process is told to end. Main thread only.

    Python runs a handler only between two steps of its own, and Qt's loop takes none while nobody
    touches anything. The signal's number therefore comes through a socket that the loop watches.
    """

    def __init__(self, on_end: Callable[[], None]) -> None:
        super().__init__()
        self._on_end = on_end
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)
        self._notifier = QSocketNotifier(self._inner.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._arrived)
        self._fd_before = signal.set_wakeup_fd(self._outer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _nothing) for number in _WANTED}

    def close(self) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._notifier.setEnabled(False)
        self._inner.close()
        self._outer.close()

    def _arrived(self) -> None:
        if any(number in _WANTED for number in self._inner.recv(64)):
            self._on_end()


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Let the signal pass: what counts is its number in the socket."""
