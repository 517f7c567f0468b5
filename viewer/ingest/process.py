"""Decoding children as processes: started with nothing of ours, ended without leaving anything.

A spare is a child that has loaded its libraries, given up its rights and seen no file; the next
import takes it, so that nobody waits. No child serves two imports.
"""

from __future__ import annotations

import atexit
import os
import select
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import viewer
from viewer.ingest.hosts import here
from viewer.ingest.hosts.port import ChildProcess

COMMAND = [sys.executable, "-P", "-m", "viewer.ingest.child"]
"""How a child is started."""

MEMORY_BYTES = 1536 << 20
"""How much private memory a child may take."""

CHILDREN = min(2, os.cpu_count() or 1)
"""How many children read at once."""

_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG")


def start(command: Sequence[str], memory_bytes: int) -> ChildProcess:
    """Start a child; its first message will tell that it is ready.

    Raises
    ------
    ChildUnavailable
        This machine does not start it, or does not let it be confined.
    """
    return here.HOST.start(command, _environment(), memory_bytes)


class _Spares:
    """The spare children of this process. Any thread."""

    def __init__(self) -> None:
        self._waiting: list[ChildProcess] = []
        self._guard = threading.Lock()
        atexit.register(self.drop)

    def prepare(self) -> None:
        with self._guard:
            while len(self._waiting) < CHILDREN:
                self._waiting.append(start(COMMAND, MEMORY_BYTES))

    def take(self) -> ChildProcess | None:
        with self._guard:
            while self._waiting:
                child = self._waiting.pop(0)
                if child.is_running():
                    return child
                child.end()
            return None

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        with self._guard:
            channels = [child.channel for child in self._waiting]
        for channel in channels:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([channel], [], [], left)[0]:
                return False
        return True

    def drop(self) -> None:
        with self._guard:
            while self._waiting:
                self._waiting.pop().end()


_spares = _Spares()


def prepare_spares() -> None:
    """Start the children of the next import now; returns at once.

    Raises
    ------
    ChildUnavailable
    """
    _spares.prepare()


def take_spare() -> ChildProcess | None:
    """Take a spare child if there is one; the taker ends it."""
    return _spares.take()


def wait_for_spares(seconds: float = 30.0) -> bool:
    """Wait until the spares have loaded all they need; return whether they have."""
    return _spares.wait(seconds)


def drop_spares() -> None:
    """End all spares; this is done at the program's end as well."""
    _spares.drop()


def _environment() -> dict[str, str]:
    """Return a small environment: no secrets, no settings that load foreign code."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # Compiled bytecode is kept or not as in the parent: compiling it anew costs a second.
    if sys.dont_write_bytecode:
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return {
        **kept,
        "PYTHONPATH": str(Path(viewer.__file__).resolve().parents[1]),
        "PYTHONNOUSERSITE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
