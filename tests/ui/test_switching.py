"""Two people at one workstation, in the real windows over a real store: one tries to see the other.

Each test is an attack by the second user on the first one's work, or on the way back to it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QCoreApplication,
    QEvent,
    QModelIndex,
    QPoint,
    Qt,
)
from PySide6.QtGui import QAction, QClipboard, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import (
    MARKER_CHART,
    MARKER_FAMILY,
    OFFICER,
    PASSWORD,
    FakeClock,
    a_patient,
    add_person,
    found,
    open_clinic,
    write_images,
)
from tests.support.windows import drag, images_of, log_in, open_windows, show, wait_until, wheel
from viewer.app.use_cases import importing, trail
from viewer.model.image import ImageKind
from viewer.model.view import Plane
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.keystore import FileKeyStore
from viewer.ui import clearing
from viewer.ui.pin_pad import PinPad
from viewer.ui.planes_pane import PlanesPane
from viewer.ui.quick_pin import QuickPinSheet
from viewer.ui.radiograph_pane import RadiographPane
from viewer.ui.shell import Shell
from viewer.wiring.window import Joined

PIN, OTHER_PIN = "402917", "730562"
LEFT = Qt.MouseButton.LeftButton
_TEXTS = (
    "text",
    "title",
    "toolTip",
    "statusTip",
    "whatsThis",
    "accessibleName",
    "accessibleDescription",
    "placeholderText",
    "windowTitle",
    "plainText",
)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a marked patient's images, and people of three roles; made once, copied."""
    folder = tmp_path_factory.mktemp("founded")
    write_images(folder / "in", a_patient(MARKER_FAMILY, MARKER_CHART))
    keystore = FileKeyStore(folder / "key")
    found(folder / "store", keystore)
    with open_clinic(folder / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        for role_id in ("dentist", "auditor"):
            add_person(clinic, role_id)
        importing.import_paths(clinic, importing.ImportPaths((folder / "in",)))
    return folder


@pytest.fixture
def joined(founded: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[Joined]:
    shutil.copytree(founded / "store", tmp_path / "store")
    shutil.copy(founded / "key", tmp_path / "key")
    clock = FakeClock()
    with open_windows(tmp_path / "store", FileKeyStore(tmp_path / "key"), clock) as windows:
        windows.clock = clock  # type: ignore[attr-defined]
        yield windows


class OwnClipboard:
    """A clipboard that says whose it is, as every desktop's does and the offscreen one does not."""

    def __init__(self) -> None:
        self.words = ""

    def supportsSelection(self) -> bool:
        return False

    def supportsFindBuffer(self) -> bool:
        return False

    def ownsClipboard(self) -> bool:
        return bool(self.words)

    def clear(self, mode: QClipboard.Mode) -> None:
        assert mode is QClipboard.Mode.Clipboard
        self.words = ""


@pytest.fixture(autouse=True)
def clipboard(monkeypatch: pytest.MonkeyPatch) -> OwnClipboard:
    made = OwnClipboard()

    class Gui(QGuiApplication):
        clipboard = staticmethod(lambda: made)  # type: ignore[assignment]

    monkeypatch.setattr(clearing, "QGuiApplication", Gui)
    return made


def enter_pin(pad: PinPad, pin: str) -> None:
    for digit in pin:
        QTest.mouseClick(pad.keys[digit], LEFT)
    QTest.mouseClick(pad.enter_key, LEFT)


def set_pin(shell: Shell, pin: str) -> None:
    """By the user menu's entry, on the sheet."""
    shell.actions_bar.by_id["quick_pin"].trigger()
    sheet = shell.sheets[-1].content
    assert isinstance(sheet, QuickPinSheet)
    enter_pin(sheet.pad, pin)
    enter_pin(sheet.pad, pin)
    wait_until(lambda: not shell.sheets)


def come_by_pin(joined: Joined, name: str, pin: str) -> Shell:
    """At the lock: tap the tile, type the PIN."""
    desk = joined.front_desk
    assert desk.lock_screen is not None
    panel = desk.lock_screen.window.sign_in
    tile = next(tile for tile in panel.tiles if tile.person.display_name == name)
    QTest.mouseClick(tile, LEFT)
    enter_pin(panel.quick.pad, pin)
    wait_until(lambda: desk.shell is not None)
    assert desk.shell is not None
    return desk.shell


def switch(joined: Joined) -> None:
    """By the user menu's entry."""
    shell = joined.front_desk.shell
    assert shell is not None
    shell.actions_bar.by_id["switch_user"].trigger()
    settle()


def settle() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def open_marked(shell: Shell) -> None:
    wait_until(lambda: shell.patients.rows)
    shell.open_patient(shell.patients.rows[0].patient)


def all_texts() -> Iterator[str]:
    """Every text that any widget, model or action of the program holds now, shown or not."""
    for widget in QApplication.allWidgets():
        for name in _TEXTS:
            value = widget.property(name)
            if isinstance(value, str):
                yield value
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(at) for at in range(widget.count()))
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            yield from _texts_of(widget.model(), QModelIndex())
        yield from (action.text() for action in widget.findChildren(QAction))


def _texts_of(model: QAbstractItemModel, parent: QModelIndex) -> Iterator[str]:
    is_list = isinstance(model, QAbstractListModel)  # its count of columns is private
    for row in range(model.rowCount(parent)):
        for at in range(1 if is_list else model.columnCount(parent)):
            index = model.index(row, at, parent)
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                yield str(model.data(index, role))
            if not is_list:
                yield from _texts_of(model, index)


def seen_of_the_marker() -> list[str]:
    marks = (MARKER_FAMILY.casefold(), MARKER_CHART.casefold())
    return [text for text in all_texts() if any(mark in text.casefold() for mark in marks)]


def work_all_over(joined: Joined, shell: Shell, clipboard: OwnClipboard) -> None:
    """Leave traces wherever somebody can: image, edits, search, sheet, palette, clipboard, tool."""
    open_marked(shell)
    pane = show(shell, images_of(shell)[ImageKind.BITEWING])
    QTest.keyClick(shell, Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(shell, Qt.Key.Key_R)
    shell.actions_bar.by_id["tool_pan"].trigger()
    assert isinstance(pane, RadiographPane)
    QTest.keyClicks(shell.patients.search, MARKER_FAMILY[:5])
    clipboard.words = f"{MARKER_FAMILY}, Ada"
    shell.show_palette()
    palette = shell.sheets[-1].content
    for line in palette.findChildren(QLineEdit):
        QTest.keyClicks(line, MARKER_FAMILY[:4])
    assert seen_of_the_marker(), "the search sees what is there"
    assert joined.undo.undo_text


def test_at_the_lock_no_widget_clipboard_or_undo_says_anything_of_the_patient(
    joined: Joined, clipboard: OwnClipboard
) -> None:
    work_all_over(joined, log_in(joined, OFFICER), clipboard)
    switch(joined)
    assert seen_of_the_marker() == []
    assert clipboard.words == ""
    assert joined.undo.undo_text == joined.undo.redo_text == ""
    assert joined.workstation.clinic.is_vault_open is False


@pytest.mark.parametrize("name", ["Auditor Person", "Dentist Person"])
def test_the_second_user_finds_nothing_that_the_first_one_did(
    joined: Joined, clipboard: OwnClipboard, name: str
) -> None:
    work_all_over(joined, log_in(joined, OFFICER), clipboard)
    switch(joined)
    shell = log_in(joined, name)
    settle()
    assert (shell.patient, shell.image, shell.visit) == (None, None, None)
    assert shell.workspace.pane is None
    assert shell.sheets == []
    assert shell.patients.search.text() == ""
    assert shell.whereabouts.place() is None
    assert shell.whereabouts.card is None
    assert shell.thumbnails._kept == {}
    assert joined.undo.undo_text == joined.undo.redo_text == ""
    assert clipboard.words == ""
    if name == "Auditor Person":  # a role that may list no patients: not a word anywhere
        assert seen_of_the_marker() == []
        return
    beside_the_list = [w for w in QApplication.allWidgets() if _is_beside(shell, w)]
    texts = [str(w.property(name)) for w in beside_the_list for name in _TEXTS]
    assert not [text for text in texts if MARKER_FAMILY.casefold() in text.casefold()]
    pane = show_first(shell)
    assert pane.tool.value != "pan", "nor the tool in hand"
    joined.undo.undo()
    assert pane.view is not None
    assert pane.view.is_as_acquired, "nor the edits"


def _is_beside(shell: Shell, widget: QWidget) -> bool:
    return widget is not shell.patients and not shell.patients.isAncestorOf(widget)


def show_first(shell: Shell) -> RadiographPane:
    open_marked(shell)
    pane = show(shell, images_of(shell)[ImageKind.BITEWING])
    assert isinstance(pane, RadiographPane)
    return pane


def test_back_by_pin_to_slice_layout_tool_and_undo_after_another_worked_in_between(
    joined: Joined,
) -> None:
    shell = log_in(joined, OFFICER)
    set_pin(shell, PIN)
    open_marked(shell)
    planes = show(shell, images_of(shell)[ImageKind.CBCT])
    assert isinstance(planes, PlanesPane)
    wheel(planes.viewports[Plane.AXIAL], 3)
    QTest.keyClick(shell, Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    shell.actions_bar.by_id["tool_pan"].trigger()
    drag(planes.viewports[Plane.AXIAL], QPoint(60, 60), QPoint(25, 10))
    planes.zoom_by(1.5)
    planes.set_preset("bone") if "bone" in planes._buttons else None
    planes.maximise(Plane.AXIAL)
    before = planes.pose
    assert before.alone == "axial"
    assert joined.undo.undo_text == "Invert"

    switch(joined)
    other = log_in(joined, "Dentist Person")
    set_pin(other, OTHER_PIN)
    pane = show_first(other)
    QTest.keyClick(other, Qt.Key.Key_R)
    theirs = pane.pose

    switch(joined)
    shell = come_by_pin(joined, OFFICER, PIN)
    wait_until(lambda: shell.workspace.pane is not None and shell._opening is None)
    back = shell.workspace.pane
    assert isinstance(back, PlanesPane)
    assert back.pose == before
    assert shell.actions_bar.by_id["tool_pan"].isChecked()
    assert joined.undo.undo_text == "Invert"
    joined.undo.undo()
    assert back.view is not None
    assert back.view.inverted is False
    joined.undo.redo()
    assert back.pose == before

    switch(joined)
    other = come_by_pin(joined, "Dentist Person", OTHER_PIN)
    wait_until(lambda: other.workspace.pane is not None and other._opening is None)
    assert other.workspace.pane is not None
    assert other.workspace.pane.pose == theirs
    assert joined.undo.undo_text == "Turn"

    clinic = joined.workstation.clinic
    clinic.log_in(OFFICER, PASSWORD)
    told = [
        (event.entry.actor.name, event.entry.kind, event.entry.why)
        for event in trail.open_trail(clinic, trail.OpenTrail()).page(EventFilter(), 0, 200)
    ]
    assert (OFFICER, EventKind.DRAFT, "brought back") in told
    assert ("Dentist Person", EventKind.DRAFT, "brought back") in told
    assert (OFFICER, EventKind.LOGIN, "quick PIN") in told


def test_another_persons_pin_does_not_open_my_tile(joined: Joined) -> None:
    set_pin(log_in(joined, OFFICER), PIN)
    switch(joined)
    set_pin(log_in(joined, "Dentist Person"), OTHER_PIN)
    switch(joined)
    assert joined.front_desk.lock_screen is not None
    panel = joined.front_desk.lock_screen.window.sign_in
    for _ in range(5):
        joined.clock.pass_s(20)  # type: ignore[attr-defined]
        panel._count_down()
        choose = next(tile for tile in panel.tiles if tile.person.display_name == OFFICER)
        QTest.mouseClick(choose, LEFT)
        enter_pin(panel.quick.pad, OTHER_PIN)
        wait_until(lambda: not panel.is_busy)
        assert joined.front_desk.shell is None
    assert panel.field.isVisible(), "after five the password is asked for"
    assert not panel.is_quick
    shell = come_by_pin(joined, "Dentist Person", OTHER_PIN)
    assert shell.user.display_name == "Dentist Person"


def test_after_a_crash_the_place_is_offered_to_its_owner_and_to_nobody_else(
    joined: Joined, tmp_path: Path
) -> None:
    shell = log_in(joined, OFFICER)
    pane = show_first(shell)
    QTest.keyClick(shell, Qt.Key.Key_R)
    before = pane.pose
    shell.whereabouts.keep()
    wait_until(joined.workstation.clinic.drafts.is_there)
    wait_until(lambda: not joined.workstation.jobs.is_busy)
    after = tmp_path / "after"
    shutil.copytree(tmp_path / "store", after / "store")  # the power goes here
    shutil.copy(tmp_path / "key", after / "key")
    joined.front_desk.log_off()
    assert joined.front_desk.login is not None
    joined.front_desk.login.close()
    joined.workstation.close()
    with open_windows(after / "store", FileKeyStore(after / "key")) as again:
        other = log_in(again, "Dentist Person")
        assert other.whereabouts.card is None
        again.front_desk.log_off()
        shell = log_in(again, OFFICER)
        card = shell.whereabouts.card
        assert card is not None
        assert MARKER_FAMILY in card.words.text()
        QTest.mouseClick(card.yes, LEFT)
        wait_until(lambda: shell.workspace.pane is not None and shell._opening is None)
        assert shell.workspace.pane is not None
        assert shell.workspace.pane.pose == before
        assert again.undo.undo_text == "Turn"
