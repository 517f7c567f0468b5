"""The reading processes start while the folder is chosen, and none stays behind."""

from __future__ import annotations

from pathlib import Path

import psutil
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, write_images
from tests.support.windows import log_in, open_windows, wait_until
from viewer.ingest.process import drop_spares


def children() -> int:
    return len(psutil.Process().children(recursive=True))


def test_a_folder_chosen_in_the_dialog_is_imported_by_processes_that_were_ready(
    tmp_path: Path, qtbot: QtBot
) -> None:
    folder = write_images(tmp_path / "in", cbct=False)
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        before = children()
        shell.ask_import()
        assert children() > before
        dialogs = [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog)]
        dialogs += shell.findChildren(QFileDialog)
        dialog = next(d for d in dialogs if d.isVisible())
        dialog.setDirectory(str(folder))
        whole = dialog.findChild(QPushButton, "whole_folder")
        assert whole is not None
        qtbot.mouseClick(whole, Qt.MouseButton.LeftButton)
        wait_until(lambda: shell.patient is not None)
        drop_spares()
        wait_until(lambda: children() <= before)
