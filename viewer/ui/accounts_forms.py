"""What the officer fills in beside the list: a new account, another role, name or password."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QScrollArea, QWidget

from viewer.ui.accounts_ports import Accounts, NewPerson, Person, RoleCard
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.fields import NewPassword, labelled, line
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, box, clear_layout, column, row
from viewer.ui.role_words import difference_words, keys_sentence
from viewer.ui.wording import tr


class Form(QWidget):
    """A title, fields, words about what follows, and a button that says what it does.

    `done(Person)` with the account as it is now; `left` when somebody thought better of it.
    """

    done = Signal(object)
    left = Signal()

    def __init__(self, title: str, words: str, verb: str, look: str = "primary") -> None:
        super().__init__()
        self.setFixedWidth(380)
        self._layout = column(self, gap=4)
        self._layout.setContentsMargins(20, 16, 20, 16)
        self._layout.addWidget(Words(title, "name", wrap=True))
        self.words = Words(words, "soft", wrap=True)
        self.words.setVisible(bool(words))
        self._layout.addWidget(self.words)
        self.body = column(gap=4)
        self._layout.addLayout(self.body)
        self.error = Banner(can_close=False)
        self._layout.addWidget(self.error)
        foot = row(gap=2)
        self.go = touchable(button(verb, self.submit, look))
        self.cancel = touchable(button(tr("Cancel"), self.left.emit, "quiet"))
        foot.addWidget(self.go)
        foot.addWidget(self.cancel)
        foot.addStretch(1)
        self._layout.addLayout(foot)
        self._layout.addStretch(1)
        self._is_busy = False

    def is_complete(self) -> bool:
        """Whether it can be sent."""
        return True

    def look(self) -> None:
        """Follow the fields."""
        self.go.setEnabled(self.is_complete() and not self._is_busy)

    def submit(self) -> None:
        """Do it, if it is complete."""
        if not self.is_complete() or self._is_busy:
            return
        self._is_busy = True
        self.error.hide()
        self.look()
        self.begin()

    def begin(self) -> None:
        """Ask the program for it."""

    def on_done(self, person: Person) -> None:
        """Say that it is done."""
        self._is_busy = False
        self.done.emit(person)

    def on_fault(self, fault: Exception) -> None:
        """Show why it was not done; nothing that was typed is lost."""
        self._is_busy = False
        self.look()
        self.error.say(error_words(fault), "danger")


class Side(QScrollArea):
    """Where forms stand, one at a time. The one before goes once its own clicks are over."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(394)
        holder = QWidget()
        self._layout = column(holder, gap=0)
        self.setWidget(holder)

    def show_only(self, widget: QWidget) -> None:
        """Show this one in place of the one before."""
        clear_layout(self._layout)
        self._layout.addWidget(widget)
        self.verticalScrollBar().setValue(0)


class FirstPassword(QWidget):
    """A password to hand over: made here, or typed by the officer."""

    changed = Signal()

    def __init__(self, accounts: Accounts, name: Callable[[], str]) -> None:
        super().__init__()
        self._accounts = accounts
        layout = column(self, gap=1)
        self.new = NewPassword(tr("First password"), accounts.password_advice, name)
        make = touchable(button(tr("Make one to hand over"), self.make, "link"))
        layout.addWidget(self.new)
        layout.addWidget(make, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self.new)
        self.new.changed.connect(self.changed)

    def make(self) -> None:
        """Fill in one that nobody chose, and show it."""
        self.new.field.line.setText(self._accounts.make_password())
        self.new.field.show_plainly()

    @property
    def is_accepted(self) -> bool:
        """Whether it would be taken."""
        return self.new.is_accepted

    def text(self) -> str:
        """What it is."""
        return self.new.text()

    def wipe(self) -> None:
        """Forget it."""
        self.new.field.wipe()


def role_box(roles: Sequence[RoleCard], words: str) -> QComboBox:
    """Return a list of roles to choose from, none chosen; the sentence is each one's tooltip."""
    made = QComboBox()
    made.setProperty("target", "touch")
    made.setAccessibleName(words)
    made.setMaxVisibleItems(14)
    for place, role in enumerate(roles):
        made.addItem(role.title, role.id)
        made.setItemData(place, role.words, Qt.ItemDataRole.ToolTipRole)
    made.setPlaceholderText(tr("Choose a role"))
    made.setCurrentIndex(-1)
    return made


class NewPersonForm(Form):
    """Name, login name, role, first password."""

    def __init__(self, accounts: Accounts, roles: Sequence[RoleCard]) -> None:
        super().__init__(
            tr("New account"),
            tr("One person each. The first login asks for a password of one's own."),
            tr("Add account"),
        )
        self._accounts, self._roles = accounts, roles
        self.name = line(tr("First and family name"))
        self.login = line()
        self.name_advice = Words("", "doubt", wrap=True)
        self.name_advice.hide()
        self.role = role_box(roles, tr("Role"))
        self.role_words = Words("", "small", wrap=True)
        self.role_words.hide()
        self.password = FirstPassword(accounts, self.name.text)
        self.body.addWidget(labelled(tr("Name"), self.name))
        self.body.addWidget(self.name_advice)
        self.body.addWidget(labelled(tr("Login name"), self.login))
        self.body.addWidget(labelled(tr("Role"), self.role))
        self.body.addWidget(self.role_words)
        self.body.addWidget(labelled(tr("Password"), self.password))
        self.cancel.hide()
        self.name.textEdited.connect(self._on_name)
        self.name.textChanged.connect(lambda _: self._on_name_changed())
        self.login.textChanged.connect(lambda _: self.look())
        self.role.currentIndexChanged.connect(lambda _: self._on_role())
        self.password.changed.connect(self.look)
        self.setFocusProxy(self.name)
        self.look()

    def _on_name(self, text: str) -> None:
        if not self.login.isModified():
            self.login.setText(self._accounts.login_for(text))

    def _on_name_changed(self) -> None:
        show_advice(self.name_advice, self._accounts, self.name.text())
        self.look()

    def _on_role(self) -> None:
        place = self.role.currentIndex()
        if place >= 0:
            role = self._roles[place]
            self.role_words.setText(f"{role.words}. {keys_sentence(role.keys)}")
        self.role_words.setVisible(place >= 0)
        self.look()

    def is_complete(self) -> bool:
        """All four, and a name that is one person's."""
        name = self.name.text().strip()
        return (
            bool(name and self.login.text().strip())
            and not self._accounts.name_advice(name).is_refused
            and self.role.currentIndex() >= 0
            and self.password.is_accepted
        )

    def begin(self) -> None:
        """Make the account."""
        person = NewPerson(
            self.name.text().strip(),
            self.login.text().strip(),
            str(self.role.currentData()),
            self.password.text(),
        )
        self._accounts.add(person, self.on_done, self.on_fault)


class RenameForm(Form):
    """Another name: to type and to show."""

    def __init__(self, accounts: Accounts, person: Person) -> None:
        super().__init__(
            tr("Rename {name}").format(name=person.display_name),
            tr("The account and its history stay. The trail keeps the name of the time."),
            tr("Rename"),
        )
        self._accounts, self._person = accounts, person
        self.name = line()
        self.name.setText(person.display_name)
        self.login = line()
        self.login.setText(person.login)
        self.name_advice = Words("", "doubt", wrap=True)
        self.name_advice.hide()
        self.body.addWidget(labelled(tr("Name"), self.name))
        self.body.addWidget(self.name_advice)
        self.body.addWidget(labelled(tr("Login name"), self.login))
        self.name.textEdited.connect(self._on_name)
        self.name.textChanged.connect(lambda _: self._on_name_changed())
        self.login.textChanged.connect(lambda _: self.look())
        for field in (self.name, self.login):
            field.returnPressed.connect(self.submit)
        self.setFocusProxy(self.name)
        self.look()

    def _on_name(self, text: str) -> None:
        if not self.login.isModified():
            self.login.setText(self._accounts.login_for(text))

    def _on_name_changed(self) -> None:
        show_advice(self.name_advice, self._accounts, self.name.text())
        self.look()

    def is_complete(self) -> bool:
        """Another name than before."""
        names = (self.name.text().strip(), self.login.text().strip())
        changed = names != (self._person.display_name, self._person.login)
        return all(names) and changed and not self._accounts.name_advice(names[0]).is_refused

    def begin(self) -> None:
        """Give the name."""
        self._accounts.rename(
            self._person.id,
            self.login.text().strip(),
            self.name.text().strip(),
            self.on_done,
            self.on_fault,
        )


class RoleForm(Form):
    """Another role, with what it gives and takes before it is given."""

    def __init__(self, accounts: Accounts, person: Person, roles: Sequence[RoleCard]) -> None:
        super().__init__(
            tr("Another role for {name}").format(name=person.display_name),
            tr("An open session goes on with what both roles allow; the next login has the new."),
            tr("Give the role"),
        )
        self._accounts, self._person = accounts, person
        self._roles = {role.id: role for role in roles}
        self.role = role_box(roles, tr("Role of {name}").format(name=person.display_name))
        self.role.setCurrentIndex(self.role.findData(person.role_id))
        self.change = box("inset")
        self._lines = column(self.change, margin=3, gap=2)
        self.body.addWidget(labelled(tr("Role"), self.role))
        self.body.addWidget(self.change)
        self.role.currentIndexChanged.connect(lambda _: self.look())
        self.setFocusProxy(self.role)
        self.look()

    def look(self) -> None:
        """Say what changes."""
        clear_layout(self._lines)
        before, after = self._roles.get(self._person.role_id), self._roles[self._chosen]
        lines = difference_words(before, after) if before else []
        for words, token in lines:
            self._lines.addWidget(Words(words, token, wrap=True))
        self._lines.addWidget(Words(keys_sentence(after.keys), "soft", wrap=True))
        super().look()

    @property
    def _chosen(self) -> str:
        return str(self.role.currentData())

    def is_complete(self) -> bool:
        """Another than before."""
        return self._chosen != self._person.role_id

    def begin(self) -> None:
        """Give the role."""
        self._accounts.change_role(self._person.id, self._chosen, self.on_done, self.on_fault)


class ResetForm(Form):
    """A first password again, for somebody who forgot his own."""

    def __init__(self, accounts: Accounts, person: Person) -> None:
        super().__init__(
            tr("Reset the password of {name}").format(name=person.display_name),
            tr(
                "The password of today and the second steps open nothing any more, and an open "
                "session ends with its next lock. This cannot be undone."
            ),
            tr("Reset the password"),
            "danger",
        )
        self._accounts, self._person = accounts, person
        self.password = FirstPassword(accounts, lambda: person.display_name)
        self.body.addWidget(labelled(tr("First password"), self.password))
        self.password.changed.connect(self.look)
        self.setFocusProxy(self.password)
        self.look()

    def is_complete(self) -> bool:
        """A password that is taken."""
        return self.password.is_accepted

    def begin(self) -> None:
        """Give it."""
        self._accounts.reset_password(
            self._person.id, self.password.text(), self.on_done, self.on_fault
        )


class LeftForm(Form):
    """Somebody left: said plainly before it is done."""

    def __init__(self, accounts: Accounts, person: Person) -> None:
        super().__init__(
            tr("{name} left the practice").format(name=person.display_name),
            tr(
                "Keys, password and second steps are taken off, and an open session ends at once. "
                "The account stays for the trail, out of sight. Somebody who comes back gets a "
                "new first password."
            ),
            tr("Left the practice"),
            "danger",
        )
        self._accounts, self._person = accounts, person
        self.setFocusProxy(self.cancel)
        self.look()

    def begin(self) -> None:
        """Take everything off."""
        self._accounts.mark_left(self._person.id, self.on_done, self.on_fault)


def show_advice(where: Words, accounts: Accounts, name: str) -> None:
    """Show what is to be said of a name, in the colour of how it is meant."""
    found = accounts.name_advice(name.strip()) if name.strip() else None
    where.setText(found.words if found else "")
    where.set_role("danger" if found and found.is_refused else "doubt")
    where.setVisible(bool(found and found.words))
