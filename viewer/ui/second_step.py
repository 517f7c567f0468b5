"""The second step of a login: a code from the phone, or a touch of the security key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from viewer.ui.key_wait import KeyWait
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import line
from viewer.ui.parts.words import Words, column, row
from viewer.ui.ports import UserTile
from viewer.ui.security_ports import KeyDoor

TOTP, SECURITY_KEY = "totp", "security key"
_DIGITS = 6


def code_line(words: str) -> QLineEdit:
    """Return a field for a code of an app, or a recovery code."""
    field = line(words)
    field.setAccessibleName(words)
    field.setMaxLength(24)
    field.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
    field.setInputMethodHints(
        Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText
    )
    return field


class SecondStep(QWidget):
    """Hidden until the password is typed; the password and what is given here are sent together.

    Six digits are sent as soon as they are typed: nobody presses Enter with gloves on. No recovery
    code begins with six.
    """

    submitted = Signal()
    left = Signal()

    def __init__(self, keys: KeyDoor, verb: str) -> None:
        super().__init__()
        self._person: UserTile | None = None
        self._is_lost = False
        layout = column(self, gap=2)
        self.step = Words("", "soft")
        self.field = code_line(self.tr("Code"))
        self.field.returnPressed.connect(self._submit)
        self.field.textEdited.connect(self._look)
        self.go = button(verb, self._submit, "primary")
        beside = row(gap=2)
        beside.addWidget(self.field, 1)
        beside.addWidget(self.go, 0, Qt.AlignmentFlag.AlignTop)
        self.hint = Words("", "small", wrap=True)
        self.wait = KeyWait(keys)
        self.back = button(self.tr("Back to the password"), self._leave, "link", touch=True)
        layout.addWidget(self.step)
        layout.addLayout(beside)
        layout.addWidget(self.hint)
        layout.addWidget(self.wait)
        foot = row()
        foot.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        foot.addStretch(1)
        layout.addLayout(foot)
        self.hide()

    @staticmethod
    def steps_of(person: UserTile) -> int:
        """How many steps a login takes."""
        return 1 + len(person.second_factors)

    @property
    def code(self) -> str:
        """What was typed."""
        return self.field.text().strip()

    def ask_code(self, person: UserTile) -> None:
        """Ask for the code of the app."""
        self._ask(person, is_lost=False)
        words = self.tr("Step 2 of {count}: code from your phone")
        self.step.setText(words.format(count=self.steps_of(person)))
        self.hint.setText(self.tr("Phone not at hand? A recovery code from paper will do."))

    def ask_recovery(self, person: UserTile) -> None:
        """Ask for a recovery code in place of the key."""
        self._ask(person, is_lost=True)
        self.step.setText(self.tr("Step 2 of 2: recovery code in place of the security key"))
        self.hint.setText(self.tr("Each code on your page works once."))

    def wait_for_key(self, person: UserTile) -> None:
        """Say that the key is to be touched."""
        self._person = person
        self._show_code(False)
        count = self.steps_of(person)
        words = self.tr("Step {count} of {count}: your security key").format(count=count)
        self.step.setText(words)
        self.show()
        self.wait.start()

    def needs_key(self, person: UserTile) -> bool:
        """Whether what was given leaves a key to be touched: a recovery code stands in for it."""
        is_recovery = len(self.code.replace("-", "").replace(" ", "")) > _DIGITS
        return SECURITY_KEY in person.second_factors and not is_recovery

    def set_busy(self, busy: bool) -> None:
        """Rest while it is tried."""
        for part in (self.field, self.go, self.back):
            part.setEnabled(not busy)

    def take_focus(self) -> None:
        """Let digits come here."""
        self.field.setFocus()

    def drop(self) -> None:
        """Forget what was typed, and go."""
        self.field.clear()
        self.wait.rest()
        self.hide()

    def _ask(self, person: UserTile, *, is_lost: bool) -> None:
        self._person, self._is_lost = person, is_lost
        self.field.clear()
        self.wait.rest()
        self._show_code(True)
        self.set_busy(False)
        self.show()
        self.take_focus()

    def _show_code(self, shown: bool) -> None:
        for part in (self.field, self.go, self.hint, self.back):
            part.setVisible(shown)

    def _look(self, typed: str) -> None:
        if not self._is_lost and len(typed) == _DIGITS and typed.isdigit():
            self._submit()

    def _submit(self) -> None:
        if self.code:
            self.submitted.emit()

    def _leave(self) -> None:
        self.drop()
        self.left.emit()
