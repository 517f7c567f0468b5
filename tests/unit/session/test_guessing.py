"""A hundred and one wrong guesses of whatever kind, over restarts and clock changes (try 12)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle

import pytest

from tests.unit.session.conftest import OTHER, Clinic, FakeClock
from tests.unit.session.test_totp import Phone
from viewer.session.codes import new_codes
from viewer.session.errors import AccountBlocked, CodeRefused, LoginRefused, WaitFirst
from viewer.session.throttle import LIMIT, LONGEST_DELAY_S

NEW = "amber kettle prairie two"


class Guesses:
    """What somebody types who does not know; each kind knows as much as there is to steal."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def passwords(self) -> Iterator[tuple[str, str]]:
        """The code is right each time."""
        for count in range(10_000):
            yield f"wrong lantern orbit {count}", self._phone.code()

    def codes(self) -> Iterator[tuple[str, str]]:
        """The password is right each time."""
        while True:
            yield OTHER, self._phone.wrong_code()

    def recovery_codes(self) -> Iterator[tuple[str, str]]:
        while True:
            yield from ((OTHER, code) for code in new_codes())

    def missing(self) -> Iterator[tuple[str, str]]:
        while True:
            yield OTHER, ""

    def mixed(self) -> Iterator[tuple[str, str]]:
        for kind in cycle((self.passwords(), self.codes(), self.recovery_codes(), self.missing())):
            yield next(kind)


@pytest.fixture
def phone(clinic: Clinic, clock: FakeClock) -> Phone:
    hal = clinic.add("Hal", "dentist")
    enrolment = clinic.practice.begin_totp(hal.id)
    made = Phone(enrolment.secret, clock)
    clinic.practice.confirm_totp(hal.id, OTHER, enrolment, made.code(), clock)
    return made


def _disturb(clinic: Clinic, clock: FakeClock, round_: int) -> None:
    """Wait long enough, and turn whatever somebody at the machine can turn."""
    clock.set_wall(86_400 if round_ % 2 else -86_400)
    if round_ % 9 == 4:
        clock.reboot()
    if round_ % 5 == 2:
        clinic.restart()
    clock.pass_s(LONGEST_DELAY_S)


def _was_tried(clinic: Clinic, clock: FakeClock, password: str, code: str) -> bool:
    """Guess, and once more where it was too soon (a restart begins the wait anew)."""
    with pytest.raises(LoginRefused) as answer:
        clinic.desk.log_in("Hal", password, code)
    if isinstance(answer.value, WaitFirst):
        clock.pass_s(answer.value.wait_s)
        with pytest.raises(LoginRefused) as answer:
            clinic.desk.log_in("Hal", password, code)
    return not isinstance(answer.value, AccountBlocked)


@pytest.mark.parametrize("kind", ["mixed", "codes"])
def test_a_hundred_and_one_wrong_guesses_never_help(
    clinic: Clinic, phone: Phone, clock: FakeClock, kind: str
) -> None:
    guesses = getattr(Guesses(phone), kind)()
    refused = 0
    for round_ in range(LIMIT + 1):
        _disturb(clinic, clock, round_)
        password, code = next(guesses)
        refused += _was_tried(clinic, clock, password, code)
    assert refused == LIMIT
    clock.pass_s(10 * LONGEST_DELAY_S)
    with pytest.raises(AccountBlocked):  # even with all that is right
        clinic.desk.log_in("Hal", OTHER, phone.code())


def test_a_guess_too_soon_is_not_even_looked_at(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    for _ in range(3):
        with pytest.raises(LoginRefused):
            clinic.desk.log_in("Hal", OTHER, phone.wrong_code())
    code = phone.code(1)
    with pytest.raises(WaitFirst):
        clinic.desk.log_in("Hal", OTHER, code)
    clock.pass_s(60)
    clinic.desk.log_in("Hal", OTHER, phone.code())


def test_who_knows_the_password_alone_earns_no_guesses_at_codes_by_using_it(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    """At an unlocked screen: a right password in between must not forgive wrong codes."""
    practice, hal = clinic.practice, clinic.practice.user("Hal").id
    passwords, wrong = [OTHER, NEW], 0
    for _ in range(LIMIT + 1):
        clock.pass_s(LONGEST_DELAY_S)
        try:
            practice.drop_totp(hal, passwords[0], phone.wrong_code(), clock)
        except CodeRefused:
            wrong += 1
        except AccountBlocked:
            break
        if wrong % 10 == 0:
            clock.pass_s(LONGEST_DELAY_S)
            with suppress(AccountBlocked):
                practice.change_password(hal, passwords[0], passwords[1], clock)
                passwords.reverse()
    assert wrong == LIMIT
    with pytest.raises(AccountBlocked):
        clinic.desk.log_in("Hal", passwords[0], phone.code())
