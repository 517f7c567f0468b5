"""The PIN pad at door and lock, the sheet that sets a PIN, the hint, and switching by hand."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fakes import PASSWORDS, PEOPLE, FakeDoor, FakeDrafts, FakeQuick, FakeWatch
from viewer.app.actions import Actions
from viewer.ui.front_desk import FrontDesk
from viewer.ui.pin_pad import PinPad
from viewer.ui.ports import UserTile
from viewer.ui.quick_pin import QuickPinSheet
from viewer.ui.shell import Practice, Shell
from viewer.ui.sign_in import SignIn

PIN = "402917"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def pad(dressed: QApplication, qtbot: QtBot) -> PinPad:
    made = PinPad()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def tap(pad: PinPad, keys: str) -> None:
    """Press keys with a finger."""
    for key in keys:
        QTest.mouseClick(pad.keys[key], LEFT)


def test_fingers_and_keyboard_type_the_same_and_backspace_takes_back(pad: PinPad) -> None:
    tap(pad, "40")
    QTest.keyClicks(pad, "2917")
    assert pad.text() == PIN
    QTest.mouseClick(pad.erase_key, LEFT)
    QTest.keyClick(pad, Qt.Key.Key_Backspace)
    QTest.keyClicks(pad, "x17")
    assert pad.text() == PIN


def test_every_key_is_large_enough_for_a_glove(pad: PinPad) -> None:
    assert len(pad.keys) == 12
    for key in pad.keys.values():
        assert key.width() >= 44
        assert key.height() >= 44
        assert key.accessibleName()


def test_enter_is_taken_from_six_digits_on(pad: PinPad, qtbot: QtBot) -> None:
    told: list[str] = []
    pad.submitted.connect(lambda: told.append(pad.text()))
    tap(pad, PIN[:5])
    QTest.keyClick(pad, Qt.Key.Key_Return)
    assert not pad.enter_key.isEnabled()
    tap(pad, PIN[5])
    QTest.mouseClick(pad.enter_key, LEFT)
    QTest.keyClick(pad, Qt.Key.Key_Enter)
    assert told == [PIN, PIN]


def test_what_is_typed_stands_in_no_line_edit_and_is_overwritten(pad: PinPad) -> None:
    tap(pad, PIN)
    buffer = pad._typed
    digits = memoryview(buffer)
    kept = digits.obj
    digits.release()
    pad.wipe()
    assert kept == bytearray()
    assert pad.text() == ""
    assert pad.findChildren(QLineEdit) == []


# --- at the lock ---------------------------------------------------------------------------------


@pytest.fixture
def sign_in(dressed: QApplication, qtbot: QtBot, door: FakeDoor) -> Iterator[SignIn]:
    door.quick.pins["u2"] = PIN
    made = SignIn(door, "Unlock", PEOPLE[0].id)
    made.resize(520, 640)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.drop()
    made.hide()
    made.deleteLater()


def choose(sign_in: SignIn, person: UserTile) -> None:
    tile = next(tile for tile in sign_in.tiles if tile.person.id == person.id)
    QTest.mouseClick(tile, LEFT)


def test_who_has_a_pin_gets_the_pad_and_the_others_the_field(sign_in: SignIn) -> None:
    assert sign_in.field.isVisible()
    choose(sign_in, PEOPLE[1])
    assert sign_in.quick.pad.isVisible()
    assert not sign_in.field.isVisible()
    choose(sign_in, PEOPLE[2])
    assert sign_in.field.isVisible()
    assert not sign_in.quick.isVisible()


def test_the_pin_lets_in_by_touch_alone(sign_in: SignIn, qtbot: QtBot) -> None:
    choose(sign_in, PEOPLE[1])
    with qtbot.waitSignal(sign_in.welcomed) as told:
        tap(sign_in.quick.pad, PIN)
        QTest.mouseClick(sign_in.quick.pad.enter_key, LEFT)
    assert told.args == [PEOPLE[1]]
    assert sign_in.was_quick
    assert sign_in.quick.pad.text() == ""


def test_the_pin_lets_in_by_keyboard_alone(sign_in: SignIn, qtbot: QtBot) -> None:
    choose(sign_in, PEOPLE[1])
    with qtbot.waitSignal(sign_in.welcomed):
        QTest.keyClicks(sign_in.quick.pad, PIN)
        QTest.keyClick(sign_in.quick.pad, Qt.Key.Key_Return)


def test_the_password_is_one_tap_away(sign_in: SignIn, qtbot: QtBot, door: FakeDoor) -> None:
    choose(sign_in, PEOPLE[1])
    QTest.mouseClick(sign_in.quick.password_button, LEFT)
    assert sign_in.field.isVisible()
    with qtbot.waitSignal(sign_in.welcomed):
        QTest.keyClicks(sign_in.field.line, PASSWORDS["u2"])
        QTest.keyClick(sign_in.field.line, Qt.Key.Key_Return)
    assert not sign_in.was_quick


def test_a_wrong_pin_says_so_in_place_and_the_fifth_asks_for_the_password(
    sign_in: SignIn,
) -> None:
    choose(sign_in, PEOPLE[1])
    for turn in range(5):
        assert sign_in.quick.pad.isVisible(), turn
        tap(sign_in.quick.pad, "730562")
        QTest.mouseClick(sign_in.quick.pad.enter_key, LEFT)
        assert sign_in.error.isVisible()
        assert sign_in.quick.pad.text() == ""
    assert sign_in.field.isVisible()
    assert not sign_in.quick.isVisible()
    assert "0 tries" in sign_in.error.words.text()


def test_while_one_has_to_wait_the_pad_takes_nothing(sign_in: SignIn, door: FakeDoor) -> None:
    choose(sign_in, PEOPLE[1])
    door.quick.wait["u2"] = 4.0
    tap(sign_in.quick.pad, "730562")
    QTest.mouseClick(sign_in.quick.pad.enter_key, LEFT)
    assert not sign_in.quick.pad.isEnabled()
    assert "4 s" in sign_in.quick.step.text()
    door.quick.wait["u2"] = 0.0
    sign_in._count_down()
    assert sign_in.quick.pad.isEnabled()


def test_when_the_shift_ends_under_the_pad_the_password_is_asked_for(
    sign_in: SignIn, door: FakeDoor
) -> None:
    choose(sign_in, PEOPLE[1])
    tap(sign_in.quick.pad, "40")
    door.quick.pins.clear()
    sign_in._look_at_shift()
    assert sign_in.field.isVisible()
    assert sign_in.quick.pad.text() == ""


def test_a_tap_of_the_security_key_lets_in_without_a_digit(
    sign_in: SignIn, door: FakeDoor, qtbot: QtBot
) -> None:
    door.quick.pins.clear()
    door.quick.taps["u3"] = "blue key"
    choose(sign_in, PEOPLE[2])
    assert not sign_in.quick.pad.isVisible()
    QTest.mouseClick(sign_in.quick.tap_button, LEFT)
    assert "blue key" in sign_in.quick.step.text()
    assert door.quick.pending is not None
    with qtbot.waitSignal(sign_in.welcomed):
        door.quick.pending.finish()
    assert sign_in.was_quick


def test_choosing_another_person_forgets_the_digits_of_the_first(sign_in: SignIn) -> None:
    choose(sign_in, PEOPLE[1])
    tap(sign_in.quick.pad, "4029")
    choose(sign_in, PEOPLE[0])
    choose(sign_in, PEOPLE[1])
    assert sign_in.quick.pad.text() == ""


# --- inside --------------------------------------------------------------------------------------


@pytest.fixture
def quick() -> FakeQuick:
    return FakeQuick()


@pytest.fixture
def sheet(dressed: QApplication, qtbot: QtBot, quick: FakeQuick) -> QuickPinSheet:
    made = QuickPinSheet(quick, PEOPLE[0])
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def enter(pad: PinPad, pin: str) -> None:
    tap(pad, pin)
    QTest.mouseClick(pad.enter_key, LEFT)


def test_a_pin_is_set_once_it_was_typed_twice(
    sheet: QuickPinSheet, quick: FakeQuick, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(sheet.done) as told:
        enter(sheet.pad, PIN)
        assert quick.given == []
        enter(sheet.pad, PIN)
    assert quick.given == [(PIN, "")]
    assert "until" in told.args[0]


def test_two_that_differ_begin_again(sheet: QuickPinSheet, quick: FakeQuick) -> None:
    enter(sheet.pad, PIN)
    enter(sheet.pad, "730562")
    assert quick.given == []
    assert "not the same" in sheet.error.words.text()
    assert sheet.step.text() == "New PIN"


def test_a_weak_pin_is_refused_with_the_reason_before_it_is_typed_again(
    sheet: QuickPinSheet, quick: FakeQuick
) -> None:
    enter(sheet.pad, "123456")
    assert "anybody tries" in sheet.error.words.text()
    assert sheet.step.text() == "New PIN"
    assert quick.given == []


def test_long_after_the_login_the_password_is_asked_for(
    dressed: QApplication, qtbot: QtBot, quick: FakeQuick
) -> None:
    quick.is_fresh = False
    sheet = QuickPinSheet(quick, PEOPLE[0])
    qtbot.addWidget(sheet)
    sheet.show()
    assert sheet.password.isVisible()
    QTest.keyClicks(sheet.password.line, "wrong")
    enter(sheet.pad, PIN)
    enter(sheet.pad, PIN)
    assert "not your password" in sheet.error.words.text()
    assert sheet.password.text() == ""
    QTest.keyClicks(sheet.password.line, PASSWORDS["u1"])
    enter(sheet.pad, PIN)
    with qtbot.waitSignal(sheet.done):
        enter(sheet.pad, PIN)


def test_one_can_do_without_it_again(dressed: QApplication, qtbot: QtBot, quick: FakeQuick) -> None:
    quick.pins["u1"] = PIN
    sheet = QuickPinSheet(quick, PEOPLE[0])
    qtbot.addWidget(sheet)
    sheet.show()
    with qtbot.waitSignal(sheet.done):
        QTest.mouseClick(sheet.drop_button, LEFT)
    assert quick.pins == {}


@pytest.fixture
def desk(
    dressed: QApplication,
    door: FakeDoor,
    practice: Practice,
    watch: FakeWatch,
    drafts: FakeDrafts,
) -> Iterator[FrontDesk]:

    def let_in(person: UserTile) -> Practice:
        watch.is_locked, watch.current_user = False, person
        drafts.user_id = door.quick.user_id = person.id
        return attrs.evolve(practice, quick=door.quick)

    made = FrontDesk(door, let_in, Actions)
    made.open()
    yield made
    made.close()
    if made.login is not None:
        made.login.deleteLater()


def log_in(desk: FrontDesk, number: int = 0) -> Shell:
    panel = desk.lock_screen.window.sign_in if desk.lock_screen else desk.login.sign_in  # type: ignore[union-attr]
    assert panel is not None
    panel.fill_in(PEOPLE[number], PASSWORDS[PEOPLE[number].id])
    QTest.mouseClick(panel.go, LEFT)
    assert desk.shell is not None
    return desk.shell


def test_after_a_login_a_hint_offers_it_once_and_blocks_nothing(
    desk: FrontDesk, door: FakeDoor
) -> None:
    shell = log_in(desk)
    assert shell.shift.card is not None
    assert QApplication.focusWidget() is not shell.shift.card.yes
    QTest.mouseClick(shell.shift.card.no, LEFT)
    assert shell.shift.card is None
    desk.lock()
    assert log_in(desk).shift.card is None, "an unlock is no login"


def test_no_hint_where_there_is_one_already_or_none_can_be_set(
    desk: FrontDesk, door: FakeDoor
) -> None:
    door.quick.pins["u1"] = PIN
    shell = log_in(desk)
    assert shell.shift.card is None
    desk.log_off()
    door.quick.pins.clear()
    door.quick.can_set = False
    assert log_in(desk).shift.card is None


def test_the_hint_opens_the_sheet_and_goes_once_it_is_set(
    desk: FrontDesk, door: FakeDoor, qtbot: QtBot
) -> None:
    shell = log_in(desk)
    assert shell.shift.card is not None
    QTest.mouseClick(shell.shift.card.yes, LEFT)
    sheet = shell.sheets[0].content
    assert isinstance(sheet, QuickPinSheet)
    enter(sheet.pad, PIN)
    enter(sheet.pad, PIN)
    qtbot.waitUntil(lambda: shell.sheets == [])
    assert shell.shift.card is None
    assert door.quick.pins == {"u1": PIN}
    assert "until" in shell.toast.words.text()


def test_the_user_menu_switches_users_and_sets_the_pin(desk: FrontDesk) -> None:
    shell = log_in(desk)
    QTest.mouseClick(shell.bar.ring, LEFT)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    entries = {action.text(): action for action in menu.actions()}
    assert "Quick PIN for this shift" in entries
    menu.close()
    entries["Switch user"].trigger()
    assert desk.lock_screen is not None
    panel = desk.lock_screen.window.sign_in
    assert not any(tile.isChecked() for tile in panel.tiles), "nobody is asked for by name"


def test_switching_by_tile_and_pin_lets_the_second_in(desk: FrontDesk, door: FakeDoor) -> None:
    door.quick.pins["u2"] = PIN
    shell = log_in(desk)
    shell.shift.switch_wanted.emit()
    assert desk.lock_screen is not None
    panel = desk.lock_screen.window.sign_in
    choose(panel, PEOPLE[1])
    enter(panel.quick.pad, PIN)
    assert desk.shell is not None
    assert desk.shell.user == PEOPLE[1]
    assert desk.lock_screen is None


def test_the_lock_with_the_pad_fits_a_small_screen(desk: FrontDesk, door: FakeDoor) -> None:
    door.quick.pins["u1"] = PIN
    log_in(desk)
    desk.lock()
    assert desk.lock_screen is not None
    window = desk.lock_screen.window
    window.resize(1366, 768)
    window.sign_in.error.say("That is not right. 4 tries are left before the password.", "danger")
    QApplication.processEvents()
    inside = window.rect()
    for part in (window.sign_in.quick.pad.enter_key, window.sign_in.quick.password_button):
        corner = part.mapTo(window, part.rect().bottomRight())
        assert inside.contains(corner), part.accessibleName()
    assert isinstance(window, QWidget)
