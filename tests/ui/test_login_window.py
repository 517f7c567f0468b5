from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.fakes import NAMES, PASSWORDS, PEOPLE, FakeDoor
from viewer.ui import ports, theme
from viewer.ui.login_window import LoginWindow
from viewer.ui.sign_in import SignIn


def open_door(
    qtbot: QtBot, door: FakeDoor, demo: tuple[ports.DemoUser, ...] = ()
) -> tuple[LoginWindow, SignIn]:
    window = LoginWindow(door, demo)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    assert window.sign_in is not None
    return window, window.sign_in


def words_in(window: LoginWindow) -> str:
    return " ".join(label.text() for label in window.findChildren(QLabel))


def click_tile(qtbot: QtBot, sign_in: SignIn, place: int) -> None:
    qtbot.mouseClick(sign_in.tiles[place], Qt.MouseButton.LeftButton)


def test_a_person_picks_a_tile_types_the_password_and_is_in(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    window, sign_in = open_door(qtbot, door)
    click_tile(qtbot, sign_in, 0)
    qtbot.keyClicks(sign_in.field.line, PASSWORDS["u1"])
    with qtbot.waitSignal(window.welcomed) as welcomed:
        qtbot.keyClick(sign_in.field.line, Qt.Key.Key_Return)
    assert welcomed.args == [PEOPLE[0]]
    assert sign_in.field.text() == ""


def test_a_wrong_password_is_said_in_place_and_the_field_is_emptied(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    _, sign_in = open_door(qtbot, door)
    click_tile(qtbot, sign_in, 1)
    qtbot.keyClicks(sign_in.field.line, "guess")
    qtbot.mouseClick(sign_in.go, Qt.MouseButton.LeftButton)
    assert sign_in.error.isVisible()
    assert "not right" in sign_in.error.words.text()
    assert sign_in.field.text() == ""


def test_after_a_back_off_nothing_can_be_typed_until_it_is_over(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    _, sign_in = open_door(qtbot, door)
    click_tile(qtbot, sign_in, 0)
    qtbot.keyClicks(sign_in.field.line, "guess")
    door.wait["u1"] = 3.2
    qtbot.keyClick(sign_in.field.line, Qt.Key.Key_Return)
    assert not sign_in.field.isEnabled()
    assert "4 s" in sign_in.go.text()
    door.wait["u1"] = 0.0
    qtbot.waitUntil(sign_in.field.isEnabled, timeout=2000)
    assert sign_in.go.text() == "Log in"


def test_the_back_off_of_one_person_leaves_the_others_free(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    _, sign_in = open_door(qtbot, door)
    door.wait["u1"] = 30
    click_tile(qtbot, sign_in, 0)
    assert not sign_in.field.isEnabled()
    click_tile(qtbot, sign_in, 1)
    assert sign_in.field.isEnabled()


def test_while_a_password_is_checked_it_shows_progress_and_takes_no_second_try(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    _, sign_in = open_door(qtbot, door)
    door.holds = True
    click_tile(qtbot, sign_in, 0)
    qtbot.keyClicks(sign_in.field.line, PASSWORDS["u1"])
    qtbot.keyClick(sign_in.field.line, Qt.Key.Key_Return)
    assert sign_in.busy.isVisible()
    sign_in.submit()
    assert len(door.tries) == 1


def test_the_eye_shows_the_password_and_hides_it_again(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    _, sign_in = open_door(qtbot, door)
    click_tile(qtbot, sign_in, 0)
    line = sign_in.field.line
    assert line.echoMode() is line.EchoMode.Password
    eye = line.actions()[0]
    eye.trigger()
    assert line.echoMode() is line.EchoMode.Normal
    eye.trigger()
    assert line.echoMode() is line.EchoMode.Password


def test_capitals_without_shift_bring_the_caps_lock_hint(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    _, sign_in = open_door(qtbot, door)
    click_tile(qtbot, sign_in, 0)
    qtbot.keyClick(sign_in.field.line, "a")
    assert not sign_in.field.caps_hint.isVisible()
    qtbot.keyClick(sign_in.field.line, "A", Qt.KeyboardModifier.NoModifier)
    assert sign_in.field.caps_hint.isVisible()


def test_the_door_says_nothing_about_patients(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    window, _ = open_door(qtbot, door)
    shown = words_in(window) + window.windowTitle()
    assert door.practice_name in shown
    assert not [family for _, family, *_ in NAMES if family in shown]


def test_demo_passwords_are_on_a_card_and_fill_the_field(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    demo = tuple(ports.DemoUser(p.display_name, p.role, PASSWORDS[p.id]) for p in PEOPLE)
    window, sign_in = open_door(qtbot, door, demo)
    assert PASSWORDS["u2"] in words_in(window)
    fill = next(
        b for b in window.findChildren(QPushButton) if b.accessibleName().endswith("Ejemplo")
    )
    qtbot.mouseClick(fill, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(window.welcomed) as welcomed:
        qtbot.keyClick(sign_in.go, Qt.Key.Key_Space)
    assert welcomed.args == [PEOPLE[1]]


def test_without_demo_users_no_password_is_shown(
    dressed: QApplication, qtbot: QtBot, door: FakeDoor
) -> None:
    window, _ = open_door(qtbot, door)
    assert not [p for p in PASSWORDS.values() if p in words_in(window)]


def found(qtbot: QtBot, door: FakeDoor) -> LoginWindow:
    window = LoginWindow(door)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    page = window.founding
    assert page is not None
    qtbot.keyClicks(page.practice, "Praxis Probe")
    qtbot.keyClicks(page.officer, "Dr. Ada Probe")
    qtbot.keyClicks(page.password.field.line, "correct horse battery")
    qtbot.mouseClick(page.go, Qt.MouseButton.LeftButton)
    return window


def test_the_first_run_makes_a_practice_and_asks_two_groups_of_the_key_back(
    dressed: QApplication, qtbot: QtBot
) -> None:
    door = FakeDoor(founded=False)
    window = found(qtbot, door)
    page = window.founding
    assert page is not None
    assert "K4TN" in words_in(window)
    qtbot.mouseClick(page.written, Qt.MouseButton.LeftButton)
    groups = ("K4TN", "9QWE", "H7ZB", "M2XC", "R8LP", "V5JD", "A3FG", "T6YS")
    for field, place in zip(page.answers, page.asked_groups, strict=True):
        qtbot.keyClicks(field, groups[place].lower())
    qtbot.mouseClick(page.finish, Qt.MouseButton.LeftButton)
    assert window.founding is None
    assert window.sign_in is not None
    assert door.founding is not None
    assert door.founding.practice_name == "Praxis Probe"
    assert door.proved is not None


def test_a_scanned_code_proves_the_sheet_as_well(dressed: QApplication, qtbot: QtBot) -> None:
    door = FakeDoor(founded=False)
    window = found(qtbot, door)
    page = window.founding
    assert page is not None
    assert not page.card.code.is_empty
    qtbot.mouseClick(page.written, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(
        page.answers[0], "K4TN-9QWE-H7ZB-M2XC-R8LP-V5JD-A3FG-T6YS"
    )  # as a scanner types
    qtbot.keyClick(page.answers[0], Qt.Key.Key_Return)
    assert window.sign_in is not None
    assert door.proved is not None


@pytest.mark.parametrize("theme_id", ["dark", "light", "contrast"])
def test_the_code_on_screen_reads_whatever_the_look(
    dressed: QApplication, qtbot: QtBot, theme_id: str
) -> None:
    theme.apply_theme(dressed, theme_id)
    window = found(qtbot, FakeDoor(founded=False))
    page = window.founding
    assert page is not None
    image = page.card.code.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    read = zxingcpp.read_barcodes(np.ascontiguousarray(pixels[:, : image.width()]))
    theme.apply_theme(dressed, "dark")
    assert [each.text for each in read] == ["K4TN-9QWE-H7ZB-M2XC-R8LP-V5JD-A3FG-T6YS"]


def test_the_file_of_a_sheet_is_written_only_after_it_was_said_what_it_is(
    dressed: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    window = found(qtbot, FakeDoor(founded=False))
    page = window.founding
    assert page is not None
    qtbot.mouseClick(page.card.save, Qt.MouseButton.LeftButton)
    assert "the key in plain" in page.card.message.words.text()
    assert list(tmp_path.iterdir()) == []
    page.card.save_to(tmp_path / "sheet.pdf")
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")
    page.card.save_to(tmp_path / "no" / "sheet.pdf")
    assert "could not be written" in page.card.message.words.text()
    page.card.forget()
    assert page.card.code.is_empty
    assert "K4TN" not in words_in(window)


def test_a_key_that_was_not_written_down_does_not_get_on(
    dressed: QApplication, qtbot: QtBot
) -> None:
    window = found(qtbot, FakeDoor(founded=False))
    page = window.founding
    assert page is not None
    qtbot.mouseClick(page.written, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(page.answers[0], "AAAA")
    qtbot.mouseClick(page.finish, Qt.MouseButton.LeftButton)
    assert page.error.isVisible()
    assert window.sign_in is None


def test_a_short_password_can_not_found_a_practice(dressed: QApplication, qtbot: QtBot) -> None:
    window = LoginWindow(FakeDoor(founded=False))
    qtbot.addWidget(window)
    page = window.founding
    assert page is not None
    page.practice.setText("P")
    page.officer.setText("O")
    page.password.field.line.setText("short")
    assert not page.go.isEnabled()
