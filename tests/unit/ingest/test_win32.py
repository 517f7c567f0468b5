"""Windows' structures against their documented layouts, and calls through real C types."""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.emulated_windows import ChildMachine, ParentMachine
from viewer.ingest.hosts import win32_types as types
from viewer.ingest.hosts.open_file import read_by_seeking, start_by_seeking
from viewer.ingest.hosts.win32 import Win32
from viewer.ingest.hosts.windows import WindowsHost
from viewer.ingest.hosts.windows_child import HandedHandles, WindowsSide

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or ctypes.sizeof(ctypes.c_void_p) != 8,
    reason="Windows is emulated on 64-bit Linux",
)


@pytest.mark.parametrize(
    ("structure", "size"),
    [
        (types.IoCounters, 48),
        (types.BasicLimits, 64),
        (types.ExtendedLimits, 144),
        (types.PrivilegeEntry, 12),
        (types.MandatoryLabel, 16),
        (types.DWORD, 4),
        (types.BOOL, 4),
        (types.HANDLE, 8),
        (types.SIZE_T, 8),
    ],
)
def test_structures_have_the_sizes_of_64_bit_windows(structure: type, size: int) -> None:
    assert ctypes.sizeof(structure) == size


@pytest.mark.parametrize(
    ("structure", "offsets"),
    [
        (types.BasicLimits, [0, 8, 16, 24, 32, 40, 48, 56, 60]),
        (types.ExtendedLimits, [0, 64, 112, 120, 128, 136]),
        (types.MandatoryLabel, [0, 8]),
        (types.PrivilegeEntry, [0, 4, 8]),
    ],
)
def test_fields_lie_where_64_bit_windows_has_them(
    structure: type[ctypes.Structure], offsets: list[int]
) -> None:
    assert [getattr(structure, field[0]).offset for field in structure._fields_] == offsets


def test_the_limits_arrive_in_their_fields() -> None:
    machine = ParentMachine()
    win32 = Win32(machine)
    limits = types.ExtendedLimits()
    limits.basic.flags, limits.basic.active_processes = 0x250A, 1
    limits.basic.per_process_user_time = 25_000_000
    limits.process_memory = 5 << 32
    job = win32.create_job()
    win32.set_limits(job, limits)
    win32.set_ui_limits(job, 0xFF)
    made = machine.jobs[0]
    assert (made.flags, made.processes, made.user_seconds) == (0x250A, 1, 2.5)
    assert (made.memory_bytes, made.ui_limits) == (5 << 32, 0xFF)
    win32.close(job)
    machine.close()


def test_a_failing_call_names_itself_and_windows_error() -> None:
    machine = ParentMachine()
    win32 = Win32(machine)
    with pytest.raises(OSError, match="CloseHandle: Windows error 6"):
        win32.close(12345)
    machine.refused = {"CreateFileMappingW", "MapViewOfFile"}
    with pytest.raises(OSError, match="CreateFileMappingW: Windows error 5"):
        win32.create_section(4096)
    machine.close()


def test_a_section_of_more_than_four_gibibytes_keeps_its_size() -> None:
    machine = ParentMachine()
    win32 = Win32(machine)
    section = win32.create_section((5 << 30) + 4096)
    made = machine.handles[section]
    assert os.fstat(made.file).st_size == (5 << 30) + 4096  # type: ignore[attr-defined]
    win32.close(section)


def test_a_section_stays_mapped_while_an_array_uses_it_and_no_longer() -> None:
    machine = ParentMachine()
    win32 = Win32(machine)
    section = win32.create_section(8192)
    array = np.frombuffer(win32.map_section(section, 8192), np.uint8)[100:200]
    win32.close(section)
    gc.collect()
    array[:] = 7
    assert array.sum() == 700
    assert "UnmapViewOfFile" not in machine.calls
    del array
    gc.collect()
    assert machine.calls.count("UnmapViewOfFile") == 1


def test_a_section_that_cannot_be_mapped_is_given_back() -> None:
    machine = ParentMachine()
    machine.refused = {"MapViewOfFile"}
    with pytest.raises(OSError, match="MapViewOfFile"):
        WindowsHost(Win32(machine)).memory(4096)
    assert machine.handles == {}


def _locked(machine: ChildMachine) -> list[str]:
    left, right = socket.socketpair()
    with left, right:
        return WindowsSide(Win32(machine), left).lock_down(1 << 30)


@pytest.fixture
def child() -> Iterator[ChildMachine]:
    """Return a child's process without a parent."""
    with socket.socket() as side:
        yield ChildMachine(side)


def test_the_child_keeps_one_privilege_and_low_integrity(child: ChildMachine) -> None:
    assert _locked(child)[-2:] == ["no_privileges", "low_integrity"]
    assert child.integrity == 0x1000
    assert [privilege[:2] for privilege in child.privileges] == [(23, 0)]
    assert child.policies == {6: 1, 9: 1, 10: 2}
    assert child.error_mode == 0x8003
    assert (child.handles, child.faults) == ({}, [])


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        ("SetTokenInformation", {"low_integrity"}),
        ("AdjustTokenPrivileges", {"no_privileges"}),
        ("SetProcessMitigationPolicy", {"no_extension_points", "no_foreign_fonts"}),
    ],
)
def test_what_windows_refuses_is_not_said_to_be_in_force(
    call: str, missing: set[str], child: ChildMachine
) -> None:
    child.refused = {call}
    in_force = _locked(child)
    assert in_force
    assert not missing & set(in_force)
    assert child.handles == {}


def test_privileges_that_are_only_partly_removed_do_not_count(
    child: ChildMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "last_error", lambda: 1300)
    assert "no_privileges" not in _locked(child)


def test_memory_that_did_not_come_has_no_room(child: ChildMachine, tmp_path: Path) -> None:
    handed = HandedHandles(Win32(child), {})
    with pytest.raises(ValueError, match="no memory"):
        handed.room()
    handed.close()
    assert child.calls == []


def test_reading_by_seeking_reads_what_lies_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(100)))
    with path.open("rb") as stream:
        file = stream.fileno()
        target = bytearray(10)
        assert read_by_seeking(file, memoryview(target), 95) == 5
        assert target[:5] == bytes(range(95, 100))
        assert read_by_seeking(file, memoryview(target), 100) == 0
        assert start_by_seeking(file, 4) == bytes(range(4))
        assert start_by_seeking(file, 1000) == bytes(range(100))
