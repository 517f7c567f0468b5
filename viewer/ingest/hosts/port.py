"""What reading needs from an operating system: a confined child, and memory shared with it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

Message = dict[str, Any]


@attrs.define(eq=False)
class Block:
    """Memory that the parent makes and a child can be let into; zeros at first.

    `handle` is what the operating system calls it (a file descriptor, or a section's handle).
    `buffer` is writable and keeps the memory alive after `close`.
    """

    handle: int
    size_bytes: int
    buffer: Any
    _release: Callable[[int], None]
    _is_open: bool = True

    def close(self) -> None:
        """Give up the handle; children that were let in keep theirs."""
        if self._is_open:
            self._is_open = False
            self._release(self.handle)


class ChildProcess(Protocol):
    """A running child, seen from the parent."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def channel(self) -> socket.socket:
        """Where its answers come from."""

    @property
    def in_force(self) -> tuple[str, ...]:
        """What the parent itself holds it to."""

    def is_running(self) -> bool:
        """Whether it has not ended."""

    def send(self, message: Message, file: int | None = None, block: Block | None = None) -> None:
        """Send a message, and let the child into an open file and a block of memory.

        Raises
        ------
        viewer.ingest.protocol.ChannelBroken
        """

    def allow_cpu(self, seconds: float) -> None:
        """Let it use so much more processor time; nothing where the child limits itself.

        Raises
        ------
        viewer.ingest.protocol.ChannelBroken
        """

    def end(self) -> None:
        """End it and wait until it is gone."""


class Host(Protocol):
    """The parent's half of an operating system."""

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], memory_bytes: int
    ) -> ChildProcess:
        """Start a child that may take so much memory; its first message tells that it is ready.

        Raises
        ------
        viewer.ingest.errors.ChildUnavailable
            It does not start, or cannot be confined.
        """

    def memory(self, size_bytes: int) -> Block:
        """Make memory for pixels.

        Raises
        ------
        OSError
            There is not so much.
        """


class Handed(Protocol):
    """What came with a job: an open file, and perhaps memory to fill. The child's side."""

    def file_size(self) -> int:
        """Return the size of the file in bytes."""

    def start(self, size_bytes: int) -> bytes:
        """Return the file's first bytes."""

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read, 0 at the file's end."""

    def whole(self) -> memoryview:
        """Return the file's content, read only.

        Raises
        ------
        ValueError
            It is empty.
        """

    def room(self) -> NDArray[np.uint8]:
        """Return the memory to fill, as bytes.

        Raises
        ------
        ValueError
            None came.
        """

    def close(self) -> None:
        """Close what came."""


class ChildSide(Protocol):
    """The child's half of an operating system."""

    def receive(self) -> tuple[Message, Handed]:
        """Wait for the next message.

        Raises
        ------
        viewer.ingest.protocol.ChannelBroken
            The parent is gone.
        """

    def send(self, message: Message) -> None:
        """Answer.

        Raises
        ------
        viewer.ingest.protocol.ChannelBroken
        """

    def lock_down(self, memory_bytes: int) -> list[str]:
        """Give up all rights that decoding does not need; return the names of what is in force."""

    def limit_cpu(self, seconds: int) -> None:
        """End this process once it has used so much more processor time, if it is up to it."""
