"""Killed, or failed, at any system call that changes a disk: nothing acknowledged is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.crash.conftest import Exercise
from tests.crash.syscalls import IS_POSSIBLE, Blow, Call, run_child

needs_linux = pytest.mark.skipif(not IS_POSSIBLE, reason="system calls are watched on Linux alone")


@pytest.mark.parametrize(
    ("act", "tries"),
    [
        ("import", 10),
        ("delete", 4),
        ("move", 6),
        ("rotate", 6),
        ("erase", 4),
        ("reseal", 4),
        ("create", 2),
    ],
)
def test_a_kill_at_a_system_call_loses_nothing(
    exercise: Exercise, memory_disk: Path, act: str, tries: int
) -> None:
    report = exercise("sweep", memory_disk, act, tries, 20261122)
    assert report["faults"] == []
    assert report["kills"] >= tries


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("act", ["import", "delete", "move", "rotate", "erase", "reseal", "create"])
def test_a_kill_at_every_system_call_loses_nothing(
    exercise: Exercise, memory_disk: Path, act: str
) -> None:
    report = exercise("sweep", memory_disk, act, 0, 0)
    assert report["faults"] == []
    assert report["kills"] >= 2 * report["more"]["calls"] > 100


@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
def test_a_failing_disk_loses_nothing_and_serves_again_afterwards(
    exercise: Exercise, memory_disk: Path, fault: str
) -> None:
    report = exercise("disk", memory_disk, fault, 8, 20261122)
    assert report["faults"] == []
    expected = "DiskFull" if fault == "ENOSPC" else "StoreFault"
    assert any(expected in refusal for refusal in report["more"]["refusals"])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_call_that_fails_once_while_the_catalog_moves_leaves_no_mixture_of_old_and_new(
    exercise: Exercise, memory_disk: Path
) -> None:
    report = exercise("disk", memory_disk, "EIO@catalog.next", 1, 20261122)
    assert report["faults"] == []
    assert any("catalog.next" in phase for phase in report["phases"])


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_at_every_system_call_loses_nothing(
    exercise: Exercise, memory_disk: Path, fault: str
) -> None:
    report = exercise("disk", memory_disk, fault, 0, 0)
    assert report["faults"] == []
    told = {refusal.split(": ")[1] for refusal in report["more"]["refusals"]}
    assert told <= {"DiskFull", "StoreFault"}


# the instrument itself


@needs_linux
def test_a_torn_write_leaves_its_first_half(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def write(say: int) -> None:
        path.write_bytes(b"0123456789")
        os.write(say, b"acknowledged")

    def tear(call: Call) -> Blow:
        return Blow.TEAR if call.is_write else Blow.PASS

    run = run_child(write, tmp_path, tear)
    assert run.was_killed
    assert run.told == b""
    assert path.read_bytes() == b"01234"
    assert [call.name for call in run.calls] == ["openat", "write"]


@needs_linux
def test_a_call_is_not_done_when_the_child_dies_at_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    def remove(say: int) -> None:
        (tmp_path / "file").unlink()

    run = run_child(remove, tmp_path, lambda call: Blow.KILL)
    assert run.was_killed
    assert run.killed_at is not None
    assert run.killed_at.path == "file"
    assert (tmp_path / "file").exists()


@needs_linux
def test_calls_elsewhere_are_let_alone(tmp_path: Path) -> None:
    watched, other = tmp_path / "watched", tmp_path / "other"
    watched.mkdir()

    def write(say: int) -> None:
        other.write_bytes(b"x")
        os.write(say, b"done")

    run = run_child(write, watched, lambda call: Blow.KILL)
    assert (run.status, run.told, other.read_bytes()) == (0, b"done", b"x")
