"""A day at the workstation in a process of its own: the real program, driven by a script.

``python -m tests.support.workday SCRIPT ARGUMENTS…`` runs ``bitewing ARGUMENTS`` with the real
main function and windows. The script says on standard output where it is; what it shall look for
comes through the environment, veiled, so that this process does not itself hold what a search of
its memory looks for.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QToolTip,
    QWidget,
)
from shiboken6 import isValid

from tests.support.windows import drag, images_of, show, wait_until, wheel
from viewer.main import main
from viewer.model.image import ImageKind
from viewer.model.view import Plane
from viewer.ui.application import Application
from viewer.ui.crash_dialog import CrashDialog
from viewer.ui.folder_dialog import ask_folder
from viewer.ui.lock_window import Curtain
from viewer.ui.planes_pane import PlanesPane
from viewer.ui.radiograph_pane import RadiographPane
from viewer.ui.share_panel import SharePanel
from viewer.ui.shell import Shell
from viewer.ui.sign_in import SignIn
from viewer.wiring import window
from viewer.wiring.window import Joined

Script = Callable[["Day"], Iterator[None]]

_VEIL = 0x5A


def veiled(text: str) -> str:
    """Return a text as it may stand in the environment of a process that is searched."""
    return bytes(byte ^ _VEIL for byte in text.encode()).hex()


def type_veiled(line: QLineEdit, text: str) -> None:
    """Type a veiled text letter by letter; it is never in one piece here."""
    for byte in bytes.fromhex(text):
        QTest.keyClicks(line, chr(byte ^ _VEIL))


def say(words: str) -> None:
    """Tell the test where we are."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


class Day:
    """The windows of this process and what a person does in them."""

    def __init__(self, joined: Joined) -> None:
        self.desk = joined.front_desk
        self.joined = joined

    @property
    def shell(self) -> Shell:
        assert self.desk.shell is not None
        return self.desk.shell

    def log_in(self) -> None:
        """Type the password, letter by letter, and press the button."""
        sign_in: SignIn | None = None
        if self.desk.lock_screen is not None:
            sign_in = self.desk.lock_screen.window.sign_in
        elif self.desk.login is not None:
            sign_in = self.desk.login.sign_in
        assert sign_in is not None
        type_veiled(sign_in.field.line, os.environ["WORKDAY_PASSWORD"])
        QTest.mouseClick(sign_in.go, Qt.MouseButton.LeftButton)
        wait_until(lambda: self.desk.shell is not None)

    def bring_in(self) -> None:
        """Import the folder, one bad file in it, and look at the report."""
        self.shell.start_import([Path(os.environ["WORKDAY_IMAGES"])])
        wait_until(lambda: self.shell.sheets)
        for sheet in list(self.shell.sheets):
            sheet.close_sheet()

    def choose_patient(self) -> None:
        """Search by a few letters of the name and take the only patient."""
        self.shell.show_patients()
        type_veiled(self.shell.patients.search, os.environ["WORKDAY_SEARCH"])
        wait_until(lambda: self.shell.patients.rows)
        self.shell.open_patient(self.shell.patients.rows[0].patient)

    def look(self, *kinds: ImageKind) -> None:
        """Open each kind and move everything that moves."""
        for kind in kinds:
            pane = show(self.shell, images_of(self.shell)[kind])
            if isinstance(pane, RadiographPane):
                drag(pane.viewport, pane.viewport.rect().center(), QPoint(60, 30))
                QTest.keyClick(self.shell, Qt.Key.Key_R)
            elif isinstance(pane, PlanesPane):
                wheel(pane.viewports[Plane.AXIAL], 2)
                pane.grab()
                wait_until(partial(_is_painted, pane))
            pane.grab()

    def plan_share(self) -> SharePanel:
        """Open the share page and wait for the picture of what would leave."""
        self.shell.show_share()
        panel = self.shell.sheets[0].content
        assert isinstance(panel, SharePanel)
        wait_until(lambda: panel._plan is not None)
        QTest.keyClicks(panel.recipient, "Dr. Castellano")
        QTest.qWait(300)
        panel.grab()
        return panel

    def share(self) -> None:
        """Seal what is on screen into a bundle."""
        panel = self.plan_share()
        for box in panel.doubt_boxes:
            box.click()
        panel.seal_to(Path(os.environ["WORKDAY_BUNDLE"]))
        wait_until(lambda: Path(os.environ["WORKDAY_BUNDLE"]).exists())
        QTest.qWait(200)
        self.close_sheets()

    def close_sheets(self) -> None:
        for sheet in list(self.shell.sheets):
            sheet.close_sheet()

    def read_trail(self) -> None:
        self.shell.show_trail()
        self.shell.sheets[0].content.grab()
        self.close_sheets()

    def choose_folders(self) -> None:
        """Ask for a folder in the dialog and take the one of the images, then cancel the import."""
        taken: list[Path] = []
        dialog = ask_folder(self.shell, "Import", taken.append)
        dialog.setDirectory(os.environ["WORKDAY_IMAGES"])
        dialog.selectFile(os.environ["WORKDAY_IMAGES"])
        QTest.qWait(50)
        dialog.accept()
        wait_until(lambda: taken)
        QTest.qWait(50)

    def crash(self) -> Iterator[None]:
        """Meet a bug whose text quotes a patient: on the main thread, a worker, in a destructor."""
        import gc
        import threading

        name = self.shell.patients.rows[0].patient.family_name

        def break_down() -> None:
            raise ValueError(f"cannot show {name}")

        class Broken:
            def __del__(self) -> None:
                break_down()

        thread = threading.Thread(target=break_down)
        thread.start()
        thread.join()
        Broken()
        gc.collect()
        QTimer.singleShot(0, break_down)
        # A fault passes through every loop that a script runs: this one must be the program's own.
        while not any(isinstance(w, CrashDialog) for w in _dialogs()):
            yield
        for dialog in _dialogs():
            dialog.close()

    def lock(self) -> None:
        self.shell.lock_wanted.emit()
        wait_until(lambda: self.desk.lock_screen is not None)

    def close(self) -> None:
        """Close the shell, which logs off, then the door."""
        if self.desk.shell is not None:
            self.desk.shell.close()
        wait_until(lambda: self.desk.login is not None)
        assert self.desk.login is not None
        self.desk.login.close()


def _is_painted(pane: PlanesPane) -> bool:
    return not pane.volume.is_busy


def _dialogs() -> list[QDialog]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog)]


def whole_day(day: Day) -> Iterator[None]:
    """Use everything, then stand still at the shell."""
    day.log_in()
    day.bring_in()
    day.choose_folders()
    day.choose_patient()
    day.look(ImageKind.BITEWING, ImageKind.PANORAMIC, ImageKind.CBCT)
    say("viewing")
    day.look(ImageKind.PANORAMIC)
    day.share()
    day.read_trail()
    yield from day.crash()
    day.lock()
    day.log_in()
    wait_until(lambda: day.shell.workspace.pane is not None)
    say("ready")
    yield


def importing(day: Day) -> Iterator[None]:
    """Begin an import and stand in the middle of it."""
    day.log_in()
    from viewer.vault.store import Vault

    put = Vault.put_picture
    calls = iter(range(9))

    def slow_put(*args: object, **more: object) -> object:
        if next(calls) == 1:
            say("ready")
            time.sleep(600)
        return put(*args, **more)  # type: ignore[arg-type]

    Vault.put_picture = slow_put  # type: ignore[assignment, method-assign]
    day.shell.start_import([Path(os.environ["WORKDAY_IMAGES"])])
    yield


def buried(day: Day) -> Iterator[None]:
    """Lock with nothing open, then with everything open on two screens, and compare the screens."""
    QApplication.setCursorFlashTime(0)
    day.log_in()
    day.lock()
    bare = _screens()
    day.log_in()
    day.choose_patient()
    day.look(ImageKind.BITEWING, ImageKind.PANORAMIC, ImageKind.CBCT)
    day.plan_share()
    windows = _open_everything(day)
    QTest.qWait(100)
    say(f"differ {_count_different(bare, _screens())}")
    say("open")
    sys.stdin.readline()
    day.shell.start_import([Path(os.environ["WORKDAY_IMAGES"])])
    day.lock()
    say(f"differ {_count_different(bare, _screens())}")
    say(f"covered {_count_covered()}")
    say(f"windows {sum(isValid(window) and window.isVisible() for window in windows)}")
    wait_until(lambda: not day.joined.workstation.is_forgetting)
    QTest.qWait(100)
    say(f"differ {_count_different(bare, _screens())}")
    _let_the_test_read()
    say("ready")
    yield


def _open_everything(day: Day) -> list[QWidget]:
    """Open a modal dialog, a file dialog, a menu and a window on the second screen."""
    shell, screens = day.shell, QGuiApplication.screens()
    name = shell.patients.rows[0].patient.family_name
    second = QLabel()
    second.setPixmap(shell.grab())
    second.setWindowTitle(name)
    second.setGeometry(screens[-1].geometry())
    second.showFullScreen()
    dialog = QDialog(shell)
    QLabel(name, dialog)
    dialog.open()
    chooser = ask_folder(shell, name, lambda _: None)
    menu = QMenu(shell)
    menu.addAction(name)
    menu.popup(shell.mapToGlobal(QPoint(200, 200)))
    QToolTip.showText(shell.mapToGlobal(QPoint(80, 80)), name, shell)
    QGuiApplication.clipboard().setText(name)
    return [second, dialog, chooser, menu]


def _screens() -> list[QImage]:
    QTest.qWait(100)
    return [screen.grabWindow(0).toImage() for screen in QGuiApplication.screens()]


def _count_covered() -> int:
    """Return how many screens have a curtain over all of them."""
    curtains = [w for w in QApplication.topLevelWidgets() if isinstance(w, Curtain)]
    areas = [curtain.frameGeometry() for curtain in curtains if curtain.isVisible()]
    return sum(screen.geometry() in areas for screen in QGuiApplication.screens())


def _count_different(one: list[QImage], other: list[QImage]) -> int:
    """Return how many screens show something else."""
    assert len(one) == len(other) == 2
    return sum(a != b for a, b in zip(one, other, strict=True))


def clean(day: Day) -> Iterator[None]:
    """Log in, look, lock, unlock, close the windows."""
    day.log_in()
    day.bring_in()
    day.choose_patient()
    day.look(ImageKind.BITEWING, ImageKind.CBCT)
    day.lock()
    day.log_in()
    yield
    day.close()


def waiting(day: Day) -> Iterator[None]:
    """Log in, open something and wait to be told to end."""
    day.log_in()
    day.bring_in()
    day.choose_patient()
    day.look(ImageKind.BITEWING)
    say("ready")
    yield


def _play(script: Script, day: Day) -> None:
    """Run a script; where it goes wrong say so to the test and end, without the crash dialog.

    Where a script yields, the program's own loop runs for a moment.
    """
    steps = script(day)

    def step() -> None:
        try:
            next(steps)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001 - whatever it was, the test shall read it
            traceback.print_exc(file=sys.stdout)
            sys.stdout.flush()
            os._exit(70)
        QTimer.singleShot(20, step)

    step()


def _let_the_test_read() -> None:
    """Undo for a test that is not root what keeps other processes out of this one's memory."""
    import ctypes

    if os.geteuid() != 0:
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)


SCRIPTS: dict[str, Script] = {
    "whole_day": whole_day,
    "importing": importing,
    "buried": buried,
    "clean": clean,
    "waiting": waiting,
}


def run(script: str, arguments: list[str]) -> int:
    """Run the real program with a script that begins once its loop runs."""
    days: list[Day] = []

    class Seen(Joined):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            days.append(Day(self))

    class Driven(Application):
        def run(self) -> int:
            QTimer.singleShot(0, lambda: _play(SCRIPTS[script], days[0]))
            return super().run()

    vars(window).update(Joined=Seen, Application=Driven)
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
