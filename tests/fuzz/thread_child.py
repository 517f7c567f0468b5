"""A decoding child that is a thread of this process, so that a fuzzer sees what it does.

It talks through the same channel and runs the same loop, but gives up no rights. What crashes or
eats memory there does so here; what the parent does not expect of its answers is raised here.
"""

from __future__ import annotations

import logging
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import attrs
import pydicom.config

from viewer.ingest import child
from viewer.ingest.hosts.port import Block, Message
from viewer.ingest.hosts.posix_child import PosixSide
from viewer.ingest.protocol import send

_SECONDS = 30
SPARE = "viewer.ingest.decoder.take_spare"


class OpenSide(PosixSide):
    """The child's half, without limits."""

    def lock_down(self, memory_bytes: int) -> list[str]:
        return []

    def limit_cpu(self, seconds: int) -> None:
        """The fuzzer has a limit of its own."""


@attrs.define(eq=False)
class ThreadChild:
    """Satisfies `ChildProcess`."""

    channel: socket.socket
    thread: threading.Thread
    pid: int = 0
    in_force: tuple[str, ...] = ()

    def is_running(self) -> bool:
        return self.thread.is_alive()

    def send(self, message: Message, file: int | None = None, block: Block | None = None) -> None:
        files = [] if file is None else [file]
        send(self.channel, message, files if block is None else [*files, block.handle])

    def allow_cpu(self, seconds: float) -> None:
        """Nothing."""

    def end(self) -> None:
        self.channel.close()
        self.thread.join(_SECONDS)
        if self.thread.is_alive():
            raise TimeoutError("the child works on without end")


@contextmanager
def _quiet_no_longer_than_this() -> Iterator[None]:
    """Undo what a child does to its own process: this one goes on."""
    disabled, filters = logging.root.manager.disable, warnings.filters[:]
    mode = pydicom.config.settings.reading_validation_mode
    try:
        yield
    finally:
        logging.disable(disabled)
        warnings.filters[:] = filters  # type: ignore[index]
        pydicom.config.settings.reading_validation_mode = mode


def start() -> ThreadChild:
    """Start one; it has seen no file yet."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs, _quiet_no_longer_than_this():
            child.serve(OpenSide(theirs))

    made = ThreadChild(ours, threading.Thread(target=serve, name="child"))
    made.thread.start()
    made.send({"memory_bytes": 1 << 30})
    return made


def in_threads() -> mock._patch[mock.MagicMock]:
    """Let imports take such children."""
    return mock.patch(SPARE, side_effect=start)
