"""The idle clock, moved by hand."""

from __future__ import annotations

from tests.unit.session.conftest import FakeClock
from viewer.session.clock import SystemClock
from viewer.session.idle import FRONT_DESK, OPERATORY, IdleClock, IdlePhase


def test_ten_minutes_without_a_touch_lock_an_operatory(clock: FakeClock) -> None:
    idle = IdleClock(OPERATORY, clock)
    seen = []
    for _ in range(61):
        clock.pass_s(10)
        seen.append(idle.poll().phase)
    assert seen.index(IdlePhase.COUNTING) == 53
    assert seen.index(IdlePhase.LOCK) == 59


def test_the_front_desk_locks_after_five_minutes(clock: FakeClock) -> None:
    idle = IdleClock(FRONT_DESK, clock)
    clock.pass_s(300)
    assert idle.poll().phase is IdlePhase.LOCK


def test_a_touch_during_the_countdown_starts_again(clock: FakeClock) -> None:
    idle = IdleClock(OPERATORY, clock)
    clock.pass_s(590)
    assert idle.poll().seconds_left == 10
    idle.activity()
    assert idle.poll().seconds_left == 600


def test_a_touch_that_comes_too_late_does_not_unlock(clock: FakeClock) -> None:
    idle = IdleClock(OPERATORY, clock)
    clock.pass_s(601)
    idle.activity()
    assert idle.poll().phase is IdlePhase.LOCK


def test_after_an_hour_the_user_is_logged_off(clock: FakeClock) -> None:
    idle = IdleClock(OPERATORY, clock)
    clock.pass_s(3600)
    assert idle.poll().phase is IdlePhase.LOG_OFF


def test_setting_the_wall_clock_back_buys_no_time(clock: FakeClock) -> None:
    idle = IdleClock(OPERATORY, clock)
    clock.set_wall(-86_400)
    clock.pass_s(600)
    assert idle.poll().phase is IdlePhase.LOCK


def test_a_sleep_that_stopped_the_clock_counts_through_the_wall_clock(clock: FakeClock) -> None:
    idle = IdleClock(OPERATORY, clock)
    clock.set_wall(700)
    assert idle.poll().phase is IdlePhase.LOCK


def test_a_small_correction_of_the_wall_clock_counts_nothing(clock: FakeClock) -> None:
    idle = IdleClock(OPERATORY, clock)
    clock.set_wall(5)
    assert idle.poll().seconds_left == 600


def test_the_machine_has_both_clocks() -> None:
    clock = SystemClock()
    first = clock.boot_s()
    assert clock.boot_s() >= first > 0
    assert clock.wall().tzinfo is not None
