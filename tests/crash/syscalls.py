"""Stands between a child and the kernel: every call that changes a disk can be its last.

Linux alone. The child puts a seccomp filter on itself that hands each writing system call (its own
and SQLite's alike) to us before it is done; we let it pass, kill the child, tear the write in two,
or answer that the disk is full. No tracer and no further program is needed. `seccomp(2)`,
`seccomp_unotify(2)`.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import platform
import select
import signal
import socket
import struct
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import attrs

# name → (x86_64, aarch64); None where the architecture has no such call.
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "write": (1, 64),
    "writev": (20, 66),
    "pwrite64": (18, 68),
    "pwritev": (296, 70),
    "sendfile": (40, 71),
    "copy_file_range": (326, 285),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "sync_file_range": (277, 84),
    "ftruncate": (77, 46),
    "truncate": (76, 45),
    "fallocate": (285, 47),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rmdir": (84, None),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "open": (2, None),
    "openat": (257, 56),
    "creat": (85, None),
}
_BY_DESCRIPTOR = frozenset(
    {"write", "writev", "pwrite64", "pwritev", "sendfile", "fsync", "fdatasync"}
    | {"sync_file_range", "ftruncate", "fallocate"}
)
_PATH_ARGUMENT = {"openat": 1, "mkdirat": 1, "unlinkat": 1, "renameat": 1, "renameat2": 1}
_MAKING = os.O_CREAT | os.O_TRUNC
IS_POSSIBLE = sys.platform.startswith("linux") and platform.machine() in {"x86_64", "aarch64"}

_NOTIF_RECV, _NOTIF_SEND = 0xC0502100, 0xC0182101
_NOTIF = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_CONTINUE = 1
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


class Blow(Enum):
    """What happens to a call."""

    PASS = "pass"
    KILL = "kill"  # the child dies before the call is done
    TEAR = "tear"  # half of a write reaches the file, then the child dies
    FAIL = "fail"  # the call reports an error and does nothing
    SHORT = "short"  # half of a write is done, and the call says so


@attrs.frozen
class Call:
    """One writing call of the child, by its number in the order of arrival."""

    number: int
    name: str
    path: str
    at_s: float
    after: str = ""
    """The last whole line the child told before."""

    @property
    def is_write(self) -> bool:
        """Whether it carries bytes into a file."""
        return self.name in {"write", "pwrite64"}


Decide = Callable[[Call], Blow]


@attrs.define
class Run:
    """How a child's run went."""

    calls: list[Call] = attrs.field(factory=list)
    killed_at: Call | None = None
    status: int = 0
    told: bytes = b""

    @property
    def was_killed(self) -> bool:
        """Whether it ended by SIGKILL."""
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL


def let_pass(call: Call) -> Blow:
    """Let every call pass."""
    return Blow.PASS


def run_child(
    body: Callable[[int], None],
    root: Path,
    decide: Decide = let_pass,
    *,
    error: int = errno.ENOSPC,
    kill_after: tuple[str, float] | None = None,
    limit_s: float = 600.0,
) -> Run:
    """Fork, run `body(pipe)` under watch, and return how it ended. Single-threaded callers only.

    Parameters
    ----------
    body : Callable[[int], None]
        Runs in the child; what it writes into the pipe comes back as `told`, whole lines or not.
    root : Path
        Only calls on files below it are counted and put before `decide`.
    error : int
        What `Blow.FAIL` answers.
    kill_after : tuple[str, float], optional
        Kill so many seconds after the child told a line with these words in it (at once: ""),
        whatever is going on then.
    """
    ours, theirs = socket.socketpair()
    said, say = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a test run's timeout is a thread
        pid = os.fork()
    if not pid:
        _be_child(body, theirs, say)
    theirs.close()
    os.close(say)
    try:
        _, (listener, *_), _, _ = socket.recv_fds(ours, 1, 1)
    except ValueError:
        os.close(said)
        ours.close()
        os.waitpid(pid, 0)
        raise RuntimeError("the child could not put itself under watch") from None
    ours.close()
    watch = _Watch(pid, listener, os.fspath(root), decide, error)
    try:
        watch.go(said, kill_after, limit_s)
        _, watch.run.status = os.waitpid(pid, 0)
        watch.run.told += _rest_of(said)
    finally:
        os.close(listener)
        os.close(said)
    return watch.run


def look(root: Path, observe: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Look in a fresh process."""
    said, say = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.close(said)
            with os.fdopen(say, "w") as channel:
                json.dump(observe(root), channel)
            status = 0
        finally:
            os._exit(status)
    os.close(say)
    with os.fdopen(said) as channel:
        text = channel.read()
    _, status = os.waitpid(pid, 0)
    if status or not text:
        return {"fault": f"the look itself died with status {status}"}
    seen: dict[str, Any] = json.loads(text)
    return seen


def _be_child(body: Callable[[int], None], channel: socket.socket, say: int) -> None:
    status = 70
    try:
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        listener = _put_under_watch()
        socket.send_fds(channel, [b"."], [listener])
        os.close(listener)
        channel.close()
        body(say)
        status = 0
    except BaseException:  # noqa: BLE001 - a forked child must never return to its parent's code
        import traceback

        os.write(2, traceback.format_exc().encode())
        status = 71
    finally:
        os._exit(status)


class _Watch:
    def __init__(self, pid: int, listener: int, root: str, decide: Decide, error: int) -> None:
        self.run = Run()
        self._pid, self._listener, self._root = pid, listener, root
        self._decide, self._error = decide, error
        self._names = {number: name for name, number in _numbers().items()}
        self._start_s = time.monotonic()

    def go(self, said: int, kill_after: tuple[str, float] | None, limit_s: float) -> None:
        """Answer calls until the child is gone."""
        os.set_blocking(said, False)
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(said, select.POLLIN)
        words, delay_s = kill_after or ("", limit_s)
        deadline = self._start_s + limit_s
        is_armed = False
        while True:
            if not is_armed and words.encode() in self.run.told:
                is_armed, deadline = True, time.monotonic() + delay_s
            left = deadline - time.monotonic()
            if left <= 0:
                self._end_in_time(is_planned=is_armed and kill_after is not None)
                return
            for descriptor, event in poll.poll(left * 1000):
                # What was told before a call is heard before it.
                if not self._hear(said):
                    with suppress(KeyError):
                        poll.unregister(said)
                if descriptor != said and not (event & select.POLLIN and self._answer_one()):
                    return

    def _hear(self, said: int) -> bool:
        try:
            while told := os.read(said, 1 << 16):
                self.run.told += told
        except BlockingIOError:
            return True
        return False

    def _end_in_time(self, *, is_planned: bool) -> None:
        self._kill()
        last = self.run.calls[-1] if self.run.calls else None
        if not is_planned:
            raise TimeoutError(f"the child hangs after {last}")
        self.run.killed_at = last

    def _answer_one(self) -> bool:
        raw = bytearray(_NOTIF.size)
        try:
            fcntl.ioctl(self._listener, _NOTIF_RECV, raw)
        except OSError:
            return True  # the caller died while we came to it
        number, thread, _, call_number, _, _, *arguments = _NOTIF.unpack(raw)
        name = self._names.get(call_number, "?")
        path = _path_of(thread, name, arguments)
        if not path.startswith(self._root):
            return self._send(number, 0, 0, _CONTINUE)
        moment = time.monotonic() - self._start_s
        after = self.run.told.rpartition(b"\n")[0].rpartition(b"\n")[2].decode()
        call = Call(len(self.run.calls), name, path[len(self._root) + 1 :], moment, after)
        self.run.calls.append(call)
        return self._strike(self._decide(call), call, number, thread, arguments)

    def _strike(
        self, blow: Blow, call: Call, number: int, thread: int, arguments: list[int]
    ) -> bool:
        if blow is Blow.FAIL:
            return self._send(number, 0, -self._error, 0)
        if blow is Blow.SHORT and call.is_write and arguments[2] > 1:
            return self._send(number, _write_half(self._pid, thread, call, arguments), 0, 0)
        if blow is Blow.TEAR and call.is_write:
            _write_half(self._pid, thread, call, arguments)
        if blow in {Blow.KILL, Blow.TEAR}:
            self.run.killed_at = call
            self._kill()
            return False
        return self._send(number, 0, 0, _CONTINUE)

    def _send(self, number: int, value: int, error: int, flags: int) -> bool:
        try:
            fcntl.ioctl(self._listener, _NOTIF_SEND, _ANSWER.pack(number, value, error, flags))
        except OSError as fault:
            if fault.errno != errno.ENOENT:
                raise
        return True

    def _kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)


def _write_half(pid: int, thread: int, call: Call, arguments: list[int]) -> int:
    """Do the first half of the child's write in its place; return how many bytes."""
    descriptor, address, size, offset = arguments[:4]
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        half = memory.read(size // 2)
    process = os.pidfd_open(pid)
    try:
        borrowed = _libc().syscall(438, process, descriptor, 0)  # pidfd_getfd
        if borrowed < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        try:
            return (
                os.pwrite(borrowed, half, offset)
                if call.name == "pwrite64"
                else os.write(borrowed, half)
            )
        finally:
            os.close(borrowed)
    finally:
        os.close(process)


def _path_of(thread: int, name: str, arguments: list[int]) -> str:
    """Return the file a call is about; empty where the child is gone already."""
    try:
        if name in _BY_DESCRIPTOR:
            return _link(thread, f"fd/{arguments[0]}")
        if name == "copy_file_range":
            return _link(thread, f"fd/{arguments[2]}")
        position = _PATH_ARGUMENT.get(name, 0)
        text = _text_at(thread, arguments[position])
        if text.startswith("/"):
            return text
        base = f"fd/{arguments[0] & 0xFFFFFFFF}" if position else "cwd"
        if position and arguments[0] & 0xFFFFFFFF == 0xFFFFFF9C:  # AT_FDCWD
            base = "cwd"
        return os.path.normpath(f"{_link(thread, base)}/{text}")
    except OSError:
        return ""


def _link(thread: int, name: str) -> str:
    return os.fspath(Path(f"/proc/{thread}/{name}").readlink())


def _text_at(thread: int, address: int) -> str:
    raw = b""
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        while b"\0" not in raw and len(raw) < 4096:
            memory.seek(address + len(raw))
            # Up to the page's end, which may be the last that is mapped.
            more = memory.read(4096 - (address + len(raw)) % 4096)
            if not more:
                break
            raw += more
    return os.fsdecode(raw.partition(b"\0")[0])


def _rest_of(descriptor: int) -> bytes:
    os.set_blocking(descriptor, True)
    told = b""
    while more := os.read(descriptor, 1 << 16):
        told += more
    return told


def _numbers() -> dict[str, int]:
    column = 0 if platform.machine() == "x86_64" else 1
    pairs = ((name, numbers[column]) for name, numbers in _NUMBERS.items())
    return {name: number for name, number in pairs if number is not None}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _put_under_watch() -> int:
    """Filter this thread and all it will start; return the descriptor that hears of each call."""
    filter_ = _program()
    buffer = ctypes.create_string_buffer(filter_, len(filter_))
    program = struct.pack("HxxxxxxP", len(filter_) // 8, ctypes.addressof(buffer))
    held = ctypes.create_string_buffer(program, len(program))
    libc = _libc()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    seccomp = 317 if platform.machine() == "x86_64" else 277
    listener: int = libc.syscall(seccomp, 1, 8, held)  # SET_MODE_FILTER, NEW_LISTENER
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return listener


def _program() -> bytes:
    """Return a BPF program: writing calls to us, everything else on its way."""

    def step(code: int, jump_true: int, jump_false: int, value: int) -> bytes:
        return struct.pack("=HBBI", code, jump_true, jump_false, value)

    load, equal, any_bit, answer = 0x20, 0x15, 0x45, 0x06
    allow, notify = 0x7FFF0000, 0x7FC00000
    numbers = _numbers()
    opening = {number: 1 if name == "openat" else 0 for name, number in numbers.items()}
    program = step(load, 0, 0, 0)
    for name, number in numbers.items():
        if name in {"open", "openat"}:
            flags_at = 16 + 8 * (1 + opening[number])
            program += step(equal, 0, 4, number)
            program += step(load, 0, 0, flags_at)
            program += step(any_bit, 0, 1, _MAKING)
            program += step(answer, 0, 0, notify) + step(answer, 0, 0, allow)
        else:
            program += step(equal, 0, 1, number) + step(answer, 0, 0, notify)
    return program + step(answer, 0, 0, allow)
