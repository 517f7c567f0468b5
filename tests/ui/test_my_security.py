"""The sheet “My sign-in” over a real practice, clicked through; its secrets go with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, PASSWORD, FakeClock, found
from tests.support.soft_key import Port, SoftKey
from tests.support.windows import log_in, open_windows, wait_until
from viewer.app.clinic import Clinic
from viewer.app.jobs import JobRunner
from viewer.crypto.onetime import code_at
from viewer.crypto.secret import Secret
from viewer.session.fido import UsbKeys
from viewer.session.idle import IdlePolicy
from viewer.session.keystore import KeyStore, MemoryKeyStore
from viewer.session.totp import STEP_S, step_at
from viewer.ui import theme
from viewer.ui.application import Application
from viewer.ui.my_security import MySecurityPanel
from viewer.ui.my_security_forms import AppForm, CodesPaper, Form, KeyForm, PasswordForm
from viewer.ui.parts.qr import QrPicture
from viewer.wiring.window import Joined
from viewer.wiring.workstation import Workstation, tile_of

NEW = "amber kettle prairie two"


class Room:
    """A logged-in officer with the sheet open, a clock and a security key."""

    def __init__(self, workstation: Workstation, panel: MySecurityPanel, clock: FakeClock) -> None:
        self.workstation, self.panel, self.clock, self.key = workstation, panel, clock, SoftKey()
        workstation.keys._keys = UsbKeys(Port(self.key))

    def click(self, button: QWidget) -> None:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def keys(self, field: QWidget, text: str) -> None:
        QTest.keyClicks(field, text)

    @property
    def secret(self) -> Secret:
        enrolment = self.workstation.security._enrolment
        assert enrolment is not None
        return enrolment.secret

    def code(self) -> str:
        return code_at(self.secret, step_at(self.clock.wall()))

    def form(self, kind: type[Form]) -> Form:
        open_ones = [card.inside for card in self.panel.cards]
        return next(inside for inside in open_ones if isinstance(inside, kind))

    def send(self, form: Form) -> None:
        self.click(form.go)
        wait_until(lambda: not form.is_busy)


class Office(Room):
    """The same in the whole window, which can be locked."""

    def __init__(self, joined: Joined, clock: FakeClock) -> None:
        self.joined = joined
        self.shell = log_in(joined, OFFICER)
        self.shell.actions_bar.by_id["my_sign_in"].trigger()
        panel = self.shell.sheets[-1].content
        assert isinstance(panel, MySecurityPanel)
        super().__init__(joined.workstation, panel, clock)


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Iterator[Room]:
    clock, keystore = FakeClock(), MemoryKeyStore()
    found(tmp_path / "store", keystore)
    jobs = JobRunner(Application("dark").post)

    def open_clinic(where: Path, keys: KeyStore, policy: IdlePolicy | None) -> Clinic:
        return Clinic(where, keys, clock=clock, policy=policy)

    workstation = Workstation(tmp_path / "store", keystore, jobs, open_clinic=open_clinic)
    user = workstation.clinic.log_in(OFFICER, PASSWORD).user
    panel = MySecurityPanel(workstation.security, tile_of(user))
    qtbot.addWidget(panel)
    panel.resize(1300, 700)
    panel.show()
    yield Room(workstation, panel, clock)
    panel.drop()
    workstation.close()


@pytest.fixture
def office(qtbot: QtBot, tmp_path: Path) -> Iterator[Office]:
    clock = FakeClock()
    with open_windows(tmp_path / "store", clock=clock) as joined:
        yield Office(joined, clock)


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


def _filled(room: Room) -> AppForm:
    room.click(room.panel.set_app_up)
    form = room.form(AppForm)
    assert isinstance(form, AppForm)
    room.keys(form.code, "123456")
    room.keys(form.password.line, PASSWORD)
    return form


@pytest.mark.parametrize("way", ["leave", "another form", "drop"])
def test_picture_secret_and_what_was_typed_go_with_the_form(room: Room, way: str) -> None:
    form = _filled(room)
    secret = room.secret
    if way == "leave":
        room.click(form.no)
    elif way == "another form":
        room.click(room.panel.change)
    else:
        room.panel.drop()
    assert secret.is_wiped
    assert room.workstation.security._enrolment is None
    assert form.picture.is_empty
    assert form.secret.text() == form.code.text() == form.password.text() == ""


@pytest.mark.parametrize("way", ["lock", "close"])
def test_picture_secret_and_codes_are_gone_at_a_lock(office: Office, way: str) -> None:
    form = _filled(office)
    picture, words, secret = form.picture, form.secret, office.secret
    seen: list[tuple[bool, str]] = []
    form.destroyed.connect(lambda: seen.append((True, "")))
    if way == "lock":
        office.joined.front_desk.lock()
    else:
        office.shell.sheets[-1].close_sheet()
        seen.append((picture.is_empty, words.text()))
    assert secret.is_wiped
    assert office.workstation.security._enrolment is None
    wait_until(lambda: seen)
    assert seen[0] == (True, "")


def test_fresh_codes_are_gone_at_a_lock(office: Office) -> None:
    _set_app_up(office)
    paper = office.panel.codes.inside
    assert isinstance(paper, CodesPaper)
    office.joined.front_desk.lock()
    assert paper._codes == ()


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
    room.workstation.clinic.practice.open_keys(
        room.workstation.clinic.practice.user(OFFICER).id, NEW
    ).wipe()


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
    secret = room.secret.copy()
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
    _give_pins(room, form, 2)  # to make the secret, and to wrap with it
    assert "blue key" in room.panel.key.fact.text()


def test_a_new_password_of_an_account_with_a_key_asks_for_the_key_in_place(room: Room) -> None:
    room.key.pin, room.key.always_uv = "2468", True
    room.click(room.panel.add_key)
    adding = room.form(KeyForm)
    assert isinstance(adding, KeyForm)
    room.keys(adding.label, "blue key")
    room.keys(adding.password.line, PASSWORD)
    room.click(adding.go)
    _give_pins(room, adding, 2)
    room.click(room.panel.change)
    form = room.form(PasswordForm)
    assert isinstance(form, PasswordForm)
    room.keys(form.password.line, PASSWORD)
    room.keys(form.new.field.line, NEW)
    room.click(form.go)
    assert not form.go.isVisible()
    _give_pins(room, form, 2)  # to open what is, and to wrap it anew
    assert "changed" in room.panel.password.message.words.text()


def _give_pins(room: Room, form: Form, count: int) -> None:
    for _ in range(count):
        wait_until(form.wait.pin.isVisible)
        room.keys(form.wait.pin.line, "2468")
        QTest.keyClick(form.wait.pin.line, Qt.Key.Key_Return)
    wait_until(lambda: not form.is_busy)


def test_a_key_that_asks_for_its_pin_where_nobody_listens_keeps_no_worker_waiting(
    room: Room,
) -> None:
    keys = room.workstation.keys
    keys.renew()
    keys.leave()
    assert keys.pin_wanted() == ""


def test_a_lock_lets_go_of_a_key_that_is_waited_for(office: Office) -> None:
    office.key.pin, office.key.always_uv = "2468", True
    office.click(office.panel.add_key)
    form = office.form(KeyForm)
    assert isinstance(form, KeyForm)
    office.keys(form.label, "blue key")
    office.keys(form.password.line, PASSWORD)
    office.click(form.go)
    wait_until(form.wait.pin.isVisible)
    office.joined.front_desk.lock()
    wait_until(lambda: not office.workstation.jobs.is_busy)
    assert not office.workstation.clinic.practice.user(OFFICER).third_share


def test_login_with_app_goes_through_both_steps_in_the_real_window(office: Office) -> None:
    office.click(office.panel.set_app_up)
    secret = office.secret.copy()
    form = office.form(AppForm)
    assert isinstance(form, AppForm)
    office.keys(form.code, office.code())
    office.keys(form.password.line, PASSWORD)
    office.send(form)
    office.joined.front_desk.log_off()
    login = office.joined.front_desk.login
    assert login is not None
    sign_in = login.sign_in
    assert sign_in is not None
    office.click(sign_in.tiles[0])
    office.keys(sign_in.field.line, PASSWORD)
    office.click(sign_in.go)
    office.clock.pass_s(STEP_S)
    office.keys(sign_in.second.field, code_at(secret, step_at(office.clock.wall())))
    wait_until(lambda: office.joined.front_desk.shell is not None)


@pytest.mark.parametrize("theme_id", ["dark", "light", "contrast"])
def test_a_qr_code_is_dark_on_white_with_a_free_edge_in_every_theme(
    qtbot: QtBot, dressed: object, theme_id: str
) -> None:
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
