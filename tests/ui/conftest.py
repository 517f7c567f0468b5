"""Widgets in the dark theme, and fakes of everything behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.fake_accounts import FakeAccounts
from tests.ui.fake_emergency import FakeEmergencies
from tests.ui.fake_store import FakeStore
from tests.ui.fakes import (
    PEOPLE,
    FakeChart,
    FakeDoor,
    FakeDrafts,
    FakeSharing,
    FakeTrail,
    FakeWatch,
)
from tests.ui.panes import FakePane
from viewer.app.actions import Actions
from viewer.ui import theme
from viewer.ui.shell import Practice, Shell
from viewer.ui.shell_pages import SheetPage
from viewer.wiring.pages import pages_of
from viewer.wiring.workstation import Workstation


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    theme.apply_theme(qapp, "dark")
    yield qapp
    if theme.current().id != "dark":
        theme.apply_theme(qapp, "dark")


@pytest.fixture
def door() -> FakeDoor:
    return FakeDoor()


@pytest.fixture
def chart() -> FakeChart:
    return FakeChart()


@pytest.fixture
def watch() -> FakeWatch:
    return FakeWatch()


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def drafts(watch: FakeWatch) -> FakeDrafts:
    made = FakeDrafts()
    watch.before_lock = made.keep_now
    return made


@pytest.fixture
def practice(chart: FakeChart, watch: FakeWatch, store: FakeStore, drafts: FakeDrafts) -> Practice:
    return Practice(
        chart,
        watch,
        FakeTrail(),
        FakeSharing(chart),
        FakeAccounts(),
        FakePane,
        FakePane,
        store,
        drafts=drafts,
        emergencies=FakeEmergencies(),
        pages={name: SheetPage(name, lambda _: QWidget()) for name in _page_ids()},
    )


def _page_ids() -> Collection[str]:
    """The actions that open a sheet of their own."""
    return pages_of(cast(Workstation, None)).keys()


@pytest.fixture
def shell(dressed: QApplication, qtbot: QtBot, practice: Practice) -> Iterator[Shell]:
    made = Shell(practice, PEOPLE[0], Actions())
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    yield made
    made.hide()
    made.empty()
    made.deleteLater()
