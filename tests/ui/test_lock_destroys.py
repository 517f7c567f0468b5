"""A lock under everything that could be open: nothing of it is left, and nothing goes on.

The real front desk over a real practice, with a CBCT in its planes and in 3D.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDrag, QGuiApplication, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QCompleter,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from tests.support.practice import OFFICER, write_images
from tests.support.windows import images_of, log_in, open_windows, show, wait_until
from viewer.app.clinic import Clinic
from viewer.model.image import ImageKind
from viewer.model.view import Plane
from viewer.render.screen import SCREEN
from viewer.session.errors import Locked
from viewer.ui.clearing import clear_own_clipboard
from viewer.ui.crash_dialog import CrashDialog
from viewer.ui.folder_dialog import ask_folder
from viewer.ui.lock_window import Curtain
from viewer.ui.planes_pane import PlanesPane
from viewer.ui.shell import Shell
from viewer.wiring.window import Joined

NAME = "Example"


@attrs.define
class Work:
    """Somebody at work on a CBCT, and what the lock has to overwrite."""

    joined: Joined
    shell: Shell
    pane: PlanesPane
    arrays: list[NDArray[np.generic]]
    opened: list[QObject]

    @property
    def clinic(self) -> Clinic:
        return self.joined.workstation.clinic


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("images") / "in")


@pytest.fixture
def work(tmp_path: Path, images: Path, qtbot: QtBot) -> Iterator[Work]:
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.resize(1366, 768)
        shell.start_import([images])
        wait_until(lambda: shell.patient is not None)
        pane = show(shell, images_of(shell)[ImageKind.CBCT])
        assert isinstance(pane, PlanesPane)
        pane.grab()
        wait_until(lambda: not pane.volume.is_busy)
        pane.grab()
        yield Work(joined, shell, pane, arrays_of(pane), [])


def arrays_of(pane: PlanesPane) -> list[NDArray[np.generic]]:
    """Every array with something of the patient in it, that the pane and its scenes hold."""
    assert pane.picture is not None
    found: list[NDArray[np.generic]] = [pane.picture.pixels]
    for viewport in (*pane.viewports.values(), pane.volume_viewport):
        found += [viewport.scene._picture, viewport.scene._frame]
    assert pane.volume._volume is not None
    found += [
        value
        for value in (getattr(pane.volume._volume, name, None) for name in ("voxels", "values"))
        if isinstance(value, np.ndarray)
    ]
    found = [array for array in found if array.any()]
    assert len(found) >= 6, "there is something to overwrite"
    return found


def turn_the_loop() -> None:
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def require_nothing_but_the_lock(work: Work) -> None:
    lock = work.joined.front_desk.lock_screen
    assert lock is not None
    curtains = {*lock.curtains, lock.window}
    assert {w for w in QApplication.topLevelWidgets() if w.isVisible()} == curtains
    handles = {curtain.windowHandle() for curtain in curtains}
    assert {w for w in QGuiApplication.topLevelWindows() if w.isVisible()} == handles
    assert QApplication.activePopupWidget() is None
    assert QWidget.mouseGrabber() is None
    assert QWidget.keyboardGrabber() is None
    assert QApplication.activeModalWidget() is lock.window
    assert QApplication.overrideCursor() is None
    session = work.clinic.desk.session
    assert session is not None
    assert session.is_locked
    assert not work.clinic.is_vault_open
    assert not SCREEN.is_open
    assert [array.shape for array in work.arrays if array.any()] == []
    turn_the_loop()
    assert not isValid(work.shell)
    assert not isValid(work.pane)
    assert [thing for thing in work.opened if isValid(thing)] == []
    wait_until(lambda: not work.joined.workstation.jobs.is_busy)
    letters = [label.text() for w in curtains for label in w.findChildren(QLabel)]
    assert not [text for text in letters if NAME in text]


def require_typing_to_reach_the_lock_alone(work: Work) -> None:
    lock = work.joined.front_desk.lock_screen
    assert lock is not None
    for window in QGuiApplication.topLevelWindows():
        if window.isVisible():
            QTest.keyClick(window, Qt.Key.Key_A)
    assert lock.window.sign_in.field.text().startswith("a")


# --- what may be open -------------------------------------------------------------------------


class Stubborn(QDialog):
    """A dialog that does not let itself be closed or rejected."""

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()

    def reject(self) -> None:
        return


def open_a_dialog(work: Work) -> None:
    dialog = QDialog(work.shell)
    field = QLineEdit(NAME, dialog)
    dialog.open()
    field.setFocus()
    work.opened += [dialog, field]


def open_a_dialog_that_refuses_to_close(work: Work) -> None:
    dialog = Stubborn()
    dialog.setWindowModality(Qt.WindowModality.ApplicationModal)
    QLabel(NAME, dialog)
    dialog.open()
    work.opened.append(dialog)


def open_a_question_over_a_dialog(work: Work) -> None:
    dialog = QDialog(work.shell)
    dialog.open()
    box = QMessageBox(QMessageBox.Icon.Question, "Bitewing", NAME, parent=dialog)
    box.open()
    work.opened += [dialog, box]


def open_a_context_menu(work: Work) -> None:
    menu = QMenu(work.shell)
    menu.addAction(NAME)
    further = menu.addMenu("More")
    further.addAction(NAME)
    menu.popup(work.shell.mapToGlobal(QPoint(50, 50)))
    further.popup(work.shell.mapToGlobal(QPoint(90, 50)))
    work.opened += [menu, further]


def open_the_user_menu(work: Work) -> None:
    work.shell._show_user_menu()
    work.opened += work.shell.findChildren(QMenu)


def open_popups_of_fields(work: Work) -> None:
    line = QLineEdit(work.shell)
    completer = QCompleter([NAME, NAME + "s"], line)
    line.setCompleter(completer)
    line.show()
    completer.setCompletionPrefix(NAME)
    completer.complete()
    choice = QComboBox(work.shell)
    choice.addItems([NAME, "Other"])
    choice.show()
    choice.showPopup()
    work.opened += [line, choice, choice.view()]


def show_a_tooltip(work: Work) -> None:
    QToolTip.showText(work.shell.mapToGlobal(QPoint(80, 80)), NAME, work.shell)
    assert QToolTip.isVisible()


def open_a_file_dialog(work: Work) -> None:
    dialog = ask_folder(work.shell, NAME, lambda _: pytest.fail("nobody chose a folder"))
    assert dialog.testOption(QFileDialog.Option.DontUseNativeDialog)
    work.opened.append(dialog)


def open_a_second_window(work: Work) -> None:
    second = QLabel()
    second.setWindowTitle(NAME)
    second.setPixmap(work.pane.grab())
    second.showFullScreen()
    stubborn = Stubborn()
    stubborn.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
    stubborn.setModal(False)
    stubborn.show()
    work.opened += [second, stubborn]


def open_a_splash_and_a_tool_window(work: Work) -> None:
    for kind in (Qt.WindowType.Tool, Qt.WindowType.SplashScreen, Qt.WindowType.ToolTip):
        window = QLabel(NAME, None, kind)
        window.show()
        work.opened.append(window)


def open_the_crash_dialog(work: Work) -> None:
    for parent in (work.shell, None):
        dialog = CrashDialog("1A2B3C4D", "the folder Logs", parent)
        dialog.open()
        work.opened.append(dialog)


def open_the_share_page(work: Work) -> None:
    work.shell.show_share()
    panel = work.shell.sheets[0].content
    wait_until(lambda: panel._plan is not None)
    QTest.qWait(50)
    panel.grab()
    work.opened.append(panel)


def open_trail_over_store(work: Work) -> None:
    work.shell.check_store()
    work.shell.show_trail()
    work.opened += [sheet.content for sheet in work.shell.sheets]


def hold_a_drag_in_the_picture(work: Work) -> None:
    viewport = work.pane.viewports[Plane.AXIAL]
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=viewport.rect().center())
    QTest.mouseMove(viewport, viewport.rect().center() + QPoint(30, 10))
    work.opened.append(viewport)


def grab_mouse_and_keyboard(work: Work) -> None:
    work.pane.viewports[Plane.CORONAL].grabMouse()
    work.pane.viewports[Plane.AXIAL].grabKeyboard()
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)


POPUPS = (open_popups_of_fields, open_a_context_menu, show_a_tooltip)
WINDOWS = (
    open_a_dialog,
    open_a_dialog_that_refuses_to_close,
    open_a_question_over_a_dialog,
    open_a_file_dialog,
    open_the_crash_dialog,
    open_a_second_window,
    open_a_splash_and_a_tool_window,
    open_the_share_page,
    open_trail_over_store,
    open_the_user_menu,
    hold_a_drag_in_the_picture,
    grab_mouse_and_keyboard,
)


@pytest.mark.parametrize("openers", [POPUPS, WINDOWS], ids=["popups", "windows and hands"])
def test_a_lock_leaves_nothing_of_what_was_open(
    work: Work, openers: tuple[Callable[[Work], None], ...]
) -> None:
    for opener in openers:
        opener(work)
    for _ in range(3):  # the clock, the person and the computer at the same moment
        QTimer.singleShot(0, work.joined.front_desk.lock)
    QTest.qWait(20)
    require_nothing_but_the_lock(work)
    require_typing_to_reach_the_lock_alone(work)


# --- what may be under way --------------------------------------------------------------------


def test_a_caller_that_waits_in_a_dialogs_own_loop_goes_on_to_a_locked_practice(
    work: Work,
) -> None:
    menu, dialog = QMenu(work.shell), QDialog(work.shell)
    menu.addAction(NAME)
    QTimer.singleShot(0, lambda: chosen.append(menu.exec(QPoint(20, 20))))
    QTimer.singleShot(50, work.joined.front_desk.lock)
    chosen: list[object] = []
    assert dialog.exec() == QDialog.DialogCode.Rejected
    assert chosen == [None]
    with pytest.raises(Locked):
        _ = work.clinic.vault
    work.opened += [menu, dialog]
    require_nothing_but_the_lock(work)


@pytest.mark.skipif(
    os.environ.get("QT_QPA_PLATFORM") != "xcb", reason="only a real window system drags"
)
def test_something_dragged_out_is_dropped_nowhere(work: Work) -> None:
    drag = QDrag(work.pane)
    carried = QMimeData()
    carried.setText(NAME)
    drag.setMimeData(carried)
    drag.setPixmap(QPixmap(40, 40))
    QTimer.singleShot(50, work.joined.front_desk.lock)
    assert drag.exec(Qt.DropAction.CopyAction) is Qt.DropAction.IgnoreAction
    require_nothing_but_the_lock(work)


def test_an_import_and_its_reading_processes_end(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viewer.ingest import importer
    from viewer.ingest.decoder import Decoder

    asked: list[int] = []
    answer = Decoder._answer

    def never(decoder: Decoder) -> dict[str, object]:
        """Wait for a child that never answers, as for one that reads for a minute."""
        if decoder.process_id is None:
            return answer(decoder)
        asked.append(decoder.process_id)
        channel = decoder._ready_channel()
        psutil.Process(decoder.process_id).suspend()
        decoder._questions.popleft()
        try:
            return decoder._receive(channel, 600)
        except BaseException:
            decoder.close()
            raise

    monkeypatch.setattr(Decoder, "_answer", never)
    assert importer is not None
    work.shell.start_import([write_images(tmp_path / "more", seed=99)])
    wait_until(lambda: asked)
    work.joined.front_desk.lock()
    require_nothing_but_the_lock(work)
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in asked))


def test_a_volume_that_is_still_coming_is_overwritten(
    tmp_path: Path, images: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viewer.vault.store import Vault

    arrived: list[NDArray[np.generic]] = []
    outwards = Vault.open_outwards

    def slowly(vault: Vault, image_id: object, plane: int, on_planes: object, *more: object):  # type: ignore[no-untyped-def]
        def seen(pixels: NDArray[np.generic], planes: range) -> None:
            on_planes(pixels, planes)  # type: ignore[operator]
            arrived.append(pixels)
            wait_until_dropped()

        return outwards(vault, image_id, plane, seen, *more)  # type: ignore[arg-type]

    dropped = threading.Event()

    def wait_until_dropped() -> None:
        dropped.wait(30)

    monkeypatch.setattr(Vault, "open_outwards", slowly)
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.start_import([images])
        wait_until(lambda: shell.patient is not None)
        shell.open_image(images_of(shell)[ImageKind.CBCT], shell.visit)
        wait_until(lambda: arrived)
        jobs = joined.workstation.jobs
        drop_all = jobs.drop_all
        monkeypatch.setattr(jobs, "drop_all", lambda: (drop_all(), dropped.set()))
        joined.front_desk.lock()
        wait_until(lambda: not joined.workstation.jobs.is_busy)
        assert not any(array.any() for array in arrived)


# --- the clipboard ----------------------------------------------------------------------------


class FakeClipboard:
    """A clipboard of which we own what a test says."""

    def __init__(self, *owned: str) -> None:
        self._owned = owned
        self.cleared: list[str] = []

    def supportsSelection(self) -> bool:
        return True

    def supportsFindBuffer(self) -> bool:
        return True

    def ownsClipboard(self) -> bool:
        return "Clipboard" in self._owned

    def ownsSelection(self) -> bool:
        return "Selection" in self._owned

    def ownsFindBuffer(self) -> bool:
        return "FindBuffer" in self._owned

    def clear(self, mode: object) -> None:
        self.cleared.append(mode.name)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "owned", [(), ("Clipboard",), ("Selection",), ("FindBuffer",), ("Clipboard", "Selection")]
)
def test_what_we_copied_is_cleared_and_what_another_program_copied_stays(
    owned: tuple[str, ...],
) -> None:
    clipboard = FakeClipboard(*owned)
    clear_own_clipboard(clipboard)
    assert tuple(clipboard.cleared) == owned


def test_no_window_but_a_curtain_outlives_a_log_off(work: Work) -> None:
    open_a_second_window(work)
    open_a_dialog(work)
    work.joined.front_desk.log_off()
    turn_the_loop()
    assert [thing for thing in work.opened if isValid(thing)] == []
    visible = {w for w in QApplication.topLevelWidgets() if w.isVisible()}
    assert visible == {work.joined.front_desk.login}
    assert not any(isinstance(w, Curtain) for w in visible)
