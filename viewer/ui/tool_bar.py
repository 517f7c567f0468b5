"""The tools at the foot, 44 px each, for a gloved finger."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton

from viewer.ui import theme
from viewer.ui.parts.buttons import IconButton
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
_SPARED = {"rotate_left", "flip_vertically", "one_to_one", "reset_view", "undo", "redo"}
"""Left to their keys and the palette where there is no room."""


class ToolBar(QFrame):
    """Import on the left, tools in the middle, share on the right; sides fold at the ends."""

    left_toggled = Signal()
    right_toggled = Signal()

    def __init__(self, actions: ShellActions) -> None:
        super().__init__()
        self._actions = actions
        self.setProperty("surface", "raised")
        self.setFixedHeight(56)
        self.buttons: dict[str, QToolButton] = {}
        layout = row(self, gap=1)
        layout.setContentsMargins(8, 0, 8, 0)
        self._lines: list[QFrame] = []
        left = IconButton("panel-left", self.tr("Show or hide patients"), size="touch")
        left.clicked.connect(self.left_toggled)
        layout.addWidget(left)
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
        right = IconButton("panel-right", self.tr("Show or hide the inspector"), size="touch")
        right.clicked.connect(self.right_toggled)
        layout.addWidget(right)

    def set_narrow(self, *, narrow: bool, tiny: bool) -> None:
        """Leave words out in a narrow window, and tools with keys in a tiny one."""
        icon_only = Qt.ToolButtonStyle.ToolButtonIconOnly
        beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        for action_id in _WITH_WORDS:
            self.buttons[action_id].setToolButtonStyle(icon_only if narrow else beside)
        for action_id in _SPARED:
            self.buttons[action_id].setVisible(not tiny)
        for line in self._lines:
            line.setVisible(not tiny)

    def _add(self, layout: QHBoxLayout, action_id: str) -> None:
        made = QToolButton()
        made.setDefaultAction(self._actions.by_id[action_id])
        size = theme.current().size("icon")
        made.setIconSize(QSize(size, size))
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setAccessibleName(self._actions.by_id[action_id].text())
        made.setProperty("target", "word" if action_id in _WITH_WORDS else "touch")
        if action_id in _WITH_WORDS:
            action = self._actions.by_id[action_id]
            action.setIconText(f" {action.text()}")
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.buttons[action_id] = made
        layout.addWidget(made)

    def _add_gap(self, layout: QHBoxLayout) -> None:
        line = rule(upright=True)
        line.setFixedHeight(24)
        self._lines.append(line)
        layout.addWidget(line)
