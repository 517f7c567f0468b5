"""Back to where one was: noted down, offered quietly, brought back to the owner alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.fakes import PASSWORDS, PEOPLE, FakeChart, FakeDoor, FakeDrafts, FakeWatch
from tests.ui.panes import FakePane
from viewer.app.actions import Actions
from viewer.app.drafts import Draft
from viewer.model.view import WindowLevel
from viewer.ui.front_desk import FrontDesk
from viewer.ui.ports import UserTile
from viewer.ui.shell import Practice, Shell

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def desk(
    dressed: QApplication,
    door: FakeDoor,
    practice: Practice,
    watch: FakeWatch,
    drafts: FakeDrafts,
) -> Iterator[FrontDesk]:
    def let_in(person: UserTile) -> Practice:
        watch.is_locked, watch.current_user = False, person
        drafts.user_id = person.id
        return practice

    made = FrontDesk(door, let_in, Actions)
    made.open()
    yield made
    made.close()
    if made.login is not None:
        made.login.deleteLater()


def enter(desk: FrontDesk, number: int = 0) -> Shell:
    panel = desk.lock_screen.window.sign_in if desk.lock_screen else desk.login.sign_in  # type: ignore[union-attr]
    assert panel is not None
    panel.fill_in(PEOPLE[number], PASSWORDS[PEOPLE[number].id])
    QTest.mouseClick(panel.go, LEFT)
    assert desk.shell is not None
    return desk.shell


def look_at(shell: Shell, chart: FakeChart, patient: int = 0, image: int = 1) -> Draft:
    """Open an image and change its window."""
    shell.open_patient(chart.patients[patient])
    assert shell.visit is not None
    shell.open_image(shell.visit.images[image], shell.visit)
    pane = shell.workspace.pane
    assert isinstance(pane, FakePane)
    pane.drag_window(WindowLevel(900, 700))
    place = shell.whereabouts.place()
    assert place is not None
    return place


def window_of(shell: Shell) -> WindowLevel | None:
    return shell.workspace.pane.window_level if shell.workspace.pane else None


def test_after_an_unlock_one_is_back_at_once(desk: FrontDesk, chart: FakeChart) -> None:
    place = look_at(enter(desk), chart)
    desk.lock()
    shell = enter(desk)
    assert shell.image is not None
    assert shell.image.id == place.image_id
    assert window_of(shell) == WindowLevel(900, 700)


def test_another_person_starts_clean_and_the_first_comes_back_afterwards(
    desk: FrontDesk, chart: FakeChart
) -> None:
    place = look_at(enter(desk), chart)
    desk.lock()
    other = enter(desk, 1)
    assert (other.patient, other.image, other.whereabouts.card) == (None, None, None)
    desk.lock()
    shell = enter(desk, 0)
    assert shell.whereabouts.card is not None, "a full login of somebody who was not there last"
    QTest.mouseClick(shell.whereabouts.card.yes, LEFT)
    assert shell.image is not None
    assert shell.image.id == place.image_id


def test_after_a_full_login_there_is_an_offer_in_words_that_waits(
    desk: FrontDesk, chart: FakeChart
) -> None:
    look_at(enter(desk), chart)
    desk.log_off()
    shell = enter(desk)
    assert shell.image is None
    card = shell.whereabouts.card
    assert card is not None
    assert card.isVisible()
    assert "Marchetti" in card.words.text()
    assert "Bitewing" in card.words.text()
    assert "2026-11-04" in card.words.text()
    QTest.mouseClick(card.yes, LEFT)
    assert window_of(shell) == WindowLevel(900, 700)
    assert shell.whereabouts.card is None


def test_an_offer_that_is_declined_is_thrown_away(
    desk: FrontDesk, chart: FakeChart, drafts: FakeDrafts
) -> None:
    look_at(enter(desk), chart)
    desk.log_off()
    shell = enter(desk)
    assert shell.whereabouts.card is not None
    QTest.mouseClick(shell.whereabouts.card.no, LEFT)
    assert drafts.thrown_away == 1
    assert drafts.kept == {}


def test_an_offer_that_nobody_answered_is_there_again_after_a_lock(
    desk: FrontDesk, chart: FakeChart, drafts: FakeDrafts
) -> None:
    place = look_at(enter(desk), chart)
    desk.log_off()
    shell = enter(desk)
    shell.whereabouts.keep()
    desk.lock()
    assert drafts.kept[PEOPLE[0].id].image_id == place.image_id
    assert enter(desk).image is not None


def test_other_work_takes_the_place_of_an_offer(
    desk: FrontDesk, chart: FakeChart, drafts: FakeDrafts
) -> None:
    look_at(enter(desk), chart)
    desk.log_off()
    shell = enter(desk)
    other = look_at(shell, chart, patient=1, image=0)
    shell.whereabouts.keep()
    assert shell.whereabouts.card is None
    assert drafts.thrown_away == 1
    assert drafts.kept[PEOPLE[0].id].image_id == other.image_id


def test_what_changes_is_handed_on_and_what_does_not_is_not(
    desk: FrontDesk, chart: FakeChart, drafts: FakeDrafts
) -> None:
    shell = enter(desk)
    look_at(shell, chart)
    shell.whereabouts.keep()
    drafts.kept.clear()
    shell.whereabouts.keep()
    assert drafts.kept == {}
    look_at(shell, chart, image=0)
    shell.whereabouts.keep()
    assert len(drafts.kept) == 1


def test_a_lock_while_the_picture_still_comes_loses_nothing(
    desk: FrontDesk, chart: FakeChart
) -> None:
    look_at(enter(desk), chart)
    desk.lock()
    chart.holds_open = True
    enter(desk)
    desk.lock()
    chart.holds_open = False
    assert window_of(enter(desk)) == WindowLevel(900, 700)


def test_a_draft_of_somebody_else_goes_nowhere(desk: FrontDesk, chart: FakeChart) -> None:
    place = look_at(enter(desk), chart)
    desk.lock()
    other = enter(desk, 1)
    other.whereabouts.return_to(place)
    assert other.patient is None


def test_only_the_image_stays_only_the_image(desk: FrontDesk, chart: FakeChart) -> None:
    shell = enter(desk)
    look_at(shell, chart)
    shell.inspector.tabs.setCurrentIndex(1)
    shell.toggle_sides()
    desk.lock()
    back = enter(desk)
    assert back.tools.isHidden()
    assert back.inspector.tabs.currentIndex() == 1


def test_a_patient_who_is_gone_is_passed_over(desk: FrontDesk, chart: FakeChart) -> None:
    look_at(enter(desk), chart)
    desk.lock()
    chart.patients.pop(0)
    shell = enter(desk)
    assert shell.patient is None
