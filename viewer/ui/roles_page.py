"""Roles: the table of what each may, the one that is looked at, and roles of the practice's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from viewer.ui.accounts_forms import Form, Side
from viewer.ui.accounts_ports import Accounts, NewRole, Person, RoleCard
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.words import Words, box, clear_layout, column, row, rule
from viewer.ui.role_matrix import RoleMatrix
from viewer.ui.role_words import difference_words, in_groups, keys_sentence, right_words
from viewer.ui.wording import count_words, tr


class RolesPage(QWidget):
    """The matrix on the left; the role that is looked at, or a form about it, on the right."""

    changed = Signal()

    def __init__(self, accounts: Accounts, people: Callable[[], Sequence[Person]]) -> None:
        super().__init__()
        self._accounts, self._people = accounts, people
        layout = row(self, gap=0)
        left = QWidget()
        inner = column(left, gap=2)
        inner.setContentsMargins(0, 0, 0, 12)  # the sheet's corner is round
        self.message = Banner()
        holder = row()
        holder.setContentsMargins(20, 8, 20, 0)
        holder.addWidget(self.message, 1)
        inner.addLayout(holder)
        self.matrix = RoleMatrix(accounts.grantable())
        inner.addWidget(self.matrix, 1)
        layout.addWidget(left, 1)
        layout.addWidget(rule(upright=True))
        self._side = Side()
        layout.addWidget(self._side)
        self.card: RoleView | None = None
        self.editor: RoleEditor | None = None
        self.matrix.role_chosen.connect(self.show_role)
        self.setFocusProxy(self.matrix)
        self.read()

    def read(self, chosen: str = "") -> None:
        """Ask which roles there are."""
        self.matrix.show_roles(self._accounts.roles(), chosen)

    def show_role(self, role: RoleCard) -> None:
        """Look at a role."""
        having = [p for p in self._people() if p.role_id == role.id and p.left_on is None]
        card = self.card = RoleView(role, having)
        self.editor = None
        card.new.clicked.connect(lambda _=False: self.edit(None))
        card.change.clicked.connect(lambda _=False: self.edit(role))
        card.copy.clicked.connect(lambda _=False: self.edit(None, like=role))
        card.drop.clicked.connect(lambda _=False: self._ask_drop(role))
        self._side.show_only(card)

    def edit(self, role: RoleCard | None, like: RoleCard | None = None) -> None:
        """Change a role of the practice's own, or make one (like another)."""
        having = [p for p in self._people() if role is not None and p.role_id == role.id]
        editor = self.editor = RoleEditor(self._accounts, role, like, len(having))
        self.card = None
        editor.done.connect(lambda made: self._on_saved(made, is_new=role is None))
        editor.left.connect(lambda: self.read(role.id if role else like.id if like else ""))
        self._side.show_only(editor)
        editor.setFocus()

    def _on_saved(self, role: RoleCard, *, is_new: bool) -> None:
        words = (
            self.tr("“{title}” can be given now.")
            if is_new
            else self.tr("“{title}” is changed for everybody who has it.")
        ).format(title=role.title)
        due = "; ".join(self._accounts.keys_due())
        if due:
            more = self.tr("New keys are due ({keys}): renew them with the keys of the store.")
            words = f"{words} {more.format(keys=due)}"
        self.message.say(words, "doubt" if due else "verified")
        self.read(role.id)
        self.changed.emit()

    def _ask_drop(self, role: RoleCard) -> None:
        def drop() -> None:
            self._accounts.drop_role(role.id, lambda _: self._on_dropped(role), self._on_fault)

        words = self.tr("Delete the role “{title}”?").format(title=role.title)
        self.message.say(words, "doubt", (self.tr("Delete"), drop))
        self.message.do_button.setFocus()

    def _on_dropped(self, role: RoleCard) -> None:
        again = NewRole(role.title, role.words, role.may)

        def undo() -> None:
            self._accounts.add_role(again, self._on_restored, self._on_fault)

        words = self.tr("“{title}” is gone.").format(title=role.title)
        self.message.say(words, "verified", (self.tr("Undo"), undo))
        self.read()
        self.changed.emit()

    def _on_restored(self, role: RoleCard) -> None:
        self._on_saved(role, is_new=True)

    def _on_fault(self, fault: Exception) -> None:
        self.message.say(error_words(fault), "danger")


class RoleView(QWidget):
    """One role in words: what it is, whose it is, its keys, and what can be done with it."""

    def __init__(self, role: RoleCard, having: Sequence[Person]) -> None:
        super().__init__()
        self.setFixedWidth(380)
        layout = column(self, gap=4)
        layout.setContentsMargins(20, 16, 20, 16)
        kind = tr("Role of this practice") if role.is_custom else tr("Comes with Bitewing")
        layout.addWidget(Words(kind, "section"))
        layout.addWidget(Words(role.title, "title", wrap=True))
        if role.words:
            layout.addWidget(Words(role.words + ".", "lead-soft", wrap=True))
        keys = box("inset")
        inner = column(keys, margin=3, gap=1)
        inner.addWidget(Words(keys_sentence(role.keys), "body", wrap=True))
        why = tr("Whoever lacks a key cannot do what needs it, even with the program patched.")
        inner.addWidget(Words(why, "small", wrap=True))
        layout.addWidget(keys)
        names = ", ".join(person.display_name for person in having)
        count = count_words(len(having), tr("person"), tr("people"))
        whose = f"{count}: {names}" if having else tr("Nobody has this role.")
        layout.addWidget(Words(whose, "soft", wrap=True))
        self._add_buttons(layout, role, is_used=bool(having))
        layout.addStretch(1)

    def _add_buttons(self, outer: QVBoxLayout, role: RoleCard, *, is_used: bool) -> None:
        self.change = touchable(button(tr("Change…"), _nothing))
        self.copy = touchable(button(tr("Make one like it…"), _nothing))
        self.drop = touchable(button(tr("Delete…"), _nothing, "danger"))
        self.new = touchable(button(tr("New role"), _nothing, "primary", "plus"))
        self.change.setVisible(role.is_custom)
        self.drop.setVisible(role.is_custom)
        self.drop.setEnabled(not is_used)
        if is_used:
            self.drop.setToolTip(tr("Give everybody who has it another role first."))
        first, second = row(gap=2), row(gap=2)
        for made in (self.change, self.drop):
            first.addWidget(made)
        second.addWidget(self.copy)
        second.addWidget(self.new)
        for line_ in (first, second):
            line_.addStretch(1)
            outer.addLayout(line_)


class RoleEditor(Form):
    """Title, sentence, and a tick for each right; the keys that follow are said as it goes."""

    def __init__(
        self, accounts: Accounts, role: RoleCard | None, like: RoleCard | None, having: int
    ) -> None:
        title = tr("Change “{title}”").format(title=role.title) if role else tr("New role")
        words = (
            tr("It changes at once for {people}.").format(
                people=count_words(having, tr("person"), tr("people"))
            )
            if having
            else tr("Give as little as the work needs.")
        )
        super().__init__(title, words, tr("Save the role") if role else tr("Make the role"))
        self._accounts, self._role = accounts, role
        start = role or like
        self.title = line(tr("e.g. Implant nurse"))
        self.about = line(tr("One sentence about it"))
        if role is not None:
            self.title.setText(role.title)
        if start is not None:
            self.about.setText(start.words)
        self.body.addWidget(labelled(tr("Title"), self.title))
        self.body.addWidget(labelled(tr("What it is for"), self.about))
        self.ticks: dict[str, QCheckBox] = {}
        self._rights = {each.id: each for each in accounts.grantable()}
        for group, rights in in_groups(accounts.grantable()):
            self.body.addWidget(Words(group.upper(), "section"))
            for right in rights:
                self._add_tick(right.id, is_on=start is not None and right.id in start.may)
        self._keys_box = box("inset")
        self._keys = column(self._keys_box, margin=3, gap=2)
        self.body.addWidget(self._keys_box)
        self.title.textChanged.connect(lambda _: self.look())
        self.about.textChanged.connect(lambda _: self.look())
        self.setFocusProxy(self.title)
        self.look()

    def _add_tick(self, right_id: str, *, is_on: bool) -> None:
        words = right_words(right_id)
        tick = QCheckBox(words.title)
        tick.setToolTip(words.words)
        tick.setMinimumHeight(40)
        tick.setChecked(is_on)
        tick.toggled.connect(lambda _: self.look())
        self.ticks[right_id] = tick
        line_ = row(gap=2)
        line_.addWidget(tick)
        line_.addWidget(Words(words.words, "small"), 1, Qt.AlignmentFlag.AlignRight)
        self.body.addLayout(line_)

    @property
    def may(self) -> frozenset[str]:
        """What is ticked."""
        return frozenset(right for right, tick in self.ticks.items() if tick.isChecked())

    def card(self) -> RoleCard:
        """The role as it would be."""
        each = (self._rights[right].keys for right in self.may)
        keys: frozenset[str] = frozenset().union(*each)
        return RoleCard("", self.title.text().strip(), self.about.text(), self.may, keys)

    def look(self) -> None:
        """Say which keys follow, and what changes for who has it."""
        clear_layout(self._keys)
        card = self.card()
        self._keys.addWidget(Words(keys_sentence(card.keys), "body", wrap=True))
        if self._role is not None:
            for words, token in difference_words(self._role, card):
                self._keys.addWidget(Words(words, token, wrap=True))
        super().look()

    def is_complete(self) -> bool:
        """A title, a right, and something else than before."""
        card = self.card()
        before = self._role
        is_other = before is None or (card.title, card.words, card.may) != (
            before.title,
            before.words,
            before.may,
        )
        return bool(card.title and card.may) and is_other

    def begin(self) -> None:
        """Make or change it."""
        new = NewRole(self.title.text().strip(), self.about.text().strip(), self.may)
        if self._role is None:
            self._accounts.add_role(new, self.done.emit, self.on_fault)
        else:
            self._accounts.change_role_to(self._role.id, new, self.done.emit, self.on_fault)


def _nothing() -> None:
    return
