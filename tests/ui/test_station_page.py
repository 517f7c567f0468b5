"""The page of this workstation: what may be set, what it means, and why something may not be."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from viewer.model.errors import UserError
from viewer.ui.lock_ports import RoleChoice, Station, StationKind
from viewer.ui.station_page import StationPanel

USUAL = Station("OPERATORY", 600.0, 60.0, 3600.0, False, frozenset())


class FakeStations:
    """Policies in memory; what may not be is said as a test wants."""

    def __init__(self, now: Station = USUAL) -> None:
        self.now = now
        self.hears_the_computer = True
        self.can_refuse_capture = True
        self.refuses: UserError | None = None

    def station(self) -> Station:
        return self.now

    def kinds(self) -> tuple[StationKind, ...]:
        return (
            StationKind("OPERATORY", "Operatory", "Beside the chair.", 600.0, 900.0),
            StationKind("FRONT_DESK", "Front desk", "People who wait can read it.", 300.0, 600.0),
        )

    def roles(self) -> tuple[RoleChoice, ...]:
        return (RoleChoice("owner", "Owner"), RoleChoice("dentist", "Dentist"))

    def fault_of(self, wanted: Station) -> str:
        return "Too long a countdown." if wanted.countdown_s > wanted.lock_after_s / 2 else ""

    def set_station(
        self,
        wanted: Station,
        on_done: Callable[[Station], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        if self.refuses is not None:
            on_fault(self.refuses)
            return
        self.now = wanted
        on_done(wanted)


@pytest.fixture
def stations() -> FakeStations:
    return FakeStations()


@pytest.fixture
def panel(dressed: QApplication, qtbot: QtBot, stations: FakeStations) -> StationPanel:
    made = StationPanel(stations)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    return made


def choose(panel: StationPanel, seconds: float) -> None:
    panel.lock.setCurrentIndex(panel.lock.findData(seconds))


def test_it_opens_with_what_holds_and_nothing_to_set(panel: StationPanel) -> None:
    assert panel.wanted == USUAL
    assert not panel.go.isEnabled()
    assert "10 minutes" in panel.time_card.fact.text()


def test_the_front_desk_brings_its_times_and_no_longer_ones(
    panel: StationPanel, qtbot: QtBot, stations: FakeStations
) -> None:
    qtbot.mouseClick(panel.kinds["FRONT_DESK"], Qt.MouseButton.LeftButton)
    assert panel.wanted.lock_after_s == 300
    assert panel.lock.findData(900.0) == -1
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert stations.now == attrs.evolve(USUAL, kind="FRONT_DESK", lock_after_s=300.0)
    assert not panel.go.isEnabled()
    assert panel.message.isVisible()


def test_what_may_not_be_is_said_where_it_is_chosen_and_can_not_be_set(
    panel: StationPanel,
) -> None:
    choose(panel, 60.0)
    assert panel.time_card.fact.text() == "Too long a countdown."
    assert not panel.go.isEnabled()
    panel.countdown.setCurrentIndex(panel.countdown.findData(30.0))
    assert panel.go.isEnabled()


def test_the_usual_times_come_back_with_one_button(panel: StationPanel, qtbot: QtBot) -> None:
    choose(panel, 900.0)
    qtbot.mouseClick(panel.usual, Qt.MouseButton.LeftButton)
    assert panel.wanted == USUAL


def test_roles_and_capture_are_part_of_it(
    panel: StationPanel, qtbot: QtBot, stations: FakeStations
) -> None:
    panel.roles["dentist"].click()
    panel.capture.click()
    panel.submit()
    assert stations.now == attrs.evolve(
        USUAL, capture_everywhere=True, factor_roles=frozenset({"dentist"})
    )


def test_a_refusal_is_said_and_what_was_chosen_stays(
    panel: StationPanel, stations: FakeStations
) -> None:
    stations.refuses = UserError("The accounts cannot be written.", "Free some room.")
    choose(panel, 900.0)
    panel.submit()
    assert "Free some room" in panel.message.words.text()
    assert panel.wanted.lock_after_s == 900
    assert panel.go.isEnabled()


def test_damaged_policies_are_said_to_be_so_and_can_be_set_as_they_stand(
    dressed: QApplication, qtbot: QtBot, stations: FakeStations
) -> None:
    stations.now = attrs.evolve(USUAL, every_role_needs_factor=True, is_damaged=True)
    panel = StationPanel(stations)
    qtbot.addWidget(panel)
    panel.show()
    assert "changed outside the program" in panel.message.words.text()
    assert all(box.isChecked() for box in panel.roles.values())
    assert panel.go.isEnabled()


def test_a_system_that_hears_and_refuses_nothing_says_so(
    dressed: QApplication, qtbot: QtBot, stations: FakeStations
) -> None:
    stations.hears_the_computer = stations.can_refuse_capture = False
    panel = StationPanel(stations)
    qtbot.addWidget(panel)
    from PySide6.QtWidgets import QLabel

    words = " ".join(label.text() for label in panel.findChildren(QLabel))
    assert "does not tell of its lock" in words
    assert "can't refuse it" in words
