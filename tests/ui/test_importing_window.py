"""Imports in the window: the report, what was cut off, and files set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fakes import FakeChart, FakeRunning
from viewer.app.actions import Actions
from viewer.model.errors import EnvironmentFault
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageKind, ImageState
from viewer.ui.import_report import ImportReport, as_text, grouped
from viewer.ui.incoming_ports import AsideRow, CutOff, RetryOutcome
from viewer.ui.ports import ImportSummary, OnFault, OnProgress, Refusal
from viewer.ui.quarantine_page import QuarantinePanel
from viewer.ui.shell import Practice, Shell

WHEN = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAMAGED = "The file ends before the picture does."
BOMB = "The header promises a picture larger than any real one."


def many(count: int, reason: str = DAMAGED) -> tuple[Refusal, ...]:
    return tuple(Refusal(f"IM{n:04d}", reason) for n in range(count))


ALL = ImportSummary(
    images=12, patients=2, already_there=3, refusals=many(2, "This is not an image file."),
    first_patient=PatientId("p0"), kept=many(1, "Reports are kept and not shown."), waiting=4,
    set_aside=(*many(30), *many(2, BOMB)), done_before=230,
)  # fmt: skip


class FakeIncoming:
    """An import that stopped at 230 of 512."""

    def __init__(self) -> None:
        self.found: CutOff | None = CutOff("i", "Ada Example", WHEN, 230, 512)
        self.forgotten: list[str] = []
        self.gone_on: list[str] = []

        self.folder: Path | None = None

    def last_folder(self) -> Path | None:
        return self.folder

    def keep_folder(self, folder: Path) -> None:
        self.folder = folder

    def cut_off(self) -> CutOff | None:
        return self.found

    def go_on(
        self,
        import_id: str,
        on_done: Callable[[ImportSummary], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> FakeRunning:
        self.gone_on.append(import_id)
        running = FakeRunning(lambda: on_done(ALL), on_fault, on_progress)
        running.finish()
        return running

    def forget(self, import_id: str) -> None:
        self.forgotten.append(import_id)


class FakeQuarantine:
    """Some files; those in `sound` come in at the next try."""

    can_retry = True

    def __init__(self, count: int = 3) -> None:
        self.rows = [
            AsideRow(
                ImageId(f"{n:032x}"), f"IM{n:04d}", DAMAGED, WHEN, "Ada Example",
                "files or a folder", 4096 * (n + 1), f"{n:08x}",
            )
            for n in range(count)
        ]  # fmt: skip
        self.sound: set[str] = set()
        self.fault: Exception | None = None

    def load(self, on_done: Callable[[Sequence[AsideRow]], None], on_fault: OnFault) -> FakeRunning:
        if self.fault is not None:
            on_fault(self.fault)
        else:
            on_done(tuple(self.rows))
        return FakeRunning()

    def retry(
        self, image_id: ImageId, on_done: Callable[[RetryOutcome], None], on_fault: OnFault
    ) -> FakeRunning:
        comes = image_id in self.sound
        self.rows = [row for row in self.rows if not comes or row.image_id != image_id]
        running = FakeRunning(lambda: on_done(RetryOutcome(int(comes), "" if comes else DAMAGED)))
        running.finish()
        return running

    def discard(
        self, row: AsideRow, on_done: Callable[[None], None], on_fault: OnFault
    ) -> FakeRunning:
        self.rows.remove(row)
        on_done(None)
        return FakeRunning()


def words_of(widget: QWidget) -> str:
    from viewer.ui.parts.words import Words

    return "\n".join(label.text() for label in widget.findChildren(Words))


@pytest.fixture
def panel(qtbot: QtBot, dressed: object) -> QuarantinePanel:
    made = QuarantinePanel(FakeQuarantine())
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    return made


def test_a_report_tells_every_number_and_each_reason_once(qtbot: QtBot, dressed: object) -> None:
    report = ImportReport(ALL, can_review=True, can_see_aside=True)
    qtbot.addWidget(report)
    said = words_of(report)
    for number in ("12", "2", "3", "4", "32", "1"):
        assert number in said.split("\n")
    assert said.count(DAMAGED) == 1
    assert said.count(BOMB) == 1
    assert "26 more" in said
    assert "230 files" in said


def test_the_most_frequent_reason_comes_first() -> None:
    assert [len(names) for _, names in grouped((*many(2, BOMB), *many(30)))] == [30, 2]


def test_a_report_is_copied_as_text_without_the_names_of_files(
    qtbot: QtBot, dressed: object
) -> None:
    report = ImportReport(ALL)
    qtbot.addWidget(report)
    qtbot.mouseClick(report.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied == as_text(ALL)
    assert "2 × This is not an image file." in copied
    names = {each.file_name for each in (*ALL.refusals, *ALL.kept, *ALL.set_aside)}
    assert not [name for name in names if name in copied]
    QGuiApplication.clipboard().clear()


def test_a_cancelled_import_says_what_stays(shell: Shell, chart: FakeChart, qtbot: QtBot) -> None:
    chart.summary = ImportSummary(7, 1, first_patient=PatientId("p0"), is_cancelled=True)
    shell.start_import([])
    qtbot.waitUntil(lambda: bool(shell.sheets))
    (sheet,) = shell.sheets
    said = words_of(sheet)
    assert "Import cancelled" in said
    assert "What was sealed before stays" in said
    assert "7" in said.split("\n")


def test_images_alone_need_no_report(shell: Shell, chart: FakeChart, qtbot: QtBot) -> None:
    chart.summary = ImportSummary(7, 1, first_patient=PatientId("p0"))
    shell.start_import([])
    qtbot.waitUntil(lambda: shell.patient is not None)
    assert shell.sheets == []


def test_an_import_that_was_cut_off_is_offered_and_gone_on_with(
    practice: Practice, qtbot: QtBot
) -> None:
    incoming = FakeIncoming()
    shell = new_shell(attrs.evolve(practice, incoming=incoming), qtbot)
    shell.imports.offer()
    card = shell.imports.card
    assert card is not None
    assert card.title.text() == "An import stopped at 230 of 512 files"
    assert "Ada Example" in card.words.text()
    qtbot.mouseClick(card.yes, Qt.MouseButton.LeftButton)
    assert incoming.gone_on == ["i"]
    assert shell.imports.card is None
    qtbot.waitUntil(lambda: len(shell.sheets) == 1)


def test_an_import_that_is_forgotten_is_not_offered_again(practice: Practice, qtbot: QtBot) -> None:
    incoming = FakeIncoming()
    shell = new_shell(attrs.evolve(practice, incoming=incoming), qtbot)
    shell.imports.offer()
    assert shell.imports.card is not None
    qtbot.mouseClick(shell.imports.card.no, Qt.MouseButton.LeftButton)
    assert incoming.forgotten == ["i"]
    assert shell.imports.card is None


def new_shell(practice: Practice, qtbot: QtBot) -> Shell:
    from tests.ui.fakes import PEOPLE

    shell = Shell(practice, PEOPLE[0], Actions())
    qtbot.addWidget(shell)
    shell.show()
    return shell


def test_the_page_of_files_set_aside_lists_them_and_explains_the_chosen_one(
    panel: QuarantinePanel,
) -> None:
    assert panel.model.rowCount() == 3
    panel.table.selectRow(2)
    assert "IM0002" in panel.name.text()
    assert panel.reason.text() == DAMAGED


def test_reading_again_tells_how_it_ended_and_the_rest_stays(
    panel: QuarantinePanel, qtbot: QtBot
) -> None:
    quarantine = panel._quarantine
    assert isinstance(quarantine, FakeQuarantine)
    quarantine.sound = {quarantine.rows[1].image_id}
    qtbot.mouseClick(panel.all_button, Qt.MouseButton.LeftButton)
    assert panel.message.words.text() == "1 file came in; 2 files still cannot be read."
    assert panel.model.rowCount() == 2


def test_throwing_away_asks_once_and_takes_that_one(panel: QuarantinePanel, qtbot: QtBot) -> None:
    panel.table.selectRow(1)
    assert not panel.sure_button.isVisible()
    qtbot.mouseClick(panel.discard_button, Qt.MouseButton.LeftButton)
    assert panel.model.rowCount() == 3
    qtbot.mouseClick(panel.keep_button, Qt.MouseButton.LeftButton)
    assert not panel.sure_button.isVisible()
    qtbot.mouseClick(panel.discard_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.sure_button, Qt.MouseButton.LeftButton)
    assert [row.file_name for row in panel.model.rows] == ["IM0000", "IM0002"]


def test_an_empty_quarantine_and_one_that_cannot_be_read_say_so(
    qtbot: QtBot, dressed: object
) -> None:
    empty = QuarantinePanel(FakeQuarantine(0))
    qtbot.addWidget(empty)
    assert empty.pages.currentIndex() == 1
    assert empty.detail.isHidden()
    broken = FakeQuarantine()
    broken.fault = EnvironmentFault("The disk does not answer.", "Try again.")
    failed = QuarantinePanel(broken)
    qtbot.addWidget(failed)
    assert "The disk does not answer" in failed.message.words.text()


def test_buttons_are_as_high_as_a_gloved_finger_needs(panel: QuarantinePanel) -> None:
    for made in (panel.retry_button, panel.all_button, panel.discard_button):
        assert made.height() >= 44


def test_a_file_that_is_kept_says_what_it_is_and_opens_nothing(
    shell: Shell, chart: FakeChart
) -> None:
    visit = chart.visits(chart.patients[0].id)[0]
    kept = attrs.evolve(
        visit.images[0],
        kind=ImageKind.DOCUMENT,
        state=ImageState.KEPT,
        shape=(4096,),
        dtype="uint8",
        description="Surgical report",
        reason="Reports are kept whole; they are not shown yet.",
    )
    shell.open_patient(chart.patients[0])
    opened = list(chart.opened)
    shell.open_image(kept, attrs.evolve(visit, images=(kept,)))
    assert chart.opened == opened
    assert shell.workspace.stack.currentWidget() is shell.workspace.kept
    said = words_of(shell.workspace.kept)
    assert "Surgical report" in said
    assert "not shown" in said
    assert not shell.actions_bar.can("rotate_right")
    for name, action in shell.actions_bar.by_id.items():
        if action.isEnabled() and shell.actions_bar.record(name).group in {"tool", "image"}:
            action.trigger()
    shell.open_image(visit.images[1], visit)
    assert shell.workspace.pane is not None


def test_a_report_that_comes_when_the_window_is_emptied_is_not_shown(
    shell: Shell, qtbot: QtBot
) -> None:
    shell.start_import([])
    shell.empty()
    qtbot.wait(1)
    assert shell.sheets == []
