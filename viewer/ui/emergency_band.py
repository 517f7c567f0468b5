"""The band over the patient bar: emergency access, how long yet, why, and that all is recorded."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy

from viewer.ui.emergency_ports import EmergencyState
from viewer.ui.parts.buttons import button
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import ElidedWords, Words, row

HEIGHT = 48
_MINUTE_S = 60


def left_words(left_s: float) -> str:
    """Say how long it lasts yet, never more than it does.

    >>> left_words(1799), left_words(60), left_words(59.4)
    ('29 min left', '1 min left', '59 s left')
    """
    if left_s < _MINUTE_S:
        words = QCoreApplication.translate("EmergencyBand", "{count} s left")
        return words.format(count=int(left_s))
    words = QCoreApplication.translate("EmergencyBand", "{count} min left")
    return words.format(count=int(left_s // _MINUTE_S))


class EmergencyBand(QFrame):
    """Icon, words and “End now”, on every window that shows images while it lasts."""

    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "emergency")
        self.setFixedHeight(HEIGHT)
        layout = row(self, gap=2)
        layout.setContentsMargins(16, 0, 8, 0)
        layout.addWidget(picture("shield-warning", "on_danger", 22))
        self.title = Words(self.tr("Emergency access"), "emergency")
        self.left = Words("", "emergency")
        self.reason = ElidedWords("", "emergency-soft")
        self.reason.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.recorded = Words(self.tr("everything is recorded"), "emergency-soft")
        layout.addWidget(self.title)
        for part, stretch in ((self.left, 0), (self.reason, 1), (self.recorded, 0)):
            layout.addWidget(Words("·", "emergency"))
            layout.addWidget(part, stretch)
        self.waiting = Words(self.tr("trail can't be written: kept aside"), "emergency-mark")
        self.waiting.hide()
        layout.addWidget(self.waiting)
        self.end = button(self.tr("End now"), self.ended.emit, "on-alarm", touch=True)
        layout.addWidget(self.end)
        self.hide()

    def show_state(self, state: EmergencyState | None) -> None:
        """Count down, or go away."""
        self.setVisible(state is not None)
        if state is None:
            return
        self.left.setText(left_words(state.left_s))
        self.reason.setText(state.reason)
        self.waiting.setVisible(state.is_waiting)
        tip = self.tr(
            "The trail cannot be written, a full disk mostly. What you see is recorded on this "
            "computer and goes into the trail as soon as there is room."
        )
        self.waiting.setToolTip(tip)
        told = f"{self.title.text()}, {self.left.text()}, {state.reason}, {self.recorded.text()}"
        self.setAccessibleName(told)
