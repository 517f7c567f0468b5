"""The first login: somebody else gave the password, so one of one's own comes before all else."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from viewer.model.errors import UserError
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.fields import NewPassword, PasswordField, labelled
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, column, row
from viewer.ui.ports import Door, Running, UserTile


class OwnPasswordNeeded(UserError):
    """The password was right, and opens nothing but its own change: nobody was let in."""

    def __init__(self) -> None:
        super().__init__(
            "Your password was given to you by somebody else.", "Choose one of your own."
        )


class OwnPassword(QWidget):
    """Stands where the password was asked for. `welcomed(UserTile)` with the new password in force.

    What was typed at the door is kept only until this is dropped or done.
    """

    welcomed = Signal(object)
    left = Signal()

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door
        self._person: UserTile | None = None
        self._running: Running | None = None
        self._is_busy = False
        layout = column(self, gap=3)
        self.title = Words("", "name", wrap=True)
        layout.addWidget(self.title)
        words = self.tr(
            "Whoever gave you the password knows it. Choose one that only you know; it counts "
            "from now on."
        )
        layout.addWidget(Words(words, "soft", wrap=True))
        self.given = PasswordField(self.tr("Password that you were given"))
        self._given = labelled(self.tr("Password that you were given"), self.given)
        self.new = NewPassword(self.tr("Your own password"), door.password_advice, self._name)
        layout.addWidget(self._given)
        layout.addWidget(labelled(self.tr("Your own password"), self.new))
        self.error = Banner(can_close=False)
        layout.addWidget(self.error)
        foot = row(gap=2)
        self.go = touchable(button(self.tr("Use it from now on"), self.submit, "primary"))
        self.cancel = touchable(button(self.tr("Not now"), self.leave, "quiet"))
        foot.addWidget(self.go)
        foot.addWidget(self.cancel)
        foot.addStretch(1)
        layout.addLayout(foot)
        self.given.edited.connect(self._look)
        self.new.changed.connect(self._look)
        for field in (self.given, self.new.field):
            field.submitted.connect(self.submit)
        self.hide()

    def ask(self, person: UserTile, given: str) -> None:
        """Ask this person; the given password is asked for where it was not just typed."""
        self._person = person
        self.title.setText(
            self.tr("Welcome, {name}. A password of your own").format(name=person.display_name)
        )
        self.given.line.setText(given)
        self._given.setVisible(not given)
        self.error.hide()
        self.show()
        self._look()
        (self.new if given else self.given).setFocus()

    def submit(self) -> None:
        """Try it."""
        if self._person is None or not self.go.isEnabled():
            return
        self._is_busy = True
        self.error.hide()
        self._look()
        running = self._door.choose_password(
            self._person.id, self.given.text(), self.new.text(), self._on_welcome, self._on_fault
        )
        if self._is_busy:  # else it was answered at once
            self._running = running

    def leave(self) -> None:
        """Think better of it: nobody is in."""
        self.drop()
        self.left.emit()

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        running, self._running, self._is_busy = self._running, None, False
        if running is not None:
            running.drop()
        self.given.wipe()
        self.new.field.wipe()
        self.hide()

    def _name(self) -> str:
        return self._person.display_name if self._person else ""

    def _look(self) -> None:
        is_other = self.new.text() != self.given.text()
        ready = bool(self.given.text()) and self.new.is_accepted and is_other
        self.go.setEnabled(ready and not self._is_busy)
        for part in (self.given, self.new, self.cancel):
            part.setEnabled(not self._is_busy)
        if self.new.text() and not is_other:
            self.new.hint.setText(self.tr("That is the one that you were given."))

    def _on_welcome(self, person: UserTile) -> None:
        self._running = None
        self.drop()
        self.welcomed.emit(person)

    def _on_fault(self, fault: Exception) -> None:
        self._running, self._is_busy = None, False
        self.given.wipe()
        self._given.show()
        self._look()
        self.error.say(error_words(fault), "danger")
        self.given.setFocus()
