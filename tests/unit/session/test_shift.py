"""Quick PIN and key tap within a shift: what opens, what ends them, and what an attacker gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.unit.session.conftest import FIRST, OFFICER, OTHER, PASSWORD, Clinic, FakeClock
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.errors import UserError
from viewer.session.audit.events import EventKind, Outcome
from viewer.session.desk import Admission
from viewer.session.errors import (
    AccountBlocked,
    LoginRefused,
    NotLoggedIn,
    NotPermitted,
    PasswordFirst,
    QuickGone,
    QuickRefused,
    ThirdShareMissing,
    WaitFirst,
    WeakPin,
)
from viewer.session.holders import KeyRing
from viewer.session.keystore import MemoryKeyStore
from viewer.session.permissions import KeyName
from viewer.session.shift import SHIFT
from viewer.session.third import MemoryThirdShare

PIN = "402917"
WRONG = "730562"


@pytest.fixture
def with_pin(clinic: Clinic) -> Clinic:
    """The officer is in, and has a PIN for this shift."""
    clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.set_quick_pin(PIN)
    return clinic


def _enter(clinic: Clinic, pin: str = PIN, name: str = OFFICER) -> object:
    return clinic.desk.admit(clinic.desk.check_quick(clinic.practice.user(name).id, pin))


def _has_pin(clinic: Clinic, name: str = OFFICER) -> bool:
    return clinic.desk.quick_ways(clinic.practice.user(name).id).has_pin


def _try_wrong(clinic: Clinic, clock: FakeClock, times: int) -> None:
    for _ in range(times):
        clock.pass_s(60)
        with pytest.raises(LoginRefused):
            _enter(clinic, WRONG)


def test_the_pin_unlocks_with_the_same_keys_and_the_trail_says_how(with_pin: Clinic) -> None:
    desk = with_pin.desk
    assert desk.session is not None
    before = desk.session.key(KeyName.IMAGES)
    desk.lock()
    _enter(with_pin)
    assert desk.session.key(KeyName.IMAGES).equals(before)
    told = [(e.entry.kind, e.entry.why) for e in with_pin.events()]
    assert told[-1] == (EventKind.UNLOCK, "quick PIN")


def test_two_people_switch_by_their_pins_and_each_gets_only_his_own_keys(
    with_pin: Clinic,
) -> None:
    with_pin.add("Hal", "auditor")
    with_pin.desk.log_in("Hal", OTHER)
    with_pin.desk.set_quick_pin(WRONG)
    for name, pin, holds in (
        (OFFICER, PIN, set(KeyName)),
        ("Hal", WRONG, {KeyName.TRAIL}),
        (OFFICER, PIN, set(KeyName)),
    ):
        with_pin.desk.lock()
        _enter(with_pin, pin, name)
        session = with_pin.desk.session
        assert session is not None
        with session.lent_keys() as ring:
            assert (session.user.name, set(ring.keys)) == (name, holds)
    with_pin.desk.lock()
    with pytest.raises(QuickRefused):
        _enter(with_pin, WRONG, OFFICER)


def test_five_wrong_tries_and_it_is_gone_even_for_the_right_pin(
    with_pin: Clinic, clock: FakeClock
) -> None:
    with_pin.desk.lock()
    _try_wrong(with_pin, clock, 5)
    assert not _has_pin(with_pin)
    clock.pass_s(60)
    with pytest.raises(QuickGone):
        _enter(with_pin, PIN)
    with_pin.desk.log_in(OFFICER, PASSWORD)
    told = [e.entry for e in with_pin.events()]
    wrong = [entry for entry in told if entry.why == "quick PIN: wrong"]
    assert [(e.kind, e.outcome) for e in wrong] == [(EventKind.UNLOCK_FAILED, Outcome.REFUSED)] * 4
    assert [e.why for e in told if e.kind is EventKind.QUICK_PIN] == ["ended: too many wrong tries"]


def test_wrong_pins_cost_time_and_say_how_many_are_left(with_pin: Clinic) -> None:
    with_pin.desk.lock()
    left = []
    for _ in range(3):
        with pytest.raises(QuickRefused) as caught:
            _enter(with_pin, WRONG)
        left.append(caught.value.tries_left)
    assert left == [4, 3, 2]
    with pytest.raises(WaitFirst):
        _enter(with_pin, WRONG)
    assert with_pin.desk.quick_wait_s(with_pin.officer.id) > 0
    assert with_pin.desk.wait_s(OFFICER) == 0


def test_the_right_pin_forgives_tries_in_a_row_but_not_for_ever(
    with_pin: Clinic, clock: FakeClock
) -> None:
    rounds = SHIFT.tries_in_all // 4
    for _ in range(rounds - 1):
        with_pin.desk.lock()
        _try_wrong(with_pin, clock, 4)
        clock.pass_s(60)
        _enter(with_pin)
    with_pin.desk.lock()
    _try_wrong(with_pin, clock, 4)
    assert not _has_pin(with_pin)


def test_a_right_pin_does_not_forgive_wrong_passwords(with_pin: Clinic) -> None:
    with_pin.desk.lock()
    for _ in range(3):
        with pytest.raises(LoginRefused):
            with_pin.desk.log_in(OFFICER, "not the password")
    _enter(with_pin)
    assert with_pin.desk.wait_s(OFFICER) > 0


def test_a_blocked_account_does_not_open_by_its_pin(with_pin: Clinic, clock: FakeClock) -> None:
    with_pin.desk.lock()
    account = with_pin.officer.id
    for _ in range(100):
        clock.pass_s(200)
        with_pin.practice.throttle.begin(account, clock)
        clock.now_s += 800
    with pytest.raises(AccountBlocked):
        _enter(with_pin)


def test_the_shift_ends_after_eight_hours_asleep_or_awake(
    with_pin: Clinic, clock: FakeClock
) -> None:
    with_pin.desk.lock()
    clock.pass_s(8 * 3600 - 1)
    assert _has_pin(with_pin)
    clock.pass_s(1)
    assert not _has_pin(with_pin)
    with pytest.raises(QuickGone):
        _enter(with_pin)


def test_a_clock_that_stops_in_sleep_does_not_prolong_the_shift(
    with_pin: Clinic, clock: FakeClock
) -> None:
    with_pin.desk.lock()
    clock.set_wall(8 * 3600 + 60)
    with pytest.raises(QuickGone):
        _enter(with_pin)


def test_a_wall_clock_set_back_does_not_prolong_the_shift(
    with_pin: Clinic, clock: FakeClock
) -> None:
    with_pin.desk.lock()
    clock.pass_s(8 * 3600)
    clock.set_wall(-7 * 3600)
    with pytest.raises(QuickGone):
        _enter(with_pin)


def _change_password(clinic: Clinic) -> None:
    clinic.practice.change_password(clinic.officer.id, PASSWORD, OTHER, clinic.clock)


def _change_role(clinic: Clinic) -> None:
    clinic.add("Ida", "owner")
    with clinic.ring() as ring:
        clinic.practice.change_role(ring, clinic.officer.id, "security_officer")


def _disable(clinic: Clinic) -> None:
    clinic.add("Ida", "owner")
    clinic.switch(OFFICER, enabled=False)


def _add_a_factor(clinic: Clinic) -> None:
    share = MemoryThirdShare("blue key")
    clinic.practice.require_third_share(clinic.officer.id, PASSWORD, share, clinic.clock)


ENDS: dict[str, Callable[[Clinic], object]] = {
    "the password was changed": _change_password,
    "a factor was added": _add_a_factor,
    "the role was changed": _change_role,
    "the account was disabled": _disable,
    "a new epoch began": lambda clinic: clinic.begin(KeyName.IMAGES),
    "an epoch of a key that signs began": lambda clinic: clinic.begin(KeyName.SHARE),
    "the machine sleeps": lambda clinic: clinic.desk.end_shift("the machine sleeps"),
    "by oneself": lambda clinic: clinic.desk.drop_quick(clinic.officer.id),
}


@pytest.mark.parametrize("what", ENDS)
def test_it_is_gone_once(with_pin: Clinic, what: str) -> None:
    with_pin.desk.lock()
    ENDS[what](with_pin)
    with_pin.desk.shift.keep_up()
    assert not _has_pin(with_pin)
    with pytest.raises(QuickGone):
        _enter(with_pin)


@pytest.mark.parametrize("what", ENDS)
def test_a_try_in_the_same_second_fails_too(with_pin: Clinic, what: str) -> None:
    with_pin.desk.lock()
    ENDS[what](with_pin)
    with pytest.raises(QuickGone):
        _enter(with_pin)


def test_it_is_gone_with_the_owners_own_log_off(with_pin: Clinic) -> None:
    with_pin.desk.log_off()
    with pytest.raises(QuickGone):
        _enter(with_pin)


def test_it_stays_when_another_person_takes_over(with_pin: Clinic) -> None:
    with_pin.add("Hal", "dentist")
    with_pin.desk.lock()
    with_pin.desk.log_in("Hal", OTHER)
    assert _has_pin(with_pin)
    with_pin.desk.log_off()
    assert _has_pin(with_pin)


def test_the_full_log_off_of_a_workstation_nobody_touched_ends_the_shift(
    with_pin: Clinic, clock: FakeClock
) -> None:
    clock.pass_s(601)
    with_pin.desk.poll()
    assert _has_pin(with_pin)
    clock.pass_s(3000)
    with_pin.desk.poll()
    assert with_pin.desk.session is None
    assert not _has_pin(with_pin)


def test_a_restarted_program_knows_no_pin(with_pin: Clinic) -> None:
    with_pin.restart()
    assert not _has_pin(with_pin)


def test_nothing_of_a_pin_is_on_disk(clinic: Clinic, keystore: MemoryKeyStore) -> None:
    clinic.desk.log_in(OFFICER, PASSWORD)

    def files() -> dict[Path, bytes]:
        places = (path for path in clinic.folder.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in places if "trail" not in str(path)}

    before = files()
    clinic.desk.set_quick_pin(PIN)
    assert files() == before


def test_after_its_end_not_even_pin_and_device_secret_open_the_wrapped_keys(
    with_pin: Clinic,
) -> None:
    shift = with_pin.desk.shift
    way = shift._kept[with_pin.officer.id].ways["quick PIN"]
    buffer = way.ram.view()
    assert any(buffer)
    with_pin.desk.end_shift("the machine sleeps")
    assert not any(buffer)
    user_id = with_pin.officer.id
    with shift._stretched(user_id, PIN, way.salt) as proof, pytest.raises(QuickGone):
        shift._open(user_id, "quick PIN", way, proof)


def test_the_right_pin_at_another_workstation_does_not_open_them(with_pin: Clinic) -> None:
    with_pin.desk.lock()
    other = MemoryKeyStore()
    other.create_device_secret().wipe()
    with_pin.practice.keystore = other
    shift = with_pin.desk.shift
    with pytest.raises(QuickRefused):
        shift.open_with_pin(with_pin.officer.id, PIN)


def test_a_lock_of_the_machine_while_the_pin_is_being_tried_lets_nobody_in(
    with_pin: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pin.desk.lock()
    shift = with_pin.desk.shift
    stretched = shift._stretched

    def slept_meanwhile(*args: object) -> Secret:
        proof = stretched(*args)  # type: ignore[arg-type]
        with_pin.desk.end_shift("the machine sleeps")
        return proof

    monkeypatch.setattr(shift, "_stretched", slept_meanwhile)
    with pytest.raises(QuickGone):
        _enter(with_pin)
    assert with_pin.desk.session is not None
    assert with_pin.desk.session.is_locked


def test_tries_in_parallel_are_counted_before_they_are_made(with_pin: Clinic) -> None:
    with_pin.desk.lock()
    shift, user_id = with_pin.desk.shift, with_pin.officer.id
    for _ in range(SHIFT.tries):
        shift._begin_try(user_id, "quick PIN")
    with pytest.raises(QuickGone):
        shift.open_with_pin(user_id, PIN)


def test_whoever_finds_the_workstation_open_sets_no_pin(clinic: Clinic, clock: FakeClock) -> None:
    clinic.desk.log_in(OFFICER, PASSWORD)
    clock.pass_s(SHIFT.fresh_s + 1)
    with pytest.raises(PasswordFirst):
        clinic.desk.set_quick_pin(PIN)
    with pytest.raises(LoginRefused):
        clinic.desk.set_quick_pin(PIN, "not the password")
    assert not _has_pin(clinic)
    clinic.desk.set_quick_pin(PIN, PASSWORD)
    assert _has_pin(clinic)


def test_guessing_the_password_by_setting_a_pin_is_throttled(
    clinic: Clinic, clock: FakeClock
) -> None:
    clinic.desk.log_in(OFFICER, PASSWORD)
    clock.pass_s(SHIFT.fresh_s + 1)
    for _ in range(3):
        with pytest.raises(LoginRefused):
            clinic.desk.set_quick_pin(PIN, "not the password")
    with pytest.raises(WaitFirst):
        clinic.desk.set_quick_pin(PIN, PASSWORD)


def test_a_pin_does_not_prolong_itself(with_pin: Clinic) -> None:
    with_pin.desk.lock()
    _enter(with_pin)
    with pytest.raises(PasswordFirst):
        with_pin.desk.set_quick_pin(WRONG)


def test_the_freshness_of_one_person_is_not_anothers(with_pin: Clinic) -> None:
    with_pin.add("Hal", "dentist")
    with_pin.desk.log_in("Hal", OTHER)
    with_pin.desk.lock()
    _enter(with_pin)
    with pytest.raises(PasswordFirst):
        with_pin.desk.set_quick_pin(WRONG)


def test_rights_that_are_no_role_of_this_person_set_no_pin(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.add("Hal", "consultant")
    session = clinic.desk.log_in("Hal", OTHER)
    session._user = clinic.officer  # more than the account says
    hal = clinic.practice.user("Hal")
    monkeypatch.setattr(clinic.practice, "user", lambda _: hal)
    with pytest.raises(NotPermitted):
        clinic.desk.set_quick_pin(PIN)


def test_emergency_access_sets_no_pin_neither_in_a_session_nor_by_password_alone(
    clinic: Clinic,
) -> None:
    reason = "The patient is bleeding and the chart is needed"
    clinic.add("Hal", "security_officer")
    clinic.desk.log_in("Hal", OTHER)
    clinic.desk.break_glass.begin(reason)
    with pytest.raises(NotPermitted):
        clinic.desk.set_quick_pin(PIN)
    clinic.desk.break_glass.end()
    clinic.desk.set_quick_pin(PIN)
    clinic.desk.log_off()
    let_in = clinic.desk.break_glass.check_password("Hal", OTHER, reason)
    clinic.desk.admit(Admission.in_emergency(let_in))
    with pytest.raises(NotPermitted):
        clinic.desk.set_quick_pin(PIN)
    assert not clinic.desk.is_fresh(), "nor does it make a later session fresh"


def test_a_first_password_sets_no_pin(clinic: Clinic) -> None:
    with clinic.ring() as ring:
        clinic.practice.add_user(ring, "Hal", "Hal", "dentist", FIRST)
    clinic.desk.log_in("Hal", FIRST)
    assert clinic.desk.can_set_quick() is False
    with pytest.raises(UserError):
        clinic.desk.set_quick_pin(PIN)
    assert not _has_pin(clinic, "Hal")


def test_where_a_login_takes_a_code_the_password_alone_sets_no_pin(
    clinic: Clinic, clock: FakeClock
) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    session._user = attrs.evolve(session.user, second_factors=("totp",))
    clock.pass_s(SHIFT.fresh_s + 1)
    with pytest.raises(PasswordFirst, match="code"):
        clinic.desk.set_quick_pin(PIN, PASSWORD)


def test_a_weak_pin_is_refused_before_anything_else(clinic: Clinic) -> None:
    clinic.desk.log_in(OFFICER, PASSWORD)
    with pytest.raises(WeakPin):
        clinic.desk.set_quick_pin("123456")
    assert not _has_pin(clinic)


def test_nobody_sets_a_pin_without_a_session(clinic: Clinic) -> None:
    with pytest.raises(NotLoggedIn):
        clinic.desk.set_quick_pin(PIN)


def test_a_tap_of_the_key_that_was_set_lets_in(clinic: Clinic) -> None:
    share = MemoryThirdShare("blue key")
    clinic.practice.third_shares[share.id] = share
    clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.set_quick_tap(share.id)
    clinic.desk.lock()
    user_id = clinic.officer.id
    assert clinic.desk.quick_ways(user_id).tap == "blue key"
    session = clinic.desk.admit(clinic.desk.check_tap(user_id))
    assert not session.is_locked
    assert clinic.events()[-1].entry.why == "key tap"


def test_another_key_under_the_same_name_does_not_let_in(clinic: Clinic) -> None:
    share, other = MemoryThirdShare("blue key"), MemoryThirdShare("blue key")
    clinic.practice.third_shares[share.id] = share
    clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.set_quick_tap(share.id)
    clinic.desk.lock()
    clinic.practice.third_shares[share.id] = other
    with pytest.raises(QuickRefused):
        clinic.desk.check_tap(clinic.officer.id)


def test_a_key_that_is_not_plugged_in_costs_no_try(clinic: Clinic) -> None:
    share = MemoryThirdShare("blue key")
    clinic.practice.third_shares[share.id] = share
    clinic.desk.log_in(OFFICER, PASSWORD)
    clinic.desk.set_quick_tap(share.id)
    clinic.desk.lock()
    del clinic.practice.third_shares[share.id]
    for _ in range(8):
        with pytest.raises(ThirdShareMissing):
            clinic.desk.check_tap(clinic.officer.id)
    clinic.practice.third_shares[share.id] = share
    clinic.desk.admit(clinic.desk.check_tap(clinic.officer.id))


@pytest.mark.expects_log("not done before the lock: NotAuthentic")
def test_what_listens_before_a_lock_still_has_keys_and_cannot_prevent_it(clinic: Clinic) -> None:
    session = clinic.desk.log_in(OFFICER, PASSWORD)
    seen: list[KeyRing] = []

    def keep(_: object) -> None:
        with session.lent_keys() as ring:
            seen.append(ring)
        raise NotAuthentic

    clinic.desk.leaving.connect(keep)
    clinic.desk.lock()
    assert len(seen) == 1
    assert session.is_locked


def test_who_set_none_has_none(clinic: Clinic) -> None:
    with pytest.raises(QuickGone):
        clinic.desk.check_quick(clinic.officer.id, PIN)
    with pytest.raises(QuickGone):
        clinic.desk.check_tap(clinic.officer.id)
