"""The page for DICOM files in the real window: what is asked, what leaves, what is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.support.practice import OFFICER, PASSWORD, open_clinic, write_images
from tests.support.windows import images_of, log_in, open_windows, show, wait_until
from viewer.app.use_cases import importing
from viewer.model.image import ImageKind
from viewer.session.keystore import MemoryKeyStore
from viewer.ui.export_panel import ExportPanel
from viewer.ui.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    keystore = MemoryKeyStore()
    with open_clinic(tmp_path / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        images = write_images(tmp_path / "in", cbct=False)
        importing.import_paths(clinic, importing.ImportPaths((images,)))
    with open_windows(tmp_path / "store", keystore) as joined:
        made = log_in(joined, OFFICER)
        made.open_patient(made.practice.chart.find_patients("")[0].patient)
        wait_until(lambda: made.image is not None)
        show(made, images_of(made)[ImageKind.BITEWING])
        yield made


def _open(shell: Shell) -> ExportPanel:
    shell.actions_bar.by_id["export_dicom"].trigger()
    made = shell.sheets[-1].findChild(ExportPanel)
    assert made is not None
    return made


def _fill(panel: ExportPanel) -> None:
    QTest.keyClicks(panel.purpose, "referral")
    QTest.keyClicks(panel.recipient, "Dr. X")
    _confirm(panel)


def _confirm(panel: ExportPanel) -> None:
    box = panel.confirmed
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(10, box.height() // 2))


def test_all_is_asked_before_files_leave_and_what_left_is_said_in_place(
    shell: Shell, tmp_path: Path
) -> None:
    panel = _open(shell)
    assert "can read it" in panel.card.fact.text()
    assert not panel.write.isEnabled()
    _fill(panel)
    assert panel.write.isEnabled()
    for each in (panel.scope, panel.purpose, panel.recipient, panel.confirmed, panel.write):
        assert each.height() >= 44, type(each)
    where = tmp_path / "medium"
    where.mkdir()
    panel.write_in(where)
    wait_until(panel.card.message.isVisible)
    (made,) = where.iterdir()
    assert made.name.startswith("DICOM-")
    assert [path.name for path in (made / "IMAGES").iterdir()] == ["00000001"]
    assert pydicom.dcmread(made / "IMAGES" / "00000001").Modality == "IO", "the one on screen"
    assert not panel.write.isEnabled(), "the next folder is asked about anew"


def test_a_whole_chart_leaves_and_a_place_that_fails_keeps_nothing(
    shell: Shell, tmp_path: Path
) -> None:
    panel = _open(shell)
    _fill(panel)
    panel.scope.setCurrentIndex(1)
    assert not panel.images.isEnabled()
    where = tmp_path / "medium"
    panel.write_in(where)
    wait_until(panel.card.message.isVisible)
    assert not where.exists()
    where.mkdir()
    panel.write_in(where)
    wait_until(lambda: list(where.glob("DICOM-*")))
    wait_until(lambda: not panel.confirmed.isChecked())
    (made,) = where.iterdir()
    assert len(list((made / "IMAGES").iterdir())) == 2
