"""Windows, the parent's half: a job that holds the child, a socket, handles that are lent.

Written, never run on Windows; it runs on Linux in tests, over emulated calls. The child is
created suspended and put into its job before its first instruction, so that there is no moment
without limits (should this process end just then, a suspended child stays that has seen and does
nothing). The job's only handle is here: when this process ends, however, Windows ends the child.
Files are lent read only; the handle's number travels in the message.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import attrs

from viewer.ingest.errors import ChildNotConfined, ChildUnavailable
from viewer.ingest.hosts import win32_types as types
from viewer.ingest.hosts.port import Block, Message
from viewer.ingest.hosts.win32 import Win32
from viewer.ingest.protocol import ChannelBroken, send

_CPU_SECONDS_TO_START = 60.0


@attrs.frozen(eq=False)
class _Job:
    """A job with its limits; closing it ends all processes in it."""

    win32: Win32
    handle: int
    memory_bytes: int
    in_force: tuple[str, ...]

    def set_limits(self, user_seconds: float) -> None:
        """Set all limits; the processor time counts from the child's start."""
        limits = types.ExtendedLimits()
        limits.basic.flags = types.JOB_LIMITS
        limits.basic.active_processes = 1
        limits.basic.per_process_user_time = int(user_seconds * types.TICKS_PER_SECOND)
        limits.process_memory = self.memory_bytes
        self.win32.set_limits(self.handle, limits)


@attrs.frozen(eq=False)
class WindowsChild:
    """A running child in its job."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    _win32: Win32
    _process_handle: int
    _job: _Job

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def in_force(self) -> tuple[str, ...]:
        """What the job holds it to."""
        return self._job.in_force

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def send(self, message: Message, file: int | None = None, block: Block | None = None) -> None:
        """Send a message with the numbers of the handles that are lent to the child."""
        handed: dict[str, int] = {}
        try:
            if file is not None:
                handle = self._win32.machine.handle_of(file)
                handed["file"] = self._lend(handle, types.FILE_GENERIC_READ)
            if block is not None:
                handed["memory"] = self._lend(block.handle, types.SECTION_READ_WRITE)
                handed["memory_bytes"] = block.size_bytes
        except OSError as fault:
            self.process.kill()
            raise ChannelBroken("lending failed") from fault
        send(self.channel, {**message, "handed": handed} if handed else message)

    def allow_cpu(self, seconds: float) -> None:
        """Let it use so much more processor time from now on."""
        try:
            spent = self._win32.user_seconds(self._process_handle)
            self._job.set_limits(spent + seconds)
        except OSError as fault:
            self.process.kill()
            raise ChannelBroken("limiting failed") from fault

    def end(self) -> None:
        """End it and wait until it is gone."""
        self.channel.close()
        self.process.kill()
        self.process.wait()
        self._win32.close(self._job.handle)
        self._win32.close(self._process_handle)

    def _lend(self, handle: int, access: int) -> int:
        return self._win32.lend(handle, self._process_handle, access)


class WindowsHost:
    """Starts children and makes memory on Windows."""

    def __init__(self, win32: Win32) -> None:
        self._win32 = win32

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], memory_bytes: int
    ) -> WindowsChild:
        """Start a child in a job.

        Raises
        ------
        ChildUnavailable
            It does not start.
        ChildNotConfined
            Windows does not put it into a job with limits.
        """
        command, environment = past_launcher(command, environment)
        with ExitStack() as undo:
            try:
                flags = types.CHILD_FLAGS
                process = self._win32.machine.spawn(command, environment, flags)
                undo.callback(_end, process)
                handle = self._win32.open_process(process.pid)
                undo.callback(self._win32.close, handle)
                job = self._confined(handle, memory_bytes)
                undo.callback(self._win32.close, job.handle)
                self._win32.resume(handle)
                channel = self._connected(process)
                undo.callback(channel.close)
                child = WindowsChild(process, channel, self._win32, handle, job)
                child.send({"memory_bytes": memory_bytes})
            except (OSError, ChannelBroken) as fault:
                raise ChildUnavailable from fault
            undo.pop_all()
        return child

    def memory(self, size_bytes: int) -> Block:
        """Make memory without a name; nobody finds it who is not lent its handle."""
        section = self._win32.create_section(size_bytes)
        try:
            view = self._win32.map_section(section, size_bytes)
        except OSError:
            self._win32.close(section)
            raise
        return Block(section, size_bytes, view, self._win32.close)

    def _confined(self, process: int, memory_bytes: int) -> _Job:
        """Put a process into a job.

        Where this program runs in somebody else's job, Windows takes no job with limits on the
        desktop inside of it: then those alone are left out, and `in_force` does not name them.
        """
        try:
            try:
                return self._job_around(process, memory_bytes, types.UI_ALL)
            except OSError:
                return self._job_around(process, memory_bytes, 0)
        except OSError as fault:
            raise ChildNotConfined from fault

    def _job_around(self, process: int, memory_bytes: int, ui_limits: int) -> _Job:
        names = ("job", "job_desktop") if ui_limits else ("job",)
        job = _Job(self._win32, self._win32.create_job(), memory_bytes, names)
        try:
            job.set_limits(_CPU_SECONDS_TO_START)
            if ui_limits:
                self._win32.set_ui_limits(job.handle, ui_limits)
            self._win32.assign(job.handle, process)
        except OSError:
            self._win32.close(job.handle)
            raise
        return job

    def _connected(self, process: subprocess.Popen[bytes]) -> socket.socket:
        """Return a channel whose other end only this child can take: it is made for its id."""
        ours, theirs = socket.socketpair()
        try:
            require_pair(ours, theirs)
            for end in (ours, theirs):
                if end.family != getattr(socket, "AF_UNIX", None):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            shared = self._win32.machine.share(theirs, process.pid)
            if process.stdin is not None:
                process.stdin.write(shared)
                process.stdin.close()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours


def require_pair(ours: socket.socket, theirs: socket.socket) -> None:
    """Refuse a pair of which one end belongs to a stranger.

    Windows' pair is two sockets connected over loopback, and for a moment anybody on the machine
    may connect in between.

    Raises
    ------
    OSError
    """
    if ours.getpeername() != theirs.getsockname() or theirs.getpeername() != ours.getsockname():
        raise OSError("a stranger connected")


def past_launcher(
    command: Sequence[str], environment: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Start Python itself where a virtual environment's `python.exe` would start it as its child.

    The job would hold the launcher only, and lets nothing be started. Source: the same detour in
    Python's `multiprocessing.popen_spawn_win32`.
    """
    base = str(getattr(sys, "_base_executable", sys.executable))
    own = os.path.normcase(sys.executable)
    if os.path.normcase(command[0]) != own or os.path.normcase(base) == own:
        return list(command), dict(environment)
    return [base, *command[1:]], {**environment, "__PYVENV_LAUNCHER__": sys.executable}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
