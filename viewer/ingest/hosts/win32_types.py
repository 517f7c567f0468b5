"""Windows' structures and numbers, with the layout they have on 64-bit Windows.

`ctypes.wintypes` is not used: its DWORD has eight bytes on Linux, where the layouts are tested.

Source: Microsoft Learn, pages of winnt.h, winbase.h, memoryapi.h, processthreadsapi.h.
"""

from __future__ import annotations

import ctypes

BOOL = ctypes.c_int32
DWORD = ctypes.c_uint32
HANDLE = ctypes.c_void_p
NTSTATUS = ctypes.c_int32
POINTER = ctypes.c_void_p
SIZE_T = ctypes.c_size_t
TEXT = ctypes.c_wchar_p

INVALID_HANDLE = ctypes.c_void_p(-1).value or 0

# Process creation (CreateProcessW). Without a console there is no window and no console host, which
# would be a second process in the child's job (CREATE_NO_WINDOW has one).
CREATE_SUSPENDED, DETACHED_PROCESS = 0x4, 0x8
CHILD_FLAGS = CREATE_SUSPENDED | DETACHED_PROCESS

# Rights over a process: what the parent needs of its child and no more.
PROCESS_TERMINATE, PROCESS_DUP_HANDLE, PROCESS_SET_QUOTA = 0x1, 0x40, 0x100
PROCESS_SUSPEND_RESUME, PROCESS_QUERY_LIMITED_INFORMATION = 0x800, 0x1000
CHILD_RIGHTS = (
    PROCESS_TERMINATE
    | PROCESS_DUP_HANDLE
    | PROCESS_SET_QUOTA
    | PROCESS_SUSPEND_RESUME
    | PROCESS_QUERY_LIMITED_INFORMATION
)

# Rights over files and sections.
FILE_GENERIC_READ = 0x120089
SECTION_READ_WRITE = 0x4 | 0x2  # SECTION_MAP_READ, SECTION_MAP_WRITE; FILE_MAP_… are the same
PAGE_READWRITE = 0x4

# Jobs (SetInformationJobObject).
BASIC_UI_RESTRICTIONS, EXTENDED_LIMIT_INFORMATION = 4, 9
LIMIT_PROCESS_TIME, LIMIT_ACTIVE_PROCESS = 0x2, 0x8
LIMIT_PROCESS_MEMORY, LIMIT_DIE_ON_UNHANDLED_EXCEPTION = 0x100, 0x400
LIMIT_KILL_ON_JOB_CLOSE = 0x2000
JOB_LIMITS = (
    LIMIT_PROCESS_TIME
    | LIMIT_ACTIVE_PROCESS
    | LIMIT_PROCESS_MEMORY
    | LIMIT_DIE_ON_UNHANDLED_EXCEPTION
    | LIMIT_KILL_ON_JOB_CLOSE
)
# Handles, clipboard (both ways), system parameters, display, global atoms, desktop, logging off.
UI_ALL = 0xFF

# Tokens.
TOKEN_QUERY, TOKEN_ADJUST_PRIVILEGES, TOKEN_ADJUST_DEFAULT = 0x8, 0x20, 0x80
TOKEN_PRIVILEGES, TOKEN_INTEGRITY_LEVEL = 3, 25
SE_PRIVILEGE_REMOVED = 0x4
SE_GROUP_INTEGRITY = 0x20
SE_CHANGE_NOTIFY = 23
"""The privilege to pass through folders, without which most paths are closed."""
LOW_INTEGRITY = 0x1000

# Error mode: no box for a critical error, a fault or a missing file; no report of a fault.
QUIET_ERRORS = 0x1 | 0x2 | 0x8000

# Mitigation policies (SetProcessMitigationPolicy), each a DWORD of bits.
POLICY_EXTENSION_POINTS, POLICY_FONTS, POLICY_IMAGE_LOAD = 6, 9, 10

TICKS_PER_SECOND = 10_000_000
"""Windows counts processor time in units of 100 ns."""


class IoCounters(ctypes.Structure):
    """IO_COUNTERS, 48 bytes."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("r", "w", "o", "rb", "wb", "ob")]


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION, 64 bytes."""

    _fields_ = [
        ("per_process_user_time", ctypes.c_int64),
        ("per_job_user_time", ctypes.c_int64),
        ("flags", DWORD),
        ("minimum_working_set", SIZE_T),
        ("maximum_working_set", SIZE_T),
        ("active_processes", DWORD),
        ("affinity", SIZE_T),
        ("priority_class", DWORD),
        ("scheduling_class", DWORD),
    ]


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION, 144 bytes."""

    _fields_ = [
        ("basic", BasicLimits),
        ("io", IoCounters),
        ("process_memory", SIZE_T),
        ("job_memory", SIZE_T),
        ("peak_process_memory", SIZE_T),
        ("peak_job_memory", SIZE_T),
    ]


class PrivilegeEntry(ctypes.Structure):
    """LUID_AND_ATTRIBUTES, 12 bytes; TOKEN_PRIVILEGES is a DWORD count and such entries."""

    _fields_ = [("low", DWORD), ("high", ctypes.c_int32), ("attributes", DWORD)]


class MandatoryLabel(ctypes.Structure):
    """TOKEN_MANDATORY_LABEL, 16 bytes: a pointer to a SID and its attributes."""

    _fields_ = [("sid", POINTER), ("attributes", DWORD)]


def integrity_sid(level: int) -> bytes:
    """Return S-1-16-level, as it lies in memory (MS-DTYP 2.4.2.2).

    >>> integrity_sid(0x1000).hex()
    '010100000000001000100000'
    """
    return bytes([1, 1, 0, 0, 0, 0, 0, 16]) + level.to_bytes(4, "little")
