"""The table of what a person can do."""

from __future__ import annotations

from collections import Counter

from viewer.app.actions import ACTIONS
from viewer.model.resources import resource_path


def test_no_shortcut_stands_for_two_actions() -> None:
    used = Counter(action.shortcut for action in ACTIONS if action.shortcut)
    assert [shortcut for shortcut, count in used.items() if count > 1] == []


def test_every_icon_is_there() -> None:
    folder = resource_path("icons")
    assert [x.icon for x in ACTIONS if x.icon and not (folder / f"{x.icon}.svg").is_file()] == []
