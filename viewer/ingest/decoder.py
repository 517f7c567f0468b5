"""The parent's end of the decoding child: one warm process, replaced when it fails.

Main thread or one worker; not two at once.
"""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs

import viewer
from viewer.dicom.errors import DicomRefused
from viewer.dicom.layout import PixelLayout, check_layout
from viewer.ingest.errors import ChildUnavailable, FileRefused
from viewer.ingest.memory import SharedPixels
from viewer.ingest.protocol import ChannelBroken, Header, receive, send
from viewer.model.errors import Cancelled
from viewer.model.json import from_json, to_json

_FAILED = "Reading the file failed: it is damaged, or made to do harm."
_SENSELESS = "The file gives no sensible answer about itself."
_MOST_TEXT = 300
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG")


@attrs.frozen
class Budget:
    """What one file may cost."""

    memory_bytes: int = 1536 << 20
    start_seconds: float = 30.0
    header_seconds: float = 20.0
    decode_seconds: float = 60.0
    second_per_frame: float = 0.5


class Decoder:
    """Asks the decoding child about files; a context manager.

    Parameters
    ----------
    command : sequence of str or None
        How to start the child; None starts this Python with `viewer.ingest.child`.
    is_cancelled : callable
        Asked while waiting; when it says yes the child is ended and `Cancelled` raised.
    """

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        budget: Budget | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._command = list(command or (sys.executable, "-P", "-m", "viewer.ingest.child"))
        self._budget = budget or Budget()
        self._is_cancelled = is_cancelled
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self.in_force: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process else None

    def read_header(self, file: int) -> Header:
        """Have the header of an open file read.

        Raises
        ------
        FileRefused
            With the plain reason; the child has been replaced if it was its fault.
        Cancelled, ChildUnavailable
        """
        answer = self._ask({"do": "header"}, [file], self._budget.header_seconds)
        try:
            header = from_json(answer["header"], Header)
            check_layout(header.layout)
        except DicomRefused as refused:
            raise FileRefused(refused.what, refused.now) from refused
        except (KeyError, TypeError, ValueError, RecursionError) as fault:
            self._end()
            raise FileRefused(_SENSELESS) from fault
        if len(header.frames) not in (1, header.layout.frames):
            raise FileRefused(_SENSELESS)
        return header

    def decode(
        self, file: int, layout: PixelLayout, pixels: SharedPixels, slots: Sequence[int]
    ) -> None:
        """Have all frames of an open file decoded into their slots (in frames) of `pixels`.

        Raises
        ------
        FileRefused, Cancelled, ChildUnavailable
        """
        seconds = self._budget.decode_seconds + layout.frames * self._budget.second_per_frame
        job = {"do": "decode", "layout": to_json(layout), "slots": list(slots)}
        answer = self._ask(job, [file, pixels.file], seconds)
        if answer.get("done") != len(slots):
            self._end()
            raise FileRefused(_SENSELESS)

    def close(self) -> None:
        """End the child."""
        self._end()

    def _ask(self, job: dict[str, Any], files: Sequence[int], seconds: float) -> dict[str, Any]:
        self._check_cancelled()
        channel = self._channel or self._start()
        try:
            send(channel, {**job, "cpu_seconds": math.ceil(seconds)}, files)
            answer, extra = self._receive(channel, seconds)
        except ChannelBroken as broken:
            self._end()
            raise FileRefused(_FAILED) from broken
        except Cancelled:
            self._end()
            raise
        for file in extra:
            os.close(file)
        if "refused" in answer:
            raise _refusal(answer["refused"])
        return answer

    def _receive(self, channel: socket.socket, seconds: float) -> tuple[dict[str, Any], list[int]]:
        deadline = time.monotonic() + seconds
        return receive(channel, deadline=deadline, check=self._check_cancelled)

    def _check_cancelled(self) -> None:
        if self._is_cancelled():
            raise Cancelled

    def _start(self) -> socket.socket:
        if sys.platform == "win32":
            raise ChildUnavailable
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
            )
        except OSError as fault:
            ours.close()
            raise ChildUnavailable from fault
        finally:
            theirs.close()
        self._channel = ours
        try:
            send(ours, {"memory_bytes": self._budget.memory_bytes})
            ready, _ = self._receive(ours, self._budget.start_seconds)
        except ChannelBroken as broken:
            self._end()
            raise ChildUnavailable from broken
        except Cancelled:
            self._end()
            raise
        self.in_force = tuple(str(name) for name in ready.get("ready", ()))
        return ours

    def _end(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _environment() -> dict[str, str]:
    """Return a small environment: no secrets, no settings that load foreign code."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(Path(viewer.__file__).resolve().parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _refusal(said: object) -> FileRefused:
    """Take over the child's reason if it is two short printable texts."""
    if isinstance(said, list) and len(said) == 2 and all(isinstance(x, str) for x in said):
        what, now = said
        if len(what) + len(now) <= _MOST_TEXT and (what + now).isprintable():
            return FileRefused(what, now)
    return FileRefused(_SENSELESS)
