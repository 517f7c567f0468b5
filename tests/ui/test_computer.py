"""What the computer says of its session, carried through to the windows and the desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, PASSWORD, FakeClock
from tests.support.windows import log_in, open_windows, wait_until
from viewer.app.use_cases import trail
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.away import Away, OnAway
from viewer.ui.screen_shield import ScreenShield
from viewer.wiring.computer import Computer
from viewer.wiring.window import Joined


class FakeWatch:
    """A session of the computer that a test moves."""

    hears = True

    def __init__(self) -> None:
        self.say: OnAway = lambda _, locked: locked()
        self.is_stopped = False

    def start(self, on_away: OnAway) -> None:
        self.say = on_away

    def stop(self) -> None:
        self.is_stopped = True


def joined_with(joined: Joined, watch: FakeWatch) -> Computer:
    post = joined.workstation.jobs.soon
    computer = Computer(watch, joined.front_desk, joined.workstation, post)
    computer.start()
    return computer


@pytest.mark.parametrize("away", Away)
def test_whatever_the_computer_says_it_locks_at_once_and_the_trail_says_why(
    tmp_path: Path, qtbot: QtBot, away: Away
) -> None:
    watch, done = FakeWatch(), list[bool]()
    with open_windows(tmp_path / "store") as joined:
        computer = joined_with(joined, watch)
        log_in(joined, OFFICER)
        session = joined.workstation.clinic.desk.session
        assert session is not None
        watch.say(away, lambda: done.append(session.is_locked))
        wait_until(lambda: done)
        assert done == [True]
        assert joined.front_desk.shell is None
        assert joined.front_desk.lock_screen is not None
        log_in(joined, OFFICER)
        reader = trail.open_trail(joined.workstation.clinic, trail.OpenTrail())
        locks = reader.page(EventFilter(frozenset({EventKind.LOCK})), 0, 5)
        assert [event.entry.why for event in locks] == [away.value]
        computer.stop()
        assert watch.is_stopped


def test_the_computers_lock_ends_the_shift_even_if_nobody_is_logged_in(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, ended = FakeWatch(), list[str]()
    with open_windows(tmp_path / "store") as joined:
        joined_with(joined, watch)
        monkeypatch.setattr(joined.workstation.clinic.desk, "end_shift", ended.append)
        watch.say(Away.SLEEP, lambda: ended.append("asleep"))
        wait_until(lambda: len(ended) == 2)
        assert ended == [Away.SLEEP.value, "asleep"]


def test_sleep_is_let_go_even_where_the_lock_fails(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = list[bool]()
    with open_windows(tmp_path / "store") as joined:
        computer = joined_with(joined, FakeWatch())

        def fail(why: str) -> None:
            raise ValueError(why)

        monkeypatch.setattr(joined.front_desk, "go_away", fail)
        with pytest.raises(ValueError, match="sleep"):
            computer.go_away(Away.SLEEP, lambda: done.append(True))
        wait_until(lambda: done)


def test_what_is_typed_at_the_door_is_gone_and_a_login_under_way_lets_nobody_in(
    tmp_path: Path, qtbot: QtBot
) -> None:
    watch, done = FakeWatch(), list[bool]()
    with open_windows(tmp_path / "store") as joined:
        joined_with(joined, watch)
        assert joined.front_desk.login is not None
        sign_in = joined.front_desk.login.sign_in
        assert sign_in is not None
        QTest.mouseClick(sign_in.tiles[0], Qt.MouseButton.LeftButton)
        QTest.keyClicks(sign_in.field.line, PASSWORD)
        sign_in.submit()
        watch.say(Away.LOCKED, lambda: done.append(True))
        wait_until(lambda: done and not joined.workstation.jobs.is_busy)
        QTest.qWait(50)
        assert sign_in.field.text() == ""
        assert joined.front_desk.shell is None
        assert joined.workstation.clinic.desk.session is None


def test_after_an_hour_without_a_touch_a_locked_workstation_is_at_the_door(
    tmp_path: Path, qtbot: QtBot
) -> None:
    clock = FakeClock()
    with open_windows(tmp_path / "store", clock=clock) as joined:
        log_in(joined, OFFICER)
        joined.front_desk.lock()
        desk = joined.front_desk
        assert desk._lock_watch is not None
        assert desk._lock_watch._timer.isActive()
        clock.pass_s(3599)
        desk._lock_watch.tick()
        assert desk.lock_screen is not None
        clock.pass_s(2)
        desk._lock_watch.tick()
        assert desk.lock_screen is None
        assert desk.login is not None
        assert joined.workstation.clinic.desk.session is None


# --- screen capture ---------------------------------------------------------------------------


class FakeShield:
    can_shield = True

    def __init__(self) -> None:
        self.covered: dict[int, bool] = {}

    def cover(self, window: int, *, on: bool) -> bool:
        self.covered[window] = on
        return True


def is_covered(shield: FakeShield, window: QWidget) -> bool | None:
    return shield.covered.get(int(window.winId()))


def test_login_and_lock_are_always_kept_out_of_captures_and_the_rest_by_policy(
    tmp_path: Path, qtbot: QtBot
) -> None:
    everywhere = [False]
    fake = FakeShield()
    shield = ScreenShield(fake, lambda: everywhere[0])
    shield.start()
    try:
        with open_windows(tmp_path / "store") as joined:
            assert joined.front_desk.login is not None
            assert is_covered(fake, joined.front_desk.login)
            shell = log_in(joined, OFFICER)
            assert is_covered(fake, shell) is False
            everywhere[0] = True
            shield.cover_all()
            assert is_covered(fake, shell)
            dialog = QDialog(shell)
            dialog.open()
            assert is_covered(fake, dialog)
            everywhere[0] = False
            joined.front_desk.lock()
            assert joined.front_desk.lock_screen is not None
            assert is_covered(fake, joined.front_desk.lock_screen.window)
    finally:
        shield.stop()
