"""The lock: a window of its own on every screen, with nothing of what was there."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QWidget

from viewer.model.ids import UserId
from viewer.ui import icons
from viewer.ui.clearing import clear_screen
from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, column, row
from viewer.ui.ports import Door
from viewer.ui.sign_in import SignIn


class Curtain(QWidget):
    """A solid surface over one screen. It can't be closed by hand."""

    def __init__(self, area: QRect) -> None:
        super().__init__()
        self.setWindowFlags(
            Qt.WindowType.Window
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
        )
        self.setWindowTitle("Bitewing")
        self.setWindowIcon(icons.icon("mark", "accent", size=64))
        self.setProperty("surface", "base")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setGeometry(area)
        self._may_close = False

    def draw_back(self) -> None:
        """Take it away."""
        self._may_close = True
        self.close()
        self.deleteLater()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stay, unless it is drawn back."""
        if self._may_close:
            super().closeEvent(event)
        else:
            event.ignore()


class LockWindow(Curtain):
    """The curtain one unlocks at: the practice, the tiles, one field."""

    welcomed = Signal(object)
    log_off_wanted = Signal()
    emergency_wanted = Signal()

    def __init__(self, door: Door, who_was_there: UserId | None, area: QRect) -> None:
        super().__init__(area)
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        outer = row(self)
        page = QWidget()
        page.setMaximumWidth(520)
        layout = column(page, gap=3)
        head = row(gap=3)
        head.addWidget(picture("lock", "accent", 28))
        head.addWidget(Words(door.practice_name, "display", wrap=True), 1)
        layout.addLayout(head)
        words = (
            self.tr("Locked. You come back to where you were.")
            if who_was_there is not None
            else self.tr("Who is next? Each of you comes back to where you were.")
        )
        layout.addWidget(Words(words, "lead-soft", wrap=True))
        layout.addSpacing(12)
        verb = self.tr("Unlock") if who_was_there is not None else self.tr("Log in")
        self.sign_in = SignIn(door, verb, who_was_there)
        self.sign_in.keep_room_for_error()
        self.sign_in.welcomed.connect(self.welcomed)
        layout.addWidget(self.sign_in)
        links = row(gap=4)
        words = self.tr("Log off and close the store")
        links.addWidget(button(words, self.log_off_wanted.emit, "link", touch=True))
        links.addStretch(1)
        words = self.tr("Emergency access")
        self.emergency = button(words, self.emergency_wanted.emit, "link", touch=True)
        links.addWidget(self.emergency)
        layout.addLayout(links)
        outer.addStretch(1)
        outer.addWidget(page, 20, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)

    def draw_back(self) -> None:
        """Forget what was typed, and take it away."""
        self.sign_in.drop()
        super().draw_back()


class Lock(QObject):
    """Draws curtains over every screen; the first one can be unlocked."""

    welcomed = Signal(object)
    log_off_wanted = Signal()
    emergency_wanted = Signal()

    def __init__(self, door: Door, who_was_there: UserId | None) -> None:
        super().__init__()
        screens = QGuiApplication.screens()
        first = QGuiApplication.primaryScreen()
        self.curtains = [Curtain(s.geometry()) for s in screens if s is not first]
        self.window = LockWindow(door, who_was_there, first.geometry())
        self.window.welcomed.connect(self.welcomed)
        self.window.log_off_wanted.connect(self.log_off_wanted)
        self.window.emergency_wanted.connect(self.emergency_wanted)

    def draw(self) -> None:
        """Take all that is open off every screen and cover them."""
        clear_screen((Curtain,))
        for curtain in self.curtains:
            curtain.showFullScreen()
        self.window.showFullScreen()
        for curtain in (*self.curtains, self.window):
            curtain.repaint()  # now: what comes next may take a moment
        self.window.activateWindow()
        self.window.sign_in.take_focus()

    def draw_back(self) -> None:
        """Uncover every screen."""
        for curtain in (*self.curtains, self.window):
            curtain.draw_back()
        self.curtains = []
