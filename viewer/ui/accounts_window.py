"""Accounts, for the security officer: the people, and what each role may."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabBar, QWidget

from viewer.ui.accounts_people import PeoplePage
from viewer.ui.accounts_ports import Accounts
from viewer.ui.parts.words import column, row, rule
from viewer.ui.ports import UserTile
from viewer.ui.roles_page import RolesPage

PEOPLE, ROLES = 0, 1


class AccountsPanel(QWidget):
    """The content of a wide sheet: two pages under their titles."""

    def __init__(self, accounts: Accounts, me: UserTile) -> None:
        super().__init__()
        layout = column(self, gap=0)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.addTab(self.tr("People"))
        self.tabs.addTab(self.tr("What each role may"))
        head = row()
        head.setContentsMargins(8, 0, 8, 0)
        head.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(head)
        layout.addWidget(rule())
        self.people = PeoplePage(accounts, me.id)
        self.roles = RolesPage(accounts, lambda: self.people.everybody)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.people)
        self.stack.addWidget(self.roles)
        layout.addWidget(self.stack, 1)
        self.tabs.currentChanged.connect(self._turn)
        self.roles.changed.connect(self.people.roles_changed)
        self.setFocusProxy(self.people)

    def _turn(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        if place == ROLES:
            self.roles.read()
        page = self.roles if place == ROLES else self.people
        page.setFocus()
