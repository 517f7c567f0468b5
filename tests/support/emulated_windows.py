"""Windows' calls on Linux, so that the code for Windows really runs: handles, jobs, sections.

The arguments pass through ctypes with the types that the program declares, and structures are read
at the offsets that Microsoft documents. A job really limits its process (prlimit) and ends it when
its handle is closed; a lent handle really opens the same file in the other process, with no more
than the rights asked for. What Windows itself would do beyond that, this does not prove.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import math
import mmap
import os
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import attrs
import psutil

from viewer.ingest.hosts.win32 import Win32
from viewer.ingest.hosts.windows_child import WindowsSide

ACCESS_DENIED, INVALID_HANDLE, NOT_IMPLEMENTED, BAD_LENGTH = 5, 6, 120, 24
INVALID_PARAMETER = 87
THIS_PROCESS = (1 << 64) - 1
_FILES_FROM = 0x10000
_TICKS = 10_000_000
PRIVILEGES = ((23, 0, 3), (19, 0, 0), (33, 0, 0), (20, 0, 2))


@attrs.define(eq=False)
class Job:
    """A job object: what was set, and who is in it."""

    flags: int = 0
    user_seconds: float = 0.0
    memory_bytes: int = 0
    processes: int = 0
    ui_limits: int = 0
    pid: int | None = None

    def apply(self) -> None:
        if self.pid is not None and self.flags:
            _limit(self.pid, resource.RLIMIT_DATA, self.memory_bytes)
            _limit(self.pid, resource.RLIMIT_CPU, math.ceil(self.user_seconds))


def _limit(pid: int, which: int, most: int) -> None:
    with suppress(ProcessLookupError):  # an empty job takes limits, too
        # The parent may raise the limit again: the hard one stays.
        resource.prlimit(pid, which, (most, resource.prlimit(pid, which)[1]))


@attrs.define(eq=False)
class Process:
    pid: int
    is_in_job: bool = False


@attrs.define(eq=False)
class Section:
    file: int


@attrs.define(eq=False)
class Token:
    rights: int


class Machine:
    """What both processes share: handles, sections and the process's own token."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.faults: list[str] = []
        self.refused: set[str] = set()
        self.handles: dict[int, object] = {}
        self.integrity = 0x2000
        self.privileges = list(PRIVILEGES)
        self.policies: dict[int, int] = {}
        self.error_mode = 0
        self._error = 0
        self._views: dict[int, mmap.mmap] = {}
        self._kept: list[object] = []
        self._next = 0x100

    def function(
        self, library: str, name: str, result: type[Any], arguments: Sequence[type[Any]]
    ) -> Callable[..., Any]:
        """Return a real C function of these types that calls the method `_name`."""
        method = getattr(self, f"_{name}", None)

        def call(*given: Any) -> Any:
            self.calls.append(name)
            self._error = 0
            if method is None or name in self.refused:
                return self._fail(ACCESS_DENIED if method else NOT_IMPLEMENTED)
            try:
                return method(*given)
            except Exception as fault:  # noqa: BLE001  ctypes would swallow it
                self.faults.append(f"{name}{given}: {fault!r}")
                return self._fail(INVALID_PARAMETER)

        function = ctypes.CFUNCTYPE(result, *arguments)(call)
        self._kept.append(function)
        return function

    def last_error(self) -> int:
        return self._error

    def spawn(
        self, command: Sequence[str], environment: Mapping[str, str], flags: int
    ) -> subprocess.Popen[bytes]:
        raise OSError("this process starts nothing")

    def share(self, channel: socket.socket, pid: int) -> bytes:
        raise OSError("this process shares nothing")

    def from_share(self, shared: bytes) -> socket.socket:
        raise OSError("made for another process")

    def handle_of(self, file: int) -> int:
        return _FILES_FROM + file

    def open_handle(self, handle: int) -> int:
        return os.dup(handle - _FILES_FROM)

    def add(self, what: object) -> int:
        self._next += 4
        self.handles[self._next] = what
        return self._next

    def _fail(self, code: int) -> int:
        self._error = code
        return 0

    def _CloseHandle(self, handle: int) -> int:
        what = self.handles.pop(handle, None)
        if isinstance(what, Section):
            os.close(what.file)
        if isinstance(what, Job) and what.pid is not None:
            self.end_process(what.pid)
        return 1 if what is not None else self._fail(INVALID_HANDLE)

    def end_process(self, pid: int) -> None:
        """End a process of a job that was closed."""

    def _GetCurrentProcess(self) -> int:
        return THIS_PROCESS

    def _CreateFileMappingW(
        self, file: int, security: int | None, kind: int, high: int, low: int, name: str | None
    ) -> int:
        assert (file, security, kind, name) == (THIS_PROCESS, None, 4, None)
        memory = os.memfd_create("section")
        os.ftruncate(memory, (high << 32) + low)
        return self.add(Section(memory))

    def _MapViewOfFile(self, handle: int, access: int, high: int, low: int, size: int) -> int:
        section = self.handles.get(handle)
        if not isinstance(section, Section):
            return self._fail(INVALID_HANDLE)
        assert (access, high, low) == (6, 0, 0)
        view = mmap.mmap(section.file, size)
        address = ctypes.addressof(ctypes.c_char.from_buffer(view))
        self._views[address] = view
        return address

    def _UnmapViewOfFile(self, address: int) -> int:
        self._views.pop(address).close()
        return 1

    def _SetErrorMode(self, mode: int) -> int:
        self.error_mode = mode
        return 0

    def _SetProcessMitigationPolicy(self, policy: int, at: int, size: int) -> int:
        assert size == 4
        self.policies[policy] = struct.unpack("<I", ctypes.string_at(at, 4))[0]
        return 1

    def _OpenProcessToken(self, process: int, rights: int, out: int) -> int:
        assert process == THIS_PROCESS
        ctypes.c_uint64.from_address(out).value = self.add(Token(rights))
        return 1

    def _token(self, handle: int, right: int) -> bool:
        token = self.handles.get(handle)
        return isinstance(token, Token) and bool(token.rights & right)

    def _GetTokenInformation(self, token: int, kind: int, at: int, size: int, out: int) -> int:
        assert kind == 3
        if not self._token(token, 0x8):
            return self._fail(ACCESS_DENIED)
        raw = struct.pack("<I", len(self.privileges))
        raw += b"".join(struct.pack("<IiI", *entry) for entry in self.privileges)
        assert size >= len(raw)
        ctypes.memmove(at, raw, len(raw))
        ctypes.c_uint32.from_address(out).value = len(raw)
        return 1

    def _AdjustTokenPrivileges(
        self, token: int, every: int, at: int, size: int, before: int | None, out: int | None
    ) -> int:
        if not self._token(token, 0x20):
            return self._fail(ACCESS_DENIED)
        count = struct.unpack("<I", ctypes.string_at(at, 4))[0]
        raw = ctypes.string_at(at + 4, 12 * count)
        for low, high, attributes in struct.iter_unpack("<IiI", raw):
            if attributes & 0x4:
                self.privileges = [p for p in self.privileges if p[:2] != (low, high)]
        return 1

    def _SetTokenInformation(self, token: int, kind: int, at: int, size: int) -> int:
        if not self._token(token, 0x80):
            return self._fail(ACCESS_DENIED)
        sid, attributes = struct.unpack("<QI", ctypes.string_at(at, 12))
        revision, count, *authority = ctypes.string_at(sid, 8)
        assert (kind, size, attributes) == (25, 16 + 12, 0x20)
        assert (revision, count, authority) == (1, 1, [0, 0, 0, 0, 0, 16])
        level = struct.unpack("<I", ctypes.string_at(sid + 8, 4))[0]
        if level > self.integrity:
            return self._fail(ACCESS_DENIED)
        self.integrity = level
        return 1


class ParentMachine(Machine):
    """The program's process. `inside_job`: it runs in somebody else's job already."""

    def __init__(self, *, inside_job: bool = False) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self.lent: list[int] = []
        self.inside_job = inside_job
        self._sides: dict[int, socket.socket] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def close(self) -> None:
        """Let go of everything; tell what the program did wrong."""
        for side in self._sides.values():
            side.close()
        assert self.faults == []

    def end_process(self, pid: int) -> None:
        self._processes[pid].kill()  # nothing, once it was waited for

    def spawn(
        self, command: Sequence[str], environment: Mapping[str, str], flags: int
    ) -> subprocess.Popen[bytes]:
        assert flags == 0x4 | 0x8  # suspended, and without a console
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, ExitStack() as undo:
            undo.callback(ours.close)
            here = "tests.support.emulated_windows"
            own = [here if word == "viewer.ingest.child" else word for word in command]
            process = subprocess.Popen(
                [*own, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=environment,
                pass_fds=[theirs.fileno()],
            )
            undo.pop_all()
        old = self._sides.pop(process.pid, None)
        if old is not None:
            old.close()
        self._sides[process.pid] = ours
        self._processes[process.pid] = process
        return process

    def share(self, channel: socket.socket, pid: int) -> bytes:
        number = self._hand_over(pid, channel.fileno())
        return json.dumps({"for": pid, "socket": number}).encode()

    def _hand_over(self, pid: int, file: int) -> int:
        self._next += 4
        socket.send_fds(self._sides[pid], [str(self._next).encode()], [file])
        return self._next

    def _OpenProcess(self, rights: int, inherit: int, pid: int) -> int:
        assert (rights, inherit) == (0x1 | 0x40 | 0x100 | 0x800 | 0x1000, 0)
        return self.add(Process(pid))

    def _process(self, handle: int) -> Process:
        process = self.handles[handle]
        assert isinstance(process, Process)
        return process

    def _NtResumeProcess(self, handle: int) -> int:
        process = self._process(handle)
        assert process.is_in_job, "resumed without limits"
        self._sides[process.pid].send(b"resume")
        return 0

    def _GetProcessTimes(self, handle: int, *out: int) -> int:
        try:
            spent = psutil.Process(self._process(handle).pid).cpu_times().user
        except psutil.NoSuchProcess:
            return self._fail(ACCESS_DENIED)
        ctypes.c_uint64.from_address(out[3]).value = int(spent * _TICKS)
        return 1

    def _CreateJobObjectW(self, security: int | None, name: str | None) -> int:
        assert (security, name) == (None, None)
        job = Job()
        self.jobs.append(job)
        return self.add(job)

    def _SetInformationJobObject(self, handle: int, kind: int, at: int, size: int) -> int:
        job = self.handles.get(handle)
        if not isinstance(job, Job):
            return self._fail(INVALID_HANDLE)
        if size != {4: 4, 9: 144}[kind]:
            return self._fail(BAD_LENGTH)
        raw = ctypes.string_at(at, size)
        if kind == 4:
            job.ui_limits = struct.unpack("<I", raw)[0]
            return 1
        ticks, _, job.flags = struct.unpack_from("<qqI", raw)
        job.user_seconds = ticks / _TICKS
        job.processes = struct.unpack_from("<I", raw, 40)[0]
        job.memory_bytes = struct.unpack_from("<Q", raw, 112)[0]
        job.apply()
        return 1

    def _AssignProcessToJobObject(self, handle: int, process: int) -> int:
        job = self.handles.get(handle)
        assert isinstance(job, Job)
        if self.inside_job and job.ui_limits:
            return self._fail(ACCESS_DENIED)
        job.pid = self._process(process).pid
        self._process(process).is_in_job = True
        job.apply()
        return 1

    def _DuplicateHandle(
        self, source: int, handle: int, target: int, out: int, access: int, inherit: int, how: int
    ) -> int:
        assert (source, inherit, how) == (THIS_PROCESS, 0, 0)
        what = self.handles.get(handle)
        own = what.file if isinstance(what, Section) else handle - _FILES_FROM
        file = _with_rights(own, is_writable=bool(access & 0x2))
        try:
            number = self._hand_over(self._process(target).pid, file)
        except OSError:
            return self._fail(ACCESS_DENIED)
        finally:
            os.close(file)
        self.lent.append(access)
        ctypes.c_uint64.from_address(out).value = number
        return 1


def _with_rights(file: int, *, is_writable: bool) -> int:
    """Return the same open file, or one opened anew where fewer rights are wanted."""
    has = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE
    wanted = os.O_RDWR if is_writable else os.O_RDONLY
    return os.dup(file) if has == wanted else os.open(f"/proc/self/fd/{file}", wanted)


class ChildMachine(Machine):
    """The child's process: handles arrive over a side channel, which stands for the kernel."""

    def __init__(self, side: socket.socket) -> None:
        super().__init__()
        self._side = side
        self._arrived: dict[int, int] = {}

    def wait_until_resumed(self) -> None:
        assert self._side.recv(16) == b"resume"

    def _take(self, number: int) -> int:
        while number not in self._arrived:
            said, files, _, _ = socket.recv_fds(self._side, 64, 1)
            if not said:
                raise OSError("no such handle")
            self._arrived[int(said)] = files[0]
        return self._arrived.pop(number)

    def open_handle(self, handle: int) -> int:
        return self._take(handle)

    def from_share(self, shared: bytes) -> socket.socket:
        made = json.loads(shared)
        if made["for"] != os.getpid():
            raise OSError("made for another process")
        return socket.socket(fileno=self._take(made["socket"]))

    def _CloseHandle(self, handle: int) -> int:
        self._arrive(handle)
        return super()._CloseHandle(handle)

    def _arrive(self, handle: int) -> None:
        if handle not in self.handles:
            self.handles[handle] = Section(self._take(handle))

    def _MapViewOfFile(self, handle: int, access: int, high: int, low: int, size: int) -> int:
        self._arrive(handle)
        return super()._MapViewOfFile(handle, access, high, low, size)


def child_side() -> WindowsSide:
    """Return the child's half over emulated calls; waits until the process is resumed."""
    machine = ChildMachine(socket.socket(fileno=int(sys.argv[-1])))
    machine.wait_until_resumed()
    return WindowsSide.on_standard_input(Win32(machine))


if __name__ == "__main__":
    from viewer.ingest.child import serve

    sys.exit(serve(child_side()))
