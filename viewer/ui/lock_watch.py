"""While it is locked the clock runs on: after a longer while whoever is there is logged off."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from viewer.ui.ports import Watch

_TICK_MS = 1000


class LockWatch(QObject):
    """Looks at the clock each second; `ended` once nobody is logged in any more."""

    ended = Signal()

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Begin to watch."""
        self._timer.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.stop()

    def tick(self) -> None:
        """Look at the clock, which logs off by policy."""
        self._watch.seconds_left()
        if self._watch.current_user is None:
            self.stop()
            self.ended.emit()
