"""The code for Windows with real children, over emulated calls: see `emulated_windows`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.support import dicom_files
from tests.support.emulated_windows import Job, ParentMachine
from viewer.dicom.encode import transcode
from viewer.ingest import process
from viewer.ingest.arrival import Arrival, Refusal
from viewer.ingest.decoder import Budget, Decoder
from viewer.ingest.errors import ChildNotConfined, ChildUnavailable, FileRefused
from viewer.ingest.files import opened
from viewer.ingest.hosts import here
from viewer.ingest.hosts.win32 import Win32
from viewer.ingest.hosts.windows import WindowsHost, past_launcher, require_pair
from viewer.ingest.importer import read
from viewer.ingest.memory import SharedPixels
from viewer.ingest.protocol import ChannelBroken, receive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Windows is emulated on Linux")

Use = Callable[[ParentMachine], None]

_LOCKS = {
    "job",
    "job_desktop",
    "no_extension_points",
    "no_foreign_fonts",
    "no_low_images",
    "no_privileges",
    "low_integrity",
}
_READY = (
    "from tests.support.emulated_windows import child_side; "
    "s = child_side(); s.receive(); s.send({'ready': []}); s.receive(); "
)
_SPINS = _READY + "\nwhile True: pass"
_GRABS = _READY + "\ntry: bytearray(1 << 30)\nexcept MemoryError: s.send({'refused': ['full', '']})"
_WRITES = (
    "from tests.support.emulated_windows import child_side; import os; "
    "s = child_side(); s.receive(); s.send({'ready': []}); _, handed = s.receive()\n"
    "try: os.write(handed._file, b'x')\nexcept OSError: s.send({'refused': ['no', '']})\n"
    "s.receive()"
)


def _command(program: str) -> list[str]:
    return [sys.executable, "-P", "-c", program]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Return what makes this process run on an emulated Windows."""
    machines: list[ParentMachine] = []

    def on(machine: ParentMachine) -> None:
        machines.append(machine)
        monkeypatch.setattr(here, "HOST", WindowsHost(Win32(machine)))

    process.drop_spares()
    yield on
    process.drop_spares()
    for machine in machines:
        machine.close()


@pytest.fixture
def windows(use: Use) -> ParentMachine:
    """Return an emulated Windows in use."""
    machine = ParentMachine()
    use(machine)
    return machine


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a good file."""
    return dicom_files.save(tmp_path, [dicom_files.bitewing()])[0]


def _read(*paths: Path) -> tuple[list[Arrival], list[Refusal]]:
    found = list(read(paths, progress=lambda *_: None, is_cancelled=lambda: False))
    arrivals = [one for one in found if isinstance(one, Arrival)]
    return arrivals, [one for one in found if isinstance(one, Refusal)]


def test_a_whole_import_brings_the_same_pixels_and_refusals_as_on_linux(
    use: Use, tmp_path: Path
) -> None:
    datasets = [*dicom_files.ct(planes=30), dicom_files.photo(), dicom_files.bitewing()]
    datasets[-1] = transcode(datasets[-1], "1.2.840.10008.1.2.4.80")
    paths = dicom_files.save(tmp_path, datasets)
    paths[3].write_bytes(paths[3].read_bytes()[:700])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "empty.dcm").write_bytes(b"\0" * 128 + b"DICM")
    expected, refused = _read(tmp_path)
    use(ParentMachine())
    arrived, left_out = _read(tmp_path)
    assert [(one.source, one.reason) for one in left_out] == [
        (one.source, one.reason) for one in refused
    ]
    assert len(arrived) == len(expected) == 3
    for here_, there in zip(arrived, expected, strict=True):
        np.testing.assert_array_equal(here_.picture.pixels, there.picture.pixels)
        assert here_.headers == there.headers


def test_a_child_answers_with_every_lock_in_force_and_nothing_is_left_open(
    windows: ParentMachine, picture: Path
) -> None:
    with Decoder() as decoder, opened(picture) as file:
        header = decoder.read_header(file)
        assert header.patient.chart_number == "T-0042"
        assert set(decoder.in_force) == _LOCKS
        pixels = SharedPixels(header.layout.frame_bytes)
        decoder.decode(file, header.layout, pixels, [0])
        pixels.close()
    stored = pixels.array(header.layout.frame_shape, header.layout.dtype)
    assert stored.tobytes() == dicom_files.bitewing().PixelData
    assert windows.handles == {}


def test_the_child_is_in_its_job_before_it_runs(windows: ParentMachine) -> None:
    process.prepare_spares()
    calls = [name for name in windows.calls if "Job" in name or "Resume" in name]
    assert calls[: len(calls) // process.CHILDREN] == [
        "CreateJobObjectW",
        "SetInformationJobObject",
        "SetInformationJobObject",
        "AssignProcessToJobObject",
        "NtResumeProcess",
    ]
    job = windows.jobs[0]
    assert job.flags == 0x2 | 0x8 | 0x100 | 0x400 | 0x2000
    assert (job.processes, job.memory_bytes) == (1, process.MEMORY_BYTES)
    assert job.ui_limits == 0xFF


def test_spares_become_ready_and_are_taken(windows: ParentMachine, picture: Path) -> None:
    process.prepare_spares()
    assert process.wait_for_spares()
    spares = {job.pid for job in windows.jobs}
    with Decoder() as decoder, opened(picture) as file:
        decoder.read_header(file)
        assert decoder.process_id in spares


@pytest.mark.parametrize(
    "call", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"]
)
def test_without_a_job_the_child_is_given_nothing(
    call: str, windows: ParentMachine, picture: Path
) -> None:
    windows.refused = {call}
    children = {child.pid for child in psutil.Process().children()}
    with (
        Decoder() as decoder,
        opened(picture) as file,
        pytest.raises(ChildNotConfined, match="confined"),
    ):
        decoder.read_header(file)
    assert "NtResumeProcess" not in windows.calls
    assert windows.lent == []
    assert windows.handles == {}
    assert {child.pid for child in psutil.Process().children()} == children


@pytest.mark.parametrize("call", ["OpenProcess", "NtResumeProcess"])
def test_a_child_that_windows_does_not_let_run_is_ended(
    call: str, windows: ParentMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows.refused = {call}
    if call == "NtResumeProcess":
        monkeypatch.setattr(windows, "_fail", lambda _: -0x3FFFFFDE)
    with pytest.raises(ChildUnavailable):
        process.start(process.COMMAND, 1 << 30)
    assert windows.handles == {}


def test_inside_a_foreign_job_only_the_limits_on_the_desktop_are_missing(
    use: Use, picture: Path
) -> None:
    machine = ParentMachine(inside_job=True)
    use(machine)
    with Decoder() as decoder, opened(picture) as file:
        decoder.read_header(file)
        assert set(decoder.in_force) == _LOCKS - {"job_desktop"}
    assert machine.handles == {}


def test_a_program_that_does_not_start_is_an_environment_fault(
    windows: ParentMachine, picture: Path
) -> None:
    with pytest.raises(ChildUnavailable):
        process.start([str(picture)], 1 << 30)
    assert windows.handles == {}


def test_lent_files_are_for_reading_and_lent_memory_is_for_mapping(
    windows: ParentMachine, picture: Path
) -> None:
    before = picture.read_bytes()
    file = os.open(picture, os.O_RDWR)
    try:
        with (
            Decoder(command=_command(_WRITES)) as decoder,
            pytest.raises(FileRefused, match="no"),
        ):
            decoder.read_header(file)
        with Decoder() as decoder:
            header = decoder.read_header(file)
            pixels = SharedPixels(header.layout.frame_bytes)
            decoder.decode(file, header.layout, pixels, [0])
            pixels.close()
    finally:
        os.close(file)
    assert set(windows.lent) == {0x120089, 0x6}
    assert picture.read_bytes() == before


def test_a_child_that_spins_is_ended_by_its_processor_time(windows: ParentMachine) -> None:
    child = process.start(_command(_SPINS), 1 << 30)
    try:
        deadline = time.monotonic() + 60
        assert receive(child.channel, deadline=deadline) == {"ready": []}
        child.allow_cpu(0.5)
        child.send({"do": "header"})
        with pytest.raises(ChannelBroken, match=r"closed|receive failed"):
            receive(child.channel, deadline=deadline)
        assert windows.jobs[0].user_seconds < 10
    finally:
        child.end()


def test_processor_time_is_allowed_for_all_that_is_asked_and_for_the_start(
    windows: ParentMachine, picture: Path
) -> None:
    budget = Budget(header_seconds=100.0, start_seconds=1000.0)
    with Decoder(budget=budget) as decoder, opened(picture) as file:
        allowed = []
        for _ in range(2):
            decoder.ask_header(file)
            allowed.append(windows.jobs[0].user_seconds)
        decoder.header()
        decoder.header()
        decoder.read_header(file)
        allowed.append(windows.jobs[0].user_seconds)
    assert allowed == pytest.approx([1100, 1200, 100], abs=50)


def test_a_child_gets_no_more_memory_than_its_job_allows(
    windows: ParentMachine, picture: Path
) -> None:
    budget = Budget(memory_bytes=512 << 20)
    with (
        Decoder(command=_command(_GRABS), budget=budget) as decoder,
        opened(picture) as file,
        pytest.raises(FileRefused, match="full"),
    ):
        decoder.read_header(file)


def test_a_child_killed_between_two_files_is_replaced(
    windows: ParentMachine, picture: Path
) -> None:
    with Decoder() as decoder, opened(picture) as file:
        decoder.read_header(file)
        first = decoder.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        with pytest.raises(FileRefused):
            decoder.read_header(file)
        assert decoder.read_header(file).patient.chart_number == "T-0042"
        assert decoder.process_id != first
    assert windows.handles == {}


@pytest.mark.parametrize("call", ["DuplicateHandle", "GetProcessTimes"])
def test_a_child_that_cannot_be_lent_to_or_limited_is_ended_at_once(
    call: str, windows: ParentMachine, picture: Path
) -> None:
    with Decoder() as decoder, opened(picture) as file:
        decoder.read_header(file)
        windows.refused = {call}
        with pytest.raises(FileRefused):
            decoder.read_header(file)
        with pytest.raises(ChildUnavailable):
            decoder.read_header(file)


def test_the_channel_of_one_child_is_of_no_use_to_another_process(
    windows: ParentMachine, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = windows.share

    def for_another(channel: socket.socket, pid: int) -> bytes:
        return share(channel, pid).replace(str(pid).encode(), b"1")

    monkeypatch.setattr(windows, "share", for_another)
    with Decoder() as decoder, opened(picture) as file, pytest.raises(ChildUnavailable):
        decoder.read_header(file)


def test_pictures_come_over_a_loopback_connection_as_well(
    windows: ParentMachine, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = socket.socketpair

    def pair(*kind: Any) -> tuple[socket.socket, socket.socket]:
        """Return what Windows returns: two ends of a TCP connection."""
        if kind:
            return local(*kind)
        with socket.create_server(("127.0.0.1", 0)) as server:
            ours = socket.create_connection(server.getsockname())
            return ours, server.accept()[0]

    monkeypatch.setattr(socket, "socketpair", pair)
    arrivals, refusals = _read(picture)
    assert arrivals[0].picture.pixels.tobytes() == dicom_files.bitewing().PixelData
    assert refusals == []


def test_closing_the_job_as_the_parents_end_does_ends_the_child(windows: ParentMachine) -> None:
    child = process.start(process.COMMAND, 1 << 30)
    job = next(handle for handle, what in windows.handles.items() if isinstance(what, Job))
    windows._CloseHandle(job)
    assert psutil.wait_procs([psutil.Process(child.pid)], timeout=10)[1] == []
    windows.handles[job] = Job()
    child.end()


def test_a_stranger_on_the_loopback_pair_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        stranger = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        with ours, theirs, stranger, accepted:
            require_pair(ours, theirs)
            with pytest.raises(OSError, match="stranger"):
                require_pair(ours, accepted)


def test_the_launcher_of_a_virtual_environment_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "C:/venv/python.exe")
    monkeypatch.setattr(sys, "_base_executable", "C:/python/python.exe")
    given: dict[str, Any] = {"PATH": "x"}
    assert past_launcher(["C:/venv/python.exe", "-P"], given) == (
        ["C:/python/python.exe", "-P"],
        {"PATH": "x", "__PYVENV_LAUNCHER__": "C:/venv/python.exe"},
    )
    assert past_launcher(["other.exe", "-P"], given) == (["other.exe", "-P"], given)
