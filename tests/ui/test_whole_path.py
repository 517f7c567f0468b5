"""What a clinician does in a minute, in the real windows over a real store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, FakeClock, write_images
from tests.support.watching import watched_store
from tests.support.windows import (
    drag,
    images_of,
    log_in,
    open_windows,
    show,
    wait_until,
    wheel,
)
from viewer.model.image import ImageKind, ImageState
from viewer.model.view import Plane
from viewer.share.open import open_bundle
from viewer.ui.parts.words import Words
from viewer.ui.planes_pane import PlanesPane
from viewer.ui.radiograph_pane import RadiographPane
from viewer.ui.share_panel import SharePanel
from viewer.ui.share_receipt import ReceiptPage
from viewer.ui.trail_window import TrailPanel


def test_from_login_to_share_and_trail(tmp_path: Path, qtbot: QtBot) -> None:
    """Nothing of a patient is read meanwhile before an entry says so, by whatever path."""
    with watched_store() as watched:
        _a_minute(tmp_path)
    assert len(watched.content) > 10
    assert not watched.unseen, watched.words()


def _a_minute(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "in")
    clock = FakeClock()
    with open_windows(tmp_path / "store", clock=clock) as joined:
        shell = log_in(joined, OFFICER)
        shell.resize(1366, 768)

        shell.start_import([folder])
        wait_until(lambda: shell.patient is not None)
        assert shell.patient is not None
        assert shell.patient.family_name == "Example"
        images = images_of(shell)
        assert set(images) == {ImageKind.BITEWING, ImageKind.PANORAMIC, ImageKind.CBCT}

        pane = show(shell, images[ImageKind.BITEWING])
        assert isinstance(pane, RadiographPane)
        before = pane.window_level
        drag(pane.viewport, pane.viewport.rect().center(), QPoint(80, 40))
        assert pane.window_level != before
        QTest.keyClick(shell, Qt.Key.Key_R)
        assert pane.view is not None
        assert pane.view.quarter_turns % 4 == 1
        picture = pane.grab().toImage()
        shades = {picture.pixelColor(x, y).value() for x in range(0, 600, 7) for y in (200, 300)}
        assert len(shades) > 20

        show(shell, images[ImageKind.PANORAMIC])
        planes = show(shell, images[ImageKind.CBCT])
        assert isinstance(planes, PlanesPane)
        assert planes.view is not None
        height = planes.view.cursor_lps[2]
        wheel(planes.viewports[Plane.AXIAL], 3)
        assert planes.view.cursor_lps[2] != height
        before_lock = planes.view

        clock.pass_s(601)
        assert shell.practice.watch.seconds_left() == 0
        wait_until(lambda: joined.front_desk.lock_screen is not None)
        assert joined.front_desk.shell is None
        assert not joined.workstation.clinic.is_vault_open

        shell = log_in(joined, OFFICER)
        wait_until(lambda: shell.image is not None and shell.workspace.pane is not None)
        assert shell.image is not None
        assert shell.image.kind is ImageKind.CBCT
        back = shell.workspace.pane
        assert isinstance(back, PlanesPane)
        wait_until(lambda: back.view is not None)
        assert back.view == before_lock

        show(shell, images[ImageKind.PANORAMIC])
        out = tmp_path / "for-a-colleague.age"
        passphrase = share_in_the_window(shell, out)
        bundle = open_bundle(out, passphrase)
        assert [image.kind for image in bundle.images] == ["panoramic"]

        for sheet in list(shell.sheets):
            sheet.close_sheet()
        shell.show_trail()
        panel = shell.sheets[0].content
        assert isinstance(panel, TrailPanel)
        wait_until(lambda: panel.model.rowCount() > 0 and not panel.work.is_busy)
        kinds = {
            str(panel.model.index(row, 2).data()) for row in range(min(panel.model.rowCount(), 60))
        }
        assert any("share" in kind.lower() for kind in kinds)
        panel.verify()
        wait_until(lambda: panel._trail.last_verdict() is not None)
        verdict = panel._trail.last_verdict()
        assert verdict is not None
        assert verdict.is_whole


def share_in_the_window(shell: object, out: Path) -> str:
    """Open the share page, name a recipient, look at each doubt, press the button."""
    shell.show_share()  # type: ignore[attr-defined]
    panel = shell.sheets[0].content  # type: ignore[attr-defined]
    assert isinstance(panel, SharePanel)
    wait_until(lambda: panel.doubt_boxes or panel._plan is not None)
    QTest.keyClicks(panel.recipient, "Dr. Castellano")
    for box in panel.doubt_boxes:
        box.click()
    assert panel.side.can_seal
    panel.side.go.click()
    dialogs = [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog)]
    dialogs += panel.window().findChildren(QFileDialog)
    dialog = next(d for d in dialogs if d.isVisible())
    dialog.selectFile(str(out))
    dialog.accept()
    wait_until(lambda: panel.pages.findChildren(ReceiptPage))
    receipt = panel.pages.findChildren(ReceiptPage)[0]
    cells = [part for part in receipt.findChildren(Words) if part.property("role") == "code"]
    wait_until(lambda: all(cell.isVisible() for cell in cells))
    place = {cell: cell.mapTo(receipt, QPoint(0, 0)) for cell in cells}
    read_out = sorted(cells, key=lambda cell: (place[cell].y(), place[cell].x()))
    return " ".join(cell.text() for cell in read_out)


def test_the_picture_on_screen_is_what_an_independent_reader_shows(
    tmp_path: Path, qtbot: QtBot
) -> None:
    import SimpleITK

    folder = write_images(tmp_path / "in", cbct=False)
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.resize(1600, 900)
        shell.start_import([folder])
        wait_until(lambda: shell.patient is not None)
        pane = show(shell, images_of(shell)[ImageKind.BITEWING])
        assert isinstance(pane, RadiographPane)
        QTest.keyClick(shell, Qt.Key.Key_1)
        window = pane.window_level
        assert window is not None
        shown = pane.viewport.grab().toImage()
        stored = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / "bitewing.dcm")))[0]
        expected = (stored - (window.centre - 0.5)) / (window.width - 1) + 0.5
        grey = np.clip(np.rint(expected * 255), 0, 255)
        rows, columns = stored.shape
        top = (shown.height() - rows) // 2
        left = (shown.width() - columns) // 2
        middle = np.array(
            [
                [shown.pixelColor(left + x, top + y).red() for x in range(40, 120)]
                for y in range(30, 90)
            ]
        )
        best = min(
            int(np.abs(middle - grey[30 + dy : 90 + dy, 40 + dx : 120 + dx]).max())
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
        )
        assert best <= 1


@pytest.mark.parametrize("name", ["auditor person", "security_officer person"])
def test_a_role_without_patients_gets_a_shell_without_patients(
    tmp_path: Path, qtbot: QtBot, name: str
) -> None:
    from tests.support.practice import PASSWORD, add_person

    with open_windows(tmp_path / "store") as joined:
        clinic = joined.workstation.clinic
        clinic.log_in(OFFICER, PASSWORD)
        add_person(clinic, name.partition(" ")[0])
        clinic.log_off()
        joined.front_desk.login.close()  # type: ignore[union-attr]
        joined.front_desk.open()
        shell = log_in(joined, name.title())
        assert shell.patients.rows == []
        shell.show_trail()
        panel = shell.sheets[0].content
        assert isinstance(panel, TrailPanel)
        wait_until(lambda: panel.model.rowCount() > 0)


def test_real_files_of_other_makers_come_in_and_open_in_the_window(
    tmp_path: Path, qtbot: QtBot, shared_data: Path
) -> None:
    folders = [
        shared_data / "ct-geometry" / "philips_phantom_5mm",
        shared_data / "dental" / "2d" / "intraoral_photo",
        shared_data / "dicom" / "highdicom",
        shared_data / "dicom" / "cornerstone3d_testImages",
    ]
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.resize(1366, 768)
        shell.start_import(folders)
        wait_until(lambda: shell.sheets)
        assert shell.patients.rows or shell.practice.chart.find_patients("")
        for sheet in list(shell.sheets):
            sheet.close_sheet()
        opened = set()
        for row in shell.practice.chart.find_patients(""):
            shell.open_patient(row.patient)
            for image in images_of(shell).values():
                if image.state is not ImageState.SHOWN:
                    continue
                pane = show(shell, image)
                picture = pane.grab().toImage()
                shades = {
                    picture.pixelColor(x, y).value()
                    for x in range(0, picture.width(), 13)
                    for y in range(0, picture.height(), 13)
                }
                assert len(shades) > 8
                opened.add((image.is_volume, image.is_colour))
        assert {(True, False), (False, False), (False, True)} <= opened
