"""``bitewing role`` and what ``bitewing user`` does about names, leaving and first passwords."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import FIRST, OFFICER, PASSWORD, found
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.gate import registered
from viewer.app.role_table import use_case_marks
from viewer.app.use_cases import import_all
from viewer.session.keystore import FileKeyStore
from viewer.session.permissions import GRANTABLE, roles

OWN = "copper lantern orbit seven"


@attrs.frozen
class Said:
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        return json.loads(self.out)


class Terminal(io.StringIO):
    """A standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


@attrs.frozen
class Office:
    """A practice and its command line."""

    root: Path

    def bitewing(self, *words: str, user: str = OFFICER, password: str = PASSWORD) -> Said:
        return self._run(words, user, io.StringIO(f"{password}\n{password}\n"), ["-"])

    def at_terminal(self, *words: str, user: str) -> Said:
        return self._run(words, user, Terminal(), [])

    def _run(self, words: tuple[str, ...], user: str, source: Any, file: list[str]) -> Said:
        out, err = io.StringIO(), io.StringIO()
        place = ["--store", str(self.root / "store"), "--keystore", f"file:{self.root / 'k.json'}"]
        given = ["--password-file", *file] if file else []
        status = run([*place, "--user", user, *given, *words], Console(out, err, source))
        return Said(status, out.getvalue(), err.getvalue())


@pytest.fixture
def office(tmp_path: Path) -> Office:
    found(tmp_path / "store", FileKeyStore(tmp_path / "k.json"))
    return Office(tmp_path)


def add(office: Office, name: str, role: str = "dentist") -> Said:
    return office.bitewing("user", "add", name, "--role", role, "--make-password")


# --- roles -------------------------------------------------------------------------------------


def test_the_table_needs_no_store_and_says_what_each_role_may() -> None:
    import_all()
    out = io.StringIO()
    assert run(["role", "table", "--json"], Console(out, io.StringIO(), io.StringIO())) == 0
    told = {each["id"]: each for each in json.loads(out.getvalue())}
    assert set(told) == set(roles())
    for role in roles().values():
        assert set(told[role.id]["may"]) == {each.value for each in role.may}
        assert set(told[role.id]["keys"]) == {each.value for each in role.holds}
        allowed = {n for n, case in registered().items() if role.allows(case.permission)}
        assert set(told[role.id]["use_cases"]) == allowed


def test_a_printed_table_can_be_read_by_eye_and_by_program() -> None:
    import_all()
    out = io.StringIO()
    run(["role", "table", "--use-cases"], Console(out, io.StringIO(), io.StringIO()))
    marks = use_case_marks(out.getvalue())
    assert marks["Auditor"]["verify"]
    assert not marks["Auditor"]["open_image"]
    assert max(map(len, out.getvalue().splitlines())) < 180
    with pytest.raises(ValueError, match="no table"):
        use_case_marks("nothing\n-------\n")


def test_a_role_is_made_given_changed_and_deleted_at_the_command_line(office: Office) -> None:
    may = "list patients, view images, share images"
    made = office.bitewing("role", "add", "Implant nurse", "--may", may, "--json")
    assert made.status == 0, made.err
    assert made.facts["keys"] == ["images", "share"]
    assert add(office, "noa probe", "implant nurse").status == 0
    table = office.bitewing("role", "table")
    assert "Implant nurse" in table.out.splitlines()[0]
    changed = office.bitewing("role", "change", "Implant nurse", "--forbid", "share images",
                              "--json")  # fmt: skip
    assert changed.facts["keys"] == ["images"]
    assert "New keys are due: the key that signs shares" in changed.err
    kept = office.bitewing("role", "delete", "implant nurse")
    assert (kept.status, "the role of noa probe" in kept.err) == (1, True)
    assert office.bitewing("user", "role", "noa probe", "--role", "Assistant").status == 0
    assert office.bitewing("role", "delete", "implant nurse").status == 0
    assert "Implant nurse" not in office.bitewing("role", "table").out


def test_words_that_are_no_permission_are_refused_with_those_that_are(office: Office) -> None:
    said = office.bitewing("role", "add", "Nurse", "--may", "view everything")
    assert said.status == 1
    assert all(each.value in said.err for each in GRANTABLE)


def test_who_manages_no_accounts_makes_no_role(office: Office) -> None:
    add(office, "noa probe", "assistant")
    given = office.bitewing("user", "passwd", "noa probe", "--make-password").err
    first = given.rpartition(": ")[2].strip()
    own = office.root / "own.txt"
    own.write_text(OWN, encoding="utf-8")
    office.bitewing("user", "passwd", "noa probe", "--new-password-file", str(own),
                    user="noa probe", password=first)  # fmt: skip
    said = office.bitewing("role", "add", "Friend", "--may", "manage accounts",
                           user="noa probe", password=OWN)  # fmt: skip
    assert (said.status, "may not manage accounts" in said.err) == (1, True)


# --- people ------------------------------------------------------------------------------------


def test_a_made_password_is_said_once_and_changed_at_the_first_login(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(office, "noa probe").err.rpartition(": ")[2].strip()
    assert len(first.split()) == 5
    refused = office.bitewing("list", user="noa probe", password=first)
    assert (refused.status, "given to you" in refused.err) == (1, True)
    answers = iter([first, OWN, OWN])
    monkeypatch.setattr("getpass.getpass", lambda prompt="": next(answers))
    assert office.at_terminal("list", user="noa probe").status == 0
    assert office.bitewing("list", user="noa probe", password=OWN).status == 0
    assert office.bitewing("list", user="noa probe", password=first).status == 1


def test_two_different_own_passwords_change_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(office, "noa probe").err.rpartition(": ")[2].strip()
    answers = iter([first, OWN, OWN + "!"])
    monkeypatch.setattr("getpass.getpass", lambda prompt="": next(answers))
    said = office.at_terminal("list", user="noa probe")
    assert (said.status, "not the same" in said.err) == (1, True)
    assert office.bitewing("list", user="noa probe", password=OWN).status == 1


@pytest.mark.parametrize("name", ["reception", "operatory 1", "dentist"])
def test_a_shared_account_is_not_made(office: Office, name: str) -> None:
    said = add(office, name)
    assert (said.status, "belongs to one person" in said.err) == (1, True)


def test_a_name_that_sounds_shared_is_made_with_a_warning_that_the_trail_keeps(
    office: Office,
) -> None:
    said = add(office, "reception anna")
    assert said.status == 0
    assert "Is this one person's account?" in said.err
    trail = office.bitewing("audit", "list", "--last", "9", "--json").facts
    assert any("name sounds shared" in json.dumps(each) for each in trail)


def test_somebody_is_renamed_leaves_and_comes_back_and_stays_the_same_account(
    office: Office,
) -> None:
    add(office, "ann berg")
    before = office.bitewing("user", "list", "--json").facts
    user_id = next(each["id"] for each in before if each["name"] == "ann berg")
    renamed = office.bitewing("user", "rename", "ann berg", "--to", "ann.lind",
                              "--display-name", "Ann Lind", "--json").facts[0]  # fmt: skip
    assert (renamed["id"], renamed["formerly"]) == (user_id, ["ann berg"])
    assert add(office, "Ann Berg").status == 1  # the trail would not tell the two apart
    left = office.bitewing("user", "left", "ann.lind")
    assert "New keys are due" in left.err
    assert "Ann Lind" not in office.bitewing("user", "list").out
    assert "Ann Lind  (left; formerly ann berg)" in office.bitewing("user", "list", "--all").out
    back = office.bitewing("user", "back", "ann.lind", "--json").facts[0]
    assert (back["id"], back["enabled"], back["left_at"]) == (user_id, False, None)


def test_passwords_stay_out_of_what_is_printed_for_programs(office: Office) -> None:
    said = office.bitewing("user", "add", "noa probe", "--role", "dentist", "--make-password",
                           "--json")  # fmt: skip
    assert "password" not in said.out.replace("must_change_password", "")
    assert FIRST not in said.out
