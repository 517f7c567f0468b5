"""Emergency access as somebody in a hurry meets it: real windows, real clicks, a real practice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from tests.support.emergencies import Prepare
from tests.support.practice import (
    OFFICER,
    PASSWORD,
    FakeClock,
)
from tests.support.windows import log_in, open_windows, wait_until
from viewer.session.audit.events import EventKind
from viewer.session.emergency import EmergencyCode
from viewer.session.keystore import MemoryKeyStore
from viewer.ui.emergency_page import EmergencyPage
from viewer.ui.shell import Shell
from viewer.ui.shell_emergency import BeginEmergency
from viewer.wiring.window import Joined


class Hand:
    """Clicks and types only what is on the screen, and counts."""

    def __init__(self) -> None:
        self.clicks = self.keys = 0

    def click(self, widget: QWidget) -> None:
        window = widget.window()
        middle = widget.mapTo(window, widget.rect().center())
        assert widget.isVisible()
        assert widget.isEnabled()
        assert window.rect().contains(middle)
        on_top = window.childAt(middle)
        assert on_top is widget or widget.isAncestorOf(on_top), "something else is over it"
        QTest.mouseClick(on_top, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
                         on_top.mapFrom(window, middle))  # fmt: skip
        self.clicks += 1

    def type(self, text: str) -> None:
        """Type into whatever has the keyboard, letter by letter."""
        for letter in text:
            field = QApplication.focusWidget()
            assert isinstance(field, QLineEdit)
            QTest.keyClick(field, letter)
            self.keys += 1

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(QApplication.focusWidget(), key)
        self.keys += 1


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Office:
    """A practice with images, its windows, and the sealed code."""

    def __init__(self, joined: Joined, code: EmergencyCode) -> None:
        self.joined, self.code = joined, code
        self.hand = Hand()

    @property
    def desk(self):  # type: ignore[no-untyped-def]
        return self.joined.front_desk

    @property
    def shell(self) -> Shell:
        assert self.desk.shell is not None
        return self.desk.shell

    def ask(self) -> EmergencyPage:
        assert self.desk.login is not None
        self.hand.click(self.desk.login.emergency_link)
        assert self.desk.login.emergency is not None
        QApplication.processEvents()
        return self.desk.login.emergency

    def wait_for_shell(self) -> Shell:
        wait_until(lambda: self.desk.shell is not None)
        QApplication.processEvents()
        return self.shell


@pytest.fixture
def office(
    tmp_path: Path, clock: FakeClock, dressed: QApplication, practice_in_need: Prepare
) -> Iterator[Office]:
    keystore = MemoryKeyStore()
    code = practice_in_need(tmp_path / "store", keystore)
    with open_windows(tmp_path / "store", keystore, clock) as joined:
        assert joined.front_desk.login is not None
        joined.front_desk.login.resize(1366, 768)
        QApplication.processEvents()
        yield Office(joined, code)


def by_code(office: Office) -> Shell:
    page, hand = office.ask(), office.hand
    hand.click(page.reason.buttons[0])
    hand.click(page.code_way)
    hand.type(office.code.text.replace("-", ""))
    hand.type("Mara Linden")
    hand.press(Qt.Key.Key_Return)
    return office.wait_for_shell()


def test_the_sealed_code_takes_three_clicks_and_its_letters(office: Office) -> None:
    """From the door to the list of patients; then one click is a picture."""
    shell = by_code(office)
    hand = office.hand
    typed = len("".join(office.code.groups)) + len("Mara Linden") + 1
    assert (hand.clicks, hand.keys) == (3, typed)
    print(f"sealed code: {hand.clicks} clicks, {hand.keys} keys to the list")  # noqa: T201
    assert shell.bar.emergency.isVisible()
    assert [row.patient.family_name for row in shell.patients.rows] == ["Example"]
    shell.open_patient(shell.patients.rows[0].patient)
    wait_until(lambda: shell.workspace.pane is not None)


def test_the_password_alone_takes_three_clicks_and_the_password(office: Office) -> None:
    sign_in = office.desk.login.sign_in
    tile = next(t for t in sign_in.tiles if t.person.display_name == "Dentist Person")
    office.hand.click(tile)
    page = office.ask()
    office.hand.click(page.reason.buttons[3])
    office.hand.type(PASSWORD)
    office.hand.press(Qt.Key.Key_Return)
    shell = office.wait_for_shell()
    assert (office.hand.clicks, office.hand.keys) == (3, len(PASSWORD) + 1)
    print(f"password: {office.hand.clicks} clicks, {office.hand.keys} keys")  # noqa: T201
    assert not shell.actions_bar.is_offered("import")
    assert not shell.actions_bar.is_offered("share")
    assert shell.actions_bar.is_offered("search")


def test_the_band_says_what_it_is_how_long_and_why_and_counts(
    office: Office, clock: FakeClock
) -> None:
    shell = by_code(office)
    band = shell.bar.emergency
    assert band.title.text() == "Emergency access"
    assert band.left.text() in {"30 min left", "29 min left"}
    assert band.reason.text() == "Pain or swelling, treatment now"
    assert band.recorded.text() == "everything is recorded"
    clock.pass_s(7 * 60)
    office.joined.workstation.someone_is_here()
    shell.show_time_left()
    assert band.left.text() in {"23 min left", "22 min left"}
    assert "23 min left" in band.accessibleName() or "22 min left" in band.accessibleName()


def test_the_band_stays_over_sheets_and_over_the_image_alone(office: Office) -> None:
    shell = by_code(office)
    shell.open_patient(shell.patients.rows[0].patient)
    wait_until(lambda: shell.workspace.pane is not None)
    shell.show_about()
    sheet = shell.sheets[-1]
    band = shell.bar.emergency
    foot = band.mapTo(shell, QPoint(0, band.height())).y()
    assert sheet.geometry().top() >= foot
    sheet.close_sheet()
    shell.toggle_sides()
    assert band.isVisible()
    QApplication.processEvents()
    office.hand.click(band.end)
    wait_until(lambda: office.desk.login is not None)


def test_end_now_ends_the_session_of_the_code_and_shows_the_door(office: Office) -> None:
    shell = by_code(office)
    office.hand.click(shell.bar.emergency.end)
    wait_until(lambda: office.desk.login is not None and office.desk.login.isVisible())
    assert office.desk.shell is None
    assert office.joined.workstation.clinic.desk.session is None
    assert not office.joined.workstation.clinic.is_vault_open


def test_when_the_half_hour_is_over_the_door_is_there_by_itself(
    office: Office, clock: FakeClock
) -> None:
    by_code(office)
    for _ in range(6):
        clock.pass_s(301)
        office.joined.workstation.someone_is_here()
        office.joined.workstation.seconds_left()
    wait_until(lambda: office.desk.login is not None)
    assert office.desk.shell is None


def test_the_lock_of_an_emergency_is_the_door(office: Office) -> None:
    shell = by_code(office)
    office.hand.click(shell.bar.lock_button)
    wait_until(lambda: office.desk.login is not None)
    assert office.desk.lock_screen is None
    assert office.desk.shell is None


def test_the_officer_begins_one_in_the_shell_and_loses_the_images_at_its_end(
    office: Office,
) -> None:
    shell = log_in(office.joined, "Security_Officer Person")
    assert shell.patients.isHidden() or not shell.actions_bar.is_offered("search")
    shell.actions_bar.by_id["emergency"].trigger()
    panel = shell.sheets[-1].content
    assert isinstance(panel, BeginEmergency)
    assert not panel.go.isEnabled()
    QApplication.processEvents()
    office.hand.click(panel.reason.buttons[1])
    office.hand.click(panel.go)
    wait_until(lambda: office.desk.shell is not shell and office.desk.shell is not None)
    seeing = office.shell
    assert seeing.bar.emergency.isVisible()
    assert seeing.actions_bar.is_offered("search")
    assert not seeing.actions_bar.is_offered("emergency")
    assert seeing.actions_bar.is_offered("accounts")
    QApplication.processEvents()
    office.hand.click(seeing.bar.emergency.end)
    wait_until(lambda: office.desk.shell is not seeing and office.desk.shell is not None)
    assert not office.shell.bar.emergency.isVisible()
    assert not office.shell.actions_bar.is_offered("search")


def test_somebody_who_sees_images_is_offered_no_emergency(office: Office) -> None:
    shell = log_in(office.joined, "Dentist Person")
    assert not shell.actions_bar.is_offered("emergency")


def test_the_officers_first_sight_is_what_nobody_reviewed(office: Office) -> None:
    shell = by_code(office)
    office.hand.click(shell.bar.emergency.end)
    wait_until(lambda: office.desk.login is not None)
    shell = log_in(office.joined, OFFICER)
    wait_until(shell.emergency.review.isVisible)
    words = shell.emergency.review.words.text()
    assert words.startswith("1 emergency access to be reviewed: Emergency: Mara Linden")
    assert shell.emergency.review.do_button.text() == "Review"
    office.hand.click(shell.emergency.review.do_button)
    assert shell.sheets
    assert shell.emergency.review.isVisible()


def test_a_slip_is_marked_at_its_group_before_anything_is_tried(office: Office) -> None:
    page = office.ask()
    office.hand.click(page.reason.buttons[0])
    office.hand.click(page.code_way)
    groups = list(office.code.groups)
    groups[1] = ("2" if groups[1][0] != "2" else "3") + groups[1][1:]
    office.hand.type("".join(groups))
    office.hand.type("Mara Linden")
    assert [bool(f.property("wrong")) for f in page.groups.fields] == [n == 1 for n in range(6)]
    assert not page.go.isEnabled()


def test_nothing_can_be_opened_without_a_reason(office: Office) -> None:
    page = office.ask()
    page.use_code()
    page.groups.fill(office.code.text)
    page.name.setText("Mara Linden")
    assert not page.go.isEnabled()
    page.reason.own.setFocus()
    office.hand.type("Tooth 36")
    assert page.go.isEnabled()


def test_going_back_forgets_what_was_typed(office: Office) -> None:
    page = office.ask()
    office.hand.click(page.reason.buttons[0])
    page.use_code()
    page.groups.fill(office.code.text)
    office.hand.click(page.back)
    assert office.desk.login.emergency is None
    assert office.desk.login.sign_in is not None
    assert not page.groups.is_complete


def test_from_the_lock_it_is_one_click_to_the_reason(office: Office) -> None:
    shell = log_in(office.joined, "Dentist Person")
    office.hand.click(shell.bar.lock_button)
    wait_until(lambda: office.desk.lock_screen is not None)
    QApplication.processEvents()
    office.hand.click(office.desk.lock_screen.window.emergency)
    wait_until(lambda: office.desk.login is not None)
    assert office.desk.login.emergency is not None


def test_the_code_sheet_makes_shows_and_forgets_a_code(office: Office, tmp_path: Path) -> None:
    shell = log_in(office.joined, OFFICER)
    shell.actions_bar.by_id["emergency_code"].trigger()
    panel = shell.sheets[-1].content
    QApplication.processEvents()
    office.hand.click(panel.make)
    wait_until(panel.save.isVisible)
    panel._save_to(tmp_path / "sheet.pdf")
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF-")
    shell.sheets[-1].close_sheet()
    assert panel._paper is None
    told = office.joined.workstation.clinic.open_trail_reader(
        office.joined.workstation.clinic.desk.session
    )
    made = [e for e in told.scan() if e.entry.kind is EventKind.EMERGENCY_CODE]
    assert made[-1].entry.why.startswith("made")


def test_a_computer_that_sleeps_at_the_door_lets_nobody_in_by_an_emergency(office: Office) -> None:
    """What was typed is gone, and who was being checked does not come in behind the lock."""
    page, hand = office.ask(), office.hand
    hand.click(page.reason.buttons[0])
    hand.click(page.code_way)
    hand.type(office.code.text.replace("-", ""))
    hand.type("Mara Linden")
    hand.press(Qt.Key.Key_Return)
    office.desk.go_away("the computer goes to sleep")
    assert not page.groups.text().replace("-", "")
    workstation = office.joined.workstation
    wait_until(lambda: not workstation.jobs.is_busy)
    QApplication.processEvents()
    assert office.desk.shell is None
    assert workstation.clinic.desk.session is None
