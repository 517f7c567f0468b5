"""The first login in the window: a password of one's own before anything is seen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.fakes import PASSWORDS, PEOPLE, FakeDoor
from viewer.ui.sign_in import SignIn

OWN = "a sentence that is my own"


@pytest.fixture
def door() -> FakeDoor:
    made = FakeDoor()
    made.given = {"u2"}
    return made


@pytest.fixture
def sign_in(dressed: QApplication, qtbot: QtBot, door: FakeDoor) -> SignIn:
    made = SignIn(door, "Log in")
    qtbot.addWidget(made)
    made.resize(520, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def log_in(sign_in: SignIn, qtbot: QtBot) -> list[object]:
    welcomed: list[object] = []
    sign_in.welcomed.connect(welcomed.append)
    sign_in.choose(PEOPLE[1])
    qtbot.keyClicks(sign_in.field.line, PASSWORDS["u2"])
    qtbot.keyClick(sign_in.field.line, Qt.Key.Key_Return)
    return welcomed


def test_a_given_password_lets_nobody_in_and_asks_for_an_own_one(
    sign_in: SignIn, qtbot: QtBot, door: FakeDoor
) -> None:
    welcomed = log_in(sign_in, qtbot)
    assert welcomed == []
    assert sign_in.own.isVisible()
    assert not sign_in.field.isVisible()
    assert "Tomás Ejemplo" in sign_in.own.title.text()
    qtbot.keyClicks(sign_in.own.new.field.line, OWN)
    qtbot.mouseClick(sign_in.own.go, Qt.MouseButton.LeftButton)
    assert door.chosen == [("u2", PASSWORDS["u2"], OWN)]
    assert welcomed == [PEOPLE[1]]
    assert (sign_in.own.given.text(), sign_in.own.new.text()) == ("", "")


def test_the_given_password_is_not_taken_as_ones_own(sign_in: SignIn, qtbot: QtBot) -> None:
    log_in(sign_in, qtbot)
    qtbot.keyClicks(sign_in.own.new.field.line, PASSWORDS["u2"])
    assert not sign_in.own.go.isEnabled()
    assert "were given" in sign_in.own.new.hint.text()


@pytest.mark.parametrize("way", ["not now", "another person", "drop"])
def test_what_was_typed_is_forgotten_when_one_goes_away(
    sign_in: SignIn, qtbot: QtBot, way: str
) -> None:
    log_in(sign_in, qtbot)
    qtbot.keyClicks(sign_in.own.new.field.line, OWN)
    if way == "not now":
        qtbot.mouseClick(sign_in.own.cancel, Qt.MouseButton.LeftButton)
    elif way == "another person":
        qtbot.mouseClick(sign_in.tiles[0], Qt.MouseButton.LeftButton)
    else:
        sign_in.drop()
    assert (sign_in.own.given.text(), sign_in.own.new.text()) == ("", "")
    assert not sign_in.own.isVisible()


def test_a_refusal_asks_for_the_given_one_again(
    sign_in: SignIn, qtbot: QtBot, door: FakeDoor
) -> None:
    log_in(sign_in, qtbot)
    sign_in.own.given.line.setText("something else")
    qtbot.keyClicks(sign_in.own.new.field.line, OWN)
    qtbot.mouseClick(sign_in.own.go, Qt.MouseButton.LeftButton)
    assert "do not match" in sign_in.own.error.words.text()
    assert sign_in.own.given.isVisible()
    assert sign_in.own.given.text() == ""
