"""The tools at the foot, 44 px each, for a gloved finger."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton

from viewer.ui import theme
from viewer.ui.parts.words import row, rule
from viewer.ui.shell_actions import ShellActions

_LEFT = ("import",)
_MIDDLE = (
    ("tool_window", "tool_pan", "tool_zoom", "tool_crosshair"),
    ("invert", "rotate_left", "rotate_right", "flip_horizontally", "flip_vertically"),
    ("fit", "one_to_one", "reset_view", "hide_sides"),
    ("undo", "redo"),
)
_WITH_WORDS = {"import", "share"}


class ToolBar(QFrame):
    """Import on the left, tools in the middle, share on the right."""

    def __init__(self, actions: ShellActions) -> None:
        super().__init__()
        self._actions = actions
        self.setProperty("surface", "raised")
        self.setFixedHeight(56)
        self.buttons: dict[str, QToolButton] = {}
        layout = row(self, gap=1)
        layout.setContentsMargins(8, 0, 8, 0)
        for action_id in _LEFT:
            self._add(layout, action_id)
        layout.addStretch(1)
        for place, group in enumerate(_MIDDLE):
            if place:
                self._add_gap(layout)
            for action_id in group:
                self._add(layout, action_id)
        layout.addStretch(1)
        self._add(layout, "share")

    def _add(self, layout: QHBoxLayout, action_id: str) -> None:
        made = QToolButton()
        made.setDefaultAction(self._actions.by_id[action_id])
        size = theme.current().size("icon")
        made.setIconSize(QSize(size, size))
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setAccessibleName(self._actions.by_id[action_id].text())
        made.setProperty("target", "word" if action_id in _WITH_WORDS else "touch")
        if action_id in _WITH_WORDS:
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.buttons[action_id] = made
        layout.addWidget(made)

    @staticmethod
    def _add_gap(layout: QHBoxLayout) -> None:
        line = rule(upright=True)
        line.setFixedHeight(24)
        layout.addSpacing(6)
        layout.addWidget(line)
        layout.addSpacing(6)
