"""Small files: the old one or the new one, and nothing in between that stays."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.crash.syscalls import IS_POSSIBLE, Blow, Call, run_child
from viewer.session import files
from viewer.session.errors import AccountsUnwritable
from viewer.session.files import accounts_lock, write_atomically


@pytest.mark.skipif(not IS_POSSIBLE, reason="system calls are watched on Linux alone")
@pytest.mark.parametrize("blow", [Blow.KILL, Blow.TEAR])
def test_a_write_killed_at_any_call_leaves_the_old_file_or_the_new_and_the_next_write_tidies(
    tmp_path: Path, blow: Blow
) -> None:
    path = tmp_path / "accounts.json"
    kills = 0
    for number in range(20):
        write_atomically(path, b"old keys")

        def strike(call: Call, number: int = number) -> Blow:
            return blow if call.number == number else Blow.PASS

        def write(say: int) -> None:
            write_atomically(path, b"new keys")

        run = run_child(write, tmp_path, strike)
        assert path.read_bytes() in {b"old keys", b"new keys"}
        write_atomically(path, b"newest")
        assert [left.name for left in tmp_path.iterdir()] == ["accounts.json"]
        if not run.was_killed:
            break
        assert os.WTERMSIG(run.status) == signal.SIGKILL
        kills += 1
    assert kills == 5


def test_a_file_of_a_similar_name_is_nobodys_leftover(tmp_path: Path) -> None:
    for name in (".accounts.json.note", ".accounts.json.0123456g", "accounts.json.01234567"):
        (tmp_path / name).touch()
    write_atomically(tmp_path / "accounts.json", b"x")
    assert len(list(tmp_path.iterdir())) == 4


def test_a_lock_that_somebody_holds_is_a_plain_fault_and_nothing_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOCK_WAIT_S", 0.05)
    path = tmp_path / "lock"
    with accounts_lock(path), pytest.raises(AccountsUnwritable), accounts_lock(path):
        pytest.fail("two held it")
    with pytest.raises(ZeroDivisionError), accounts_lock(path):
        raise ZeroDivisionError
