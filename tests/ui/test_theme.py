from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.panes import FakePane
from viewer.app.actions import ACTIONS
from viewer.model.resources import resource_path
from viewer.ui import icons, theme
from viewer.ui.pane_style import style_of_theme
from viewer.ui.shell import Shell

TEXTS = ("text", "text_soft", "text_faint", "accent", "doubt", "danger", "verified")
SURFACES = ("base", "raised", "overlay")
PAIRS = (
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("on_danger", "danger"),
    ("doubt", "doubt_deep"),
    ("danger", "danger_deep"),
    ("verified", "verified_deep"),
    ("text", "accent_deep"),
    ("text_soft", "accent_deep"),
    ("text_soft", "hover"),
)


@pytest.mark.parametrize("theme_id", theme.THEME_IDS)
def test_words_stand_out_from_every_surface_they_lie_on(theme_id: str) -> None:
    look = theme.load_theme(theme_id)
    pairs = [*((t, s) for t in TEXTS for s in SURFACES), *PAIRS]
    ratios = {p: theme.contrast_ratio(look.colour(p[0]), look.colour(p[1])) for p in pairs}
    assert {p: r for p, r in ratios.items() if r < 4.5} == {}


@pytest.mark.parametrize("theme_id", theme.THEME_IDS)
def test_edges_of_fields_can_be_seen(theme_id: str) -> None:
    look = theme.load_theme(theme_id)
    for surface in ("base", "raised"):
        assert theme.contrast_ratio(look.colour("line_strong"), look.colour(surface)) >= 3


def test_the_high_contrast_theme_reaches_seven_to_one() -> None:
    look = theme.load_theme("contrast")
    for words in TEXTS:
        assert theme.contrast_ratio(look.colour(words), look.colour("base")) >= 7


def test_contrast_of_black_and_white_is_twenty_one() -> None:
    look = theme.load_theme("contrast")
    ratio = theme.contrast_ratio(look.colour("text"), look.colour("canvas"))
    assert ratio == pytest.approx(21)


@pytest.mark.parametrize("theme_id", theme.THEME_IDS)
def test_every_theme_has_the_same_tokens(theme_id: str) -> None:
    assert theme.load_theme(theme_id).colours.keys() == theme.load_theme("dark").colours.keys()


@pytest.mark.parametrize("theme_id", theme.THEME_IDS)
def test_the_style_sheet_has_no_token_left_open(theme_id: str) -> None:
    assert "$" not in theme.load_theme(theme_id).style_sheet()


def test_the_style_sheet_names_no_colour_of_its_own() -> None:
    source = resource_path("themes", "base.qss").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b", source) == []


def test_no_words_are_smaller_than_twelve_pixels() -> None:
    sizes = theme.load_theme("dark").sizes
    assert min(size for name, size in sizes.items() if name.startswith("text_")) >= 12


def test_a_theme_that_is_not_there_is_a_fault_one_can_read() -> None:
    with pytest.raises(theme.ThemeMissing, match="theme"):
        theme.load_theme("sepia")


def test_every_action_with_an_icon_has_one_on_disk(dressed: QApplication) -> None:
    for action in ACTIONS:
        if action.icon:
            assert not icons.pixmap(action.icon).isNull()


def test_an_icon_is_sharp_at_two_hundred_percent(dressed: QApplication) -> None:
    shown = icons.pixmap("lock", "text", 20, 2.0)
    assert (shown.width(), shown.deviceIndependentSize().width()) == (40, 20)


def test_the_shipped_typeface_is_used(dressed: QApplication) -> None:
    assert dressed.font().family() == "Inter"


@pytest.mark.parametrize("theme_id", theme.THEME_IDS)
def test_words_over_pictures_stand_out_in_every_theme(dressed: QApplication, theme_id: str) -> None:
    theme.apply_theme(dressed, theme_id)
    style = style_of_theme()
    for words in (style.text, style.text_quiet):
        for ground in (style.raised, style.line, style.canvas):
            assert theme.contrast_ratio(QColor(words), QColor(ground)) >= 4.5


def test_icons_of_tools_follow_a_theme_chosen_while_the_program_runs(
    dressed: QApplication, shell: Shell, qtbot: QtBot
) -> None:
    action = shell.actions_bar.by_id["lock"]
    before = action.icon().pixmap(24).toImage()
    theme.apply_theme(dressed, "light")
    qtbot.waitUntil(lambda: action.icon().pixmap(24).toImage() != before)
    assert action.icon().pixmap(24).toImage() == icons.icon("lock").pixmap(24).toImage()


def test_the_picture_on_screen_follows_a_theme_chosen_while_the_program_runs(
    dressed: QApplication, shell: Shell, qtbot: QtBot
) -> None:
    pane = shell.workspace._pane_for(is_volume=False)
    assert isinstance(pane, FakePane)
    assert pane.done == []
    theme.apply_theme(dressed, "contrast")
    qtbot.waitUntil(lambda: "dress" in pane.done)
    assert pane.done == ["dress"] * len(pane.done)
