"""Windows, the child's half: a socket made for this process, handles that are numbers in a job.

Written, never run on Windows; it runs on Linux in tests, over emulated calls. The job around this
process bounds memory, processor time and the desktop, and lets no program be started. Here the
process gives up its privileges and lowers itself to low integrity, so that it cannot write to the
person's files, other processes or most of the registry. Windows offers nothing here that keeps it
from reading what the person may read, or from the network: see `viewer/session/THREATS.md`.
"""

from __future__ import annotations

import mmap
import os
import socket
import sys
from collections.abc import Callable
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.hosts import win32_types as types
from viewer.ingest.hosts.open_file import read_by_seeking, start_by_seeking
from viewer.ingest.hosts.port import Message
from viewer.ingest.hosts.win32 import Win32
from viewer.ingest.protocol import receive, send


class HandedHandles:
    """The file and the section that were lent with a job."""

    def __init__(self, win32: Win32, handed: dict[str, int]) -> None:
        self._win32 = win32
        self._section = handed.get("memory", 0)
        self._section_bytes = handed.get("memory_bytes", 0)
        self._file = win32.machine.open_handle(handed["file"]) if "file" in handed else -1

    def file_size(self) -> int:
        """Return the size of the file in bytes."""
        return os.fstat(self._file).st_size

    def start(self, size_bytes: int) -> bytes:
        """Return the file's first bytes."""
        return start_by_seeking(self._file, size_bytes)

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read."""
        return read_by_seeking(self._file, target, offset)

    def whole(self) -> memoryview:
        """Return the file's content, read only."""
        return memoryview(mmap.mmap(self._file, 0, access=mmap.ACCESS_READ))

    def room(self) -> NDArray[np.uint8]:
        """Return the memory to fill, as bytes."""
        if not self._section:
            raise ValueError("no memory came")
        view = self._win32.map_section(self._section, self._section_bytes)
        return np.frombuffer(view, np.uint8)

    def close(self) -> None:
        """Close what came; arrays keep the memory alive."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._section:
            self._win32.close(self._section)
            self._section = 0


class WindowsSide:
    """The shared socket, and what a process can do to itself."""

    def __init__(self, win32: Win32, channel: socket.socket) -> None:
        self._win32 = win32
        self._channel = channel

    @classmethod
    def on_standard_input(cls, win32: Win32, source: BinaryIO | None = None) -> Self:
        """Take the socket that the parent made for this process and described on standard input.

        Raises
        ------
        OSError
            It was made for another process, or not at all.
        """
        shared = (source or sys.stdin.buffer).read()
        return cls(win32, win32.machine.from_share(shared))

    def receive(self) -> tuple[Message, HandedHandles]:
        """Wait for the next message."""
        message = receive(self._channel)
        return message, HandedHandles(self._win32, message.pop("handed", {}))

    def send(self, message: Message) -> None:
        """Answer."""
        send(self._channel, message)

    def lock_down(self, _memory_bytes: int) -> list[str]:
        """Give up what the job does not take; return the names of what is in force.

        Memory is the job's matter. What an old Windows does not know is left out, and not named.
        """
        self._win32.quiet_errors()
        return [name for name, give_up in self._locks().items() if _is_done(give_up)]

    def limit_cpu(self, seconds: int) -> None:
        """Nothing: the parent sets the job's limit, which this process cannot reach."""

    def _locks(self) -> dict[str, Callable[[], None]]:
        """Return what to give up, integrity last: the rest may need it."""
        win32 = self._win32
        return {
            "no_extension_points": lambda: win32.set_policy(types.POLICY_EXTENSION_POINTS, 1),
            "no_foreign_fonts": lambda: win32.set_policy(types.POLICY_FONTS, 1),
            "no_low_images": lambda: win32.set_policy(types.POLICY_IMAGE_LOAD, 2),
            "no_privileges": win32.remove_privileges,
            "low_integrity": win32.lower_integrity,
        }


def _is_done(give_up: Callable[[], None]) -> bool:
    try:
        give_up()
    except OSError:
        return False
    return True
