"""Whether somebody still writes a file, where the operating system tells."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

if sys.platform == "linux":
    import fcntl

    def is_being_written(path: Path) -> bool:
        """Whether another program has it open for writing; False where it cannot be told.

        A lease for reading is refused while anybody has the file open for writing. Shares of
        other machines and files of other users grant none at all: there, time alone tells.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            file = os.open(path, flags)
        except OSError:
            return False
        try:
            # Who opens it for writing just then makes the kernel send a signal: one that is
            # ignored unless somebody asks for it, not SIGIO, which would end the program.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(file)
        return False

elif sys.platform == "win32":
    import ctypes

    _READ, _SHARE_READ, _EXISTING, _NORMAL = 0x80000000, 1, 3, 0x80
    _SHARING_VIOLATION = 32

    def is_being_written(path: Path) -> bool:
        """Whether another program has it open for writing; False where it cannot be told.

        Written, never run on Windows. Opening without sharing the right to write is refused
        while anybody has the file open for writing.
        """
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        create = kernel.CreateFileW
        create.restype = ctypes.c_void_p
        handle = create(str(path), _READ, _SHARE_READ, None, _EXISTING, _NORMAL, None)
        if handle == ctypes.c_void_p(-1).value:
            return ctypes.get_last_error() == _SHARING_VIOLATION
        kernel.CloseHandle(ctypes.c_void_p(handle))
        return False

else:

    def is_being_written(_path: Path) -> bool:
        """Nothing tells here: time alone does."""
        return False
