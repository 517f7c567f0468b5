from __future__ import annotations

import logging

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fakes import (
    NAMES,
    PASSWORDS,
    PEOPLE,
    FakeChart,
    FakeDoor,
    FakeDrafts,
    FakeWatch,
)
from viewer.app.actions import Actions
from viewer.ui.activity import Activity
from viewer.ui.crash_dialog import CrashDialog, describe
from viewer.ui.front_desk import FrontDesk
from viewer.ui.parts.fields import PasswordField
from viewer.ui.parts.groups import GroupFields
from viewer.ui.ports import UserTile
from viewer.ui.shell import Practice, Shell


@pytest.fixture
def desk(
    dressed: QApplication,
    qtbot: QtBot,
    door: FakeDoor,
    practice: Practice,
    watch: FakeWatch,
    drafts: FakeDrafts,
) -> FrontDesk:
    def let_in(person: UserTile) -> Practice:
        watch.is_locked = False
        drafts.user_id = person.id
        return practice

    return FrontDesk(door, let_in, Actions)


def log_in(qtbot: QtBot, desk: FrontDesk) -> Shell:
    desk.open()
    assert desk.login is not None
    assert desk.login.sign_in is not None
    desk.login.sign_in.fill_in(PEOPLE[0], PASSWORDS["u1"])
    qtbot.mouseClick(desk.login.sign_in.go, Qt.MouseButton.LeftButton)
    assert desk.shell is not None
    return desk.shell


def close(desk: FrontDesk) -> None:
    if desk.shell is not None:
        desk.log_off()
    if desk.lock_screen is not None:
        desk._log_off_from_lock()
    login = desk.login
    if login is not None:
        login.close()
        login.deleteLater()


def seen() -> list[QWidget]:
    return [w for w in QApplication.topLevelWidgets() if w.isVisible()]


def test_lock_closes_sheet_menu_and_dialog_and_shows_nobodys_name(
    desk: FrontDesk, qtbot: QtBot, chart: FakeChart, watch: FakeWatch
) -> None:
    shell = log_in(qtbot, desk)
    shell.open_patient(chart.patients[0])
    shell.show_trail()
    dialog = QDialog(shell)
    dialog.open()
    menu = QMenu(shell)
    menu.addAction("Marchetti")
    menu.popup(QPoint(5, 5))
    desk.lock()
    assert watch.is_locked
    assert desk.lock_screen is not None
    assert seen() == [desk.lock_screen.window]
    shown = " ".join(label.text() for w in seen() for label in w.findChildren(QLabel))
    assert not [family for _, family, *_ in NAMES if family in shown]
    close(desk)


def test_the_lock_stands_in_front_of_all_and_can_not_be_closed_by_hand(
    desk: FrontDesk, qtbot: QtBot
) -> None:
    log_in(qtbot, desk)
    desk.lock()
    assert desk.lock_screen is not None
    window = desk.lock_screen.window
    assert window.windowModality() is Qt.WindowModality.ApplicationModal
    window.close()
    assert window.isVisible()
    close(desk)


def test_unlocking_returns_to_the_same_image(
    desk: FrontDesk, qtbot: QtBot, chart: FakeChart
) -> None:
    shell = log_in(qtbot, desk)
    shell.open_patient(chart.patients[0])
    assert shell.visit is not None
    image = shell.visit.images[2]
    shell.open_image(image, shell.visit)
    desk.lock()
    assert desk.lock_screen is not None
    sign_in = desk.lock_screen.window.sign_in
    qtbot.keyClicks(sign_in.field.line, PASSWORDS["u1"])
    qtbot.keyClick(sign_in.field.line, Qt.Key.Key_Return)
    assert desk.lock_screen is None
    assert desk.shell is not None
    assert desk.shell.image == image
    close(desk)


def test_another_user_who_unlocks_starts_clean(
    desk: FrontDesk, qtbot: QtBot, chart: FakeChart
) -> None:
    shell = log_in(qtbot, desk)
    shell.open_patient(chart.patients[0])
    desk.lock()
    assert desk.lock_screen is not None
    desk.lock_screen.window.sign_in.fill_in(PEOPLE[1], PASSWORDS["u2"])
    desk.lock_screen.window.sign_in.submit()
    assert desk.shell is not None
    assert desk.shell.patient is None
    close(desk)


def test_when_the_time_runs_out_it_locks(desk: FrontDesk, qtbot: QtBot, watch: FakeWatch) -> None:
    log_in(qtbot, desk)
    watch.left_s = 0
    assert desk._activity is not None
    desk._activity.tick()
    assert watch.is_locked
    assert desk.shell is None
    close(desk)


def test_the_last_minute_is_counted_down_aloud(
    desk: FrontDesk, qtbot: QtBot, watch: FakeWatch
) -> None:
    shell = log_in(qtbot, desk)
    watch.left_s = 42
    assert desk._activity is not None
    desk._activity.tick()
    assert desk._countdown is not None
    assert desk._countdown.isVisible()
    assert desk._countdown.words.text() == (
        "In 42 s this workstation locks. Your work is kept. Move the mouse to stay."
    )
    assert shell.bar.ring.is_warning
    close(desk)


def test_a_computer_that_locks_at_the_door_finds_no_secret_typed_there(
    dressed: QApplication, qtbot: QtBot, desk: FrontDesk
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    groups, password, name = GroupFields(3), PasswordField("Password"), QLineEdit("Rosengarten")
    for field in (groups, password, name):
        field.setParent(page)
    groups.fill("ABCD-EFGH-JKLM")
    password.line.setText("quiet-lamp-river-oak")
    password.show_plainly()
    desk.open()
    desk.go_away("the computer was locked")
    assert groups.text() == "--"
    assert password.text() == ""
    assert name.text() == "Rosengarten", "what is no secret stays"
    close(desk)


def move(widget: QWidget) -> None:
    where, none = QPointF(3, 3), Qt.MouseButton.NoButton
    keys = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(
        widget, QMouseEvent(QEvent.Type.MouseMove, where, where, none, none, keys)
    )


def test_events_that_the_program_made_are_no_activity(
    dressed: QApplication, qtbot: QtBot, watch: FakeWatch
) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    activity = Activity(watch)
    activity.start()
    move(widget)
    activity.stop()
    assert watch.touches == 0


def test_real_input_is_activity(dressed: QApplication, qtbot: QtBot, watch: FakeWatch) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    activity = Activity(watch, is_real=lambda _: True)
    activity.start()
    move(widget)
    activity.stop()
    assert watch.touches == 1


def test_a_crash_report_names_the_place_but_no_value(
    dressed: QApplication, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    with pytest.raises(ValueError, match="Marchetti") as caught:
        int("Marchetti, Lucia in /home/me/patients")
    words = describe(caught.type, caught.tb)
    assert "ValueError" in words
    assert "Marchetti" not in words
    assert "/home" not in words
    dialog = CrashDialog("1A2B3C4D", "the folder Logs")
    qtbot.addWidget(dialog)
    assert "1A2B3C4D" in dialog.number.text()
