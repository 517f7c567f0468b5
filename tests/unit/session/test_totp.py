"""Codes of an authenticator app: the RFC's numbers, and a code that works once (try 13)."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.session.conftest import OTHER, PASSWORD, Clinic, FakeClock
from viewer.crypto.onetime import code_at
from viewer.crypto.secret import Secret
from viewer.model.json import to_plain
from viewer.session.accounts import Practice
from viewer.session.audit.events import EventKind, Outcome
from viewer.session.audit.trail import Trail
from viewer.session.desk import Desk
from viewer.session.errors import (
    AccountRefused,
    AccountsTampered,
    AccountsUnwritable,
    CodeRefused,
    CodeWrong,
    LoginRefused,
    WaitFirst,
    WeakPassword,
)
from viewer.session.keystore import FileKeyStore
from viewer.session.totp import STEP_S, Enrolment, LastSteps, matching_steps, step_at

SHORT = "brine-kelp-42"
NEW = "amber kettle prairie two"


class Phone:
    """An authenticator app: it holds the secret and looks at the clock on the wall."""

    def __init__(self, secret: Secret, clock: FakeClock) -> None:
        self._secret, self._clock = secret.copy(), clock

    def code(self, steps_away: int = 0) -> str:
        return code_at(self._secret, step_at(self._clock.wall()) + steps_away)

    def next_code(self) -> str:
        self._clock.pass_s(STEP_S)
        return self.code()

    def wrong_code(self) -> str:
        right = {self.code(away) for away in (-1, 0, 1)}
        return next(text for text in ("000000", "111111", "222222", "333333") if text not in right)


@pytest.fixture
def phone(clinic: Clinic, clock: FakeClock) -> Phone:
    """Hal's, enrolled."""
    hal = clinic.add("Hal", "dentist")
    enrolment = clinic.practice.begin_totp(hal.id)
    made = Phone(enrolment.secret, clock)
    clinic.practice.confirm_totp(hal.id, OTHER, enrolment, made.code(), clock)
    enrolment.wipe()
    return made


def _newest_failure(clinic: Clinic) -> str:
    failed = [e.entry for e in clinic.events() if e.entry.kind is EventKind.LOGIN_FAILED]
    assert failed[-1].outcome is Outcome.REFUSED
    return failed[-1].why


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_rfc_6238_appendix_b(second: int, code: str) -> None:
    with Secret(b"12345678901234567890") as secret:
        step = step_at(datetime.fromtimestamp(second, UTC))
        assert code_at(secret, step, digits=8) == code


def test_the_counts_are_those_of_rfc_4226_appendix_d() -> None:
    expected = ["755224", "287082", "359152", "969429", "338314"]
    expected += ["254676", "287922", "162583", "399871", "520489"]
    with Secret(b"12345678901234567890") as secret:
        assert [code_at(secret, count) for count in range(10)] == expected


@pytest.mark.parametrize(("off_s", "taken"), [(-61, 0), (-30, 1), (0, 1), (30, 1), (61, 0)])
def test_a_phone_may_be_one_step_off_and_no_more(off_s: int, taken: int) -> None:
    now = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
    with Secret.random(20) as secret:
        shown = code_at(secret, step_at(datetime.fromtimestamp(now.timestamp() + off_s, UTC)))
        assert len(matching_steps(secret, shown, now)) == taken


def test_what_the_app_reads_holds_issuer_account_and_the_same_secret() -> None:
    enrolment = Enrolment(Secret(b"12345678901234567890"), "Elm: Street", "hal o'hara")
    assert enrolment.text == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert enrolment.uri == (
        "otpauth://totp/Elm%20%20Street:hal%20o%27hara?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Elm%20%20Street&algorithm=SHA1&digits=6&period=30"
    )
    assert "GEZD" not in repr(enrolment)


def test_nothing_counts_before_one_right_code(clinic: Clinic, clock: FakeClock) -> None:
    hal = clinic.add("Hal", "dentist")
    enrolment = clinic.practice.begin_totp(hal.id)
    wrong = Phone(enrolment.secret, clock).wrong_code()
    with pytest.raises(CodeWrong):
        clinic.practice.confirm_totp(hal.id, OTHER, enrolment, wrong, clock)
    assert not clinic.practice.user("Hal").has_second_factor
    assert clinic.desk.log_in("Hal", OTHER).user.name == "Hal"


def test_enrolling_takes_the_password(clinic: Clinic, clock: FakeClock) -> None:
    hal = clinic.add("Hal", "dentist")
    enrolment = clinic.practice.begin_totp(hal.id)
    code = Phone(enrolment.secret, clock).code()
    with pytest.raises(Exception, match="authenticate"):
        clinic.practice.confirm_totp(hal.id, PASSWORD, enrolment, code, clock)
    assert not clinic.practice.user("Hal").has_second_factor


def test_the_row_says_what_is_asked_and_the_secret_lies_nowhere_in_clear(
    clinic: Clinic, clock: FakeClock
) -> None:
    hal = clinic.add("Hal", "dentist")
    enrolment = clinic.practice.begin_totp(hal.id)
    codes = clinic.practice.confirm_totp(
        hal.id, OTHER, enrolment, Phone(enrolment.secret, clock).code(), clock
    )
    assert clinic.practice.user("Hal").second_factors == ("totp",)
    raw = b"".join(path.read_bytes() for path in clinic.folder.rglob("*") if path.is_file())
    secret = bytes(enrolment.secret.view())
    for form in (secret, secret.hex().encode(), enrolment.text.replace(" ", "").encode()):
        assert form not in raw
    for code in codes:
        assert code.encode() not in raw
        assert code.replace("-", "").encode() not in raw


def test_password_and_code_let_in(clinic: Clinic, phone: Phone) -> None:
    assert clinic.desk.log_in("Hal", OTHER, phone.next_code()).user.name == "Hal"


@pytest.mark.parametrize(
    ("password", "code", "why"),
    [
        (OTHER, "", "code missing"),
        (OTHER, "wrong", "wrong code"),
        (OTHER, "12345", "wrong code"),
        (PASSWORD, "right", "wrong password"),
        (PASSWORD, "", "wrong password"),
    ],
)
def test_one_message_whatever_was_wrong_and_the_trail_says_which(
    clinic: Clinic, phone: Phone, password: str, code: str, why: str
) -> None:
    typed = {"right": phone.next_code(), "wrong": phone.wrong_code()}.get(code, code)
    with pytest.raises(LoginRefused) as refused:
        clinic.desk.log_in("Hal", password, typed)
    assert str(refused.value) == "Name, password and code do not match. Please try again."
    assert _newest_failure(clinic) == why
    assert clinic.desk.session is None


def test_password_and_code_are_one_try(clinic: Clinic, phone: Phone) -> None:
    for _ in range(2):
        with pytest.raises(LoginRefused):
            clinic.desk.log_in("Hal", OTHER, phone.wrong_code())
    assert clinic.desk.wait_s("Hal") == 0
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", PASSWORD, phone.wrong_code())
    assert clinic.desk.wait_s("Hal") == 1


def test_a_code_works_once(clinic: Clinic, phone: Phone) -> None:
    code = phone.next_code()
    clinic.desk.log_in("Hal", OTHER, code)
    clinic.desk.lock()
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER, code)
    unlocks = [e.entry for e in clinic.events() if e.entry.kind is EventKind.UNLOCK_FAILED]
    assert unlocks[-1].why == "code used before"
    clinic.desk.log_in("Hal", OTHER, phone.next_code())


def test_the_code_that_confirmed_the_enrolment_lets_nobody_in(clinic: Clinic, phone: Phone) -> None:
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER, phone.code())


def test_an_older_code_within_the_window_does_not_count_after_a_newer_one(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    clock.pass_s(5 * STEP_S)
    older = phone.code(-1)
    clinic.desk.log_in("Hal", OTHER, phone.code())
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER, older)


def test_a_code_works_once_at_two_desks(clinic: Clinic, phone: Phone, clock: FakeClock) -> None:
    code = phone.next_code()
    other = Practice.load(clinic.folder, clinic.keystore)
    trail = Trail.create(
        clinic.folder / "other", clinic.keystore, "other", other.trail_public, clock
    )
    second = Desk(other, trail, clock)
    clinic.desk.check("Hal", OTHER, code).keys.wipe()
    with pytest.raises(LoginRefused):
        second.check("Hal", OTHER, code)
    trail.close()


def test_a_clock_that_is_set_back_replays_nothing(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    code = phone.next_code()
    clinic.desk.log_in("Hal", OTHER, code)
    clinic.desk.log_off()
    clock.set_wall(-3600)
    seen_earlier = phone.code()
    clock.set_wall(3600)
    clock.set_wall(-3600)
    for stale in (code, seen_earlier):
        with pytest.raises(LoginRefused):
            clinic.desk.log_in("Hal", OTHER, stale)
    assert clinic.desk.session is None


def test_a_restart_forgets_no_code(clinic: Clinic, phone: Phone) -> None:
    code = phone.next_code()
    clinic.desk.log_in("Hal", OTHER, code)
    clinic.restart()
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER, code)


def test_who_removes_or_sets_back_the_last_steps_gets_nobody_in(
    clinic: Clinic, phone: Phone
) -> None:
    kept = clinic.folder / "steps.json"
    before = kept.read_bytes()
    code = phone.next_code()
    clinic.desk.log_in("Hal", OTHER, code)
    clinic.desk.log_off()
    for content in (None, before):
        kept.unlink(missing_ok=True)
        if content is not None:
            kept.write_bytes(content)
        with pytest.raises(AccountsTampered):
            clinic.desk.log_in("Hal", OTHER, code)
        with pytest.raises(AccountsTampered):
            clinic.desk.log_in("Hal", OTHER, phone.next_code())


def test_a_step_that_cannot_be_kept_admits_nobody(
    clinic: Clinic, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise AccountsUnwritable

    monkeypatch.setattr(clinic.practice.last_steps._file, "write", full)
    with pytest.raises(AccountsUnwritable):
        clinic.desk.log_in("Hal", OTHER, phone.next_code())
    assert clinic.desk.session is None


_ONE_OF_TWO = """
import sys
from pathlib import Path
from viewer.session.keystore import FileKeyStore
from viewer.session.totp import LastSteps
steps = LastSteps(Path(sys.argv[1]), FileKeyStore(Path(sys.argv[2])), "practice")
print("ready", flush=True)
sys.stdin.readline()
print("accepted" if steps.accept("hal", (int(sys.argv[3]),)) else "refused", flush=True)
"""


def test_of_two_programs_with_the_same_code_at_once_one_is_let_in(tmp_path: Path) -> None:
    keystore = FileKeyStore(tmp_path / "keys.json")
    keystore.create_device_secret().wipe()
    LastSteps(tmp_path, keystore, "practice").start_over()
    command = [sys.executable, "-c", _ONE_OF_TWO, str(tmp_path), str(tmp_path / "keys.json")]
    for step in (7, 8, 9):
        both = [
            subprocess.Popen(
                [*command, str(step)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for each in both:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in both:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        answers = [each.communicate()[0].strip() for each in both]
        assert sorted(answers) == ["accepted", "refused"]


def test_a_changed_password_keeps_the_app(clinic: Clinic, phone: Phone, clock: FakeClock) -> None:
    hal = clinic.practice.user("Hal")
    clinic.practice.change_password(hal.id, OTHER, NEW, clock)
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", NEW)
    clinic.desk.log_in("Hal", NEW, phone.next_code())
    assert clinic.practice.user("Hal").codes_left == 10


def test_with_a_second_factor_eight_characters_will_do_and_alone_they_will_not(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    hal = clinic.practice.user("Hal")
    clinic.practice.change_password(hal.id, OTHER, SHORT, clock)
    with pytest.raises(WeakPassword, match="too short to protect"):
        clinic.practice.drop_totp(hal.id, SHORT, phone.next_code(), clock)
    assert clinic.practice.user("Hal").has_second_factor
    clinic.practice.change_password(hal.id, SHORT, NEW, clock)
    clinic.practice.drop_totp(hal.id, NEW, phone.next_code(), clock)
    with pytest.raises(WeakPassword):
        clinic.practice.change_password(hal.id, NEW, SHORT, clock)
    assert clinic.desk.log_in("Hal", NEW).user.second_factors == ()


def test_dropping_the_app_takes_a_code_of_it(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    hal = clinic.practice.user("Hal")
    for code in ("", phone.wrong_code()):
        with pytest.raises(CodeRefused):
            clinic.practice.drop_totp(hal.id, OTHER, code, clock)
    clinic.practice.drop_totp(hal.id, OTHER, phone.next_code(), clock)
    assert clinic.practice.user("Hal").codes_left == 0


def test_guessing_codes_by_way_of_dropping_is_throttled(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    hal = clinic.practice.user("Hal")
    for _ in range(3):
        with pytest.raises(CodeRefused):
            clinic.practice.drop_totp(hal.id, OTHER, phone.wrong_code(), clock)
    with pytest.raises(WaitFirst):
        clinic.practice.drop_totp(hal.id, OTHER, phone.code(1), clock)


def test_a_second_app_takes_the_place_of_none(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    hal = clinic.practice.user("Hal")
    enrolment = clinic.practice.begin_totp(hal.id)
    code = Phone(enrolment.secret, clock).code()
    with pytest.raises(AccountRefused):
        clinic.practice.confirm_totp(hal.id, OTHER, enrolment, code, clock)
    clinic.desk.log_in("Hal", OTHER, phone.next_code())


def test_the_officers_reset_takes_the_factor_away_and_needs_a_long_password(
    clinic: Clinic, phone: Phone
) -> None:
    hal = clinic.practice.user("Hal")
    with clinic.ring() as ring:
        with pytest.raises(WeakPassword):
            clinic.practice.reset_without_share(ring, hal.id, SHORT)
        clinic.practice.reset_without_share(ring, hal.id, NEW)
    assert clinic.practice.user("Hal").second_factors == ()
    assert clinic.practice.user("Hal").codes_left == 0
    clinic.desk.log_in("Hal", NEW)


def test_the_secret_moved_to_another_account_does_not_open(
    clinic: Clinic, phone: Phone, clock: FakeClock
) -> None:
    clinic.add("Mal", "dentist", "cedar mosaic pretzel five")
    content = to_plain(clinic.practice._book)
    rows = {row["name"]: row for row in content["users"]}
    rows["Mal"]["totp"] = rows["Hal"]["totp"]
    clinic.practice._file.write(content)
    moved = Practice.load(clinic.folder, clinic.keystore)
    with pytest.raises(AccountsTampered):
        moved.open_in_steps(
            moved.user("Mal").id, "cedar mosaic pretzel five", phone.next_code(), clock
        )
