"""At the door: a store comes back from a backup, and one that was set back is not opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, PASSWORD, write_images
from tests.support.windows import close_windows, log_in, open_windows, wait_until
from viewer.app.clinic import Clinic, Founding
from viewer.app.jobs import JobRunner
from viewer.app.undo import UndoStack
from viewer.app.use_cases import backups, importing
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.crypto.onetime import code_at
from viewer.session.keystore import KeyStore, MemoryKeyStore
from viewer.session.totp import step_at
from viewer.ui.application import Application
from viewer.ui.login_window import LoginWindow
from viewer.ui.parts.words import Words
from viewer.ui.restoring import RestorePage, SetBackPage
from viewer.wiring.restoring import WorkstationRestoring
from viewer.wiring.window import Joined
from viewer.wiring.workstation import Workstation

NEW = "lanterns drift over quiet harbours"


@contextmanager
def empty_machine(folder: Path) -> Iterator[Joined]:
    """The door where no practice was founded yet."""
    jobs = JobRunner(Application("dark").post)
    joined = Joined(Workstation(folder, MemoryKeyStore(), jobs), UndoStack())
    try:
        joined.front_desk.open()
        yield joined
    finally:
        close_windows(joined)


def back_up(folder: Path, keystore: KeyStore, to: Path) -> str:
    """Found a practice with two images and back it up; return the groups of its sheet."""
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    recovery = Clinic.found(folder, keystore, founding)
    text = recovery.text
    recovery.wipe()
    images = write_images(folder.parent / "in", cbct=False)
    clinic = Clinic(folder, keystore)
    try:
        clinic.log_in(OFFICER, PASSWORD)
        importing.import_paths(clinic, importing.ImportPaths((images,)))
        backups.back_up(clinic, backups.BackUp(to, "USB 1"))
    finally:
        clinic.close()
    return text


def door(joined: Joined) -> LoginWindow:
    login = joined.front_desk.login
    assert login is not None
    return login


def click(qtbot: QtBot, widget: QWidget) -> None:
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def restore_page(joined: Joined, qtbot: QtBot) -> RestorePage:
    login = door(joined)
    assert login.founding is not None
    click(qtbot, login.founding.restore)
    assert login.restore is not None
    return login.restore


def words_in(widget: QWidget) -> str:
    QApplication.processEvents()
    return "\n".join(w.text() for w in widget.findChildren(Words) if w.isVisibleTo(widget))


def test_a_store_comes_back_on_an_empty_machine_with_the_sheet_alone(
    tmp_path: Path, qtbot: QtBot
) -> None:
    text = back_up(tmp_path / "store", MemoryKeyStore(), tmp_path / "usb")
    with empty_machine(tmp_path / "new") as joined:
        page = restore_page(joined, qtbot)
        page.look_at(tmp_path / "usb")
        wait_until(lambda: page.folder is not None)
        assert "1 snapshot" in page.words.text()
        for place, group in enumerate(text.split("-")):
            qtbot.keyClicks(page.groups.fields[place], group.lower())
        click(qtbot, page.open)
        wait_until(lambda: page.backup is not None)
        assert page.title.text() == "Test Practice"
        assert "objects" in page.rows[0].text()
        click(qtbot, page.take)
        assert page.officer.currentText() == OFFICER
        qtbot.keyClicks(page.password.field.line, NEW)
        click(qtbot, page.go)
        wait_until(lambda: "The store is back" in page.title.text())
        click(qtbot, page.done)
        shell = log_in(joined, OFFICER, NEW)
        (row,) = shell.practice.chart.find_patients("")
        assert row.image_count == 2


def test_a_mistyped_or_foreign_sheet_opens_nothing_and_says_so(
    tmp_path: Path, qtbot: QtBot
) -> None:
    text = back_up(tmp_path / "store", MemoryKeyStore(), tmp_path / "usb")
    other = back_up(tmp_path / "b" / "store", MemoryKeyStore(), tmp_path / "b" / "usb")
    mistyped = ("2" if text[0] != "2" else "3") + text[1:]
    with empty_machine(tmp_path / "new") as joined:
        page = restore_page(joined, qtbot)
        page.look_at(tmp_path / "usb")
        wait_until(lambda: page.folder is not None)
        for typed, told in ((mistyped, "not a recovery key"), (other, "does not open this")):
            page.groups.fill(typed)
            click(qtbot, page.open)
            wait_until(lambda w=told: w in page.message.words.text())  # type: ignore[misc]
            assert page.open.isEnabled()
        assert page.backup is None


def test_a_folder_without_a_backup_is_named_so(tmp_path: Path, qtbot: QtBot) -> None:
    with empty_machine(tmp_path / "new") as joined:
        page = restore_page(joined, qtbot)
        page.look_at(tmp_path)
        wait_until(page.message.isVisible)
        assert "no Bitewing backup" in page.message.words.text()
        click(qtbot, page.back)
        assert door(joined).founding is not None


@pytest.fixture
def set_back(tmp_path: Path) -> tuple[Path, MemoryKeyStore]:
    """A store whose catalog was put back to what it was before the last import."""
    keystore, store = MemoryKeyStore(), tmp_path / "store"
    back_up(store, keystore, tmp_path / "usb")
    aside = tmp_path / "aside"
    shutil.copytree(store, aside)
    clinic = Clinic(store, keystore)
    clinic.log_in(OFFICER, PASSWORD)
    more = write_images(tmp_path / "more", cbct=False, seed=99)
    importing.import_paths(clinic, importing.ImportPaths((more,)))
    clinic.close()
    for path in store.glob("catalog.*"):
        path.unlink()
    for path in aside.glob("catalog.*"):
        shutil.copy2(path, store / path.name)
    return store, keystore


def refused(joined: Joined, qtbot: QtBot) -> SetBackPage:
    login = door(joined)
    assert login.sign_in is not None
    qtbot.keyClicks(login.sign_in.field.line, PASSWORD)
    click(qtbot, login.sign_in.go)
    wait_until(lambda: login.set_back is not None)
    assert login.set_back is not None
    return login.set_back


def test_a_store_that_was_set_back_is_explained_and_goes_on_by_right_alone(
    set_back: tuple[Path, MemoryKeyStore], qtbot: QtBot
) -> None:
    store, keystore = set_back
    with open_windows(store, keystore) as joined:
        page = refused(joined, qtbot)
        assert "An alarm is in the trail" in words_in(page)
        assert joined.front_desk.shell is None
        assert not page.accept.isEnabled()
        qtbot.keyClicks(page.reason, "the disk was replaced")
        qtbot.keyClicks(page.password.line, "not the password")
        click(qtbot, page.accept)
        wait_until(page.message.isVisible)
        qtbot.keyClicks(page.password.line, PASSWORD)
        wait_until(page.accept.isEnabled)
        click(qtbot, page.accept)
        wait_until(lambda: door(joined).sign_in is not None)
        shell = log_in(joined, OFFICER)
        (row,) = shell.practice.chart.find_patients("")
        assert row.image_count == 2


def test_an_officer_with_an_app_gives_its_code_to_go_on_with_an_older_store(
    set_back: tuple[Path, MemoryKeyStore], qtbot: QtBot
) -> None:
    store, keystore = set_back
    with open_windows(store, keystore) as joined:
        page = refused(joined, qtbot)
        assert not page.code.isVisible()
        practice = joined.workstation.clinic.practice
        enrolment = practice.begin_totp(practice.user(OFFICER).id)
        code = code_at(enrolment.secret, step_at(datetime.now(UTC)))
        codes = practice.confirm_totp(practice.user(OFFICER).id, PASSWORD, enrolment, code)
        page = SetBackPage(joined.workstation, WorkstationRestoring(joined.workstation))
        page.show()
        assert page.code.isVisible()
        qtbot.keyClicks(page.reason, "the disk was replaced")
        qtbot.keyClicks(page.password.line, PASSWORD)
        click(qtbot, page.accept)
        wait_until(page.message.isVisible)
        assert "code do not match" in page.message.words.text()
        qtbot.keyClicks(page.password.line, PASSWORD)
        qtbot.keyClicks(page.code, codes[0])
        with qtbot.waitSignal(page.accepted, timeout=60_000):
            click(qtbot, page.accept)
        assert page.code.text() == ""


def test_a_store_that_was_set_back_can_be_replaced_by_its_backup(
    set_back: tuple[Path, MemoryKeyStore], qtbot: QtBot
) -> None:
    store, keystore = set_back
    with open_windows(store, keystore) as joined:
        page = refused(joined, qtbot)
        click(qtbot, page.restore)
        restoring = door(joined).restore
        assert restoring is not None
        assert "set aside; nothing is deleted" in words_in(restoring)
