"""What is asked of somebody who has a quick way in: the pad, the tap, or the password after all."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.words import Words, column, row
from viewer.ui.pin_pad import PinPad
from viewer.ui.shift_ports import QuickWays


class QuickPanel(QWidget):
    """The pad, and under it what else there is, each one tap away."""

    tap_wanted = Signal()
    password_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        layout = column(self, gap=2)
        self.step = Words("", "soft")
        self.pad = PinPad()
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        keep = self.busy.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(keep)
        self.busy.hide()
        self.tap_button = button("", self.tap_wanted.emit, "", "key", touch=True)
        words = self.tr("Use the password instead")
        self.password_button = button(words, self.password_wanted.emit, "link", touch=True)
        for part in (self.step, self.pad, self.busy, self.tap_button):
            layout.addWidget(part)
        foot = row()
        foot.addWidget(self.password_button, 0, Qt.AlignmentFlag.AlignLeft)
        foot.addStretch(1)
        layout.addLayout(foot)
        self._name, self._ways = "", QuickWays()

    def show_ways(self, ways: QuickWays, name: str) -> None:
        """Ask somebody by name for what there is."""
        self._name, self._ways = name, ways
        self.pad.setVisible(ways.has_pin)
        self.tap_button.setText(self.tr("Tap “{key}”").format(key=ways.tap))
        self.tap_button.setVisible(bool(ways.tap))
        self._say()

    def take_focus(self) -> None:
        """Let digits come here."""
        (self.pad if self._ways.has_pin else self.tap_button).setFocus()

    def say_waiting(self) -> None:
        """Say that the security key waits for its tap."""
        self.step.setText(self.tr("Touch “{key}” now").format(key=self._ways.tap))

    def set_busy(self, busy: bool) -> None:
        """Show that something is being tried."""
        self.busy.setVisible(busy)
        for part in (self.pad, self.tap_button, self.password_button):
            part.setEnabled(not busy)
        if not busy:
            self._say()

    def show_wait(self, left_s: int) -> None:
        """Take no digits while there is to wait."""
        self.pad.setEnabled(left_s <= 0)
        if left_s > 0:
            self.step.setText(self.tr("Wait {seconds} s").format(seconds=left_s))
        else:
            self._say()

    def _say(self) -> None:
        words = self.tr("Quick PIN for {name}") if self._ways.has_pin else self.tr("{name}: tap")
        self.step.setText(words.format(name=self._name))
