"""One store, two processes: the second is sent away, whoever it is and whatever it wants.

`flock` is not kept by every network share (old NFS and some gateways ignore it). The catalog's own
lock is the second wall there; such a share's other promises are as thin, so the store belongs on a
disk of the workstation, and only backups may lie on a share.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.children import Places
from tests.support.practice import OFFICER, PASSWORD, open_clinic
from tests.unit.vault.made_up import ROOT, new_keys
from viewer.vault.errors import StoreExists, StoreFault, StoreInUse
from viewer.vault.lock import StoreLock
from viewer.vault.store import Vault

_HOLD_VAULT = """
import sys
from pathlib import Path
from tests.unit.vault.made_up import *
vault = Vault.open(Path(sys.argv[1]), new_keys())
print("open", flush=True)
sys.stdin.readline()
vault.add_patient(new_patient("Later"))
vault.close()
"""

_HOLD_PRACTICE = """
import sys
from pathlib import Path
from tests.support.practice import *
from viewer.session.keystore import FileKeyStore
with open_clinic(Path(sys.argv[1]), FileKeyStore(Path(sys.argv[2]))) as clinic:
    clinic.log_in(OFFICER, PASSWORD)
    print("open", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Hold a store in another process until it is told to go on."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Vault.create(tmp_path / "store", new_keys())
    return tmp_path / "store"


def test_a_second_process_neither_opens_nor_makes_the_store(folder: Path) -> None:
    with held(_HOLD_VAULT, folder) as holder:
        before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
        with pytest.raises(StoreInUse):
            Vault.open(folder, new_keys())
        with pytest.raises(StoreInUse):
            Vault.create(folder, new_keys())
        assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
        assert holder.poll() is None


def test_the_lock_is_free_once_its_holder_is_killed(folder: Path) -> None:
    with held(_HOLD_VAULT, folder) as holder:
        holder.kill()
        holder.wait(timeout=20)
        with Vault.open(folder, new_keys()) as vault:
            assert vault.check(deep=True).findings == ()


def test_a_deleted_lock_file_lets_nobody_in(folder: Path) -> None:
    with held(_HOLD_VAULT, folder) as holder:
        (folder / "store.lock").unlink()
        with pytest.raises(StoreInUse):
            Vault.open(folder, new_keys())
        with pytest.raises(StoreExists):
            Vault.create(folder, new_keys())
        _, _ = holder.communicate("go on\n", timeout=30)
        assert holder.returncode == 0
    with Vault.open(folder, new_keys()) as vault:
        assert [one.patient.family_name for one in vault.patients()] == ["Later"]
        assert vault.check(deep=True).findings == ()


def test_a_lock_file_replaced_by_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "store.lock").unlink()
    (folder / "store.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreFault):
        Vault.open(folder, new_keys())
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_on_a_file_that_was_swapped_meanwhile_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, really_open = tmp_path / "lock", os.open
    first = StoreLock(path)
    swapped: list[Path] = []

    def open_then_swap(name: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = really_open(name, flags, mode)
        if not swapped:
            swapped.append(name)
            first.release()
            path.unlink()
            second.append(StoreLock(path))
        return descriptor

    second: list[StoreLock] = []
    monkeypatch.setattr(os, "open", open_then_swap)
    with pytest.raises(StoreInUse):
        StoreLock(path)
    second[0].release()


# the window and the command line


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "machine")
    made.found()
    return made


def test_the_window_and_the_command_line_are_sent_away_in_plain_words(places: Places) -> None:
    with held(_HOLD_PRACTICE, places.store, places.root / "keys" / "keys.json"):
        with open_clinic(places.store, places.keystore) as clinic:
            with pytest.raises(StoreInUse):
                clinic.log_in(OFFICER, PASSWORD)
            assert clinic.desk.session is None
        password = places.root / "password.txt"
        password.write_text(PASSWORD, encoding="utf-8")
        for words in (["check"], ["import", str(places.root)]):
            done = subprocess.run(
                [sys.executable, "-m", "viewer.main", *places.arguments,
                 "--user", OFFICER, "--password-file", str(password), *words],
                cwd=ROOT, env=places.environment(places.root), capture_output=True, text=True,
                timeout=60, check=False,
            )  # fmt: skip
            assert done.returncode != 0
            assert "open in another program" in done.stderr
            assert "Traceback" not in done.stderr
