"""A document on screen: pages that turn, a report as plain text, and nothing left afterwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.fakes import FakeRunning
from viewer.app.use_cases.documents import Line, Report
from viewer.model.errors import UserError
from viewer.model.ids import ImageId, PatientId, SeriesUid, StudyUid
from viewer.model.image import ImageKind, ImageRecord, ImageState
from viewer.ui.document_ports import Shown
from viewer.ui.document_sheet import DocumentSheet, document_of
from viewer.ui.ports import OnFault

RECORD = ImageRecord(
    ImageId("1" * 32), PatientId("2" * 32), StudyUid("1"), SeriesUid("2"), (), "", "DOC",
    ImageKind.DOCUMENT, (900,), "uint8", state=ImageState.KEPT,
    notes=("Taken as millimetres by its size: 62 x 41 x 35 mm.",),
)  # fmt: skip


class FakeDesk:
    def __init__(self, report: Report | None = None, fault: Exception | None = None) -> None:
        self.report, self.fault = report, fault
        self.given: list[np.ndarray] = []

    def look_at(
        self, image_id: ImageId, page: int, on_done: Callable[[Shown], None], on_fault: OnFault
    ) -> FakeRunning:
        if self.fault is not None:
            on_fault(self.fault)
        elif self.report is not None:
            on_done(Shown(report=self.report))
        else:
            self.given.append(np.full((200, 150, 3), 250 - page, np.uint8))
            on_done(Shown(page, 3, self.given[-1]))
        return FakeRunning()


def shown(qtbot: QtBot, desk: FakeDesk) -> DocumentSheet:
    made = DocumentSheet(desk, RECORD)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_pages_turn_by_button_and_key_and_stop_at_the_ends(
    dressed: QApplication, qtbot: QtBot
) -> None:
    sheet = shown(qtbot, FakeDesk())
    assert sheet.where.text() == "Page 1 of 3"
    assert not sheet.before.isEnabled()

    qtbot.mouseClick(sheet.after, Qt.MouseButton.LeftButton)
    qtbot.keyClick(sheet, Qt.Key.Key_PageDown)
    qtbot.keyClick(sheet, Qt.Key.Key_PageDown)

    assert sheet.where.text() == "Page 3 of 3"
    assert not sheet.after.isEnabled()


def test_a_report_is_plain_text_whatever_it_says(dressed: QApplication, qtbot: QtBot) -> None:
    lines = (Line(0, "Report"), Line(1, "Finding", "<b>bold</b> <img src=x>"))

    sheet = shown(qtbot, FakeDesk(Report(lines)))

    assert sheet.text.toPlainText() == "Report\n    Finding: <b>bold</b> <img src=x>"
    assert not sheet.before.isVisible()


def test_pages_that_were_left_and_all_at_the_end_are_overwritten(
    dressed: QApplication, qtbot: QtBot
) -> None:
    desk = FakeDesk()
    sheet = shown(qtbot, desk)
    sheet.turn(1)
    assert not desk.given[0].any()

    sheet.drop()

    assert not desk.given[1].any()
    assert sheet.picture.pixmap().isNull()


def test_what_cannot_be_shown_says_why(dressed: QApplication, qtbot: QtBot) -> None:
    fault = UserError("The document is protected by a password.")

    sheet = shown(qtbot, FakeDesk(fault=fault))

    assert sheet.message.text() == "The document is protected by a password."


@pytest.mark.parametrize("image", [None])
def test_without_a_document_there_are_words(
    dressed: QApplication, qtbot: QtBot, image: ImageRecord | None
) -> None:
    made = document_of(image, FakeDesk())  # type: ignore[arg-type]
    qtbot.addWidget(made)

    assert not isinstance(made, DocumentSheet)
