from __future__ import annotations

import warnings
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fakes import LONG_NAME, NAMES, PEOPLE, FakeChart
from tests.ui.panes import FakePane
from viewer.app.actions import Actions
from viewer.model.errors import EnvironmentFault
from viewer.model.view import WindowLevel
from viewer.session.permissions import Permission
from viewer.ui import theme
from viewer.ui.command_palette import CommandPalette
from viewer.ui.shell import Practice, Shell


def pane(shell: Shell) -> FakePane:
    return cast(FakePane, shell.workspace.pane)


def open_first(shell: Shell, chart: FakeChart) -> None:
    shell.open_patient(chart.patients[0])


def test_typing_a_name_and_clicking_it_shows_the_newest_image(
    shell: Shell, qtbot: QtBot, chart: FakeChart
) -> None:
    qtbot.keyClicks(shell.patients.search, "mar")
    assert [row.patient.family_name for row in shell.patients.rows] == ["Marchetti"]
    view = shell.patients.view
    where = view.visualRect(shell.patients.model.index(0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert shell.bar.name.text() == "Marchetti, Lucia"
    assert "1987-04-12" in shell.bar.facts.text()
    assert "#20431" in shell.bar.facts.text()
    assert "2026-11-04" in shell.bar.facts.text()
    assert pane(shell).picture is not None
    assert pane(shell).identity is not None


def test_arrow_and_enter_in_the_search_field_open_a_patient(shell: Shell, qtbot: QtBot) -> None:
    qtbot.keyClicks(shell.patients.search, "oka")
    qtbot.keyClick(shell.patients.search, Qt.Key.Key_Return)
    assert shell.bar.name.text() == "Okafor, Chinedu"


def test_a_name_nobody_has_says_so(shell: Shell, qtbot: QtBot) -> None:
    qtbot.keyClicks(shell.patients.search, "zzz")
    assert shell.patients.nobody.isVisible()
    assert "Nobody" in shell.patients.nobody.text()


def test_no_patient_is_ever_in_the_window_title(shell: Shell, chart: FakeChart) -> None:
    open_first(shell, chart)
    assert shell.windowTitle() == "Bitewing"


def test_clicking_a_thumbnail_in_the_timeline_opens_that_image(
    shell: Shell, qtbot: QtBot, chart: FakeChart
) -> None:
    open_first(shell, chart)
    view = shell.timeline.view
    second_visit = view.visualRect(view.visit_model.index(2))
    where = second_visit.topLeft() + QPoint(16 + 50 + 10, 56 + 10)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert shell.image is not None
    assert shell.image.kind.value == "cephalometric"


def test_right_and_left_step_through_the_visit(
    shell: Shell, qtbot: QtBot, chart: FakeChart
) -> None:
    open_first(shell, chart)
    first = shell.image
    qtbot.keyClick(shell, Qt.Key.Key_Right)
    assert shell.image is not None
    assert shell.image != first
    qtbot.keyClick(shell, Qt.Key.Key_Left)
    assert shell.image == first


def test_image_keys_reach_the_pane(shell: Shell, qtbot: QtBot, chart: FakeChart) -> None:
    open_first(shell, chart)
    for key in (Qt.Key.Key_R, Qt.Key.Key_H, Qt.Key.Key_F):
        qtbot.keyClick(shell, key)
    assert pane(shell).done == ["rotate_right", "flip_horizontally", "fit"]


def test_crosshair_is_for_volumes_and_turning_for_films(shell: Shell, chart: FakeChart) -> None:
    open_first(shell, chart)
    assert not shell.actions_bar.can("tool_crosshair")
    assert shell.actions_bar.can("rotate_right")
    volume_visit = shell.timeline.view.visit_model.visits[1]
    shell.open_image(volume_visit.images[0], volume_visit)
    assert shell.actions_bar.can("tool_crosshair")
    assert not shell.actions_bar.can("rotate_right")


def test_sliders_and_pane_follow_each_other(shell: Shell, chart: FakeChart) -> None:
    open_first(shell, chart)
    shell.inspector.adjust.centre_slider.setValue(700)
    window = pane(shell).window_level
    assert window is not None
    assert window.centre == pytest.approx(0.7 * 4095)
    pane(shell).drag_window(WindowLevel(1000, 500))
    assert shell.inspector.adjust.centre_words.text() == "1000"
    assert shell.inspector.adjust.width_words.text() == "500"


def test_an_image_that_can_not_be_opened_says_why_in_the_middle(
    shell: Shell, chart: FakeChart
) -> None:
    chart.holds_open = True
    open_first(shell, chart)
    assert chart.open_running is not None
    chart.open_running.on_fault(EnvironmentFault("The disk does not answer.", "Try again."))
    assert "disk" in shell.workspace.empty.words.text()


def test_an_image_that_arrives_late_does_not_replace_a_newer_one(
    shell: Shell, chart: FakeChart
) -> None:
    chart.holds_open = True
    open_first(shell, chart)
    late = chart.open_running
    visit = shell.timeline.view.visit_model.visits[2]
    shell.open_image(visit.images[0], visit)
    assert late is not None
    assert late.is_dropped
    late.finish()
    assert shell.workspace.pane is None


def drag_enter(mime: QMimeData, action: Qt.DropAction) -> QDragEnterEvent:
    with warnings.catch_warnings():
        # Qt keeps this constructor for itself and offers no other.
        warnings.simplefilter("ignore", DeprecationWarning)
        return QDragEnterEvent(
            QPoint(50, 50),
            action,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )


def drop(widget: QWidget, folder: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    action = Qt.DropAction.CopyAction
    enter = drag_enter(mime, action)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(50, 50), action, mime, buttons, keys, QEvent.Type.Drop)
    QApplication.sendEvent(widget, event)


def test_a_folder_dropped_on_the_shell_is_imported_and_refusals_are_told(
    shell: Shell, chart: FakeChart, qtbot: QtBot, tmp_path: Path
) -> None:
    drop(shell, tmp_path)
    assert chart.imported == [[tmp_path]]
    qtbot.waitUntil(lambda: bool(shell.sheets))
    assert [sheet.accessibleName() for sheet in shell.sheets] == ["Import finished"]


def test_a_running_import_shows_how_far_it_is_and_can_be_cancelled(
    shell: Shell, qtbot: QtBot, chart: FakeChart, tmp_path: Path
) -> None:
    chart.holds_import = True
    drop(shell, tmp_path)
    assert shell.progress.isVisible()
    assert "3 / 14" in shell.progress.words.text()
    qtbot.mouseClick(shell.progress.cancel_button, Qt.MouseButton.LeftButton)
    assert chart.import_running is not None
    assert chart.import_running.is_cancelled
    assert not shell.progress.isVisible()


def test_nothing_can_be_dropped_while_a_sheet_is_open(shell: Shell, tmp_path: Path) -> None:
    shell.show_about()
    assert not shell.drops.is_open


def test_an_open_sheet_keeps_the_keys_but_lets_lock_through(shell: Shell, chart: FakeChart) -> None:
    open_first(shell, chart)
    shell.show_trail()
    assert not shell.actions_bar.can("invert")
    assert shell.actions_bar.can("lock")
    shell.sheets[0].close_sheet()
    assert shell.actions_bar.can("invert")


def test_escape_closes_a_sheet(shell: Shell, qtbot: QtBot) -> None:
    shell.show_about()
    qtbot.keyClick(shell.sheets[0], Qt.Key.Key_Escape)
    assert shell.sheets == []


def test_tab_stays_inside_an_open_sheet(shell: Shell, qtbot: QtBot) -> None:
    shell.show_accounts()
    sheet = shell.sheets[0]
    for _ in range(12):
        focus = QApplication.focusWidget()
        assert focus is not None
        assert sheet.isAncestorOf(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)


def test_the_palette_finds_a_command_and_runs_it(
    shell: Shell, qtbot: QtBot, chart: FakeChart
) -> None:
    open_first(shell, chart)
    qtbot.keyClick(shell, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = cast(CommandPalette, shell.sheets[0].content)
    qtbot.keyClicks(palette.field, "turn right")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert pane(shell).done == ["rotate_right"]
    assert shell.sheets == []


def test_the_palette_finds_a_patient(shell: Shell, qtbot: QtBot) -> None:
    shell.show_palette()
    palette = cast(CommandPalette, shell.sheets[0].content)
    qtbot.keyClicks(palette.field, "tanaka")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert shell.bar.name.text() == "Tanaka, Haruto"


def test_every_action_but_undo_is_connected_by_the_shell(shell: Shell) -> None:
    unconnected = set(shell.actions_bar.by_id) - set(shell._connected)
    assert unconnected == {"undo", "redo"}


def test_tab_on_the_image_hides_the_sides_and_brings_them_back(
    shell: Shell, qtbot: QtBot, chart: FakeChart
) -> None:
    open_first(shell, chart)
    pane(shell).setFocus()
    qtbot.keyClick(pane(shell), Qt.Key.Key_Tab)
    assert shell.left.isHidden()
    assert not shell.bar.isHidden()
    qtbot.keyClick(pane(shell), Qt.Key.Key_Tab)
    assert not shell.left.isHidden()


def test_keyboard_reaches_every_part_of_the_shell(
    shell: Shell, qtbot: QtBot, chart: FakeChart
) -> None:
    open_first(shell, chart)
    shell.timeline.view.setFocus()
    parts = (shell.bar, shell.left, shell.inspector, shell.tools, shell.status)
    reached: set[QWidget] = set()
    for _ in range(80):
        focus = QApplication.focusWidget()
        assert focus is not None
        reached |= {part for part in parts if part.isAncestorOf(focus)}
        shell.focusNextPrevChild(True)
    assert reached == set(parts)


def test_a_name_of_thirty_five_letters_is_elided_with_all_of_it_in_the_tooltip(
    shell: Shell, chart: FakeChart
) -> None:
    shell.resize(900, 700)
    shell.open_patient(chart.patients[2])
    QApplication.sendPostedEvents()
    name = shell.bar.name
    name.resize(200, name.height())
    assert len(LONG_NAME) == 35
    assert name.is_elided
    assert LONG_NAME in name.toolTip()
    assert name.shown_text().endswith("…")


def test_a_right_to_left_name_is_shown_whole(shell: Shell, chart: FakeChart) -> None:
    shell.open_patient(chart.patients[3])
    assert shell.bar.name.text() == f"{NAMES[3][1]}, {NAMES[3][2]}"
    assert not shell.bar.name.is_elided


def test_an_empty_practice_teaches_what_to_do(
    dressed: QApplication, qtbot: QtBot, shell: Shell, chart: FakeChart
) -> None:
    chart.patients = []
    shell.refresh()
    assert "No images yet" in shell.workspace.empty.title.text()
    assert "press I" in shell.workspace.empty.words.text()


def test_emptying_leaves_no_name_and_no_pixel_in_the_window(shell: Shell, chart: FakeChart) -> None:
    open_first(shell, chart)
    shown = pane(shell)
    shell.show_share()
    shell.empty()
    assert shown.picture is None
    assert shell.sheets == []
    assert shell.patients.rows == []
    assert "Marchetti" not in shell.bar.name.text()
    assert shell.timeline.view.visit_model.visits == ()
    assert shell.thumbnails._kept == {}


def test_somebody_comes_back_to_the_same_image_and_window(shell: Shell, chart: FakeChart) -> None:
    open_first(shell, chart)
    assert shell.visit is not None
    shell.open_image(shell.visit.images[1], shell.visit)
    pane(shell).drag_window(WindowLevel(900, 700))
    place = shell.whereabouts.place()
    assert place is not None
    shell.open_patient(chart.patients[1])
    shell.whereabouts.return_to(place)
    assert shell.image is not None
    assert shell.image.id == place.image_id
    assert pane(shell).window_level == WindowLevel(900, 700)


def test_a_warning_in_the_status_line_is_a_button_with_words(shell: Shell, qtbot: QtBot) -> None:
    warning = shell.status.buttons[2]
    assert "demo" in warning.text()
    assert "not for patients" in warning.toolTip()
    qtbot.mouseClick(warning, Qt.MouseButton.LeftButton)
    assert [sheet.accessibleName() for sheet in shell.sheets] == ["About Bitewing"]


def test_the_user_menu_opens_and_changes_the_look(
    shell: Shell, qtbot: QtBot, dressed: QApplication
) -> None:
    qtbot.mouseClick(shell.bar.ring, Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.close()


@pytest.mark.parametrize("theme_id", theme.THEME_IDS)
@pytest.mark.parametrize("size", [(683, 500), (1024, 700), (1366, 768), (1920, 1080)])
def test_the_shell_paints_in_every_theme_and_size(
    shell: Shell, chart: FakeChart, dressed: QApplication, theme_id: str, size: tuple[int, int]
) -> None:
    theme.apply_theme(dressed, theme_id)
    shell.resize(*size)
    open_first(shell, chart)
    image = shell.grab().toImage()
    colours = {
        image.pixel(x, y) for x in range(0, image.width(), 9) for y in range(0, image.height(), 9)
    }
    assert len(colours) > 50
    assert shell.width() == size[0]


def test_a_role_without_patients_is_offered_what_it_can_do_and_no_empty_lists(
    dressed: QApplication, qtbot: QtBot, practice: Practice
) -> None:
    allowed = {Permission.READ_TRAIL, Permission.MANAGE_ACCOUNTS}
    officer = Shell(practice, PEOPLE[0], Actions(is_allowed=lambda what: what in allowed))
    qtbot.addWidget(officer)
    officer.resize(1366, 768)
    officer.show()
    offered = {b.text() for b in officer.workspace.empty.findChildren(QPushButton) if b.isVisible()}
    assert offered == {"Trail", "Accounts"}
    assert officer.left.isHidden()
    assert officer.inspector.isHidden()


def test_an_inspector_without_an_image_shows_no_dead_controls(shell: Shell) -> None:
    assert shell.inspector.adjust.controls.isHidden()
    assert not shell.inspector.adjust.hint.isHidden()


def test_presets_are_high_enough_for_a_gloved_finger(shell: Shell, chart: FakeChart) -> None:
    open_first(shell, chart)
    chips = [
        made
        for made in shell.inspector.adjust.findChildren(QPushButton)
        if made.property("look") == "chip"
    ]
    assert chips
    assert all(made.height() >= theme.current().size("touch") for made in chips)
