"""The menu under the user's initials: safeguards, looks, and the way out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from viewer.ui import theme
from viewer.ui.ports import UserTile
from viewer.ui.shell_actions import ShellActions

_SAFEGUARDS = ("review", "trail", "relay", "store", "accounts", "workstation")
"""What the menu offers of them, in this order, to whom the role allows it."""


class UserMenu(QMenu):
    """Opens with `popup()`; deletes itself when it closes."""

    theme_wanted = Signal(str)

    def __init__(self, user: UserTile, actions: ShellActions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        who = self.addAction(f"{user.display_name}, {user.role}")
        who.setEnabled(False)
        self.addSeparator()
        for action_id in _SAFEGUARDS:
            if action_id in actions.by_id and actions.is_offered(action_id):
                self.addAction(actions.by_id[action_id])
        self._add_looks()
        self.addSeparator()
        for action_id in ("my_sign_in", "quick_pin", "about", "switch_user", "lock", "log_off"):
            self.addAction(actions.by_id[action_id])

    def _add_looks(self) -> None:
        looks = self.addMenu(self.tr("Look"))
        group = QActionGroup(looks)
        for theme_id in theme.THEME_IDS:
            made = looks.addAction(self.tr(theme.load_theme(theme_id).name))
            made.setCheckable(True)
            made.setChecked(theme_id == theme.current().id)
            made.triggered.connect(lambda _=False, i=theme_id: self.theme_wanted.emit(i))
            group.addAction(made)
