"""What the decoding child may no longer do on Linux and macOS, once it has called `lock_down`.

Both: no core dumps, no growing of files (RLIMIT_FSIZE), few open files, bounded processor time.
Linux besides: bounded memory, no new privileges, no attaching debugger, Landlock (reads only of
Python's own folders, no TCP), seccomp (no sockets, no programs, no opening for writing, no
changing of the file tree). macOS takes a memory limit and does not enforce it, and nothing there
keeps the child from reading the person's files or from the network: `lock_down` answers
`file_limits` there, and `rlimits` where memory is bounded too. Windows: `hosts/windows_child.py`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

from viewer.ingest.syscalls import DENIED, OPEN_FLAGS, SyscallTable, table_for

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_SECCOMP_FILTER = 2
_LD, _JEQ, _JSET, _RET = 0x20, 0x15, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR, _EXECUTE = 1 << 2, 1 << 3, 1 << 0
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_BOTH = 3
# Linux's O_PATH and O_CLOEXEC; type checkers of other systems do not know the first.
_TO_NAME_ONLY = 0o10000000 | 0o2000000
_OPEN_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MOST_FILES = 64
_SYSTEM_FOLDERS = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/dev/urandom", "/dev/null")


def lock_down(memory_bytes: int) -> list[str]:
    """Give up all rights that decoding does not need; return the names of what is in force."""
    in_force = _limit(memory_bytes)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            in_force.append("no_new_privs")
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
            in_force.append("not_dumpable")
        if _landlock(libc):
            in_force.append("landlock")
        if _seccomp(libc):
            in_force.append("seccomp")
    return in_force


if sys.platform == "win32":

    def _limit(_memory_bytes: int) -> list[str]:
        return []

else:

    def _limit(memory_bytes: int) -> list[str]:
        import resource

        limits = [
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, _MOST_FILES),
            # Private memory alone: the parent's shared pixels and the mapped file do not count.
            (resource.RLIMIT_DATA, memory_bytes),
        ]
        for which, most in limits:
            resource.setrlimit(which, (most, most))
        return ["rlimits"] if sys.platform == "linux" else ["file_limits"]


def _landlock(libc: ctypes.CDLL) -> bool:
    """Restrict the file tree and TCP; False where the kernel has no Landlock."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    handled = _ALL_BY_ABI[max(known for known in _ALL_BY_ABI if known <= abi)]
    wanted = struct.pack("=QQ", handled, _NET_BOTH) if abi >= 4 else struct.pack("=Q", handled)
    ruleset = libc.syscall(_LANDLOCK_CREATE, wanted, ctypes.c_size_t(len(wanted)), 0)
    if ruleset < 0:
        return False
    try:
        for path in _readable():
            _allow_reading(libc, ruleset, path)
        return bool(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _readable() -> set[str]:
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, *_SYSTEM_FOLDERS}
    return {f for f in (*folders, *_SYSTEM_FILES) if f and Path(f).exists()}


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    rights = _READ_FILE | _EXECUTE
    if Path(path).is_dir():
        rights |= _READ_DIR
    fd = os.open(path, _TO_NAME_ONLY)
    try:
        libc.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, fd), 0)
    finally:
        os.close(fd)


def _seccomp(libc: ctypes.CDLL) -> bool:
    """Refuse a list of system calls; False on machines whose numbers are not known."""
    table = table_for(platform.machine())
    if table is None:
        return False
    program = _program(table)
    buffer = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    header = struct.pack("HxxxxxxP", count, ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, header, 0, 0) == 0)


def _program(table: SyscallTable) -> bytes:
    """Build the filter: kill foreign architectures, refuse the denied, check open's flags."""
    code = [
        _step(_LD, 0, 0, 4),
        _step(_JEQ, 1, 0, table.architecture),
        _step(_RET, 0, 0, _KILL),
        _step(_LD, 0, 0, 0),
    ]
    if table.x32_bit:
        code += [_step(_JSET, 0, 1, table.x32_bit), _step(_RET, 0, 0, _KILL)]
    for name in DENIED:
        if name in table.numbers:
            code += [_step(_JEQ, 0, 1, table.numbers[name]), _step(_RET, 0, 0, _REFUSE)]
    for name, argument in OPEN_FLAGS.items():
        if name in table.numbers:
            code += [
                _step(_JEQ, 0, 4, table.numbers[name]),
                _step(_LD, 0, 0, 16 + 8 * argument),
                _step(_JSET, 0, 1, _OPEN_FOR_WRITING),
                _step(_RET, 0, 0, _REFUSE),
                _step(_RET, 0, 0, _ALLOW),
            ]
    code.append(_step(_RET, 0, 0, _ALLOW))
    return b"".join(code)


def _step(code: int, if_true: int, if_false: int, operand: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, operand)
