"""The real windows over a real practice, driven as a person drives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.support.practice import PASSWORD, FakeClock, found
from viewer.app.clinic import Clinic
from viewer.app.jobs import JobRunner
from viewer.app.undo import UndoStack
from viewer.model.image import ImageKind, ImageRecord
from viewer.session.idle import IdlePolicy
from viewer.session.keystore import KeyStore, MemoryKeyStore
from viewer.ui.application import Application
from viewer.ui.shell import Shell
from viewer.ui.sign_in import SignIn
from viewer.wiring.window import Joined
from viewer.wiring.workstation import Workstation

Wait = Callable[[Callable[[], object]], None]
"""Waits until a condition holds; `qtbot.waitUntil` is one."""


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Run the event loop until a condition holds."""
    for _ in range(int(seconds * 50)):
        if condition():
            return
        QTest.qWait(20)
    raise TimeoutError("the window did not get there")


@contextmanager
def open_windows(
    folder: Path, keystore: KeyStore | None = None, clock: FakeClock | None = None
) -> Iterator[Joined]:
    """Open the door of a practice, founded first where there is none."""
    keystore = keystore or MemoryKeyStore()
    if not Clinic.is_founded(folder):
        found(folder, keystore)
    application = Application("dark")
    jobs = JobRunner(application.post)

    def open_clinic(where: Path, keys: KeyStore, policy: IdlePolicy | None) -> Clinic:
        return Clinic(where, keys, clock=clock, policy=policy)

    workstation = Workstation(folder, keystore, jobs, open_clinic=open_clinic)
    joined = Joined(workstation, UndoStack())
    try:
        joined.front_desk.open()
        yield joined
    finally:
        close_windows(joined)


def close_windows(joined: Joined) -> None:
    """Take every window away and let go of the practice."""
    joined.front_desk.close()
    joined.workstation.close()
    for widget in QApplication.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def log_in(joined: Joined, name: str, password: str = PASSWORD) -> Shell:
    """Click a tile, type a password, press the button, wait for the shell."""
    desk = joined.front_desk
    sign_in: SignIn | None
    if desk.lock_screen is not None:
        sign_in = desk.lock_screen.window.sign_in
    else:
        sign_in = desk.login.sign_in if desk.login else None
    assert sign_in is not None
    tile = next(tile for tile in sign_in.tiles if tile.person.display_name == name)
    QTest.mouseClick(tile, Qt.MouseButton.LeftButton)
    if sign_in.is_quick:
        QTest.mouseClick(sign_in.quick.password_button, Qt.MouseButton.LeftButton)
    QTest.keyClicks(sign_in.field.line, password)
    QTest.mouseClick(sign_in.go, Qt.MouseButton.LeftButton)
    wait_until(lambda: desk.shell is not None)
    assert desk.shell is not None
    return desk.shell


def images_of(shell: Shell) -> dict[ImageKind, ImageRecord]:
    """One image of each kind of the open patient."""
    visits = shell.practice.chart.visits(shell.patient.id) if shell.patient else ()
    return {image.kind: image for visit in visits for image in visit.images}


def show(shell: Shell, image: ImageRecord) -> QWidget:
    """Open an image of the open patient and wait until it is on screen."""
    assert shell.patient is not None
    visits = shell.practice.chart.visits(shell.patient.id)
    visit = next(visit for visit in visits if image in visit.images)
    shell.open_image(image, visit)
    wait_until(lambda: shell.workspace.pane is not None and shell.workspace.pane.window_level)
    return cast(QWidget, shell.workspace.pane)


def drag(widget: QWidget, start: QPoint, by: QPoint) -> None:
    """Drag with the left button."""
    button = Qt.MouseButton.LeftButton
    QTest.mousePress(widget, button, Qt.KeyboardModifier.NoModifier, start)
    for part in range(1, 5):
        QTest.mouseMove(widget, start + by * part / 4)
    QTest.mouseRelease(widget, button, Qt.KeyboardModifier.NoModifier, start + by)


def wheel(widget: QWidget, steps: int) -> None:
    """Turn the wheel over the middle of a widget."""
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place,
        QPointF(widget.mapToGlobal(widget.rect().center())),
        QPoint(0, 0),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
