"""Login and lock are never taken into another program's picture; other windows by policy."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from viewer.ui.lock_ports import Shield
from viewer.ui.lock_window import Curtain
from viewer.ui.login_window import LoginWindow

_ALWAYS = (Curtain, LoginWindow)


class ScreenShield(QObject):
    """Covers each window as it is shown. Does nothing where the system has no such switch."""

    def __init__(self, shield: Shield, is_everywhere: Callable[[], bool]) -> None:
        super().__init__()
        self._shield, self._is_everywhere = shield, is_everywhere

    def start(self) -> None:
        """Begin with the windows to come, and cover those that are there."""
        application = QApplication.instance()
        if self._shield.can_shield and application is not None:
            application.installEventFilter(self)
            self.cover_all()

    def stop(self) -> None:
        """Cover no more windows."""
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)

    def cover_all(self) -> None:
        """Cover or uncover every window by the policy as it is now."""
        if not self._shield.can_shield:
            return
        for window in QApplication.topLevelWidgets():
            if window.isVisible():
                self._cover(window)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover a window that is being shown."""
        if event.type() is QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self._cover(watched)
        return False

    def _cover(self, window: QWidget) -> None:
        is_always = isinstance(window.window(), _ALWAYS)
        self._shield.cover(int(window.winId()), on=is_always or self._is_everywhere())
