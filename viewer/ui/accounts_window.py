"""People who may log in, for the security officer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFrame, QPushButton, QScrollArea, QWidget

from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import NewPassword, labelled, line
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.people import Disc
from viewer.ui.parts.words import ElidedWords, Words, box, clear_layout, column, row, rule
from viewer.ui.ports import Account, Accounts, NewAccount, UserTile


class AccountsPanel(QWidget):
    """The content of a wide sheet: the list on the left, a new account on the right."""

    def __init__(self, accounts: Accounts, me: UserTile) -> None:
        super().__init__()
        self._accounts, self._me = accounts, me
        self.switches: dict[str, QPushButton] = {}
        self.pickers: dict[str, QComboBox] = {}
        layout = row(self, gap=0)
        left = QWidget()
        inner = column(left, gap=3)
        inner.setContentsMargins(20, 16, 20, 16)
        self.message = Banner()
        self.message.closed.connect(self._put_back)
        inner.addWidget(self.message)
        holder = QWidget()
        self._rows = column(holder, gap=2)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(holder)
        inner.addWidget(scroll, 1)
        layout.addWidget(left, 1)
        layout.addWidget(rule(upright=True))
        new = QScrollArea()
        new.setWidgetResizable(True)
        new.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        new.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        new.setFixedWidth(374)
        new.setWidget(self._make_new())
        layout.addWidget(new)
        self.setFocusProxy(self.name)
        self.refresh()

    def refresh(self) -> None:
        """List everybody."""
        clear_layout(self._rows)
        self.switches.clear()
        self.pickers.clear()
        for account in self._accounts.accounts():
            self._rows.addWidget(self._make_row(account))
        self._rows.addStretch(1)

    def _make_row(self, account: Account) -> QFrame:
        frame = box("inset")
        layout = row(frame, margin=3, gap=3)
        layout.addWidget(Disc(account.display_name))
        words = column(gap=0)
        words.addWidget(ElidedWords(account.display_name, "strong"))
        state = "" if account.is_enabled else self.tr("may not log in")
        facts = "  ·  ".join(fact for fact in (account.role, state) if fact)
        words.addWidget(Words(facts, "soft" if account.is_enabled else "doubt"))
        layout.addLayout(words, 1)
        if account.id != self._me.id:
            layout.addWidget(self._make_picker(account))
            verb = self.tr("Disable") if account.is_enabled else self.tr("Enable")
            switch = button(verb, lambda: self._switch(account))
            switch.setAccessibleName(f"{verb} {account.display_name}")
            self.switches[account.id] = switch
            layout.addWidget(switch)
        return frame

    def _make_picker(self, account: Account) -> QComboBox:
        picker = self.pickers[account.id] = QComboBox()
        picker.setProperty("target", "touch")
        picker.setAccessibleName(self.tr("Role of {name}").format(name=account.display_name))
        for role_id, title in self._accounts.roles():
            picker.addItem(title, role_id)
        picker.setCurrentText(account.role)
        picker.setProperty("given", account.role)
        picker.activated.connect(lambda _: self._ask_role(account, picker))
        return picker

    def _put_back(self) -> None:
        """Let every picker show the role that somebody has."""
        for picker in self.pickers.values():
            picker.setCurrentText(str(picker.property("given")))

    def _ask_role(self, account: Account, picker: QComboBox) -> None:
        """Ask before a role changes; dismissing the question puts the picker back."""
        role, title = str(picker.currentData()), picker.currentText()
        self._put_back()
        picker.setCurrentText(title)
        if title == account.role:
            self.message.say("")
            return
        question = self.tr(
            "Give {name} the role “{role}”? What “{before}” could do beyond that ends at once."
        ).format(name=account.display_name, role=title, before=account.role)

        def change() -> None:
            self._accounts.change_role(account.id, role, self._on_changed, self._on_fault)

        self.message.say(question, "doubt", (self.tr("Give the role"), change))

    def _on_changed(self, account: Account) -> None:
        """Show the account as it is now, and say if keys are to be renewed because of it."""
        due = "; ".join(self._accounts.keys_due())
        words = self.tr("New keys are due ({keys}): renew them with the keys of the store.")
        self.message.say(words.format(keys=due) if due else "")
        self.refresh()

    def _make_new(self) -> QWidget:
        page = QWidget()
        page.setFixedWidth(360)
        layout = column(page, gap=4)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.addWidget(Words(self.tr("New account"), "name"))
        self.name = line(self.tr("First and family name"))
        self.role = QComboBox()
        self.role.setProperty("target", "touch")
        for role_id, title in self._accounts.roles():
            self.role.addItem(title, role_id)
        self.role.setPlaceholderText(self.tr("Choose a role"))
        self.role.setCurrentIndex(-1)
        self.role.currentIndexChanged.connect(lambda _: self._look())
        self.password = NewPassword(
            self.tr("First password"), self._accounts.password_advice, self.name.text
        )
        self.add_button = button(self.tr("Add account"), self.add, "primary", "plus")
        layout.addWidget(labelled(self.tr("Name"), self.name))
        layout.addWidget(labelled(self.tr("Role"), self.role))
        layout.addWidget(labelled(self.tr("Password"), self.password))
        layout.addWidget(self.add_button)
        layout.addStretch(1)
        self.name.textChanged.connect(self._look)
        self.password.changed.connect(self._look)
        self._look()
        return page

    def _look(self) -> None:
        named = bool(self.name.text().strip()) and self.role.currentIndex() >= 0
        self.add_button.setEnabled(named and self.password.is_accepted)

    def add(self) -> None:
        """Make the account."""
        self.add_button.setEnabled(False)
        account = NewAccount(
            self.name.text().strip(), str(self.role.currentData()), self.password.text()
        )
        self._accounts.add(account, self._on_added, self._on_fault)

    def _on_added(self, account: Account) -> None:
        self.name.clear()
        self.role.setCurrentIndex(-1)
        self.password.field.wipe()
        words = self.tr("{name} can log in now.").format(name=account.display_name)
        self.message.say(words, "verified")
        self.refresh()

    def _switch(self, account: Account) -> None:
        self._accounts.set_enabled(
            account.id, not account.is_enabled, self._on_changed, self._on_fault
        )

    def _on_fault(self, fault: Exception) -> None:
        self._look()
        self._put_back()
        self.message.say(error_words(fault), "danger")
