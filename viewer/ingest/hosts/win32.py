"""Windows' calls with Python's types: what fails raises OSError.

Written, never run on Windows; the layouts and the passing of arguments are tested on Linux.

Source: Microsoft Learn, pages of jobapi2.h, handleapi.h, memoryapi.h, securitybaseapi.h,
processthreadsapi.h. NtResumeProcess is not documented; it has been there since Windows XP, and
without it the one thread of a new process would have to be looked for among all of the machine.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import Any

from viewer.ingest.hosts import win32_types as types
from viewer.ingest.hosts.machine import Machine
from viewer.ingest.hosts.win32_types import BOOL, DWORD, HANDLE, NTSTATUS, POINTER, SIZE_T, TEXT

_CALLS: dict[str, tuple[str, type[Any], tuple[type[Any], ...]]] = {
    "CloseHandle": ("kernel32", BOOL, (HANDLE,)),
    "GetCurrentProcess": ("kernel32", HANDLE, ()),
    "OpenProcess": ("kernel32", HANDLE, (DWORD, BOOL, DWORD)),
    "NtResumeProcess": ("ntdll", NTSTATUS, (HANDLE,)),
    "GetProcessTimes": ("kernel32", BOOL, (HANDLE, POINTER, POINTER, POINTER, POINTER)),
    "DuplicateHandle": (
        "kernel32",
        BOOL,
        (HANDLE, HANDLE, HANDLE, POINTER, DWORD, BOOL, DWORD),
    ),
    "CreateJobObjectW": ("kernel32", HANDLE, (POINTER, TEXT)),
    "SetInformationJobObject": ("kernel32", BOOL, (HANDLE, ctypes.c_int32, POINTER, DWORD)),
    "AssignProcessToJobObject": ("kernel32", BOOL, (HANDLE, HANDLE)),
    "CreateFileMappingW": ("kernel32", HANDLE, (HANDLE, POINTER, DWORD, DWORD, DWORD, TEXT)),
    "MapViewOfFile": ("kernel32", POINTER, (HANDLE, DWORD, DWORD, DWORD, SIZE_T)),
    "UnmapViewOfFile": ("kernel32", BOOL, (POINTER,)),
    "SetErrorMode": ("kernel32", DWORD, (DWORD,)),
    "SetProcessMitigationPolicy": ("kernel32", BOOL, (ctypes.c_int32, POINTER, SIZE_T)),
    "OpenProcessToken": ("advapi32", BOOL, (HANDLE, DWORD, POINTER)),
    "GetTokenInformation": ("advapi32", BOOL, (HANDLE, ctypes.c_int32, POINTER, DWORD, POINTER)),
    "SetTokenInformation": ("advapi32", BOOL, (HANDLE, ctypes.c_int32, POINTER, DWORD)),
    "AdjustTokenPrivileges": (
        "advapi32",
        BOOL,
        (HANDLE, BOOL, POINTER, DWORD, POINTER, POINTER),
    ),
}


class Win32:
    """Windows' calls. Any thread."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._calls = {
            name: machine.function(library, name, result, arguments)
            for name, (library, result, arguments) in _CALLS.items()
        }

    def close(self, handle: int) -> None:
        """Close a handle."""
        self._do("CloseHandle", handle)

    def open_process(self, pid: int) -> int:
        """Return a handle to a child with `CHILD_RIGHTS`."""
        return self._do("OpenProcess", types.CHILD_RIGHTS, 0, pid)

    def resume(self, process: int) -> None:
        """Let a process that was created suspended run."""
        status = int(self._calls["NtResumeProcess"](process))
        if status < 0:
            raise OSError(f"NtResumeProcess: status {status & 0xFFFFFFFF:#x}")

    def user_seconds(self, process: int) -> float:
        """Return how much processor time a process has used outside the kernel."""
        times = (ctypes.c_uint64 * 4)()  # creation, exit, kernel, user
        at = ctypes.addressof(times)
        self._do("GetProcessTimes", process, *(at + 8 * n for n in range(4)))
        return int(times[3]) / types.TICKS_PER_SECOND

    def lend(self, handle: int, process: int, access: int) -> int:
        """Duplicate a handle of this process into another one; return its number there."""
        number = HANDLE()
        own = self._own_process()
        at = ctypes.addressof(number)
        self._do("DuplicateHandle", own, handle, process, at, access, 0, 0)
        return number.value or 0

    def create_job(self) -> int:
        """Return a job without a name and without limits."""
        return self._do("CreateJobObjectW", None, None)

    def set_limits(self, job: int, limits: types.ExtendedLimits) -> None:
        """Set the limits of a job."""
        size = ctypes.sizeof(limits)
        kind = types.EXTENDED_LIMIT_INFORMATION
        self._do("SetInformationJobObject", job, kind, ctypes.addressof(limits), size)

    def set_ui_limits(self, job: int, restrictions: int) -> None:
        """Keep the processes of a job away from the desktop."""
        value = DWORD(restrictions)
        kind = types.BASIC_UI_RESTRICTIONS
        self._do("SetInformationJobObject", job, kind, ctypes.addressof(value), 4)

    def assign(self, job: int, process: int) -> None:
        """Put a process into a job, for good."""
        self._do("AssignProcessToJobObject", job, process)

    def create_section(self, size_bytes: int) -> int:
        """Return memory without a name, zeros at first."""
        high, low = divmod(size_bytes, 1 << 32)
        no_file = types.INVALID_HANDLE
        kind = types.PAGE_READWRITE
        return self._do("CreateFileMappingW", no_file, None, kind, high, low, None)

    def map_section(self, section: int, size_bytes: int) -> memoryview:
        """Return a section as a writable buffer; it stays mapped while anything uses it."""
        at = self._do("MapViewOfFile", section, types.SECTION_READ_WRITE, 0, 0, size_bytes)
        view = (ctypes.c_ubyte * size_bytes).from_address(at)
        # Not at the program's end: an array may still be read then, and Windows unmaps anyway.
        weakref.finalize(view, self._calls["UnmapViewOfFile"], at).atexit = False
        return memoryview(view).cast("B")

    def quiet_errors(self) -> None:
        """Let no fault of this process open a window or write a report."""
        self._calls["SetErrorMode"](types.QUIET_ERRORS)

    def set_policy(self, policy: int, bits: int) -> None:
        """Set a mitigation policy of this process; it cannot be taken back."""
        value = DWORD(bits)
        self._do("SetProcessMitigationPolicy", policy, ctypes.addressof(value), 4)

    def lower_integrity(self) -> None:
        """Lower this process to low integrity: it writes to nothing that is the person's."""
        sid = ctypes.create_string_buffer(types.integrity_sid(types.LOW_INTEGRITY), 12)
        label = types.MandatoryLabel(ctypes.addressof(sid), types.SE_GROUP_INTEGRITY)
        size = ctypes.sizeof(label) + ctypes.sizeof(sid)
        token = self._own_token(types.TOKEN_ADJUST_DEFAULT)
        try:
            kind = types.TOKEN_INTEGRITY_LEVEL
            self._do("SetTokenInformation", token, kind, ctypes.addressof(label), size)
        finally:
            self.close(token)

    def remove_privileges(self) -> None:
        """Remove all privileges of this process but the one to pass through folders."""
        token = self._own_token(types.TOKEN_QUERY | types.TOKEN_ADJUST_PRIVILEGES)
        try:
            privileges = self._privileges(token)
            count = DWORD.from_buffer(privileges).value
            for n in range(count):
                entry = types.PrivilegeEntry.from_buffer(privileges, 4 + 12 * n)
                if (entry.low, entry.high) != (types.SE_CHANGE_NOTIFY, 0):
                    entry.attributes = types.SE_PRIVILEGE_REMOVED
            at = ctypes.addressof(privileges)
            self._do("AdjustTokenPrivileges", token, 0, at, 0, None, None)
            if code := self.machine.last_error():  # success may mean: not all of them
                raise _failure("AdjustTokenPrivileges", code)
        finally:
            self.close(token)

    def _privileges(self, token: int) -> ctypes.Array[ctypes.c_char]:
        """Return a TOKEN_PRIVILEGES of a token."""
        buffer = ctypes.create_string_buffer(4096)
        length = DWORD()
        kind, at = types.TOKEN_PRIVILEGES, ctypes.addressof(buffer)
        self._do("GetTokenInformation", token, kind, at, 4096, ctypes.addressof(length))
        return buffer

    def _own_token(self, access: int) -> int:
        token = HANDLE()
        self._do("OpenProcessToken", self._own_process(), access, ctypes.addressof(token))
        return token.value or 0

    def _own_process(self) -> int:
        return self._do("GetCurrentProcess")

    def _do(self, name: str, *arguments: Any) -> int:
        """Call a function that returns 0 or no handle where it fails."""
        result = self._calls[name](*arguments)
        if not result:
            raise _failure(name, self.machine.last_error())
        return int(result)


def _failure(name: str, code: int) -> OSError:
    return OSError(f"{name}: Windows error {code}")
