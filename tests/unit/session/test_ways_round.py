"""Ways round that somebody tried: each is closed, and stays so."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit.session.conftest import FIRST, OTHER, Clinic, FakeClock
from tests.unit.session.test_break_glass import disk_refuses
from tests.unit.session.test_totp import Phone
from viewer.session.audit.events import EventKind, Outcome
from viewer.session.desk import Desk
from viewer.session.errors import (
    CodeRefused,
    EmergencyCodeSpent,
    LoginRefused,
    NotPermitted,
    PasswordMustChange,
)
from viewer.session.throttle import FREE_TRIES

REASON = "Patient in the chair, nobody else is here"
HAL, OWN = "Hal", "another long passphrase 17"


@pytest.fixture
def desk(clinic: Clinic, tmp_path: Path) -> Desk:
    clinic.desk = Desk(
        clinic.practice, clinic.trail, clinic.clock, waiting_places=(tmp_path / "w",)
    )
    clinic.desk.break_glass.spool.reserve()
    return clinic.desk


def with_app(clinic: Clinic, clock: FakeClock, role: str) -> Phone:
    hal = clinic.add(HAL, role)
    enrolment = clinic.practice.begin_totp(hal.id)
    phone = Phone(enrolment.secret, clock)
    clinic.practice.confirm_totp(hal.id, OTHER, enrolment, phone.code(), clock)
    enrolment.wipe()
    clock.pass_s(60)
    return phone


def failures(clinic: Clinic) -> int:
    rows = clinic.practice.throttle._file.read()
    return int(rows.get(clinic.practice.user(HAL).id, (0, 0.0))[0])


@pytest.mark.parametrize("role", ["dentist", "auditor"])
def test_break_glass_by_the_password_does_not_forgive_wrong_codes(
    clinic: Clinic, desk: Desk, clock: FakeClock, role: str
) -> None:
    """Who learnt the password would guess codes without end, two for each emergency access."""
    phone = with_app(clinic, clock, role)
    for count in range(1, 5):
        clock.pass_s(1000)
        with pytest.raises(LoginRefused):
            desk.check(HAL, OTHER, phone.wrong_code())
        clock.pass_s(1000)
        with suppress(NotPermitted):  # the auditor's role has none
            desk.break_glass.check_password(HAL, OTHER, REASON).keys.wipe()
        assert failures(clinic) == count
    desk.log_in(HAL, OTHER, phone.next_code())
    assert failures(clinic) == 0


def test_break_glass_by_the_password_costs_no_try_and_waits_no_longer(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    phone = with_app(clinic, clock, "dentist")
    for _ in range(FREE_TRIES + 2):
        desk.break_glass.check_password(HAL, OTHER, REASON).keys.wipe()
    assert failures(clinic) == 0
    desk.log_in(HAL, OTHER, phone.next_code())


def test_a_changed_password_does_not_forgive_wrong_codes(
    clinic: Clinic, desk: Desk, clock: FakeClock
) -> None:
    """At an open screen somebody with the password would guess codes to take the app away."""
    phone = with_app(clinic, clock, "dentist")
    hal = clinic.practice.user(HAL)
    words = [OTHER, OWN]
    for count in range(4):
        clock.pass_s(1000)
        with pytest.raises(CodeRefused):
            clinic.practice.drop_totp(hal.id, words[0], phone.wrong_code(), clock)
        clock.pass_s(1000)
        clinic.practice.change_password(hal.id, words[0], words[1], clock)
        words.reverse()
        assert failures(clinic) == count + 1


def test_a_first_password_opens_no_emergency_access(clinic: Clinic, desk: Desk) -> None:
    """The officer who gave it would look at images in somebody else's name."""
    clinic.add(HAL, "dentist")
    with clinic.ring() as ring:
        clinic.practice.reset_password(ring, clinic.practice.user(HAL).id, FIRST)
    with pytest.raises(PasswordMustChange):
        desk.break_glass.check_password(HAL, FIRST, REASON)
    assert desk.session is None
    told = [event.entry for event in clinic.events()]
    assert not [entry for entry in told if entry.kind is EventKind.EMERGENCY]
    assert (told[-1].kind, told[-1].outcome) == (EventKind.LOGIN_FAILED, Outcome.REFUSED)
    assert "first password" in told[-1].why


def test_logging_off_in_an_emergency_ends_the_quick_pin_too(clinic: Clinic, desk: Desk) -> None:
    hal = clinic.add(HAL, "security_officer")
    desk.log_in(HAL, OTHER)
    desk.set_quick_pin("402917")
    desk.break_glass.begin(REASON)
    desk.log_off()
    assert not desk.quick_ways(hal.id).is_any


def test_on_a_full_disk_a_second_program_takes_the_sealed_code_no_more(
    clinic: Clinic, tmp_path: Path
) -> None:
    """Each keeps in mind what is spent, and the accounts cannot say so."""
    with clinic.ring() as ring:
        code = clinic.practice.make_emergency(ring, clinic.clock)
    places = (tmp_path / "state", tmp_path / "run")
    windows = [
        Desk(clinic.practice, clinic.trail, clinic.clock, waiting_places=places) for _ in range(2)
    ]
    windows[0].break_glass.spool.reserve()
    with disk_refuses(clinic):
        windows[0].break_glass.check_code(code.text, "Mara Linden", REASON).keys.wipe()
        with pytest.raises(EmergencyCodeSpent):
            windows[1].break_glass.check_code(code.text, "Mara Linden", REASON)
