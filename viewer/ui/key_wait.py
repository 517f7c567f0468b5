"""What a security key wants just now: a touch or its PIN; and the way out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.fields import PasswordField
from viewer.ui.parts.words import Words, column
from viewer.ui.security_ports import KeyDoor

_FIELD_PX = 360


class KeyWait(QWidget):
    """Hidden until something waits for a key."""

    def __init__(self, keys: KeyDoor) -> None:
        super().__init__()
        self._keys = keys
        layout = column(self, gap=3)
        self.words = Words("", "strong", wrap=True)
        self.pin = PasswordField(self.tr("PIN of the security key"))
        self.pin.setMaximumWidth(_FIELD_PX)
        self.pin.submitted.connect(self._give)
        self.cancel = touchable(button(self.tr("Cancel"), self._keys.cancel))
        layout.addWidget(self.words)
        layout.addWidget(self.pin)
        layout.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def start(self) -> None:
        """Say that the key is looked for."""
        self._keys.listen(self.say_touch, self.ask_pin)
        self.pin.hide()
        self.words.setText(self.tr("Looking for your security key…"))
        self.show()
        self.cancel.setFocus()

    def say_touch(self) -> None:
        """Say that it blinks."""
        self.pin.hide()
        self.words.setText(self.tr("Touch your security key"))

    def ask_pin(self) -> None:
        """Ask for its PIN."""
        self.words.setText(self.tr("Your security key asks for its PIN"))
        self.pin.wipe()
        self.pin.show()
        self.pin.setFocus()

    def rest(self) -> None:
        """Nothing is waited for, and nothing is heard of the key."""
        self._keys.leave()
        self.pin.wipe()
        self.hide()

    def _give(self) -> None:
        if self.pin.text():
            self._keys.give_pin(self.pin.text())
            self.pin.wipe()
            self.say_touch()
