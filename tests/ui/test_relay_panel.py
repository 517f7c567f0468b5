"""The audit server's page, clicked as a security officer would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from viewer.model.errors import EnvironmentFault
from viewer.ui.ports import OnFault
from viewer.ui.relay_panel import RelayPanel
from viewer.ui.relay_ports import RelayFacts, RelayOrder


class Nothing:
    """Work that has ended already."""

    def cancel(self) -> None:
        pass

    def drop(self) -> None:
        pass


class FakeServer:
    """Answers at once."""

    def __init__(self, facts: RelayFacts) -> None:
        self.now = facts
        self.orders: list[RelayOrder] = []
        self.fault: Exception | None = None
        self.sent = 0

    def facts(self, on_done: Callable[[RelayFacts], None], on_fault: OnFault) -> Nothing:
        on_done(self.now)
        return Nothing()

    def set_server(
        self, order: RelayOrder, on_done: Callable[[RelayFacts], None], on_fault: OnFault
    ) -> Nothing:
        if self.fault is not None:
            on_fault(self.fault)
            return Nothing()
        self.orders.append(order)
        self.now = RelayFacts(f"{order.host}:{order.port}")
        on_done(self.now)
        return Nothing()

    def stop_sending(self, on_done: Callable[[RelayFacts], None], on_fault: OnFault) -> Nothing:
        self.now = RelayFacts()
        on_done(self.now)
        return Nothing()

    def send_now(self, on_done: Callable[[int], None], on_fault: OnFault) -> Nothing:
        self.sent += 1
        on_done(12)
        return Nothing()


Open = Callable[..., RelayPanel]


@pytest.fixture
def opened(qtbot: QtBot) -> Open:
    def make(server: FakeServer, *, can_set: bool = True, can_send: bool = True) -> RelayPanel:
        panel = RelayPanel(server, can_set=can_set, can_send=can_send)
        qtbot.addWidget(panel)
        panel.resize(760, 700)
        panel.show()
        return panel

    return make


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_where_nothing_is_sent_off_it_says_what_that_means(opened: Open) -> None:
    panel = opened(FakeServer(RelayFacts()))
    assert "only this computer" in panel.card.fact.text()
    assert not panel.send.isVisible()
    assert not panel.stop.isVisible()


def test_a_server_is_named_with_its_files_and_tried(opened: Open, tmp_path: Path) -> None:
    server = FakeServer(RelayFacts())
    panel = opened(server)
    click(panel.set)
    assert "Name the server" in panel.hint.text()
    QTest.keyClicks(panel.host, "audit.example.org")
    click(panel.set)
    assert "authority" in panel.hint.text()
    panel.authority.take(tmp_path / "ca.pem")
    panel.certificate.take(tmp_path / "ours.pem")
    click(panel.set)
    assert "both or none" in panel.hint.text()
    panel.key.take(tmp_path / "key.pem")
    QTest.keyClicks(panel.password.line, "made up")
    click(panel.set)
    order = server.orders[0]
    assert (order.host, order.port, order.key_password) == ("audit.example.org", 6514, "made up")
    assert panel.password.text() == ""
    assert "has every entry" in panel.card.fact.text()


def test_a_server_that_is_not_reached_is_said_in_place_and_the_form_stays(
    opened: Open, tmp_path: Path
) -> None:
    server = FakeServer(RelayFacts())
    server.fault = EnvironmentFault("The audit server was not reached.", "Look at its address.")
    panel = opened(server)
    QTest.keyClicks(panel.host, "audit.example.org")
    panel.authority.take(tmp_path / "ca.pem")
    click(panel.set)
    assert "was not reached" in panel.card.message.words.text()
    assert panel.host.text() == "audit.example.org"
    assert panel.set.isEnabled()


def test_an_outage_shows_what_waits(opened: Open) -> None:
    since = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    facts = RelayFacts("audit:6514", 1204, 3, "The audit server was not reached.", since)
    panel = opened(FakeServer(facts))
    assert "1\u202f204 entries wait" in panel.card.fact.text()


def test_send_now_says_how_many_went(opened: Open) -> None:
    server = FakeServer(RelayFacts("audit:6514", 0, 4))
    panel = opened(server)
    assert "4 entries without words" in panel.card.fact.text()
    click(panel.send)
    assert server.sent == 1
    assert "12 messages were confirmed" in panel.card.message.words.text()


def test_sending_stops_only_after_a_second_word(opened: Open) -> None:
    server = FakeServer(RelayFacts("audit:6514"))
    panel = opened(server)
    click(panel.stop)
    assert server.now.where
    click(panel.card.message.do_button)
    assert not server.now.where
    assert not panel.stop.isVisible()


def test_who_may_not_set_it_sees_no_form(opened: Open) -> None:
    panel = opened(FakeServer(RelayFacts("audit:6514")), can_set=False, can_send=False)
    assert not panel.form.isVisible()
    assert not panel.stop.isVisible()
    assert not panel.send.isVisible()
