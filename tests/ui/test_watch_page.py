"""Watched folders in the window: set up, told how they stand, stopped; files chosen by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fakes import FakeRunning
from viewer.model.errors import UserError
from viewer.model.image import ImageKind
from viewer.ui.folder_dialog import ask_to_import
from viewer.ui.ports import OnFault
from viewer.ui.watch_page import WatchPanel
from viewer.ui.watch_ports import NoWatched, WatchedRow, WatchOrder

SENSOR = WatchedRow("1", "Sensor 1", "/mnt/sensor", False, None, "Watched; nothing waits.")
CBCT = WatchedRow("2", "CBCT", "/mnt/cbct", True, ImageKind.CBCT, "Watched; nothing waits.")


class FakeWatched(NoWatched):
    """Answers at once."""

    def __init__(self, *rows: WatchedRow) -> None:
        self.known = list(rows)
        self.orders: list[WatchOrder] = []
        self.fault: Exception | None = None
        self.is_away = False

    def rows(
        self, on_done: Callable[[Sequence[WatchedRow]], None], on_fault: OnFault
    ) -> FakeRunning:
        return _at_once(lambda: on_done(tuple(self.known)), on_fault)

    def words_of(self, row: WatchedRow) -> WatchedRow:
        if self.is_away:
            return attrs.evolve(row, words="The folder cannot be reached.", is_well=False)
        return row

    def add(
        self, order: WatchOrder, on_done: Callable[[None], None], on_fault: OnFault
    ) -> FakeRunning:
        if self.fault is not None:
            fault = self.fault
            return _at_once(lambda: on_fault(fault), on_fault)
        self.orders.append(order)
        self.known.append(WatchedRow("9", order.device, str(order.folder), order.removes))
        return _at_once(lambda: on_done(None), on_fault)

    def stop(
        self, folder_id: str, on_done: Callable[[None], None], on_fault: OnFault
    ) -> FakeRunning:
        self.known = [row for row in self.known if row.id != folder_id]
        return _at_once(lambda: on_done(None), on_fault)


def _at_once(call: Callable[[], None], on_fault: OnFault) -> FakeRunning:
    running = FakeRunning(call, on_fault, lambda _: None)
    running.finish()
    return running


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., WatchPanel]:
    def panel(watched: FakeWatched, *, can_set: bool = True) -> WatchPanel:
        made = WatchPanel(watched, can_set=can_set)
        qtbot.addWidget(made)
        made.resize(900, 800)
        made.show()
        return made

    return panel


def _click(made: QWidget) -> None:
    QTest.mouseClick(made, Qt.MouseButton.LeftButton)


def test_each_folder_has_a_card_that_says_how_it_stands(make: Callable[..., WatchPanel]) -> None:
    watched = FakeWatched(SENSOR, CBCT)
    panel = make(watched)
    assert [card.fact.text() for card in panel.cards] == [SENSOR.words, CBCT.words]
    watched.is_away = True
    panel._look_again()
    assert {card.fact.text() for card in panel.cards} == {"The folder cannot be reached."}
    panel.drop()


def test_a_folder_is_set_up_and_removing_is_warned_of(
    make: Callable[..., WatchPanel], qtbot: QtBot, tmp_path: Path
) -> None:
    watched = FakeWatched()
    panel = make(watched)
    panel.submit()
    assert watched.orders == []
    assert panel.hint.text()
    panel.take(tmp_path)
    panel.device.setText(" Sensor in room 2 ")
    assert panel.warning.isHidden()
    panel.removes.setChecked(True)
    assert panel.warning.isVisible()
    with qtbot.waitSignal(panel.changed):
        _click(panel.go)
    assert watched.orders == [WatchOrder(tmp_path, "Sensor in room 2", removes=True)]
    assert [card.row.device for card in panel.cards] == ["Sensor in room 2"]
    panel.drop()


def test_a_refusal_is_said_in_place(make: Callable[..., WatchPanel], tmp_path: Path) -> None:
    watched = FakeWatched()
    watched.fault = UserError("This folder is watched already.")
    panel = make(watched)
    panel.take(tmp_path)
    panel.device.setText("Sensor")
    panel.submit()
    assert panel.form.message.isVisible()
    assert panel.go.isEnabled()
    panel.drop()


def test_stopping_asks_once_more(make: Callable[..., WatchPanel]) -> None:
    watched = FakeWatched(SENSOR)
    panel = make(watched)
    card = panel.cards[0]
    _click(card.stop)
    assert watched.known == [SENSOR]
    _click(card.stay)
    assert card.sure.isHidden()
    _click(card.stop)
    _click(card.sure)
    assert watched.known == []
    panel.drop()


def test_who_may_not_set_policies_sees_and_changes_nothing(
    make: Callable[..., WatchPanel],
) -> None:
    panel = make(FakeWatched(SENSOR), can_set=False)
    assert panel.form.isHidden()
    assert panel.cards[0].stop.isHidden()
    panel.drop()


def test_all_targets_can_be_touched(make: Callable[..., WatchPanel]) -> None:
    panel = make(FakeWatched(SENSOR))
    for made in (panel.choose, panel.go, panel.cards[0].stop):
        assert made.property("touch")
    for field in (panel.kind, panel.device):
        assert field.property("target") == "touch"
    panel.drop()


def test_the_import_dialog_takes_several_files_or_the_whole_folder(
    qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "a.dcm").write_bytes(b"x")
    (tmp_path / "b.zip").write_bytes(b"x")
    parent = QWidget()
    qtbot.addWidget(parent)
    chosen: list[Sequence[Path]] = []
    dialog = ask_to_import(parent, "Import", tmp_path, chosen.append)
    assert dialog.fileMode() is QFileDialog.FileMode.ExistingFiles
    dialog.filesSelected.emit([str(tmp_path / "a.dcm"), str(tmp_path / "b.zip")])
    whole = dialog.findChild(QPushButton, "whole_folder")
    assert whole is not None
    assert whole.isVisible()
    _click(whole)
    assert chosen == [[tmp_path / "a.dcm", tmp_path / "b.zip"], [tmp_path]]
