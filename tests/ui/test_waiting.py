"""The review list and the corrections of a chart, by clicks in the real windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, a_patient, write_images
from tests.support.watching import watched_store
from tests.support.windows import log_in, open_windows, wait_until
from viewer.app.review_list import Keep
from viewer.model.image import ImageState
from viewer.model.tooth import Tooth
from viewer.ui.correct_chart import CorrectChart
from viewer.ui.decision_form import DecisionForm
from viewer.ui.parts.words import Words
from viewer.ui.shell import Shell
from viewer.ui.teeth_panel import TeethPanel
from viewer.ui.waiting_card import PersonFields
from viewer.ui.waiting_page import WaitingPanel

ADA = a_patient()
WRONG = attrs.evolve(ADA, family_name="Exampel")
OTHER = attrs.evolve(ADA, chart_number="2002", family_name="Okafor", given_name="Ben")


def click(made: QPushButton) -> None:
    assert made.isEnabled(), made.text()
    QTest.mouseClick(made, Qt.MouseButton.LeftButton)


@pytest.fixture
def shell(tmp_path: Path, qtbot: QtBot) -> Iterator[Shell]:
    with open_windows(tmp_path / "store") as joined:
        made = log_in(joined, OFFICER)
        made.resize(1366, 768)
        bring(made, write_images(tmp_path / "ada", ADA, cbct=False))
        wait_until(lambda: made.workspace.pane is not None)
        yield made


def bring(shell: Shell, folder: Path) -> None:
    shell.start_import([folder])
    wait_until(lambda: not shell.imports.is_busy)
    while shell.sheets:
        shell.sheets[-1].close_sheet()


def review_list(shell: Shell) -> WaitingPanel:
    shell.actions_bar.by_id["waiting"].trigger()
    panel = shell.sheets[-1].content
    assert isinstance(panel, WaitingPanel)
    wait_until(lambda: not panel.is_busy)
    return panel


def form_of(holder: object) -> DecisionForm:
    form = holder.form  # type: ignore[attr-defined]
    assert isinstance(form, DecisionForm)
    return form


def badges(shell: Shell) -> list[str]:
    return [made.text() for made in shell.status.buttons if "whose" in made.text()]


def words_of(panel: WaitingPanel) -> str:
    return "\n".join(label.text() for label in panel.findChildren(Words))


def test_an_arrival_goes_from_the_badge_over_the_list_into_the_right_chart(
    shell: Shell, tmp_path: Path
) -> None:
    """Nothing of anybody is read meanwhile before an entry says so."""
    with watched_store() as watched:
        _from_the_badge(shell, tmp_path)
    assert not watched.unseen, watched.words()


def _from_the_badge(shell: Shell, tmp_path: Path) -> None:
    assert badges(shell) == []
    bring(shell, write_images(tmp_path / "wrong", WRONG, cbct=False, seed=40))
    (badge,) = badges(shell)
    assert sum(len(visit.images) for visit in shell.visits) == 2
    made = next(each for each in shell.status.buttons if each.text() == badge)
    click(made)
    panel = shell.sheets[-1].content
    assert isinstance(panel, WaitingPanel)
    wait_until(lambda: not panel.is_busy)
    (card,) = panel.cards
    assert "The name is spelt differently." in words_of(panel)
    differing = [line for line in words_of(panel).splitlines() if line.startswith("≠")]
    assert [line.strip("≠ \u200e\u2068\u2069") for line in differing] == ["Example, Ada"]
    click(card.assign_buttons[0])
    form = form_of(card)
    assert not form.yes.isEnabled()
    QTest.keyClicks(form.reason, "asked her")
    click(form.yes)
    wait_until(lambda: not panel.is_busy and not panel.cards)
    assert "Every image is in a chart" in words_of(panel)
    assert badges(shell) == []
    assert sum(len(visit.images) for visit in shell.visits) == 4


def test_a_tap_on_a_ready_reason_is_enough_and_leaving_it_changes_nothing(
    shell: Shell, tmp_path: Path
) -> None:
    bring(shell, write_images(tmp_path / "wrong", WRONG, cbct=False, seed=40))
    panel = review_list(shell)
    (card,) = panel.cards
    click(card.reject)
    click(form_of(card).no)
    assert card.form is None
    click(card.reject)
    form = form_of(card)
    click(form.chips[0])
    click(form.yes)
    wait_until(lambda: not panel.is_busy and not panel.cards)
    assert badges(shell) == []


def test_somebody_without_a_name_gets_a_chart_once_it_is_said_who_it_is(
    shell: Shell, tmp_path: Path
) -> None:
    nobody = attrs.evolve(ADA, family_name="", given_name="", chart_number="")
    bring(shell, write_images(tmp_path / "nobody", nobody, cbct=False, seed=40))
    panel = review_list(shell)
    (card,) = panel.cards
    click(card.new)
    form = form_of(card)
    click(form.chips[0])
    assert not form.yes.isEnabled()
    person = form.findChild(PersonFields)
    assert isinstance(person, PersonFields)
    person.family.setText("Okafor")
    person.number.setText("3003")
    person.born.setText("1990-13-01")
    assert not form.yes.isEnabled()
    person.born.setText("1990-12-01")
    click(form.yes)
    wait_until(lambda: not panel.is_busy and not panel.cards)
    assert "Okafor" in {row.patient.family_name for row in shell.patients.rows}


def test_another_chart_is_found_by_typing(shell: Shell, tmp_path: Path) -> None:
    bring(shell, write_images(tmp_path / "ben", OTHER, cbct=False, seed=50))
    bring(shell, write_images(tmp_path / "wrong", WRONG, cbct=False, seed=40))
    panel = review_list(shell)
    (card,) = panel.cards
    click(card.another)
    finder = card.form
    assert finder is not None
    QTest.keyClicks(finder.field, "Okaf")  # type: ignore[attr-defined]
    QTest.keyClick(finder.field, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    (found,) = finder.buttons  # type: ignore[attr-defined]
    click(found)
    form = form_of(card)
    click(form.chips[0])
    click(form.yes)
    wait_until(lambda: not panel.is_busy and not panel.cards)
    ben = next(row for row in shell.patients.rows if row.patient.family_name == "Okafor")
    assert ben.image_count == 4


def test_two_images_with_one_identifier_are_compared_before_anything_is_decided(
    shell: Shell, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    data = pydicom.dcmread(tmp_path / "ada" / "bitewing.dcm")
    content = bytearray(data.PixelData)
    content[:200] = bytes(200)
    data.PixelData = bytes(content)
    data.SeriesDescription = "Sent again"
    data.save_as(again / "bitewing.dcm")
    bring(shell, again)
    panel = review_list(shell)
    (card,) = panel.cards
    assert not card.assign_buttons[0].isEnabled()
    assert not card.new.isEnabled()
    (conflict,) = card.conflicts
    click(conflict.compare)
    wait_until(lambda: conflict.compared is not None)
    words = words_of(panel)
    assert "≠  Sent again" in words
    assert "The pictures differ in" in words
    click(conflict.choices[Keep.ARRIVED])
    form = form_of(conflict)
    click(form.chips[0])
    click(form.yes)
    wait_until(lambda: not panel.is_busy and not panel.cards)
    states = [image.state for visit in shell.visits for image in visit.images]
    assert sorted(each.value for each in states) == ["kept", "shown", "shown"]
    assert ImageState.KEPT in states


def test_teeth_are_tapped_for_a_whole_visit_and_taken_back(shell: Shell) -> None:
    before = {image.id: image.teeth for visit in shell.visits for image in visit.images}
    shell.actions_bar.by_id["set_teeth"].trigger()
    panel = shell.sheets[-1].content
    assert isinstance(panel, TeethPanel)
    assert not panel.save.isEnabled()
    click(panel.all)
    click(panel.none)
    for number in (36, 37):
        click(panel.chart.teeth[Tooth(number)])
    click(panel.side_buttons["L"])
    click(panel.save)
    wait_until(lambda: panel.message.isVisible() and not panel._is_busy)
    for visit in shell.visits:
        for image in visit.images:
            assert image.teeth == (Tooth(37), Tooth(36)) or set(image.teeth) == {36, 37}
            assert image.laterality == "L"
    click(panel.message.do_button)
    wait_until(lambda: panel.message.words.text() == "As it was before.")
    after = {image.id: image.teeth for visit in shell.visits for image in visit.images}
    assert after == before


def test_every_tooth_is_large_enough_for_a_gloved_finger(shell: Shell) -> None:
    shell.actions_bar.by_id["set_teeth"].trigger()
    panel = shell.sheets[-1].content
    assert isinstance(panel, TeethPanel)
    panel.chart.show_primary(True)
    assert len(panel.chart.teeth) == 52
    for made in panel.chart.teeth.values():
        assert min(made.width(), made.height()) >= 44


def test_an_image_in_the_wrong_chart_is_moved_from_the_window(shell: Shell, tmp_path: Path) -> None:
    bring(shell, write_images(tmp_path / "ben", OTHER, cbct=False, seed=50))
    assert shell.image is not None
    moved = shell.image.id
    shell.actions_bar.by_id["move_image"].trigger()
    page = shell.sheets[-1].content
    assert isinstance(page, CorrectChart)
    QTest.keyClicks(page.finder.field, "1001")
    QTest.keyClick(page.finder.field, Qt.Key.Key_Return)
    click(page.finder.buttons[0])
    form = form_of(page)
    click(form.chips[0])
    click(form.yes)
    wait_until(lambda: page.message.isVisible() and not page._is_busy)
    assert moved not in [image.id for visit in shell.visits for image in visit.images]
    ada = next(row for row in shell.patients.rows if row.patient.family_name == "Example")
    theirs = [i for v in shell.practice.chart.visits(ada.patient.id) for i in v.images]
    (there,) = [each for each in theirs if each.id == moved]
    assert there.arrived_as is not None
    assert there.arrived_as.family_name == "Okafor"
