"""Linux and macOS, the child's half: open files arrive beside the bytes of a message."""

from __future__ import annotations

import mmap
import os
import socket
import sys
from typing import Self

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.hosts.open_file import read_into, start_of
from viewer.ingest.hosts.port import Message
from viewer.ingest.protocol import receive, send
from viewer.ingest.sandbox import lock_down


class HandedFiles:
    """The open file of a job, and the shared memory as a second one."""

    def __init__(self, files: list[int]) -> None:
        self._files = files

    def file_size(self) -> int:
        """Return the size of the file in bytes."""
        return os.fstat(self._files[0]).st_size

    def start(self, size_bytes: int) -> bytes:
        """Return the file's first bytes."""
        return start_of(self._files[0], size_bytes)

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read."""
        return read_into(self._files[0], target, offset)

    def whole(self) -> memoryview:
        """Return the file's content, read only."""
        return memoryview(mmap.mmap(self._files[0], 0, access=mmap.ACCESS_READ))

    def room(self) -> NDArray[np.uint8]:
        """Return the memory to fill, as bytes."""
        if len(self._files) < 2:
            raise ValueError("no memory came")
        return np.frombuffer(mmap.mmap(self._files[1], 0), np.uint8)

    def close(self) -> None:
        """Close what came."""
        while self._files:
            os.close(self._files.pop())


class PosixSide:
    """The channel on standard input, and the limits a process gives itself."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    @classmethod
    def on_standard_input(cls) -> Self:
        """Take the channel that the parent gave."""
        if sys.platform == "win32":
            raise OSError("standard input is no socket here")
        else:
            return cls(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=0))

    def receive(self) -> tuple[Message, HandedFiles]:
        """Wait for the next message."""
        files: list[int] = []
        return receive(self._channel, files=files), HandedFiles(files)

    def send(self, message: Message) -> None:
        """Answer."""
        send(self._channel, message)

    def lock_down(self, memory_bytes: int) -> list[str]:
        """Give up all rights that decoding does not need."""
        return lock_down(memory_bytes)

    def limit_cpu(self, seconds: int) -> None:
        """Let the kernel end this process once it has used so much more processor time."""
        if sys.platform != "win32":
            import resource

            spent = resource.getrusage(resource.RUSAGE_SELF)
            most = int(spent.ru_utime + spent.ru_stime) + seconds + 1
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
