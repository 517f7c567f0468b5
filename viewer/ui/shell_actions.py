"""Action records become Qt actions with shortcuts, enabled where they make sense."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from viewer.app.actions import Action, Actions, Need
from viewer.ui import icons

_CANVAS_ONLY = {"hide_sides"}
"""Their keys (Tab) mean something else outside the image."""
_ALWAYS = {"lock", "log_off", "switch_user"}


class ShellActions(QObject):
    """One `QAction` per record. Shortcuts live on the shell, some on the canvas alone."""

    def __init__(self, actions: Actions, shell: QWidget, canvas: QWidget) -> None:
        super().__init__(shell)
        self._actions = actions
        self._needs: set[Need] = {Need.NOTHING, Need.LOGGED_IN}
        self._is_blocked = False
        self.by_id: dict[str, QAction] = {}
        for record in actions.table.values():
            made = self._make(record)
            home = canvas if record.id in _CANVAS_ONLY else shell
            home.addAction(made)
            self.by_id[record.id] = made
        self._refresh()

    def _make(self, record: Action) -> QAction:
        made = QAction(self.tr(record.text), self)
        key = QKeySequence(record.shortcut)
        shown = key.toString(QKeySequence.SequenceFormat.NativeText)
        words = self.tr(record.tooltip)
        made.setToolTip(f"{words} ({shown})" if shown else words)
        if record.icon:
            made.setIcon(icons.icon(record.icon))
        if record.shortcut:
            made.setShortcut(key)
        if record.id in _CANVAS_ONLY:
            made.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made.setCheckable(record.group == "tool")
        made.triggered.connect(lambda _=False, i=record.id: self._actions.trigger(i))
        return made

    def dress(self) -> None:
        """Draw the icons anew, in the colours of the theme in force."""
        for action_id, made in self.by_id.items():
            if self.record(action_id).icon:
                made.setIcon(icons.icon(self.record(action_id).icon))

    def record(self, action_id: str) -> Action:
        """Return an action's record."""
        return self._actions.table[action_id]

    def can(self, action_id: str) -> bool:
        """Whether an action makes sense now."""
        return self.by_id[action_id].isEnabled()

    def is_offered(self, action_id: str) -> bool:
        """Whether this person's role may do it at all."""
        return self._actions.is_offered(action_id)

    def set_scene(self, needs: set[Need]) -> None:
        """Say what there is: a patient, a picture, a volume."""
        self._needs = {Need.NOTHING, Need.LOGGED_IN, *needs}
        self._refresh()

    def set_blocked(self, blocked: bool) -> None:
        """Leave nothing but lock and logoff while a sheet is open."""
        self._is_blocked = blocked
        self._refresh()

    def check_tool(self, action_id: str) -> None:
        """Show which tool is in hand."""
        for record in self._actions.table.values():
            if record.group == "tool":
                self.by_id[record.id].setChecked(record.id == action_id)

    def _refresh(self) -> None:
        for action_id, made in self.by_id.items():
            fits = self._actions.table[action_id].need in self._needs
            fits = fits and self._actions.is_offered(action_id)
            made.setEnabled(fits and (not self._is_blocked or action_id in _ALWAYS))
