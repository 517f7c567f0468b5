"""The second step at the door: a code in place, or a touch of the key, clicked as a person does."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.ui.fakes import PASSWORDS, PEOPLE, FakeDoor
from viewer.ui.sign_in import SignIn


@pytest.fixture
def sign_in(qtbot: QtBot, dressed: object, door: FakeDoor) -> SignIn:
    door.factors = {"u1": ("totp",), "u2": ("security key",)}
    made = SignIn(door, "Log in")
    qtbot.addWidget(made)
    made.show()
    return made


def _choose(sign_in: SignIn, user_id: str, password: str = "") -> None:
    tile = next(tile for tile in sign_in.tiles if tile.person.id == user_id)
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton)
    QTest.keyClicks(sign_in.field.line, password or PASSWORDS[user_id])
    QTest.mouseClick(sign_in.go, Qt.MouseButton.LeftButton)


def test_who_has_an_app_is_asked_for_two_steps_and_nothing_is_sent_after_the_first(
    sign_in: SignIn, door: FakeDoor
) -> None:
    _choose(sign_in, "u1")
    assert sign_in.step.text().startswith("Step 1 of 2")
    assert sign_in.second.step.text() == "Step 2 of 2: code from your phone"
    assert not sign_in.field.isVisible()
    assert sign_in.second.field.hasFocus()
    assert door.tries == []


def test_six_digits_are_sent_with_the_password_as_soon_as_they_are_typed(
    qtbot: QtBot, sign_in: SignIn, door: FakeDoor
) -> None:
    _choose(sign_in, "u1")
    with qtbot.waitSignal(sign_in.welcomed):
        QTest.keyClicks(sign_in.second.field, door.right_code)
    assert door.tries == [("u1", PASSWORDS["u1"])]
    assert door.codes == [door.right_code]
    assert sign_in.field.text() == ""
    assert sign_in.second.field.text() == ""


def test_a_wrong_code_takes_back_to_the_password_with_one_message(
    sign_in: SignIn, door: FakeDoor
) -> None:
    _choose(sign_in, "u1")
    QTest.keyClicks(sign_in.second.field, "135790")
    assert sign_in.error.isVisible()
    assert sign_in.field.isVisible()
    assert sign_in.field.text() == ""
    assert sign_in.second.isHidden()


def test_a_wrong_password_is_not_told_before_the_code(sign_in: SignIn, door: FakeDoor) -> None:
    _choose(sign_in, "u1", "not my password")
    assert sign_in.second.isVisible()
    assert not sign_in.error.isVisible()


def test_a_recovery_code_is_typed_into_the_same_field(sign_in: SignIn, door: FakeDoor) -> None:
    _choose(sign_in, "u1")
    QTest.keyClicks(sign_in.second.field, "246A 10AB CDEF GHJK")
    assert door.tries == []
    QTest.keyClick(sign_in.second.field, Qt.Key.Key_Return)
    assert door.codes == ["246A 10AB CDEF GHJK"]


def test_back_forgets_what_was_typed(sign_in: SignIn) -> None:
    _choose(sign_in, "u1")
    QTest.keyClicks(sign_in.second.field, "12")
    QTest.mouseClick(sign_in.second.back, Qt.MouseButton.LeftButton)
    assert sign_in.second.isHidden()
    assert sign_in.second.field.text() == ""
    assert sign_in.field.isVisible()
    assert sign_in.field.text() == ""


def test_choosing_somebody_else_forgets_the_step(sign_in: SignIn) -> None:
    _choose(sign_in, "u1")
    other = next(tile for tile in sign_in.tiles if tile.person.id == "u3")
    QTest.mouseClick(other, Qt.MouseButton.LeftButton)
    assert sign_in.second.isHidden()
    assert sign_in.step.text().startswith("Step 1 of 1")


def test_who_has_a_key_is_told_to_touch_it_and_can_cancel(sign_in: SignIn, door: FakeDoor) -> None:
    door.holds = True
    _choose(sign_in, "u2")
    assert door.tries == [("u2", PASSWORDS["u2"])]
    assert sign_in.second.step.text() == "Step 2 of 2: your security key"
    door.keys.touch()
    assert sign_in.second.wait.words.text() == "Touch your security key"
    QTest.mouseClick(sign_in.second.wait.cancel, Qt.MouseButton.LeftButton)
    assert door.keys.cancels == 1


def test_a_key_that_asks_for_its_pin_gets_it(sign_in: SignIn, door: FakeDoor) -> None:
    door.holds = True
    _choose(sign_in, "u2")
    door.keys.pin()
    assert sign_in.second.wait.pin.isVisible()
    QTest.keyClicks(sign_in.second.wait.pin.line, "2468")
    QTest.keyClick(sign_in.second.wait.pin.line, Qt.Key.Key_Return)
    assert door.keys.pins == ["2468"]
    assert sign_in.second.wait.pin.text() == ""


def test_a_lost_key_is_replaced_by_a_recovery_code(sign_in: SignIn, door: FakeDoor) -> None:
    tile = next(tile for tile in sign_in.tiles if tile.person.id == "u2")
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton)
    QTest.keyClicks(sign_in.field.line, PASSWORDS["u2"])
    QTest.mouseClick(sign_in.lost_key, Qt.MouseButton.LeftButton)
    QTest.keyClicks(sign_in.second.field, "0123-4567-89AB-CDEF")
    QTest.mouseClick(sign_in.second.go, Qt.MouseButton.LeftButton)
    assert door.codes == ["0123-4567-89AB-CDEF"]
    assert not sign_in.second.wait.isVisible()


def test_who_has_no_second_factor_sees_none_of_it(sign_in: SignIn, door: FakeDoor) -> None:
    _choose(sign_in, "u3")
    assert door.tries == [("u3", PASSWORDS["u3"])]
    assert sign_in.second.isHidden()
    assert not sign_in.lost_key.isVisible()


def test_the_end_of_the_window_forgets_code_and_password(sign_in: SignIn, door: FakeDoor) -> None:
    door.holds = True
    _choose(sign_in, "u2")
    sign_in.drop()
    assert door.keys.cancels == 1
    assert sign_in.field.text() == ""
    assert sign_in.second.isHidden()
    door.keys.touch()  # a late answer finds nobody
    assert PEOPLE[1].id == "u2"
