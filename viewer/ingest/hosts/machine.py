"""The last few lines above Windows itself: libraries, sockets, open files, process creation.

Written, never run on Windows. Everything above it runs on Linux in tests, over a machine that
emulates Windows' calls.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class Machine(Protocol):
    """What `win32` stands on."""

    def function(
        self, library: str, name: str, result: type[Any], arguments: Sequence[type[Any]]
    ) -> Callable[..., Any]:
        """Return a function of a system library with its types."""

    def last_error(self) -> int:
        """Return the error code of the last call."""

    def spawn(
        self, command: Sequence[str], environment: Mapping[str, str], flags: int
    ) -> subprocess.Popen[bytes]:
        """Start a program with a pipe as standard input and no other output.

        Raises
        ------
        OSError
        """

    def handle_of(self, file: int) -> int:
        """Return the handle behind an open file."""

    def open_handle(self, handle: int) -> int:
        """Return an open file, read only and without translation, that owns the handle."""

    def share(self, channel: socket.socket, pid: int) -> bytes:
        """Duplicate a socket for one process; return what that process needs to take it."""

    def from_share(self, shared: bytes) -> socket.socket:
        """Take a socket that was duplicated for this process."""


if sys.platform == "win32":
    import msvcrt

    _FROM_SYSTEM_FOLDER = 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32

    class WindowsMachine:
        """Windows."""

        def function(
            self, library: str, name: str, result: type[Any], arguments: Sequence[type[Any]]
        ) -> Callable[..., Any]:
            """Return a function of a system library with its types."""
            loaded = ctypes.WinDLL(library, use_last_error=True, winmode=_FROM_SYSTEM_FOLDER)
            call = getattr(loaded, name)
            call.restype, call.argtypes = result, list(arguments)
            return call  # type: ignore[no-any-return]  # ctypes leaves the attribute untyped

        def last_error(self) -> int:
            """Return the error code of the last call."""
            return ctypes.get_last_error()

        def spawn(
            self, command: Sequence[str], environment: Mapping[str, str], flags: int
        ) -> subprocess.Popen[bytes]:
            """Start a program; only the three standard handles are inherited."""
            return subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=sys.base_prefix,
                env=environment,
                creationflags=flags,
            )

        def handle_of(self, file: int) -> int:
            """Return the handle behind an open file."""
            return msvcrt.get_osfhandle(file)

        def open_handle(self, handle: int) -> int:
            """Return an open file that owns the handle."""
            return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)

        def share(self, channel: socket.socket, pid: int) -> bytes:
            """Duplicate a socket for one process."""
            return channel.share(pid)

        def from_share(self, shared: bytes) -> socket.socket:
            """Take a socket that was duplicated for this process."""
            return socket.fromshare(shared)
