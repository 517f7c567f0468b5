"""Nothing of a patient is read from the store without an entry in the trail: not one path."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.features.test_roles import clinic as clinic  # noqa: PLC0414 - a fixture, by its name
from tests.features.test_roles import emergencies_last
from tests.support.practice import OFFICER, PASSWORD
from tests.support.watching import watched_store
from viewer.app.clinic import Clinic
from viewer.app.gate import Entries, registered
from viewer.app.use_cases import library
from viewer.model.errors import BitewingError
from viewer.session.audit import growing
from viewer.session.errors import TrailUnwritable

CHANGES_THE_REST = {"change_password", "reset_password", "erase_patient", "purge_images"}


def _call(practice: Clinic, name: str, request: Any) -> BitewingError | None:
    try:
        registered()[name](practice, request)
    except BitewingError as fault:
        return fault
    finally:
        practice.desk.break_glass.end()
    return None


def test_every_use_case_reads_the_store_after_its_entry_and_not_before(clinic: Any) -> None:
    practice, everything = clinic
    practice.log_in(OFFICER, PASSWORD)
    with watched_store() as watched:
        for name, _ in emergencies_last():
            if name not in CHANGES_THE_REST:
                _call(practice, name, everything[name])
    assert len(watched.content) > 20, "the store was read"
    assert not watched.unseen, watched.words()


def test_a_look_past_the_gate_is_noticed(clinic: Any) -> None:
    """The watch itself: without it the test above would prove nothing."""
    practice, everything = clinic
    practice.log_in(OFFICER, PASSWORD)
    request = everything["open_image"]
    with watched_store() as watched:
        practice.vault.record(request.image_id)
        practice.vault.thumbnail(request.image_id)
        thread = threading.Thread(target=lambda: practice.vault.open_pixels(request.image_id))
        thread.start()
        thread.join()
    seen = {read.what for read in watched.unseen}
    assert {"Vault.record", "Vault.thumbnail", "Vault.open_pixels"} <= seen
    assert "ContainerReader.open_into" in seen


# --- a trail that cannot be written ------------------------------------------------------------


@contextmanager
def disk_is_full(practice: Clinic) -> Iterator[None]:
    """The system refuses to let the trail's file grow by a single byte."""
    resource = pytest.importorskip("resource")
    path = practice.folder / "trail" / f"{practice.trail.segment:04d}.trail"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def disk_is_read_only(practice: Clinic) -> Iterator[None]:
    end = practice.trail._end
    path = practice.folder / "trail" / f"{practice.trail.segment:04d}.trail"
    before, end._file = end._file, path.open("rb", buffering=0)
    try:
        yield
    finally:
        end._file.close()
        end._file = before


@contextmanager
def folder_is_gone(practice: Clinic) -> Iterator[None]:
    folder, away = practice.folder / "trail", practice.folder / "trail.away"
    folder.rename(away)
    try:
        yield
    finally:
        away.rename(folder)


HOLD = """
import fcntl, os, sys
handle = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def file_is_locked(practice: Clinic) -> Iterator[None]:
    """Another process holds the trail and does not let go."""
    if sys.platform == "win32":
        pytest.skip("flock")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("viewer.session.files.LOCK_WAIT_S", 0.02)
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(practice.folder / "trail" / "lock")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            child.stdin.close()
            child.wait()
            child.stdout.close()


@pytest.mark.parametrize(
    "refuses", [disk_is_full, disk_is_read_only, folder_is_gone, file_is_locked]
)
def test_with_a_trail_that_cannot_be_written_no_use_case_shows_or_writes_anything(
    clinic: Any, tmp_path: Path, refuses: Callable[[Clinic], Any]
) -> None:
    practice, everything = clinic
    practice.log_in(OFFICER, PASSWORD)
    practice.trail.checkpoint()
    store, beside = _tree(practice.folder), _tree(practice.folder.parent)
    with watched_store() as watched, refuses(practice):
        for name, case in emergencies_last():
            if case.entries is Entries.BY_ITSELF:
                continue  # break-glass goes on, loudly: see test_emergency
            fault = _call(practice, name, everything[name])
            assert isinstance(fault, TrailUnwritable), f"{name}: {fault!r}"
            assert "cannot be written" in str(fault)
    assert watched.content == [], "nothing of an image was opened"
    assert _tree(practice.folder) == store
    assert _tree(practice.folder.parent) == beside
    library.find_patients(practice, library.FindPatients(""))  # and it goes on afterwards
    assert practice.trail.verify().is_whole


def _tree(folder: Path) -> dict[str, str]:
    """Digest every file, but for the database's own bookkeeping of who reads it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != "-shm" and not path.name.endswith("-shm")
    }


def test_an_outcome_that_cannot_be_written_is_told_and_the_intent_stands(
    clinic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up in the middle: what was done is at least said to have begun."""
    practice, everything = clinic
    practice.log_in(OFFICER, PASSWORD)
    put = growing.GrowingEnd.put
    calls: list[int] = []

    def once(self: growing.GrowingEnd, raw: bytes, tail: Any) -> None:
        calls.append(len(raw))
        if len(calls) > 1:
            raise OSError(28, os.strerror(28))
        put(self, raw, tail)

    with monkeypatch.context() as patch:
        patch.setattr(growing.GrowingEnd, "put", once)
        fault = _call(practice, "export_pixels", everything["export_pixels"])
    assert isinstance(fault, TrailUnwritable)
    assert len(calls) >= 2
