"""The Qt application: made once, dressed in a theme, with a way for workers to reach its thread."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from viewer.ui.theme import apply_theme


class _Postbox(QObject):
    """Carries calls from any thread to the thread it was made on."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.arrived.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def _run(self, call: Callable[[], None]) -> None:
        call()


class _FirstPaint(QObject):
    """Calls once, after a window has painted itself for the first time."""

    def __init__(self, window: QWidget, call: Callable[[], None]) -> None:
        super().__init__(window)
        self._call = call
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the paint, then for its end."""
        if event.type() is QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._call)
        return False


class Application:
    """The one `QApplication`, and the main thread as workers see it."""

    def __init__(self, theme_id: str = "dark") -> None:
        _keep_no_settings()
        existing = QApplication.instance()
        self.qt = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
        self.qt.setApplicationName("Bitewing")
        self.qt.setApplicationDisplayName("Bitewing")
        self.qt.setQuitOnLastWindowClosed(False)
        apply_theme(self.qt, theme_id)
        self._postbox = _Postbox()

    def post(self, call: Callable[[], None]) -> None:
        """Run a call on the main thread, soon. Any thread."""
        self._postbox.arrived.emit(call)

    def later(self, milliseconds: int, call: Callable[[], None]) -> None:
        """Run a call on the main thread after a while."""
        QTimer.singleShot(milliseconds, call)

    def after_first_paint(self, window: QWidget, call: Callable[[], None]) -> None:
        """Run a call once a window is on screen for the first time."""
        _FirstPaint(window, call)

    def run(self) -> int:
        """Run until `leave` is called."""
        return int(self.qt.exec())

    def leave(self, status: int = 0) -> None:
        """End `run`."""
        self.qt.exit(status)


def _keep_no_settings() -> None:
    """Keep Qt from writing settings: its file dialog would note down folders, and so names."""
    where = QSettings.Scope.UserScope
    for kind in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(kind, where, os.devnull)
