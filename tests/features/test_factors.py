"""Second factors as a person sets them up: use cases and commands, with what the trail says."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.practice import (
    OFFICER,
    PASSWORD,
    FakeClock,
    add_somebody,
    found,
    open_clinic,
)
from tests.support.soft_key import Port, SoftKey
from viewer.app.clinic import Clinic
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.use_cases import factors, trail
from viewer.crypto.onetime import code_at
from viewer.crypto.secret import Secret
from viewer.session.audit.events import EventKind
from viewer.session.errors import (
    AccountRefused,
    CodeWrong,
    LoginRefused,
    NotPermitted,
    SecurityKeyFault,
)
from viewer.session.fido import UsbKeys
from viewer.session.keystore import FileKeyStore
from viewer.session.security_keys import KeyTalk
from viewer.session.totp import STEP_S, step_at

NEW = "amber kettle prairie two"


@pytest.fixture
def wall() -> FakeClock:
    return FakeClock()


@pytest.fixture
def clinic(tmp_path: Path, wall: FakeClock) -> Any:
    with open_clinic(tmp_path / "store", clock=wall) as made:
        made.log_in(OFFICER, PASSWORD)
        yield made


def _set_up(clinic: Clinic, wall: FakeClock) -> tuple[Callable[[], str], tuple[str, ...]]:
    """Enrol the officer's app; return what shows its next code, and the recovery codes."""
    session = clinic.desk.session
    assert session is not None
    enrolment = clinic.practice.begin_totp(session.user.id)
    secret = enrolment.secret.copy()

    def next_code() -> str:
        wall.pass_s(STEP_S)
        return code_at(secret, step_at(wall.wall()))

    codes = factors.confirm_totp(clinic, factors.ConfirmTotp(PASSWORD, enrolment, next_code()))
    return next_code, codes


def _reasons(clinic: Clinic) -> list[str]:
    reader = trail.open_trail(clinic, trail.OpenTrail())
    events = reader.page(count=200)
    return [e.entry.why for e in reversed(events) if e.entry.kind is EventKind.FACTOR_CHANGED]


def test_an_app_is_set_up_used_and_removed_and_the_trail_tells_it(
    clinic: Clinic, wall: FakeClock
) -> None:
    next_code, codes = _set_up(clinic, wall)
    assert len(codes) == 10
    clinic.log_off()
    with pytest.raises(LoginRefused):
        clinic.log_in(OFFICER, PASSWORD)
    clinic.log_in(OFFICER, PASSWORD, next_code())
    factors.drop_totp(clinic, factors.DropTotp(PASSWORD, next_code()))
    clinic.log_off()
    clinic.log_in(OFFICER, PASSWORD)
    told = _reasons(clinic)
    assert told.count("authenticator app set up") == 2  # the intent and the outcome
    assert told.count("authenticator app removed") == 2


def test_whichever_was_wrong_the_message_is_one_and_the_trail_says_which(
    clinic: Clinic, wall: FakeClock
) -> None:
    next_code, _ = _set_up(clinic, wall)
    said = set()
    for password, code in ((NEW, next_code()), (PASSWORD, "")):
        with pytest.raises(LoginRefused) as refused:
            factors.drop_totp(clinic, factors.DropTotp(password, code))
        said.add(str(refused.value))
    assert said == {"Password and code do not match. Please try again."}
    told = [why for why in _reasons(clinic) if ":" in why]
    assert [why.split(" (")[0] for why in told] == [
        "authenticator app removed: wrong password",
        "authenticator app removed: code missing",
    ]


def test_a_wrong_code_at_the_set_up_changes_nothing(clinic: Clinic) -> None:
    session = clinic.desk.session
    assert session is not None
    enrolment = clinic.practice.begin_totp(session.user.id)
    with pytest.raises(CodeWrong):
        factors.confirm_totp(clinic, factors.ConfirmTotp(PASSWORD, enrolment, "not it"))
    assert not clinic.practice.user(OFFICER).has_second_factor


def test_codes_are_renewed_behind_password_and_code(clinic: Clinic, wall: FakeClock) -> None:
    next_code, codes = _set_up(clinic, wall)
    fresh = factors.renew_codes(clinic, factors.RenewCodes(PASSWORD, next_code()))
    assert not set(fresh) & set(codes)
    clinic.log_off()
    clinic.log_in(OFFICER, PASSWORD, fresh[0])
    assert _reasons(clinic)[-1] == "recovery code used, 9 left"


def test_a_security_key_is_added_and_removed(clinic: Clinic) -> None:
    key = SoftKey()
    keys = UsbKeys(Port(key))
    request = factors.AddSecurityKey(PASSWORD, "  blue   key ", keys, KeyTalk())
    assert len(factors.add_security_key(clinic, request)) == 10
    assert clinic.practice.user(OFFICER).third_share == "blue key"
    with pytest.raises(AccountRefused):
        factors.add_security_key(clinic, request)
    clinic.log_off()
    key.is_plugged_in = False
    with pytest.raises(SecurityKeyFault):
        clinic.log_in(OFFICER, PASSWORD)
    key.is_plugged_in = True
    clinic.log_in(OFFICER, PASSWORD)
    factors.drop_security_key(clinic, factors.DropSecurityKey(PASSWORD))
    assert not clinic.practice.user(OFFICER).has_second_factor


def test_a_lost_key_is_removed_with_a_recovery_code(clinic: Clinic) -> None:
    key = SoftKey()
    request = factors.AddSecurityKey(PASSWORD, "blue key", UsbKeys(Port(key)), KeyTalk())
    codes = factors.add_security_key(clinic, request)
    key.is_plugged_in = False
    with pytest.raises(SecurityKeyFault):
        factors.drop_security_key(clinic, factors.DropSecurityKey(PASSWORD))
    with pytest.raises(LoginRefused):
        factors.drop_security_key(clinic, factors.DropSecurityKey(NEW, codes[0]))
    factors.drop_security_key(clinic, factors.DropSecurityKey(PASSWORD, codes[1]))
    assert not clinic.practice.user(OFFICER).has_second_factor


def test_the_officer_takes_away_what_somebody_lost_but_not_his_own(
    clinic: Clinic, wall: FakeClock
) -> None:
    add_somebody(clinic, "hal", "Hal", "dentist")
    clinic.log_in("hal", PASSWORD)
    _set_up(clinic, wall)
    with pytest.raises(NotPermitted):
        factors.reset_factors(clinic, factors.ResetFactors("hal", NEW))
    clinic.log_in(OFFICER, PASSWORD)
    assert factors.reset_factors(clinic, factors.ResetFactors("hal", NEW)).codes_left == 0
    with pytest.raises(AccountRefused):
        factors.reset_factors(clinic, factors.ResetFactors(OFFICER, NEW))
    session = clinic.log_in("hal", NEW)
    assert session.user.second_factors == ()


# --- commands ----------------------------------------------------------------------------------


class Typist(io.StringIO):
    """Types passwords, and a code that it reads off what was printed just before."""

    def __init__(self, out: io.StringIO, lines: list[str]) -> None:
        super().__init__()
        self._out, self._lines = out, lines

    def readline(self, *_: Any) -> str:  # type: ignore[override]
        line = self._lines.pop(0)
        if line != "<code>":
            return f"{line}\n"
        return f"{_code_of(self._out.getvalue())}\n"


def _code_of(printed: str, steps_away: int = 0) -> str:
    secret = re.search(r"secret=(\w+)&", printed)
    assert secret is not None
    with Secret(base64.b32decode(secret[1])) as key:
        return code_at(key, step_at(datetime.now(UTC)) + steps_away)


class Office:
    """A practice and its command line."""

    def __init__(self, root: Path) -> None:
        self._root = root
        found(root / "store", FileKeyStore(root / "keys.json"))

    def bitewing(self, *words: str, lines: tuple[str, ...] = (PASSWORD,)) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        console = Console(out, err, Typist(out, list(lines)))
        status = run(
            ["--store", str(self._root / "store"), "--keystore", f"file:{self._root}/keys.json",
             "--user", OFFICER, "--password-file", "-", *words],
            console,
        )  # fmt: skip
        return status, out.getvalue(), err.getvalue()


def test_the_command_line_sets_an_app_up_and_asks_for_its_code_from_then_on(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path)
    lines = (PASSWORD, "<code>", PASSWORD)
    status, out, _ = office.bitewing("user", "factor", "totp", lines=lines)
    assert status == 0
    assert "otpauth://totp/" in out
    codes = re.findall(r"^  ([0-9A-Z-]{19})$", out, re.MULTILINE)
    assert len(codes) == 10

    status, _, err = office.bitewing("user", "factor", "list")
    assert status == 1
    assert "--code" in err
    status, _, err = office.bitewing("--code", "000000", "user", "factor", "list")
    assert status == 1
    assert "do not match" in err

    status, out, _ = office.bitewing("user", "factor", "list", "--code", codes[0])
    assert status == 0
    assert out.splitlines() == ["authenticator app", "9 recovery codes left."]
