"""The sheet for photos and files: what has to be said, what the button says, what is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.fakes import FakeRunning
from viewer.ingest.foreign.facts import Photo, PhotoPage
from viewer.ingest.sniff import FileKind
from viewer.ingest.source import Source
from viewer.model.errors import Cancelled, UserError
from viewer.model.ids import PatientId
from viewer.model.image import ImageKind
from viewer.model.patient import Patient
from viewer.ui.photo_ports import Chosen, Label, Looked, NewPatient, NothingSeen
from viewer.ui.photo_sheet import PhotoSheet
from viewer.ui.ports import ImportSummary, OnFault, OnProgress, PatientRow, Refusal
from viewer.ui.shell_photos import is_for_the_sheet

ADA = Patient(PatientId("1" * 32), "20431", "Lovelace", "Ada", date(1987, 4, 12))
FACTS = Photo("JPEG", (PhotoPage(40, 60, 3, 1),))
TAKEN = datetime(2024, 5, 14, 9, 31)  # noqa: DTZ001  as cameras write it


class FakeDesk:
    """Two colour photos and a radiograph, and a file that is none."""

    remembered = Label(ImageKind.PHOTO, "Intraoral")

    def __init__(self) -> None:
        self.stored: list[tuple[PatientId | NewPatient, list[Chosen]]] = []
        self.fault: Exception | None = None
        self.ended: Callable[[ImportSummary], None] = lambda _: None

    def look_at(
        self,
        paths: Sequence[Path],
        on_found: Callable[[Looked], None],
        on_done: Callable[[NothingSeen], None],
        on_fault: OnFault,
    ) -> FakeRunning:
        colour = np.full((40, 60, 3), 90, np.uint8)
        on_found(Looked(Source(Path("a.jpg")), FileKind.PHOTO, FACTS, 0, 1, colour, TAKEN))
        on_found(
            Looked(Source(Path("b.jpg")), FileKind.PHOTO, FACTS, 0, 1, colour.copy(), TAKEN, True)
        )
        grey = np.full((40, 60), 90, np.uint8)
        on_found(Looked(Source(Path("c.tif")), FileKind.PHOTO, FACTS, 0, 1, grey, TAKEN))
        on_done(NothingSeen((Refusal("notes.txt", "This is not an image file."),)))
        return FakeRunning()

    def find_charts(self, text: str) -> Sequence[PatientRow]:
        return [PatientRow(ADA, 3, None)] if text.casefold() in "lovelace" else []

    def store(
        self,
        patient: PatientId | NewPatient,
        chosen: Sequence[Chosen],
        on_done: Callable[[ImportSummary], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> FakeRunning:
        self.stored.append((patient, list(chosen)))
        if self.fault is not None:
            on_fault(self.fault)
        else:
            on_done(ImportSummary(len(chosen), 1))
        return FakeRunning()


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


def sheet_of(qtbot: QtBot, desk: FakeDesk, patient: Patient | None = ADA) -> PhotoSheet:
    made = PhotoSheet(desk, patient)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1300, 640)
    made.show()
    qtbot.waitExposed(made)
    return made


def looked(qtbot: QtBot, desk: FakeDesk, patient: Patient | None = ADA) -> PhotoSheet:
    made = sheet_of(qtbot, desk, patient)
    made.look_at([Path("folder")])
    return made


def press(qtbot: QtBot, button: object) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[arg-type]


def what(sheet: PhotoSheet, words: str) -> object:
    return next(chip for chip in sheet.kinds.values() if chip.text() == words)


def test_an_empty_sheet_says_what_to_do(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = sheet_of(qtbot, desk)

    assert sheet.pages.currentIndex() == 0
    assert sheet.choose.isVisible()
    assert not sheet.go.isVisible()


def test_the_button_names_the_patient_and_waits_for_what_only_a_person_knows(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = looked(qtbot, desk)

    assert sheet.go.text() == "Say what 1 of them are"
    assert not sheet.go.isEnabled()
    sheet.list.choose_only(2)
    press(qtbot, what(sheet, "Periapical"))
    assert sheet.go.text() == "Seal 3 pictures for Lovelace, Ada"
    assert "notes.txt" in sheet.message.text()
    press(qtbot, sheet.go)

    ((patient, chosen),) = desk.stored
    assert patient == ADA.id
    assert [each.label.kind for each in chosen] == [
        ImageKind.PHOTO,
        ImageKind.PHOTO,
        ImageKind.PERIAPICAL,
    ]
    assert chosen[0].label.view == "Intraoral"


def test_what_is_said_is_for_all_that_is_chosen_and_for_nothing_else(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = looked(qtbot, desk)
    assert len(sheet.list.chosen) == 3

    press(qtbot, sheet.sides["R"])
    sheet.list.choose_only(1)
    press(qtbot, next(iter(sheet.teeth.teeth.values())))

    assert [photo.label.laterality for photo in sheet.list.photos] == ["R", "R", "R"]
    assert [len(photo.label.teeth) for photo in sheet.list.photos] == [0, 1, 0]


def test_turning_and_mirroring_show_what_will_be_stored(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = looked(qtbot, desk)
    sheet.list.choose_only(0)
    photo = sheet.list.photos[0]
    assert photo.looked.thumbnail is not None
    photo.looked.thumbnail[:10, :10] = 255  # a mark in the upper left corner

    sheet._turn(1)
    assert (photo.picture().width(), photo.picture().height()) == (40, 60)
    assert photo.picture().pixelColor(38, 2).red() == 255
    sheet._flip()
    assert photo.picture().pixelColor(2, 2).red() == 255
    assert sheet.list.photos[1].label.quarter_turns == 0


def test_the_date_says_where_it_comes_from_and_a_wrong_one_stops(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = looked(qtbot, desk)
    sheet.list.choose_only(0)
    assert (sheet.day.text(), sheet.day_source.text()) == ("2024-05-14", "From the photo")
    sheet.list.choose_only(1)
    assert "check it" in sheet.day_source.text()
    sheet.list.choose_only(2)
    press(qtbot, what(sheet, "Bitewing"))

    sheet.day.setFocus()
    sheet.day.selectAll()
    qtbot.keyClicks(sheet.day, "2024-13-77")
    assert sheet.go.text() == "Say when they were taken"
    sheet.day.selectAll()
    qtbot.keyClicks(sheet.day, "2023-01-02")

    assert sheet.list.photos[2].label.taken == datetime(2023, 1, 2)  # noqa: DTZ001
    assert sheet.go.isEnabled()


def test_without_a_patient_one_is_found_or_made(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = looked(qtbot, desk, None)
    assert sheet.go.text() == "Say whose they are"

    sheet.person.finder.field.setText("Lovelace")
    sheet.person.finder.look()
    press(qtbot, sheet.person.finder.buttons[0])
    assert sheet.person.words == "Lovelace, Ada"

    sheet.person.make_new()
    assert sheet.person.who is None
    sheet.person.family.setText("Neumann")
    sheet.person.number.setText("77")
    sheet.person.born.setText("not a day")
    assert sheet.person.who is None
    sheet.person.born.setText("1990-02-03")
    assert sheet.person.who == NewPatient("77", "Neumann", "", date(1990, 2, 3))


def test_what_is_left_out_is_not_stored(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = looked(qtbot, desk)
    sheet.list.choose_only(2)

    sheet._leave_out()

    assert sheet.go.text() == "Seal 2 pictures for Lovelace, Ada"


@pytest.mark.parametrize("fault", [UserError("The disk is full.", "Free some."), Cancelled()])
def test_a_fault_or_a_cancel_keeps_everything_that_was_said(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk, fault: Exception
) -> None:
    sheet = looked(qtbot, desk)
    sheet.list.choose_only(2)
    press(qtbot, what(sheet, "Bitewing"))
    desk.fault = fault

    press(qtbot, sheet.go)

    assert len(sheet.list.photos) == 3
    assert sheet.go.isEnabled()
    assert sheet.message.text()


def test_closing_overwrites_the_small_pictures(
    dressed: QApplication, qtbot: QtBot, desk: FakeDesk
) -> None:
    sheet = looked(qtbot, desk)
    small = [photo.looked.thumbnail for photo in sheet.list.photos]

    sheet.drop()

    assert all(each is not None and not each.any() for each in small)
    assert sheet.list.photos == []


def test_only_files_that_name_nobody_open_the_sheet(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()

    assert is_for_the_sheet(tmp_path / "a.HEIC")
    assert not is_for_the_sheet(tmp_path / "a.dcm")
    assert not is_for_the_sheet(tmp_path / "folder.png")
