"""Somebody is here: real keys, clicks, touches and wheel turns, never events the program made."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from viewer.ui.ports import Watch

_SIGNS = {
    QEvent.Type.KeyPress,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.TouchBegin,
    QEvent.Type.TouchUpdate,
    QEvent.Type.TabletPress,
    QEvent.Type.NativeGesture,
}
_TICK_MS = 1000


class Activity(QObject):
    """Watches the whole program's input and the clock.

    Only `spontaneous()` events count: what came from the window system. `ticked(seconds_left)`
    is emitted every second, `ran_out` once when nothing is left.
    """

    ticked = Signal(float)
    ran_out = Signal()

    def __init__(self, watch: Watch, *, is_real: Callable[[QEvent], bool] | None = None) -> None:
        super().__init__()
        self._watch = watch
        self._is_real = is_real or QEvent.spontaneous
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Begin to watch."""
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]
        self._timer.start()

    def stop(self) -> None:
        """Watch no longer."""
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
        self._timer.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count real input; let everything through."""
        if event.type() in _SIGNS and self._is_real(event):
            self._watch.someone_is_here()
        return False

    def tick(self) -> None:
        """Look at the clock."""
        left = self._watch.seconds_left()
        self.ticked.emit(left)
        if left <= 0 or self._watch.is_locked:
            self._timer.stop()
            self.ran_out.emit()
