"""System calls that a decoder never needs, and their numbers.

Source: Linux arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class SyscallTable:
    """One architecture: its AUDIT_ARCH value, the bit of a second ABI (or 0), its numbers."""

    architecture: int
    x32_bit: int
    numbers: dict[str, int]


OPEN_FLAGS = {"open": 1, "openat": 2}
"""Calls that open a file, and which argument holds the flags."""

_X86_64 = SyscallTable(
    0xC000003E,
    0x40000000,
    {
        "open": 2, "openat": 257, "socket": 41, "connect": 42, "accept": 43, "bind": 49,
        "listen": 50, "socketpair": 53, "fork": 57, "vfork": 58, "execve": 59, "kill": 62,
        "truncate": 76, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86,
        "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93,
        "lchown": 94, "ptrace": 101, "mknod": 133, "personality": 135, "mount": 165,
        "setxattr": 188, "tkill": 200, "mq_open": 240, "add_key": 248, "keyctl": 250,
        "mkdirat": 258, "mknodat": 259, "fchownat": 260, "unlinkat": 263, "renameat": 264,
        "linkat": 265, "symlinkat": 266, "fchmodat": 268, "unshare": 272, "accept4": 288,
        "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "renameat2": 316, "bpf": 321,
        "execveat": 322, "userfaultfd": 323, "pkey_alloc": 330, "pidfd_send_signal": 424,
        "io_uring_setup": 425, "pidfd_open": 434, "openat2": 437, "pidfd_getfd": 438,
        "mount_setattr": 442,
    },
)  # fmt: skip
_AARCH64 = SyscallTable(
    0xC00000B7,
    0,
    {
        "openat": 56, "setxattr": 5, "mknodat": 33, "mkdirat": 34, "unlinkat": 35,
        "symlinkat": 36, "linkat": 37, "renameat": 38, "mount": 40, "truncate": 45,
        "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55, "personality": 92,
        "unshare": 97, "ptrace": 117, "kill": 129, "tkill": 130, "mq_open": 180, "socket": 198,
        "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203,
        "add_key": 217, "keyctl": 219, "execve": 221, "perf_event_open": 241, "accept4": 242,
        "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "renameat2": 276, "bpf": 280, "execveat": 281,
        "userfaultfd": 282, "pkey_alloc": 289, "pidfd_send_signal": 424, "io_uring_setup": 425,
        "pidfd_open": 434, "openat2": 437, "pidfd_getfd": 438, "mount_setattr": 442,
    },
)  # fmt: skip
_TABLES = {"x86_64": _X86_64, "aarch64": _AARCH64}
DENIED = tuple(
    dict.fromkeys(
        name for table in _TABLES.values() for name in table.numbers if name not in OPEN_FLAGS
    )
)


def table_for(machine: str) -> SyscallTable | None:
    """Return the table of a machine as `platform.machine()` names it."""
    return _TABLES.get(machine)
