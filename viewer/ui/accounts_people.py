"""People with accounts: a list that can be narrowed, and beside it what is being done about one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from viewer.model.errors import BitewingError
from viewer.model.ids import UserId
from viewer.ui import accounts_rows as rows
from viewer.ui.accounts_forms import (
    FirstPassword,
    Form,
    LeftForm,
    NewPersonForm,
    RenameForm,
    ResetForm,
    RoleForm,
    Side,
)
from viewer.ui.accounts_ports import Accounts, Person
from viewer.ui.accounts_rows import PersonRow
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import line
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, clear_layout, column, row, rule
from viewer.ui.wording import tr

Undo = tuple[str, Callable[[], None]]


class PeoplePage(QWidget):
    """The list on the left; a new account, or a form about somebody, on the right."""

    changed = Signal()

    def __init__(self, accounts: Accounts, me: UserId) -> None:
        super().__init__()
        self._accounts, self._me = accounts, me
        self._people: list[Person] = []
        self.rows: dict[str, PersonRow] = {}
        layout = row(self, gap=0)
        layout.addWidget(self._make_list(), 1)
        layout.addWidget(rule(upright=True))
        self._side = Side()
        layout.addWidget(self._side)
        self.form: Form = self.show_new()
        self.setFocusProxy(self.search)
        self.read()

    def _make_list(self) -> QWidget:
        left = QWidget()
        inner = column(left, gap=3)
        inner.setContentsMargins(20, 16, 20, 16)
        head = row(gap=2)
        self.search = line(self.tr("Find by name or role"))
        self.search.setProperty("look", "search")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Find by name or role"))
        self.search.textChanged.connect(lambda _: self.show_rows())
        head.addWidget(self.search, 1)
        self.left_chip = button("", self.show_rows, "chip", touch=True)
        self.left_chip.setCheckable(True)
        head.addWidget(self.left_chip)
        inner.addLayout(head)
        self.message = Banner()
        inner.addWidget(self.message)
        holder = QWidget()
        self._rows = column(holder, gap=2)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(holder)
        inner.addWidget(self._scroll, 1)
        return left

    # --- the list ----------------------------------------------------------------------------

    def read(self) -> None:
        """Ask who there is."""
        try:
            self._people = list(self._accounts.people())
        except BitewingError as fault:
            self.message.say(error_words(fault), "danger", (self.tr("Try again"), self.read))
            return
        self.show_rows()

    def show_rows(self) -> None:
        """List who fits what is looked for."""
        gone = [each for each in self._people if each.left_on is not None]
        self.left_chip.setText(self.tr("Left the practice ({count})").format(count=len(gone)))
        self.left_chip.setVisible(bool(gone))
        if not gone:
            self.left_chip.setChecked(False)
        shown = gone if self.left_chip.isChecked() else [p for p in self._people if p not in gone]
        wanted = self.search.text().casefold().split()
        shown = [each for each in shown if all(word in _text_of(each) for word in wanted)]
        clear_layout(self._rows)
        self.rows.clear()
        for person in shown:
            made = PersonRow(person, is_me=person.id == self._me)
            made.wanted.connect(self.do)
            self.rows[person.id] = made
            self._rows.addWidget(made)
        if not shown:
            self._rows.addWidget(self._make_nobody(), 1)
        self._rows.addStretch(1)

    @property
    def everybody(self) -> Sequence[Person]:
        """Who has or had an account."""
        return self._people

    def roles_changed(self) -> None:
        """Show people and form with the roles as they are now."""
        self.read()
        self.show_new()

    def _make_nobody(self) -> QLabel:
        words = Words(self.tr("Nobody here has such a name or role."), "lead-soft", wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words.setMinimumHeight(120)
        return words

    def _put(self, person: Person) -> None:
        """Show an account as it is now, without asking for all of them again."""
        others = [each for each in self._people if each.id != person.id]
        self._people = sorted([*others, person], key=lambda each: each.display_name)
        self.show_rows()
        self.changed.emit()

    # --- what is done ------------------------------------------------------------------------

    def do(self, what: str, person: Person) -> None:
        """Begin what was chosen in somebody's menu."""
        self.message.say("")
        forms: dict[str, Callable[[], Form]] = {
            rows.ROLE: lambda: RoleForm(self._accounts, person, self._accounts.roles()),
            rows.RENAME: lambda: RenameForm(self._accounts, person),
            rows.RESET: lambda: ResetForm(self._accounts, person),
            rows.LEFT: lambda: LeftForm(self._accounts, person),
        }
        if what in forms:
            form = self._show(forms[what]())
            form.done.connect(lambda now: self._on_done(what, person, now))
            form.left.connect(self.show_new)
            form.setFocus()
        elif what in {rows.ENABLE, rows.DISABLE}:
            self._switch(person, enabled=what == rows.ENABLE)
        elif what == rows.BACK:
            words = self.tr("{name} is back: give a first password and let log in.")
            self._accounts.bring_back(person.id, self._then(words), self._on_fault)

    def show_new(self) -> Form:
        """Show the form for a new account."""
        form = self._show(NewPersonForm(self._accounts, self._accounts.roles()))
        form.done.connect(self._on_added)
        return form

    def _show(self, form: Form) -> Form:
        self.form = form
        self._side.show_only(form)
        return form

    def _on_added(self, person: Person) -> None:
        words = self.tr("{name} can log in now, as “{login}”, and is asked for an own password.")
        self._tell(words.format(name=person.display_name, login=person.login), "verified")
        self._hand_over()
        self._put(person)

    def _on_done(self, what: str, before: Person, now: Person) -> None:
        if what == rows.RESET:
            words = self.tr("{name} logs in with the first password now, and changes it then.")
            self._tell(words.format(name=now.display_name), "verified")
            self._hand_over()
        elif what == rows.LEFT:
            self._tell(self.tr("{name} is off the list.").format(name=now.display_name), "verified")
            self.show_new()
        else:
            self._tell(*self._what_was_done(what, now), self._undo(what, before))
            self.show_new()
        self._put(now)

    def _what_was_done(self, what: str, now: Person) -> tuple[str, str]:
        if what == rows.ROLE:
            words = self.tr("{name} has the role “{role}” now.")
            return words.format(name=now.display_name, role=now.role), "verified"
        words = self.tr("The name is {name} now.")
        return words.format(name=now.display_name), "verified"

    def _undo(self, what: str, before: Person) -> Undo:
        def undo() -> None:
            back = self._then(self.tr("{name} is as before."))
            if what == rows.ROLE:
                self._accounts.change_role(before.id, before.role_id, back, self._on_fault)
            else:
                self._accounts.rename(
                    before.id, before.login, before.display_name, back, self._on_fault
                )

        return (self.tr("Undo"), undo)

    def _switch(self, person: Person, *, enabled: bool) -> None:
        def done(now: Person) -> None:
            words = (
                self.tr("{name} may log in again.")
                if enabled
                else self.tr("{name} may not log in any more; an open session ended.")
            )
            undo = None if enabled else (self.tr("Undo"), lambda: self._switch(now, enabled=True))
            self._tell(words.format(name=now.display_name), "verified", undo)
            self._put(now)

        self._accounts.set_enabled(person.id, enabled, done, self._on_fault)

    def _then(self, words: str) -> Callable[[Person], None]:
        def done(person: Person) -> None:
            self._tell(words.format(name=person.display_name), "verified")
            self._put(person)

        return done

    def _tell(self, words: str, tone: str, undo: Undo | None = None) -> None:
        """Say what was done, and which keys are to be renewed because of it."""
        due = "; ".join(self._accounts.keys_due())
        if due:
            more = self.tr("New keys are due ({keys}): renew them with the keys of the store.")
            words, tone = f"{words} {more.format(keys=due)}", "doubt"
        self.message.say(words, tone, undo)

    def _hand_over(self) -> None:
        """Leave a made-up password to be read until the officer goes on."""
        fields = self.form.findChildren(FirstPassword)
        card = HandOver(fields[0].text()) if fields else None
        if card is None:
            self.show_new()
            return
        card.left.connect(self.show_new)
        self._show(card)
        card.go.setFocus()

    def _on_fault(self, fault: Exception) -> None:
        self.message.say(error_words(fault), "danger")


class HandOver(Form):
    """The first password once more, to be handed over; gone with the next click."""

    def __init__(self, password: str) -> None:
        super().__init__(
            tr("Hand over the first password"),
            tr("Tell it to this person alone. It is shown this once."),
            tr("It is handed over"),
        )
        self.password = Words(password, "code", wrap=True)
        self.password.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(self.password)
        self.cancel.hide()

    def begin(self) -> None:
        """Forget it."""
        self.password.setText("")
        self.left.emit()


def _text_of(person: Person) -> str:
    parts = (person.display_name, person.login, person.role, *person.formerly)
    return " ".join(parts).casefold()
