"""The forms of the sheet “My sign-in”: each asks for the password again, and says what was wrong.

What is secret in a form is gone when it is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from viewer.ui.folder_dialog import ask_where_to_save
from viewer.ui.key_wait import KeyWait
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import sentence, touchable
from viewer.ui.parts.fields import NewPassword, PasswordField, labelled, line
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.qr import QrPicture
from viewer.ui.parts.words import Words, box, column, row
from viewer.ui.ports import Running
from viewer.ui.second_step import code_line
from viewer.ui.security_ports import AppSecret, MySecurity

_FIELD_PX = 360


class Form(QWidget):
    """Fields, a message, and two buttons. `done(object)` is what came of it.

    Nothing waits in the window; while something is under way the fields rest.
    """

    done = Signal(object)
    left = Signal()

    def __init__(self, security: MySecurity, verb: str, look: str = "primary") -> None:
        super().__init__()
        self._security = security
        self._has_key = bool(security.standing().key_label)
        self.wait = KeyWait(security.keys)
        self._running: Running | None = None
        self._is_busy = False
        self._layout = column(self, gap=3)
        self._layout.setContentsMargins(0, 8, 0, 0)
        self.password = PasswordField(self.tr("Your password"))
        self.error = Banner(can_close=False)
        self._verb = verb
        self.go = touchable(button(verb, self.submit, look))
        self.no = touchable(button(self.tr("Leave it"), self._leave, "quiet"))
        self.password.submitted.connect(self.submit)
        self.fields: list[QWidget] = []

    def add(self, field: QWidget) -> None:
        """Add a field."""
        field.setMaximumWidth(_FIELD_PX)
        self.fields.append(field)
        self._layout.addWidget(field)

    def finish(self) -> None:
        """Add what is at the foot of every form."""
        self._layout.addWidget(self.wait)
        self._layout.addWidget(self.error)
        foot = row(gap=2)
        foot.addWidget(self.go)
        foot.addWidget(self.no)
        foot.addStretch(1)
        self._layout.addLayout(foot)
        if self.fields:
            self.setFocusProxy(self.fields[0])

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return self._is_busy

    @property
    def is_complete(self) -> bool:
        """Whether there is enough to try."""
        return bool(self.password.text())

    @property
    def takes_key(self) -> bool:
        """Whether a security key is touched for it."""
        return self._has_key

    def begin(self) -> Running:
        """Begin the work with `on_done` and `on_fault`."""
        raise NotImplementedError

    def submit(self) -> None:
        """Try it."""
        if self.is_busy or not self.is_complete:
            return
        self.error.hide()
        self._set_busy(True)
        if self.takes_key:
            self._show_wait(True)
            self.wait.start()
        self._hold(self.begin())

    def _hold(self, running: Running) -> None:
        if self._is_busy:  # it did not answer at once
            self._running = running

    def on_done(self, result: object) -> None:
        """Tell what came of it."""
        self._set_busy(False)
        self.drop()
        self.done.emit(result)

    def on_fault(self, fault: Exception) -> None:
        """Say what was wrong, and let it be tried again."""
        self._set_busy(False)
        self.password.wipe()
        self.error.say(error_words(fault), "danger")
        self.password.setFocus()

    def drop(self) -> None:
        """Forget what was typed and what is under way."""
        self.password.wipe()
        self.wait.rest()
        if self._running is not None:
            self._running.drop()
            self._running = None

    def _show_wait(self, shown: bool) -> None:
        """Show what the key wants in place of the buttons."""
        if not shown:
            self.wait.rest()
        self.go.setVisible(not shown)
        self.no.setVisible(not shown)

    def _leave(self) -> None:
        self.drop()
        self.left.emit()

    def _set_busy(self, busy: bool) -> None:
        self._is_busy = busy
        if not busy:
            self._running = None
            self._show_wait(False)
        for each in self.fields:
            each.setEnabled(not busy)
        self.go.setEnabled(not busy)
        self.go.setText(self.tr("One moment…") if busy else self._verb)


class PasswordForm(Form):
    """The password as it is, and a new one with a meter that moves while it is typed."""

    def __init__(self, security: MySecurity, name: str) -> None:
        super().__init__(security, self.tr("Change the password"))
        self.password.line.setPlaceholderText(self.tr("Password as it is"))
        self.password.line.setAccessibleName(self.tr("Password as it is"))
        self.new = NewPassword(self.tr("New password"), security.password_advice, lambda: name)
        self.new.hint.setWordWrap(True)
        if security.standing().has_second_factor:
            self.new.hint.setText(self.tr("At least 8 characters; a sentence works well."))
        self.new.field.submitted.connect(self.submit)
        self.add(self.password)
        self.add(self.new)
        self.finish()

    @property
    def is_complete(self) -> bool:
        """Whether there is an old one and a new one that would be taken."""
        return bool(self.password.text()) and self.new.is_accepted

    def begin(self) -> Running:
        """Change it."""
        return self._security.change_password(
            self.password.text(), self.new.text(), self.on_done, self.on_fault
        )

    def drop(self) -> None:
        """Forget both."""
        self.new.field.wipe()
        super().drop()


class AppForm(Form):
    """The secret as a picture and as text, and the code that shows it arrived in the app."""

    def __init__(self, security: MySecurity) -> None:
        super().__init__(security, self.tr("Set it up"))
        secret: AppSecret = security.begin_app()
        self.picture = QrPicture(self.tr("QR code for the authenticator app"))
        self.picture.show_modules(secret.picture)
        self.secret = Words(secret.text, "strong", wrap=True)
        self.secret.setAccessibleName(self.tr("The same secret to type"))
        self.code = code_line(self.tr("Code that the app shows"))
        self.code.returnPressed.connect(self.password.setFocus)
        beside = row(gap=5)
        beside.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        beside.addLayout(self._make_steps(), 1)
        self._layout.addLayout(beside)
        self.finish()
        self.setFocusProxy(self.code)

    def _make_steps(self) -> QVBoxLayout:
        steps = column(gap=3)
        steps.addWidget(
            Words(self.tr("Scan this with the authenticator app on your phone."), "body", wrap=True)
        )
        steps.addWidget(Words(self.tr("Or type this into it:"), "soft"))
        steps.addWidget(self.secret)
        for words, field in (
            (self.tr("Then type the six digits that it shows"), self.code),
            (self.tr("And your password"), self.password),
        ):
            field.setMaximumWidth(_FIELD_PX)
            self.fields.append(field)
            steps.addWidget(labelled(words, field))
        steps.addStretch(1)
        return steps

    @property
    def is_complete(self) -> bool:
        """Whether code and password were typed."""
        return bool(self.code.text().strip()) and bool(self.password.text())

    def begin(self) -> Running:
        """Enrol it."""
        return self._security.confirm_app(
            self.password.text(), self.code.text(), self.on_done, self.on_fault
        )

    def on_fault(self, fault: Exception) -> None:
        """Let a fresh code be typed; the picture stays."""
        self.code.clear()
        super().on_fault(fault)
        self.code.setFocus()

    def drop(self) -> None:
        """Let go of the secret wherever it is."""
        self.picture.wipe()
        self.secret.clear()
        self.code.clear()
        self._security.forget_app()
        super().drop()


class RemovalForm(Form):
    """Password, and a code where it takes one."""

    def __init__(
        self,
        security: MySecurity,
        verb: str,
        words: str,
        begin: Callable[[RemovalForm], Running],
    ) -> None:
        super().__init__(security, verb, "danger")
        self._begin = begin
        self.code = code_line(words)
        self.add(self.password)
        if words:
            self.code.returnPressed.connect(self.submit)
            self.add(self.code)
        self.finish()

    def begin(self) -> Running:
        """Do it."""
        return self._begin(self)

    def drop(self) -> None:
        """Forget both."""
        self.code.clear()
        super().drop()


class KeyForm(Form):
    """What one calls the key and the password; then the key is touched, twice or three times."""

    def __init__(self, security: MySecurity) -> None:
        super().__init__(security, self.tr("Add the key"))
        self.label = line(self.tr("For example: blue key"))
        self.label.setMaxLength(40)
        self.label.returnPressed.connect(self.password.setFocus)
        self.add(labelled(self.tr("What you call it"), self.label))
        self.add(self.password)
        self.finish()
        self.setFocusProxy(self.label)

    @property
    def is_complete(self) -> bool:
        """Whether it has a name and the password was typed."""
        return bool(self.label.text().strip()) and bool(self.password.text())

    @property
    def takes_key(self) -> bool:
        """The one that is added."""
        return True

    def begin(self) -> Running:
        """Wait for the key."""
        return self._security.add_key(
            self.password.text(), self.label.text(), self.on_done, self.on_fault
        )


class KeyRemovalForm(RemovalForm):
    """The key is touched once more, or a recovery code stands in for it."""

    def __init__(self, security: MySecurity) -> None:
        super().__init__(
            security,
            self.tr("Remove the key"),
            self.tr("Recovery code, if the key is lost"),
            lambda form: security.remove_key(
                form.password.text(), form.code.text(), form.on_done, form.on_fault
            ),
        )

    @property
    def takes_key(self) -> bool:
        """Unless it is lost."""
        return not self.code.text().strip()


class CodesPaper(QWidget):
    """Ten codes, shown this once; they go when one says that they are on paper."""

    kept = Signal()

    def __init__(self, security: MySecurity, codes: Sequence[str]) -> None:
        super().__init__()
        self._security, self._codes = security, tuple(codes)
        self._running: Running | None = None
        layout = column(self, gap=3)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(
            sentence(
                self.tr(
                    "Shown this once. Each lets you in one time, with your password, when phone or"
                    " security key is not at hand. Keep them on paper, away from this computer."
                ),
                "warning",
            )
        )
        frame = box("row")
        grid = QGridLayout(frame)
        grid.setContentsMargins(16, 12, 16, 12)
        grid.setHorizontalSpacing(40)
        grid.setVerticalSpacing(6)
        self.words = [Words(code, "name") for code in codes]
        rows = (len(self.words) + 1) // 2
        for number, words in enumerate(self.words):
            grid.addWidget(words, number % rows, number // rows)
        grid.setColumnStretch(2, 1)
        layout.addWidget(frame)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        foot = row(gap=2)
        self.save = touchable(button(self.tr("Save a page to print…"), self._ask_where))
        self.confirm = touchable(button(self.tr("I have them on paper"), self._done, "primary"))
        foot.addWidget(self.confirm)
        foot.addWidget(self.save)
        foot.addStretch(1)
        layout.addLayout(foot)

    def drop(self) -> None:
        """Forget them."""
        self._codes = ()
        for words in self.words:
            words.clear()
        if self._running is not None:
            self._running.drop()
            self._running = None

    def _done(self) -> None:
        self.drop()
        self.kept.emit()

    def _ask_where(self) -> None:
        name = self.tr("recovery-codes.pdf")
        ask_where_to_save(self, self.tr("Save a page to print"), name, self._write)

    def _write(self, path: Path) -> None:
        self._running = self._security.save_codes(
            self._codes,
            path,
            lambda _: self.message.say(
                self.tr("Saved. Print it, then delete the file."), "verified"
            ),
            lambda fault: self.message.say(error_words(fault), "danger"),
        )
