"""Guessing: a hundred and one wrong passwords, over restarts, clock changes and kills."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from tests.unit.session.conftest import OFFICER, OTHER, PASSWORD, Clinic, FakeClock
from viewer.crypto.errors import NotAuthentic
from viewer.session.errors import AccountBlocked, AccountsTampered, LoginRefused, WaitFirst
from viewer.session.keystore import MemoryKeyStore
from viewer.session.throttle import LIMIT, LONGEST_DELAY_S, Throttle, delay_s


@pytest.fixture
def throttle(tmp_path: Path, keystore: MemoryKeyStore) -> Throttle:
    keystore.create_device_secret()
    made = Throttle(tmp_path, keystore, "practice")
    made.start_over()
    return made


def _guess(throttle: Throttle, clock: FakeClock, times: int) -> None:
    for _ in range(times):
        clock.pass_s(LONGEST_DELAY_S)
        throttle.begin("ann", clock)


def test_delays_grow_to_a_quarter_of_an_hour() -> None:
    delays = [delay_s(failures) for failures in range(LIMIT)]
    assert delays == sorted(delays)
    assert delays[2] == 0
    assert delays[-1] == LONGEST_DELAY_S


def test_a_hundred_and_one_wrong_passwords_do_not_help(
    tmp_path: Path, keystore: MemoryKeyStore, throttle: Throttle, clock: FakeClock
) -> None:
    tries = 0
    for round_ in range(LIMIT + 20):
        fresh = Throttle(tmp_path, keystore, "practice")  # the program was restarted
        clock.set_wall(86_400 if round_ % 2 else -86_400)
        clock.pass_s(LONGEST_DELAY_S)
        if round_ % 7 == 6:
            clock.reboot()
            clock.pass_s(LONGEST_DELAY_S)
        try:
            fresh.begin("ann", clock)
        except AccountBlocked:
            continue
        except WaitFirst as wait:
            clock.pass_s(wait.wait_s)
            fresh.begin("ann", clock)
        tries += 1
    assert tries == LIMIT
    with pytest.raises(AccountBlocked):
        throttle.begin("ann", clock)


def test_setting_the_clock_ahead_does_not_shorten_the_wait(
    throttle: Throttle, clock: FakeClock
) -> None:
    _guess(throttle, clock, 8)
    clock.set_wall(86_400 * 365)
    with pytest.raises(WaitFirst) as wait:
        throttle.begin("ann", clock)
    assert wait.value.wait_s == delay_s(8)


def test_a_restart_of_the_machine_begins_the_wait_anew(
    throttle: Throttle, clock: FakeClock
) -> None:
    _guess(throttle, clock, 12)
    clock.reboot()
    with pytest.raises(WaitFirst) as wait:
        throttle.begin("ann", clock)
    assert wait.value.wait_s == delay_s(12)
    clock.pass_s(delay_s(12))
    throttle.begin("ann", clock)


def test_a_try_is_counted_before_its_result_is_known(
    tmp_path: Path, keystore: MemoryKeyStore, throttle: Throttle, clock: FakeClock
) -> None:
    for _ in range(3):
        throttle.begin("ann", clock)  # and the program is killed here
    with pytest.raises(WaitFirst):
        Throttle(tmp_path, keystore, "practice").begin("ann", clock)


def test_a_right_password_forgets_the_failures(throttle: Throttle, clock: FakeClock) -> None:
    _guess(throttle, clock, 9)
    throttle.succeeded("ann")
    assert throttle.wait_s("ann", clock) == 0


def test_a_deleted_count_lets_nobody_in(
    tmp_path: Path, throttle: Throttle, clock: FakeClock
) -> None:
    _guess(throttle, clock, 9)
    (tmp_path / "throttle.json").unlink()
    with pytest.raises(AccountsTampered):
        throttle.begin("ann", clock)


def test_a_count_that_is_set_back_lets_nobody_in(
    tmp_path: Path, throttle: Throttle, clock: FakeClock
) -> None:
    old = (tmp_path / "throttle.json").read_bytes()
    _guess(throttle, clock, 9)
    (tmp_path / "throttle.json").write_bytes(old)
    with pytest.raises(AccountsTampered):
        throttle.begin("ann", clock)


def test_an_edited_count_lets_nobody_in(
    tmp_path: Path, throttle: Throttle, clock: FakeClock
) -> None:
    _guess(throttle, clock, 9)
    path = tmp_path / "throttle.json"
    path.write_bytes(path.read_bytes().replace(b'"ann":[9,', b'"ann":[0,'))
    with pytest.raises(AccountsTampered):
        throttle.begin("ann", clock)


def test_even_the_right_password_waits_after_wrong_ones(clinic: Clinic, clock: FakeClock) -> None:
    for _ in range(4):
        clock.pass_s(LONGEST_DELAY_S)
        with pytest.raises(LoginRefused):
            clinic.desk.log_in(OFFICER, "wrong")
    with pytest.raises(WaitFirst):
        clinic.desk.log_in(OFFICER, PASSWORD)
    clock.pass_s(clinic.desk.wait_s(OFFICER))
    assert clinic.desk.log_in(OFFICER, PASSWORD).user.name == OFFICER


def test_an_open_session_is_no_place_to_guess_the_old_password(
    clinic: Clinic, clock: FakeClock
) -> None:
    user = clinic.officer
    for _ in range(3):
        with pytest.raises(NotAuthentic):
            clinic.practice.change_password(user.id, "wrong", OTHER, clock)
    with pytest.raises(WaitFirst):
        clinic.practice.change_password(user.id, PASSWORD, OTHER, clock)
    clock.pass_s(1)
    clinic.practice.change_password(user.id, PASSWORD, OTHER, clock)
    assert clinic.desk.wait_s(OFFICER) == 0


def test_a_blocked_account_opens_after_the_officer_sets_a_new_password(
    clinic: Clinic, clock: FakeClock
) -> None:
    user = clinic.add("Hal", "dentist")
    for _ in range(LIMIT):
        clock.pass_s(LONGEST_DELAY_S)
        clinic.practice.throttle.begin(user.id, clock)
    clock.pass_s(LONGEST_DELAY_S)
    with pytest.raises(AccountBlocked):
        clinic.desk.log_in("Hal", OTHER)
    with clinic.practice.open_keys(clinic.officer.id, PASSWORD) as ring:
        clinic.practice.reset_password(ring, user.id, "amber kettle prairie two")
    assert clinic.desk.log_in("Hal", "amber kettle prairie two").user.id == user.id


def test_an_unknown_name_gets_the_same_answer_after_the_same_work(
    clinic: Clinic, clock: FakeClock
) -> None:
    taken: dict[str, list[float]] = {OFFICER: [], "Nobody": []}
    said = set()
    for _ in range(5):
        for name, times in taken.items():
            clock.pass_s(LONGEST_DELAY_S)
            begun = time.process_time()
            with pytest.raises(LoginRefused) as refused:
                clinic.desk.log_in(name, "wrong")
            times.append(time.process_time() - begun)
            said.add(str(refused.value))
    assert len(said) == 1
    known, unknown = (statistics.median(times) for times in taken.values())
    assert 0.2 < unknown / known < 5


def test_names_that_nobody_tried_answer_alike_whether_there_is_such_an_account_or_not(
    clinic: Clinic,
) -> None:
    """Else, once the count that unknown names share is full, the known ones are told from them."""
    throttle, desk = clinic.practice.throttle, clinic.desk
    tried = [f"Nobody {number}" for number in range(16)]
    for name in tried:
        throttle.add(desk.account_of(name)[1], LIMIT, clinic.clock)
    clinic.clock.pass_s(LONGEST_DELAY_S)
    untried = [f"Somebody {number}" for number in range(40)]
    assert [desk.wait_s(name) for name in untried] == [desk.wait_s(OFFICER)] * 40
    assert [desk.wait_s(name) for name in tried] == [float("inf")] * 16
