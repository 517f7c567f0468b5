"""Linux and macOS, the parent's half: a socket pair, and open files that travel beside bytes."""

from __future__ import annotations

import importlib
import mmap
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

import attrs

from viewer.ingest.errors import ChildUnavailable
from viewer.ingest.hosts.port import Block, Message
from viewer.ingest.protocol import ChannelBroken, send


@attrs.frozen(eq=False)
class PosixChild:
    """A running child; its limits are its own, set before its first job."""

    process: subprocess.Popen[bytes]
    channel: socket.socket

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def in_force(self) -> tuple[str, ...]:
        """Nothing: the child itself tells what is in force."""
        return ()

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def send(self, message: Message, file: int | None = None, block: Block | None = None) -> None:
        """Send a message with its open files."""
        files = [] if file is None else [file]
        send(self.channel, message, files if block is None else [*files, block.handle])

    def allow_cpu(self, seconds: float) -> None:
        """Nothing: the child limits itself by what the job says."""

    def end(self) -> None:
        """End it and wait until it is gone."""
        self.channel.close()
        self.process.kill()
        self.process.wait()


class PosixHost:
    """Starts children and makes memory on Linux and macOS."""

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], memory_bytes: int
    ) -> PosixChild:
        """Start a child with the channel as its standard input.

        Raises
        ------
        ChildUnavailable
        """
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=environment,
            )
        except OSError as fault:
            ours.close()
            raise ChildUnavailable from fault
        finally:
            theirs.close()
        child = PosixChild(process, ours)
        try:
            child.send({"memory_bytes": memory_bytes})
        except ChannelBroken as broken:
            child.end()
            raise ChildUnavailable from broken
        return child

    def memory(self, size_bytes: int) -> Block:
        """Make memory that is no file.

        On Linux it is a sealed memfd: the child can neither shrink nor grow it, so that the
        parent cannot be made to fault on it. macOS lets nobody resize such memory.
        """
        file = _memory_file(size_bytes)
        try:
            return Block(file, size_bytes, mmap.mmap(file, size_bytes), os.close)
        except BaseException:
            os.close(file)
            raise


if sys.platform == "linux":

    def _memory_file(size_bytes: int) -> int:
        if not hasattr(os, "memfd_create"):
            return _unlinked_posix_memory(size_bytes)
        import fcntl

        file = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(file, size_bytes)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        return file

else:

    def _memory_file(size_bytes: int) -> int:
        return _unlinked_posix_memory(size_bytes)


def _unlinked_posix_memory(size_bytes: int) -> int:
    """Make memory whose name is gone before anyone could guess it (macOS: 31 characters)."""
    posix = importlib.import_module("_posixshmem")
    name = f"/{secrets.token_hex(8)}"
    file = int(posix.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600))
    posix.shm_unlink(name)
    os.ftruncate(file, size_bytes)
    return file
