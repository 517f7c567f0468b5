"""Trail, share and accounts: the pages over the shell."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fakes import FakeChart, FakeSharing, FakeTrail
from viewer.app.errors import DestinationFault
from viewer.app.jobs import Progress
from viewer.ui.parts.sheet import Sheet
from viewer.ui.ports import TrailVerdict
from viewer.ui.share_panel import SharePanel
from viewer.ui.shell import Practice, Shell
from viewer.ui.trail_window import TrailPanel


def chip(panel: TrailPanel, words: str) -> QPushButton:
    return next(b for b in panel.findChildren(QPushButton) if b.text() == words)


def test_the_trail_reads_a_page_and_not_all_of_it(dressed: QApplication, qtbot: QtBot) -> None:
    trail = FakeTrail(5000)
    panel = TrailPanel(trail)
    qtbot.addWidget(panel)
    panel.resize(1000, 600)
    panel.show()
    qtbot.waitExposed(panel)
    assert panel.model.rowCount() == 5000
    qtbot.waitUntil(lambda: bool(trail.pages))
    panel.grab()
    assert set(trail.pages) == {(0, 100)}


def test_chips_and_days_narrow_the_trail(dressed: QApplication, qtbot: QtBot) -> None:
    panel = TrailPanel(FakeTrail())
    qtbot.addWidget(panel)
    qtbot.mouseClick(chip(panel, "share"), Qt.MouseButton.LeftButton)
    shares = panel.model.rowCount()
    assert 0 < shares < 300
    panel.ribbon.choose(date(2026, 11, 20))
    assert 0 <= panel.model.rowCount() < shares


def test_an_entry_opens_to_a_sentence(dressed: QApplication, qtbot: QtBot) -> None:
    panel = TrailPanel(FakeTrail())
    qtbot.addWidget(panel)
    panel.table.selectRow(0)
    assert panel.sentence.text().startswith("On 22 November 2026 at 16:40, ")


def test_a_changed_trail_is_said_in_words_and_never_green(
    dressed: QApplication, qtbot: QtBot
) -> None:
    trail = FakeTrail()
    panel = TrailPanel(trail)
    qtbot.addWidget(panel)
    qtbot.mouseClick(panel.verdict.verify_button, Qt.MouseButton.LeftButton)
    assert not panel.verdict.verify_button.isEnabled()
    trail.verdict = TrailVerdict(is_whole=False, entries=300, words="Entry 17 was changed.")
    assert trail.running is not None
    trail.running.finish()
    assert panel.verdict.property("surface") == "danger"
    assert "Entry 17" in panel.verdict.words.text()


def test_while_a_long_trail_is_read_the_newest_stand_there_and_nobody_waits(
    dressed: QApplication, qtbot: QtBot
) -> None:
    trail = FakeTrail()
    trail.opens_at_once = False
    panel = TrailPanel(trail)
    qtbot.addWidget(panel)
    assert panel.work.is_busy
    assert panel.model.rowCount() == 0
    trail.opening.on_progress(Progress(400, 1000, "Reading the trail"))
    assert panel.model.rowCount() == 300
    assert (panel.work.bar.value(), panel.work.bar.maximum()) == (400, 1000)
    assert not panel.export_buttons[0].isEnabled()
    trail.opening.finish()
    assert not panel.work.is_busy
    assert panel.export_buttons[0].isEnabled()
    assert panel.count.text() == "300 entries"


def test_reading_and_verifying_the_trail_can_be_stopped(
    dressed: QApplication, qtbot: QtBot
) -> None:
    trail = FakeTrail()
    panel = TrailPanel(trail)
    qtbot.addWidget(panel)
    panel.verify()
    assert trail.running is not None
    qtbot.mouseClick(panel.work.cancel_button, Qt.MouseButton.LeftButton)
    assert trail.running.is_cancelled
    assert not panel.work.is_busy
    assert panel.verdict.verify_button.isEnabled()
    panel.verify()
    panel.drop()
    assert trail.running.is_dropped


def test_what_is_listed_is_exported_and_a_refusal_is_said_in_place(
    dressed: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    trail = FakeTrail()
    panel = TrailPanel(trail)
    qtbot.addWidget(panel)
    qtbot.mouseClick(chip(panel, "share"), Qt.MouseButton.LeftButton)
    panel.export("fhir", tmp_path / "trail.json")
    assert trail.exports[-1].wanted.kinds == {"share"}
    assert trail.running is not None
    trail.running.finish()
    assert panel.work.words.text() == "Wrote 3 entries."
    assert panel.work.property("surface") == "verified"
    panel.export("csv", tmp_path / "trail.csv")
    trail.running.on_fault(DestinationFault())
    assert panel.work.property("surface") == "danger"
    assert "nothing of it was kept" in panel.work.words.text()


def open_share(shell: Shell, chart: FakeChart) -> SharePanel:
    shell.open_patient(chart.patients[0])
    shell.show_share()
    return cast(SharePanel, shell.sheets[0].content)


def test_nothing_is_sealed_before_every_doubt_was_looked_at(
    shell: Shell, qtbot: QtBot, chart: FakeChart, practice: Practice
) -> None:
    panel = open_share(shell, chart)
    qtbot.keyClicks(panel.recipient, "Dr. Castellano")
    assert not panel.side.go.isEnabled()
    panel.seal_to(Path("share.age"))
    assert cast(FakeSharing, practice.sharing).orders == []
    qtbot.keyClick(panel.doubt_boxes[0], Qt.Key.Key_Space)
    assert panel.side.go.isEnabled()
    assert panel.side.go.text() == "Seal 1 image for Dr. Castellano"


def test_a_sealed_share_shows_its_passphrase_and_copies_it_nowhere(
    shell: Shell, qtbot: QtBot, chart: FakeChart, practice: Practice
) -> None:
    before = QApplication.clipboard().text()
    panel = open_share(shell, chart)
    panel.recipient.setText("Dr. Castellano")
    panel.doubt_boxes[0].setChecked(True)
    panel.seal_to(Path("share-7Q2F.age"))
    order = cast(FakeSharing, practice.sharing).orders[0]
    assert order.recipient == "Dr. Castellano"
    assert order.acknowledged == {order.plan.doubts[0].id}
    words = [label.text() for label in panel.pages.currentWidget().findChildren(QLabel)]
    assert "harbour" in words
    assert QApplication.clipboard().text() == before


def test_ticking_more_images_plans_again(shell: Shell, chart: FakeChart) -> None:
    panel = open_share(shell, chart)
    panel.images.list.item(1).setCheckState(Qt.CheckState.Checked)
    assert len(panel.images.chosen_ids) == 2
    assert panel.side.go.text().startswith("Seal 2 images")


def test_the_counts_open_to_the_elements(shell: Shell, qtbot: QtBot, chart: FakeChart) -> None:
    panel = open_share(shell, chart)
    removed = next(b for b in panel.side.findChildren(QPushButton) if b.text() == "17 removed")
    qtbot.mouseClick(removed, Qt.MouseButton.LeftButton)
    assert panel.tags.table.rowCount() == 17


def test_a_running_seal_can_be_cancelled(
    shell: Shell, qtbot: QtBot, chart: FakeChart, practice: Practice
) -> None:
    sharing = cast(FakeSharing, practice.sharing)
    sharing.holds_seal = True
    panel = open_share(shell, chart)
    panel.recipient.setText("Dr. Castellano")
    panel.doubt_boxes[0].setChecked(True)
    panel.seal_to(Path("share.age"))
    qtbot.mouseClick(panel.side.cancel, Qt.MouseButton.LeftButton)
    assert sharing.running is not None
    assert sharing.running.is_cancelled
    assert "Nothing left" in panel.side.error.words.text()


def test_a_page_stays_readable_in_the_middle_of_a_very_large_screen(
    dressed: QApplication, qtbot: QtBot
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(2560, 1440)
    window.show()
    sheet = Sheet(window, "Trail", QLabel("…"), wide=True)
    qtbot.waitUntil(lambda: sheet.card.width() == 1760)
    left = sheet.card.x()
    right = sheet.width() - left - sheet.card.width()
    assert abs(left - right) <= 1
