"""What protects the user now, in a few words; a warning is a button that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPushButton

from viewer.ui.parts.buttons import button
from viewer.ui.parts.words import Words, clear_layout, row
from viewer.ui.ports import Protection, ProtectionState

_LOOKS = {
    ProtectionState.GOOD: ("status", "check", "verified"),
    ProtectionState.WARNING: ("status-warning", "warning", "doubt"),
    ProtectionState.BROKEN: ("status-broken", "warning", "danger"),
}


class StatusLine(QFrame):
    """One small button per safeguard; `wanted(action_id)` when one is clicked."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "raised")
        self.setFixedHeight(32)
        outer = row(self, gap=2)
        outer.setContentsMargins(10, 2, 16, 2)
        self._safeguards = row(gap=1)
        outer.addLayout(self._safeguards)
        outer.addStretch(1)
        self.picture_words = Words("", "small")
        outer.addWidget(self.picture_words)
        self.buttons: list[QPushButton] = []

    def show_protections(self, protections: Sequence[Protection]) -> None:
        """Say how the safeguards stand."""
        clear_layout(self._safeguards)
        self.buttons = [self._make(protection) for protection in protections]
        for made in self.buttons:
            self._safeguards.addWidget(made)

    def _make(self, protection: Protection) -> QPushButton:
        look, icon, token = _LOOKS[protection.state]
        made = button(protection.label, lambda: self._ask(protection.action), look)
        made.set_icon(icon, token, 14)
        made.setToolTip(protection.words)
        made.setAccessibleDescription(protection.words)
        return made

    def _ask(self, action_id: str) -> None:
        if action_id:
            self.wanted.emit(action_id)
