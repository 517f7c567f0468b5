"""The whole hostile set through the real window: a report, a page of files set aside, no crash."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER
from tests.support.windows import log_in, open_windows, wait_until
from viewer.bench.hostile_set import write_hostile
from viewer.ui.crash_dialog import CrashDialog
from viewer.ui.import_report import ImportReport
from viewer.ui.quarantine_page import QuarantinePanel


def test_the_hostile_set_costs_the_window_a_report_and_a_file_is_read_again_from_its_page(
    tmp_path: Path, qtbot: QtBot
) -> None:
    made = write_hostile(tmp_path / "in", tmp_path / "canary.dcm")
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.resize(1366, 768)
        shell.start_import([tmp_path / "in"])
        wait_until(lambda: shell.sheets, seconds=200)
        report = shell.sheets[0].content
        assert isinstance(report, ImportReport)
        summary = report._summary
        told = len(summary.set_aside) + len(summary.refusals) + summary.images
        assert told + len(summary.kept) + summary.waiting >= len(made)
        report.aside_wanted.emit()
        panel = shell.sheets[-1].content
        assert isinstance(panel, QuarantinePanel)
        wait_until(lambda: panel.model.rowCount() == len(summary.set_aside))
        panel.retry()
        wait_until(lambda: "still cannot be read" in panel.message.words.text())
        wait_until(lambda: not panel.is_busy)
        panel.discard_button.click()
        panel.sure_button.click()
        wait_until(lambda: panel.model.rowCount() == len(summary.set_aside) - 1)
        assert not shell.findChildren(CrashDialog)
    assert not (tmp_path / "canary.dcm").exists()
