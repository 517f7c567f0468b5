"""The sheet “My sign-in” over a real practice, clicked through; its secrets go with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, PASSWORD, FakeClock
from tests.support.soft_key import Port, SoftKey
from tests.support.windows import log_in, open_windows, wait_until
from viewer.crypto.onetime import code_at
from viewer.session.fido import UsbKeys
from viewer.session.totp import STEP_S, step_at
from viewer.ui.my_security import MySecurityPanel
from viewer.ui.my_security_forms import AppForm, CodesPaper, Form, KeyForm, PasswordForm
from viewer.ui.parts.qr import QrPicture
from viewer.ui.shell import Shell
from viewer.wiring.window import Joined

NEW = "amber kettle prairie two"


class Room:
    """A logged-in officer with the sheet open, a clock and a security key."""

    def __init__(self, joined: Joined, clock: FakeClock) -> None:
        self.joined, self.clock, self.key = joined, clock, SoftKey()
        joined.workstation.keys._keys = UsbKeys(Port(self.key))
        self.shell: Shell = log_in(joined, OFFICER)
        self.shell.actions_bar.by_id["my_sign_in"].trigger()
        panel = self.shell.sheets[-1].content
        assert isinstance(panel, MySecurityPanel)
        self.panel = panel

    def click(self, button: QWidget) -> None:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def keys(self, field: QWidget, text: str) -> None:
        QTest.keyClicks(field, text)

    def code(self) -> str:
        enrolment = self.joined.workstation.security._enrolment
        assert enrolment is not None
        return code_at(enrolment.secret, step_at(self.clock.wall()))

    @property
    def user(self) -> object:
        return self.joined.workstation.clinic.practice.user(OFFICER)

    def form(self, kind: type[Form]) -> Form:
        open_ones = [card.inside for card in self.panel.cards]
        return next(inside for inside in open_ones if isinstance(inside, kind))

    def send(self, form: Form) -> None:
        self.click(form.go)
        wait_until(lambda: not form.is_busy)


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Iterator[Room]:
    clock = FakeClock()
    with open_windows(tmp_path / "store", clock=clock) as joined:
        yield Room(joined, clock)


def _set_app_up(room: Room) -> None:
    room.click(room.panel.set_app_up)
    form = room.form(AppForm)
    assert isinstance(form, AppForm)
    room.keys(form.code, room.code())
    room.keys(form.password.line, PASSWORD)
    room.send(form)


def test_an_app_is_set_up_with_picture_code_and_password(room: Room) -> None:
    _set_app_up(room)
    paper = room.panel.codes.inside
    assert isinstance(paper, CodesPaper)
    assert len({words.text() for words in paper.words}) == 10
    assert room.panel.app.fact.text() == "Each login asks for a code from your phone."
    assert "8 characters" in room.panel.password.fact.text()
    room.click(paper.confirm)
    assert room.panel.codes.inside is None
    assert all(words.text() == "" for words in paper.words)
    assert "10 left" in room.panel.codes.fact.text()


def test_a_wrong_code_is_said_in_place_and_the_picture_stays(room: Room) -> None:
    room.click(room.panel.set_app_up)
    form = room.form(AppForm)
    assert isinstance(form, AppForm)
    room.keys(form.code, "000000" if room.code() != "000000" else "111111")
    room.keys(form.password.line, PASSWORD)
    room.send(form)
    assert "does not match" in form.error.words.text()
    assert not form.picture.is_empty
    assert form.code.text() == form.password.text() == ""


@pytest.mark.parametrize("way", ["lock", "close", "leave", "another form"])
def test_picture_secret_and_what_was_typed_are_gone(room: Room, way: str) -> None:
    room.click(room.panel.set_app_up)
    form = room.form(AppForm)
    assert isinstance(form, AppForm)
    room.keys(form.code, "123456")
    room.keys(form.password.line, PASSWORD)
    picture, words, code, password = form.picture, form.secret, form.code, form.password
    enrolment = room.joined.workstation.security._enrolment
    assert enrolment is not None
    gone: list[object] = []
    form.destroyed.connect(lambda: gone.append(form))
    if way == "lock":
        room.joined.front_desk.lock()
    elif way == "close":
        room.shell.sheets[-1].close_sheet()
    elif way == "leave":
        room.click(form.no)
    else:
        room.click(room.panel.change)
    assert enrolment.secret.is_wiped
    assert room.joined.workstation.security._enrolment is None
    if not gone:
        assert picture.is_empty
        assert words.text() == code.text() == password.text() == ""


def test_codes_are_gone_at_lock(room: Room) -> None:
    _set_app_up(room)
    paper = room.panel.codes.inside
    assert isinstance(paper, CodesPaper)
    labels = paper.words
    room.joined.front_desk.lock()
    assert paper._codes == ()
    assert len(labels) == 10


def test_codes_are_saved_as_a_page_that_only_its_owner_reads(room: Room, tmp_path: Path) -> None:
    _set_app_up(room)
    paper = room.panel.codes.inside
    assert isinstance(paper, CodesPaper)
    there = tmp_path / "codes.pdf"
    paper._write(there)
    wait_until(paper.message.isVisible)
    assert there.read_bytes().startswith(b"%PDF")
    assert there.stat().st_mode & 0o077 == 0
    assert "delete the file" in paper.message.words.text()


def test_the_password_is_changed_with_a_meter_that_moves_while_it_is_typed(room: Room) -> None:
    room.click(room.panel.change)
    form = room.form(PasswordForm)
    assert isinstance(form, PasswordForm)
    room.keys(form.password.line, PASSWORD)
    room.keys(form.new.field.line, NEW[:8])
    assert not form.new.is_accepted
    assert "7 more characters" in form.new.hint.text()
    room.keys(form.new.field.line, NEW[8:])
    assert form.new.hint.text() == "Very strong."
    room.send(form)
    assert "changed" in room.panel.password.message.words.text()
    room.joined.workstation.clinic.practice.open_keys(room.shell.user.id, NEW).wipe()


def test_with_an_app_the_meter_takes_eight_characters(room: Room) -> None:
    _set_app_up(room)
    room.click(room.panel.change)
    form = room.form(PasswordForm)
    assert isinstance(form, PasswordForm)
    room.keys(form.new.field.line, "brine-kelp-42")
    assert form.new.is_accepted
    assert "together with your second factor" in form.new.hint.text()


def test_the_app_is_removed_with_password_and_code(room: Room) -> None:
    room.click(room.panel.set_app_up)
    enrolment = room.joined.workstation.security._enrolment
    assert enrolment is not None
    secret = enrolment.secret.copy()
    form = room.form(AppForm)
    assert isinstance(form, AppForm)
    room.keys(form.code, room.code())
    room.keys(form.password.line, PASSWORD)
    room.send(form)
    room.click(room.panel.remove_app)
    removal = room.panel.app.inside
    assert isinstance(removal, Form)
    room.keys(removal.password.line, PASSWORD)
    room.clock.pass_s(STEP_S)
    room.keys(removal.code, code_at(secret, step_at(room.clock.wall())))  # type: ignore[attr-defined]
    room.send(removal)
    assert "ask for no code any more" in room.panel.app.message.words.text()
    assert not room.panel.remove_app.isVisible()


def test_a_key_is_added_by_a_touch_and_removed_by_another(room: Room) -> None:
    room.click(room.panel.add_key)
    form = room.form(KeyForm)
    assert isinstance(form, KeyForm)
    room.keys(form.label, "blue key")
    room.keys(form.password.line, PASSWORD)
    room.send(form)
    assert "blue key" in room.panel.key.fact.text()
    assert isinstance(room.panel.codes.inside, CodesPaper)
    assert room.key.touches == 2
    room.click(room.panel.codes.inside.confirm)
    room.click(room.panel.remove_key)
    removal = room.panel.key.inside
    assert isinstance(removal, Form)
    room.keys(removal.password.line, PASSWORD)
    room.send(removal)
    assert room.key.touches == 3
    assert "no security key any more" in room.panel.key.message.words.text()


def test_no_key_plugged_in_is_said_in_place(room: Room) -> None:
    room.key.is_plugged_in = False
    room.click(room.panel.add_key)
    form = room.form(KeyForm)
    assert isinstance(form, KeyForm)
    room.keys(form.label, "blue key")
    room.keys(form.password.line, PASSWORD)
    room.send(form)
    assert "No security key is plugged in" in form.error.words.text()
    assert form.go.isVisible()


def test_a_key_with_a_pin_asks_for_it_in_the_window(room: Room) -> None:
    room.key.pin, room.key.always_uv = "2468", True
    room.click(room.panel.add_key)
    form = room.form(KeyForm)
    assert isinstance(form, KeyForm)
    room.keys(form.label, "blue key")
    room.keys(form.password.line, PASSWORD)
    room.click(form.go)
    for _ in range(2):  # to make the secret, and to wrap with it
        wait_until(form.wait.pin.isVisible)
        room.keys(form.wait.pin.line, "2468")
        QTest.keyClick(form.wait.pin.line, Qt.Key.Key_Return)
    wait_until(lambda: not form.is_busy)
    assert "blue key" in room.panel.key.fact.text()


def test_a_lock_lets_go_of_a_key_that_is_waited_for(room: Room) -> None:
    room.key.pin, room.key.always_uv = "2468", True
    room.click(room.panel.add_key)
    form = room.form(KeyForm)
    assert isinstance(form, KeyForm)
    room.keys(form.label, "blue key")
    room.keys(form.password.line, PASSWORD)
    room.click(form.go)
    wait_until(form.wait.pin.isVisible)
    room.joined.front_desk.lock()
    wait_until(lambda: not room.joined.workstation.jobs.is_busy)
    assert not room.joined.workstation.clinic.practice.user(OFFICER).third_share


def test_login_with_app_goes_through_both_steps_in_the_real_window(room: Room) -> None:
    room.click(room.panel.set_app_up)
    enrolment = room.joined.workstation.security._enrolment
    assert enrolment is not None
    secret = enrolment.secret.copy()
    form = room.form(AppForm)
    assert isinstance(form, AppForm)
    room.keys(form.code, room.code())
    room.keys(form.password.line, PASSWORD)
    room.send(form)
    room.joined.front_desk.log_off()
    login = room.joined.front_desk.login
    assert login is not None
    sign_in = login.sign_in
    assert sign_in is not None
    room.click(sign_in.tiles[0])
    room.keys(sign_in.field.line, PASSWORD)
    room.click(sign_in.go)
    room.clock.pass_s(STEP_S)
    room.keys(sign_in.second.field, code_at(secret, step_at(room.clock.wall())))
    wait_until(lambda: room.joined.front_desk.shell is not None)


@pytest.mark.parametrize("theme_id", ["dark", "light", "contrast"])
def test_a_qr_code_is_dark_on_white_with_a_free_edge_in_every_theme(
    qtbot: QtBot, dressed: object, theme_id: str
) -> None:
    from PySide6.QtWidgets import QApplication

    from viewer.ui import theme

    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.apply_theme(application, theme_id)
    picture = QrPicture("code", module_px=4)
    qtbot.addWidget(picture)
    modules = [[(row + column) % 3 == 0 for column in range(21)] for row in range(21)]
    picture.show_modules(modules)
    picture.show()
    image = picture.grab().toImage()
    white, black = QColor("white"), QColor("black")
    for row in range(29):
        for column in range(29):
            inside = 4 <= row < 25 and 4 <= column < 25
            dark = inside and modules[row - 4][column - 4]
            for at in ((0, 0), (3, 3)):  # both corners: no blur between modules
                found = image.pixelColor(column * 4 + at[0], row * 4 + at[1])
                assert found == (black if dark else white)
    picture.wipe()
    assert picture.is_empty


def test_the_clock_of_the_fake_is_near_the_time_that_codes_are_for() -> None:
    assert FakeClock().wall() < datetime.now(UTC)
