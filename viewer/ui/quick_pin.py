"""The sheet on which one sets a quick PIN for this shift, or the tap of one's security key."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import PasswordField
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column, row
from viewer.ui.pin_pad import PinPad
from viewer.ui.ports import Running, UserTile
from viewer.ui.shift_ports import QuickDoor

_WIDTH = 460


class QuickPinSheet(QWidget):
    """The PIN is typed twice; the password first where it was not given just now.

    `done(str)` says in words what was set or dropped.
    """

    done = Signal(str)

    def __init__(self, quick: QuickDoor, user: UserTile) -> None:
        super().__init__()
        self._quick, self._user = quick, user
        self._first = bytearray()
        self._running: Running | None = None
        self._is_busy = False
        self.setFixedWidth(_WIDTH)
        layout = column(self, margin=5, gap=3)
        layout.addWidget(Words(self._explanation(), "soft", wrap=True))
        self.password = PasswordField(self.tr("Password"))
        self.password.setVisible(not quick.is_fresh)
        layout.addWidget(self.password)
        self.step = Words("", "strong")
        layout.addWidget(self.step)
        self.pad = PinPad()
        self.pad.submitted.connect(self._on_pin)
        layout.addWidget(self.pad)
        self.error = Banner(can_close=False)
        layout.addWidget(self.error)
        layout.addLayout(self._make_foot())
        self.setFocusProxy(self.pad if quick.is_fresh else self.password)
        self.password.submitted.connect(self.pad.setFocus)
        self._ask_first()

    def _explanation(self) -> str:
        return self.tr(
            "Six digits or more bring you back quickly, on this computer and in this shift alone:"
            " for at most eight hours, until you log off, the computer sleeps or locks itself, or"
            " five tries were wrong."
        )

    def _make_foot(self) -> QHBoxLayout:
        foot = row(gap=3)
        key = self._quick.own_key
        self.tap_button = button(
            self.tr("Use a tap of “{key}”").format(key=key), self._set_tap, "link", touch=True
        )
        self.tap_button.setVisible(bool(key))
        self.drop_button = button(self.tr("Do without it"), self._drop, "link", touch=True)
        self.drop_button.setVisible(self._quick.ways(self._user.id).is_any)
        foot.addWidget(self.tap_button, 0, Qt.AlignmentFlag.AlignLeft)
        foot.addStretch(1)
        foot.addWidget(self.drop_button)
        return foot

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self._forget()
        self.password.wipe()
        if self._running is not None:
            self._running.drop()
            self._running = None

    def _ask_first(self) -> None:
        self._forget()
        self.step.setText(self.tr("New PIN"))

    def _forget(self) -> None:
        self._first[:] = bytes(len(self._first))
        self._first.clear()
        self.pad.wipe()

    def _on_pin(self) -> None:
        if self._running is not None:
            return
        self.error.hide()
        if self._first:
            self._on_again()
            return
        fault = self._quick.fault_of(self.pad.text())
        if fault:
            self._refuse(fault)
            return
        self._first += self.pad.text().encode()
        self.pad.wipe()
        self.step.setText(self.tr("The same PIN again"))

    def _on_again(self) -> None:
        pin = self.pad.text()
        if pin.encode() != self._first:
            self._refuse(self.tr("The two are not the same. Please begin again."))
            return
        self._set_busy(True)
        running = self._quick.set_pin(pin, self._given(), self._on_set, self._on_fault)
        self._running = running if self._is_busy else None

    def _given(self) -> str:
        return "" if self.password.isHidden() else self.password.text()

    def _set_tap(self) -> None:
        if self._running is None:
            self._set_busy(True)
            self.step.setText(self.tr("Touch “{key}” now").format(key=self._quick.own_key))
            running = self._quick.set_tap(self._given(), self._on_set, self._on_fault)
            self._running = running if self._is_busy else None

    def _drop(self) -> None:
        self._quick.drop()
        self.done.emit(self.tr("No quick way in any more"))

    def _on_set(self, _: None) -> None:
        self._is_busy, self._running = False, None
        self._forget()
        self.password.wipe()
        ends = self._quick.ends_at()
        until = ends.astimezone().strftime("%H:%M") if ends is not None else "—"
        words = self.tr("You get back in quickly until {time}").format(time=until)
        QTimer.singleShot(0, self, lambda: self.done.emit(words))

    def _on_fault(self, fault: Exception) -> None:
        self._set_busy(False)
        self.password.setVisible(not self._quick.is_fresh)
        self.password.wipe()
        self._refuse(error_words(fault))
        if not self.password.isHidden():
            self.password.setFocus()

    def _refuse(self, words: str) -> None:
        self._ask_first()
        self.pad.set_wrong(True)
        self.error.say(words, "danger")

    def _set_busy(self, busy: bool) -> None:
        self._is_busy = busy
        if not busy:
            self._running = None
        for part in (self.pad, self.tap_button, self.drop_button, self.password):
            part.setEnabled(not busy)
