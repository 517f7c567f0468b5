"""Recovery codes: ten on paper, each once, in place of a phone or a security key."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.support.soft_key import Port, SoftKey
from tests.unit.session.conftest import OFFICER, OTHER, PASSWORD, Clinic, FakeClock
from tests.unit.session.test_totp import Phone
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.crypto.errors import NotAuthentic
from viewer.model.json import to_plain
from viewer.session.accounts import Practice
from viewer.session.audit.events import EventKind
from viewer.session.codes import HOW_MANY, digest_of, is_code_shaped, new_codes
from viewer.session.errors import AccountRefused, AccountsTampered, CodeRefused, LoginRefused
from viewer.session.fido import UsbKeys
from viewer.session.keystore import FileKeyStore
from viewer.session.permissions import KeyName
from viewer.session.security_keys import KeyTalk, new_share
from viewer.session.third import MemoryThirdShare
from viewer.session.totp import is_totp_shaped

NEW = "amber kettle prairie two"


class Enrolled:
    """Hal with an app, and his codes on paper."""

    def __init__(self, clinic: Clinic, clock: FakeClock) -> None:
        self.hal = clinic.add("Hal", "dentist")
        enrolment = clinic.practice.begin_totp(self.hal.id)
        self.phone = Phone(enrolment.secret, clock)
        self.codes = clinic.practice.confirm_totp(
            self.hal.id, OTHER, enrolment, self.phone.code(), clock
        )


@pytest.fixture
def enrolled(clinic: Clinic, clock: FakeClock) -> Enrolled:
    return Enrolled(clinic, clock)


def _hal_row(content: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in content["users"] if row["name"] == "Hal")


def test_there_are_ten_of_eighty_bits_in_letters_that_do_not_look_alike() -> None:
    codes = {code for _ in range(20) for code in new_codes()}
    assert len(codes) == 20 * HOW_MANY
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4, 4, 4, 4]
        assert not set(code) & set("ILOU")
        assert is_code_shaped(code)
        assert not is_totp_shaped(code)
        assert not code.replace("-", "")[:6].isdigit()  # the window sends six digits at once


def test_case_spaces_and_letters_that_look_alike_do_not_matter() -> None:
    place = ("practice", "device")
    with (
        digest_of(place, "hal", "0123-4567-89AB-CDEF") as printed,
        digest_of(place, "hal", " o1Z3 4567–89ab cdef".replace("Z", "2")) as typed,
        digest_of(place, "mal", "0123-4567-89AB-CDEF") as of_another,
    ):
        assert printed.equals(typed)
        assert not printed.equals(of_another)


@pytest.mark.parametrize("text", ["", "123456", "0123-4567-89AB-CDEU", "0123-4567-89AB", "ä" * 16])
def test_what_is_no_code_is_not_read_as_one(text: str) -> None:
    assert not is_code_shaped(text)
    with pytest.raises(NotAuthentic):
        digest_of(("practice", "device"), "hal", text)


def test_a_code_lets_in_once_and_the_trail_says_so(clinic: Clinic, enrolled: Enrolled) -> None:
    session = clinic.desk.log_in("Hal", OTHER, enrolled.codes[0])
    assert session.user.codes_left == 9
    kinds = [(e.entry.kind, e.entry.why) for e in clinic.events()[-2:]]
    assert kinds == [
        (EventKind.FACTOR_CHANGED, "recovery code used, 9 left"),
        (EventKind.LOGIN, ""),
    ]
    clinic.desk.log_off()
    clinic.restart()
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER, enrolled.codes[0])
    assert clinic.events()[-1].entry.why == "wrong recovery code"
    clinic.desk.log_in("Hal", OTHER, enrolled.codes[1])


def test_a_code_without_the_password_is_worth_nothing(clinic: Clinic, enrolled: Enrolled) -> None:
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", PASSWORD, enrolled.codes[0])
    assert clinic.practice.user("Hal").codes_left == 10


def test_ones_code_is_not_anothers(clinic: Clinic, enrolled: Enrolled, clock: FakeClock) -> None:
    mal = clinic.add("Mal", "dentist", NEW)
    enrolment = clinic.practice.begin_totp(mal.id)
    phone = Phone(enrolment.secret, clock)
    clinic.practice.confirm_totp(mal.id, NEW, enrolment, phone.code(), clock)
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Mal", NEW, enrolled.codes[0])


def test_renewed_codes_void_those_before(
    clinic: Clinic, enrolled: Enrolled, clock: FakeClock
) -> None:
    fresh = clinic.practice.renew_codes(enrolled.hal.id, OTHER, enrolled.phone.next_code(), clock)
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER, enrolled.codes[0])
    clinic.desk.log_in("Hal", OTHER, fresh[9])


def test_renewing_takes_password_and_code(
    clinic: Clinic, enrolled: Enrolled, clock: FakeClock
) -> None:
    with pytest.raises(NotAuthentic):
        clinic.practice.renew_codes(enrolled.hal.id, PASSWORD, enrolled.phone.code(1), clock)
    with pytest.raises(CodeRefused):
        clinic.practice.renew_codes(enrolled.hal.id, OTHER, "", clock)
    clinic.desk.log_in("Hal", OTHER, enrolled.codes[0])


def test_without_a_second_factor_there_are_no_codes(clinic: Clinic, clock: FakeClock) -> None:
    with pytest.raises(AccountRefused):
        clinic.practice.renew_codes(clinic.officer.id, PASSWORD, "", clock)


def test_a_used_code_that_is_put_back_into_the_file_is_found(
    clinic: Clinic, enrolled: Enrolled
) -> None:
    before = (clinic.folder / "accounts.json").read_bytes()
    clinic.desk.log_in("Hal", OTHER, enrolled.codes[0])
    clinic.desk.log_off()
    (clinic.folder / "accounts.json").write_bytes(before)
    with pytest.raises(AccountsTampered):
        Practice.load(clinic.folder, clinic.keystore)


def test_a_code_planted_in_the_file_by_somebody_without_the_password_opens_nothing(
    clinic: Clinic, enrolled: Enrolled, clock: FakeClock
) -> None:
    mine = Enrolled.__new__(Enrolled)
    mine.hal = clinic.add("Mal", "dentist", NEW)
    enrolment = clinic.practice.begin_totp(mine.hal.id)
    phone = Phone(enrolment.secret, clock)
    codes = clinic.practice.confirm_totp(mine.hal.id, NEW, enrolment, phone.code(), clock)
    content = to_plain(clinic.practice._book)
    rows = {row["name"]: row for row in content["users"]}
    rows["Hal"]["codes"] = rows["Mal"]["codes"]
    clinic.practice._file.write(content)
    planted = Practice.load(clinic.folder, clinic.keystore)
    with pytest.raises(NotAuthentic):
        planted.open_in_steps(enrolled.hal.id, OTHER, codes[0], clock)


def test_codes_go_along_with_a_new_password_and_a_new_security_key(
    clinic: Clinic, enrolled: Enrolled, clock: FakeClock
) -> None:
    practice, hal = clinic.practice, enrolled.hal.id
    practice.change_password(hal, OTHER, NEW, clock)
    key = new_share("Hal", "blue key", UsbKeys(Port(SoftKey())), KeyTalk())
    assert practice.require_third_share(hal, NEW, key, clock) == ()
    assert clinic.practice.user("Hal").second_factors == ("totp", "security key")
    practice.third_shares.clear()
    session = clinic.desk.log_in("Hal", NEW, enrolled.codes[5])
    assert sorted(session.epochs(KeyName.IMAGES)) == [1]


def test_with_app_and_key_both_are_needed(
    clinic: Clinic, enrolled: Enrolled, clock: FakeClock
) -> None:
    key = SoftKey()
    share = new_share("Hal", "blue key", UsbKeys(Port(key)), KeyTalk())
    clinic.practice.require_third_share(enrolled.hal.id, OTHER, share, clock)
    with pytest.raises(LoginRefused):
        clinic.desk.log_in("Hal", OTHER)
    clinic.desk.log_in("Hal", OTHER, enrolled.phone.next_code())


def test_a_code_for_a_key_is_half_of_a_key_and_no_gate(clinic: Clinic, clock: FakeClock) -> None:
    """Whoever patches the check out of the program still has nothing to unwrap the key with."""
    hal = clinic.add("Hal", "dentist")
    clinic.practice.require_third_share(hal.id, OTHER, MemoryThirdShare(), clock)
    clinic.practice.third_shares.clear()
    for guess in new_codes():
        with pytest.raises(CodeRefused):
            clinic.practice.open_in_steps(hal.id, OTHER, guess, clock)
    content = to_plain(clinic.practice._book)
    assert all(code["wrapped"] for code in _hal_row(content)["codes"])
    for code in _hal_row(content)["codes"]:
        code["wrapped"] = next(iter(_hal_row(content)["wrapped"].values()))
    clinic.practice._file.write(content)
    patched = Practice.load(clinic.folder, clinic.keystore)
    with pytest.raises(CodeRefused):
        patched.open_in_steps(hal.id, OTHER, new_codes()[0], clock)


def test_a_backup_of_the_accounts_holds_no_factor(clinic: Clinic, enrolled: Enrolled) -> None:
    row = clinic.practice._row("Hal")
    copy = clinic.practice.copy_for_backup()
    assert row.totp
    assert row.totp.encode() not in copy
    assert all(code.sealed.encode() not in copy for code in row.codes)


_USE = """
import sys
from pathlib import Path
from viewer.session.accounts import Practice
from viewer.session.clock import SystemClock
from viewer.session.errors import CodeRefused
from viewer.session.keystore import FileKeyStore
practice = Practice.load(Path(sys.argv[1]), FileKeyStore(Path(sys.argv[2])))
user = practice.user("Ann Example").id
print("ready", flush=True)
sys.stdin.readline()
try:
    practice.open_in_steps(user, sys.argv[3], sys.argv[4], SystemClock()).wipe()
    print("in", flush=True)
except CodeRefused:
    print("refused", flush=True)
"""


def test_of_two_programs_that_use_the_same_code_at_once_one_gets_in(tmp_path: Any) -> None:
    keystore = FileKeyStore(tmp_path / "keys.json")
    folder = tmp_path / "store"
    practice, _ = Practice.create(
        folder, keystore, "Elm Street", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH
    )
    user = practice.user(OFFICER).id
    codes = practice.require_third_share(user, PASSWORD, MemoryThirdShare())
    for code in codes[:3]:
        command = [sys.executable, "-c", _USE, str(folder), str(tmp_path / "keys.json")]
        both = [
            subprocess.Popen(
                [*command, PASSWORD, code],
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
        assert sorted(each.communicate()[0].strip() for each in both) == ["in", "refused"]
