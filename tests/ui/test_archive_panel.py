"""The page of the trail's archive, clicked as a security officer would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import attrs
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER
from tests.support.windows import log_in, open_windows, wait_until
from viewer.app.jobs import Progress
from viewer.model.errors import EnvironmentFault
from viewer.ui import archive_panel
from viewer.ui.archive_panel import ArchivePanel
from viewer.ui.archive_ports import OldPart, Parts
from viewer.ui.parts.cards import Question
from viewer.ui.parts.sheet import Sheet
from viewer.ui.ports import OnFault, OnProgress

OVER = OldPart(1, date(2010, 1, 4), date(2010, 12, 30), 812, date(2011, 2, 1), date(2020, 12, 30))
KEPT = OldPart(
    2, date(2024, 1, 3), date(2024, 12, 30), 40_311, date(2025, 1, 9), date(2034, 12, 30)
)
FOLDER = Path("archive")


class Work:
    """Work that ends when it is told to."""

    def __init__(self) -> None:
        self.is_cancelled = self.is_dropped = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def drop(self) -> None:
        self.is_dropped = True


class FakeArchives:
    """Answers at once, but keeps an archiving under way until `end`."""

    years = (6, 10)

    def __init__(self, parts: Parts) -> None:
        self.now = parts
        self.looked_into: list[Path | None] = []
        self.ordered: list[tuple[Path, int, bool]] = []
        self.deleted: list[tuple[int, Path]] = []
        self.work = Work()
        self.end: Callable[[], None] = lambda: None
        self.fail: OnFault = lambda _: None

    def parts(
        self, folder: Path | None, on_done: Callable[[Parts], None], on_fault: OnFault
    ) -> Work:
        self.looked_into.append(folder)
        on_done(self.now)
        return Work()

    def archive(
        self,
        folder: Path,
        years: int,
        on_done: Callable[[int], None],
        on_fault: OnFault,
        on_progress: OnProgress,
        *,
        close: bool,
    ) -> Work:
        self.ordered.append((folder, years, close))
        on_progress(Progress(1, 2, "Archiving"))
        self.end = lambda: on_done(1)
        self.fail = on_fault
        return self.work

    def delete(
        self, number: int, folder: Path, on_done: Callable[[int], None], on_fault: OnFault
    ) -> Work:
        self.deleted.append((number, folder))
        on_done(number)
        return Work()


Open = Callable[[FakeArchives], ArchivePanel]


@pytest.fixture
def opened(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Open:
    def choose(_: QWidget, __: str, on_path: Callable[[Path], None]) -> None:
        on_path(FOLDER)

    monkeypatch.setattr(archive_panel, "ask_folder", choose)
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()

    def make(archives: FakeArchives) -> ArchivePanel:
        panel = ArchivePanel(archives, lambda title, content: Sheet(window, title, content))
        panel.setParent(window)
        panel.resize(1366, 700)
        panel.show()
        return panel

    return make


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def tick(box: QCheckBox) -> None:
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(10, box.height() // 2))


def words_in(widget: QWidget) -> str:
    return " ".join(each.text() for each in widget.findChildren(QLabel) if each.isVisibleTo(widget))


def test_with_nothing_closed_only_closing_the_open_part_lets_it_be_archived(opened: Open) -> None:
    archives = FakeArchives(Parts())
    panel = opened(archives)
    assert "No part is closed yet" in panel.here.fact.text()
    assert not panel.archive.isEnabled()
    tick(panel.close_first)
    click(panel.archive)
    assert archives.ordered == [(FOLDER, 10, True)]


def test_a_period_below_the_floor_cannot_be_chosen(opened: Open) -> None:
    archives = FakeArchives(Parts(closed=2))
    panel = opened(archives)
    offered = [panel.years.itemData(row) for row in range(panel.years.count())]
    assert min(offered) == 6
    panel.years.setCurrentIndex(0)
    click(panel.archive)
    assert archives.ordered == [(FOLDER, 6, False)]


def test_archiving_shows_how_far_it_is_can_be_cancelled_and_says_what_went(
    opened: Open, qtbot: QtBot
) -> None:
    archives = FakeArchives(Parts(closed=1))
    panel = opened(archives)
    click(panel.archive)
    assert panel.here.work.isVisible()
    assert not panel.archive.isEnabled()
    click(panel.here.work.cancel)
    assert archives.work.is_cancelled
    archives.now = Parts((KEPT,))
    archives.end()
    assert not panel.here.work.isVisible()
    assert "1 part moved" in words_in(panel.here)
    qtbot.waitUntil(lambda: "Part 2 · 2024-01-03 to 2024-12-30" in words_in(panel.old))


def test_a_fault_is_said_in_place(opened: Open) -> None:
    archives = FakeArchives(Parts(closed=1))
    panel = opened(archives)
    click(panel.archive)
    archives.fail(EnvironmentFault("The disk refused.", "Choose another folder."))
    assert "The disk refused." in words_in(panel.here)
    assert panel.archive.isEnabled()


def test_a_part_that_is_not_as_it_was_archived_is_an_alarm_in_words(opened: Open) -> None:
    archives = FakeArchives(Parts((KEPT,)))
    panel = opened(archives)
    archives.now = Parts((attrs.evolve(KEPT, is_sound=False),))
    click(panel.check)
    assert archives.looked_into[-1] == FOLDER
    assert "not in that folder as archived" in panel.old.fact.text()


def test_only_a_part_whose_time_is_over_can_be_deleted_and_only_after_a_question(
    opened: Open,
) -> None:
    archives = FakeArchives(Parts((attrs.evolve(OVER, is_over=True), KEPT)))
    panel = opened(archives)
    deletes = [each for each in panel.old.findChildren(QPushButton) if each.text() == "Delete…"]
    assert [each.accessibleName() for each in deletes] == ["Delete part 1"]
    click(deletes[0])
    window = panel.window()
    question = window.findChild(Question)
    assert question is not None
    assert "812 entries go" in words_in(question)
    assert not archives.deleted
    click(question.yes)
    assert archives.deleted == [(1, FOLDER)]


def test_leaving_the_question_deletes_nothing(opened: Open) -> None:
    archives = FakeArchives(Parts((attrs.evolve(OVER, is_over=True),)))
    panel = opened(archives)
    (delete,) = (each for each in panel.old.findChildren(QPushButton) if each.text() == "Delete…")
    click(delete)
    question = panel.window().findChild(Question)
    assert question is not None
    click(question.no)
    assert not archives.deleted


def test_closing_the_page_hears_no_more_of_what_is_under_way(opened: Open) -> None:
    archives = FakeArchives(Parts(closed=1))
    panel = opened(archives)
    click(panel.archive)
    panel.drop()
    assert archives.work.is_dropped


def test_in_the_real_window_a_part_is_archived_and_found_sound_again(
    dressed: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    monkeypatch.setattr(archive_panel, "ask_folder", lambda _, __, on_path: on_path(folder))
    with open_windows(tmp_path / "store") as joined:
        shell = log_in(joined, OFFICER)
        shell.actions_bar.by_id["archive"].trigger()
        panel = shell.sheets[-1].content
        assert isinstance(panel, ArchivePanel)
        wait_until(lambda: "No part is closed yet" in panel.here.fact.text())
        tick(panel.close_first)
        click(panel.archive)
        wait_until(lambda: "1 part moved" in words_in(panel.here))
        wait_until(lambda: "lie in that folder" in panel.old.fact.text())
        assert (folder / "trail" / "0001.trail").is_file()
        (folder / "trail" / "0001.trail").write_bytes(b"another trail")
        click(panel.check)
        wait_until(lambda: "not in that folder as archived" in panel.old.fact.text())
        assert joined.workstation.clinic.trail.verify().is_whole
