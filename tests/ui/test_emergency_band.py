"""The band, the sheet that begins an emergency, and the banner of what waits, on fakes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.fake_emergency import GROUPS, FakeEmergencies, FakeEmergencyDoor
from tests.ui.fakes import PEOPLE
from viewer.ui import theme
from viewer.ui.emergency_band import left_words
from viewer.ui.emergency_code import CodePanel
from viewer.ui.emergency_page import EmergencyPage
from viewer.ui.emergency_ports import EmergencyState
from viewer.ui.shell import Practice, Shell
from viewer.ui.shell_emergency import BeginEmergency

LONG = "Colleague called: the patient of ten o'clock bleeds and nobody here knows the implant"


def port(shell: Shell) -> FakeEmergencies:
    made = shell.practice.emergencies
    assert isinstance(made, FakeEmergencies)
    return made


@pytest.mark.parametrize("theme_id", theme.THEME_IDS)
@pytest.mark.parametrize("width", [800, 1366, 1920])
def test_all_that_must_be_said_is_seen_whatever_theme_and_width(
    shell: Shell, theme_id: str, width: int
) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply_theme(app, theme_id)
    shell.resize(width, 768)
    port(shell).now = EmergencyState(23 * 60 + 20, LONG, is_waiting=True)
    shell.emergency.tick()
    QApplication.processEvents()
    band = shell.bar.emergency
    for part in (band.title, band.left, band.recorded, band.waiting, band.end):
        assert part.isVisible()
        corner = part.mapTo(shell, QPoint(part.width(), 0)).x()
        assert corner <= shell.width()
        assert part.width() >= part.sizeHint().width()
    assert (band.title.text(), band.left.text()) == ("Emergency access", "23 min left")
    assert band.end.height() >= 40
    assert LONG in band.accessibleName()


def test_the_bar_changes_colour_and_back(shell: Shell) -> None:
    assert shell.bar.property("surface") == "raised"
    height = shell.bar.height()
    port(shell).now = EmergencyState(100, "Pain")
    shell.emergency.tick()
    assert shell.bar.property("surface") == "emergency-bar"
    assert shell.bar.height() > height
    port(shell).now = None
    shell.emergency.tick()
    assert (shell.bar.property("surface"), shell.bar.height()) == ("raised", height)
    assert not shell.bar.emergency.isVisible()


def test_its_beginning_and_its_end_ask_for_a_new_shell(shell: Shell, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shell.emergency.changed):
        port(shell).now = EmergencyState(100, "Pain")
        shell.emergency.tick()
    with qtbot.assertNotEmitted(shell.emergency.changed):
        shell.emergency.tick()
    with qtbot.waitSignal(shell.emergency.changed):
        shell.bar.emergency.end.click()
    assert port(shell).now is None


def test_time_is_never_said_longer_than_it_is() -> None:
    assert left_words(1799.9) == "29 min left"
    assert left_words(59.9) == "59 s left"
    assert left_words(0) == "0 s left"


def test_a_refused_beginning_is_said_in_place(dressed: QApplication, shell: Shell) -> None:
    port(shell).refuses = "The trail cannot be written."
    panel = BeginEmergency(port(shell), shell.emergency)
    panel.reason.buttons[0].click()
    panel.go.click()
    assert "cannot be written" in panel.message.words.text()
    assert port(shell).now is None


def test_own_words_take_the_place_of_a_button_and_the_other_way_round(
    dressed: QApplication, shell: Shell, qtbot: QtBot
) -> None:
    panel = BeginEmergency(port(shell), shell.emergency)
    qtbot.addWidget(panel)
    panel.reason.buttons[1].click()
    assert panel.reason.text() == panel.reason.buttons[1].text()
    qtbot.keyClicks(panel.reason.own, "Fell off a bike")
    assert panel.reason.text() == "Fell off a bike"
    assert not panel.reason.buttons[1].isChecked()
    panel.reason.buttons[0].click()
    assert panel.reason.text() == panel.reason.buttons[0].text()


def test_what_waits_for_review_stays_on_screen_until_nothing_waits(
    shell: Shell, practice: Practice
) -> None:
    port(shell).waiting = ("Emergency: Mara Linden, 2026-11-23 09:12: Pain",)
    shell.emergency.look_for_reviews()
    assert shell.emergency.review.isVisible()
    shell.emergency.review.do_button.click()
    assert shell.emergency.review.isVisible()
    assert shell.sheets
    port(shell).waiting = ()
    shell.sheets[-1].close_sheet()
    assert not shell.emergency.review.isVisible()


def test_a_refusal_at_the_door_stays_in_place_and_keeps_what_need_not_go(
    dressed: QApplication, qtbot: QtBot
) -> None:
    door = FakeEmergencyDoor()
    door.refuses = "That is not the code of this workstation."
    page = EmergencyPage(door, PEOPLE)
    qtbot.addWidget(page)
    page.show()
    page.reason.buttons[0].click()
    page.use_code()
    page.groups.fill("-".join(GROUPS))
    page.name.setText("Mara Linden")
    page.go.click()
    assert "not the code" in page.error.words.text()
    assert page.groups.is_complete
    assert page.go.isEnabled()


def test_a_scanner_that_types_the_whole_code_at_once_fills_the_groups(
    dressed: QApplication, qtbot: QtBot
) -> None:
    page = EmergencyPage(FakeEmergencyDoor(), PEOPLE)
    qtbot.addWidget(page)
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    page.reason.buttons[0].click()
    page.use_code()
    for letter in "-".join(GROUPS):
        qtbot.keyClicks(QApplication.focusWidget(), letter)
    assert page.groups.text() == "-".join(GROUPS)


def test_without_a_code_in_force_the_page_says_so(dressed: QApplication, qtbot: QtBot) -> None:
    door = FakeEmergencyDoor()
    door.has_code = False
    page = EmergencyPage(door, PEOPLE)
    qtbot.addWidget(page)
    page.show()
    page.use_code()
    assert "no sealed code in force" in page.no_code.words.text()


def test_the_code_is_on_screen_once(dressed: QApplication, qtbot: QtBot) -> None:
    panel = CodePanel(FakeEmergencies())
    qtbot.addWidget(panel)
    panel.show()
    panel.make_code()
    assert panel.save.isVisible()
    assert not panel.make.isVisible()
    panel.drop()
    assert GROUPS[0] not in {words.text() for words in panel.findChildren(type(panel.state))}
