"""The parent's end of a decoding child: one warm process, replaced when it fails.

Questions may be asked ahead; the answers come in their order. Main thread or one worker; not two
at once.
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs

from viewer.dicom.errors import DicomRefused, Unsupported
from viewer.dicom.layout import PixelLayout, check_layout
from viewer.ingest.errors import ChildUnavailable, FileRefused
from viewer.ingest.hosts.port import Block, ChildProcess
from viewer.ingest.memory import SharedPixels
from viewer.ingest.process import COMMAND, MEMORY_BYTES, start, take_spare
from viewer.ingest.protocol import (
    MODELS,
    ChannelBroken,
    Entry,
    FrameFacts,
    Header,
    Kept,
    OwnFacts,
    receive,
)
from viewer.model.errors import Cancelled
from viewer.model.json import from_json, to_json

Taken = TypeVar("Taken")

_FAILED = "Reading the file failed: it is damaged, or made to do harm."
_SENSELESS = "The file gives no sensible answer about itself."
_MOST_TEXT = 300


@attrs.frozen
class Budget:
    """What one file may cost."""

    memory_bytes: int = MEMORY_BYTES
    start_seconds: float = 30.0
    header_seconds: float = 20.0
    decode_seconds: float = 60.0
    second_per_frame: float = 0.5


@attrs.frozen
class _Question:
    """What was asked and is not answered; its file stays open until then."""

    job: dict[str, Any]
    file: int
    seconds: float
    block: Block | None = None


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
        self._command = list(command or COMMAND)
        self._budget = budget or Budget()
        self._is_cancelled = is_cancelled
        self._child: ChildProcess | None = None
        self._is_ready = False
        self._questions: deque[_Question] = deque()
        self._models: dict[int, Header] = {}
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
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start the child without waiting until it is ready; unanswered questions go to it.

        Raises
        ------
        ChildUnavailable
        """
        memory = self._budget.memory_bytes
        is_usual = self._command == COMMAND and memory == MEMORY_BYTES
        self._child = (take_spare() if is_usual else None) or start(self._command, memory)
        self._is_ready = False
        self._models.clear()
        for question in self._questions:
            self._send(question)

    def read_header(self, file: int) -> Header:
        """Have the header of an open DICOM picture read.

        Raises
        ------
        FileRefused
            With the plain reason; the child has been replaced if it was its fault.
        Cancelled, ChildUnavailable
        """
        self.ask_header(file)
        return self.header()

    def decode(
        self, file: int, layout: PixelLayout, pixels: SharedPixels, slots: Sequence[int]
    ) -> None:
        """Have all frames of an open file decoded into their slots (in frames) of `pixels`.

        Raises
        ------
        FileRefused, Cancelled, ChildUnavailable
        """
        self.ask_to_decode(file, layout, pixels, slots)
        self.decoded(len(slots))

    def ask(
        self,
        job: dict[str, Any],
        file: int,
        within: Sequence[Entry] = (),
        *,
        seconds: float | None = None,
        pixels: SharedPixels | None = None,
    ) -> None:
        """Ask for any job, which `answer` returns. The file stays open until then.

        Parameters
        ----------
        within : sequence of Entry
            Leads through archives to the entry that is meant, the outermost first.
        seconds : float or None
            How long it may take; None for as long as a header.
        pixels : SharedPixels or None
            What the child may fill.
        """
        if within:
            job = {**job, "within": [to_json(entry) for entry in within], "archive": _which(file)}
        block = pixels.block if pixels else None
        self._ask(_Question(job, file, seconds or self._budget.header_seconds, block))

    def answer(self, take: Callable[[dict[str, Any]], Taken]) -> Taken:
        """Return what `take` makes of the answer to what was asked first.

        Parameters
        ----------
        take : callable
            Trusts nothing; KeyError, TypeError and ValueError cost the child its life.

        Raises
        ------
        FileRefused, Cancelled, ChildUnavailable
        """
        answer = self._answer()
        try:
            return take(answer)
        except DicomRefused as refused:
            raise FileRefused(
                refused.what, refused.now, is_damage=not isinstance(refused, Unsupported)
            ) from refused
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as fault:
            self._end()
            raise FileRefused(_SENSELESS, is_damage=True) from fault

    def ask_header(self, file: int, within: Sequence[Entry] = ()) -> None:
        """Ask for a header, which `header` returns. The file stays open until then."""
        self.ask({"do": "header"}, file, within)

    def header(self) -> Header:
        """Return the header that was asked for first; raises as `read_header`."""
        header = self.answer(self.header_in)
        if isinstance(header, Kept):
            raise FileRefused(header.reason)
        return header

    def ask_to_decode(
        self,
        file: int,
        layout: PixelLayout,
        pixels: SharedPixels,
        slots: Sequence[int],
        within: Sequence[Entry] = (),
    ) -> None:
        """Ask to decode; `decoded` tells when it is done. The file stays open until then."""
        seconds = self._budget.decode_seconds + layout.frames * self._budget.second_per_frame
        job = {"do": "decode", "layout": to_json(layout), "slots": list(slots)}
        self.ask(job, file, within, seconds=seconds, pixels=pixels)

    def decoded(self, count: int) -> bool:
        """Wait for the frames that were asked for first; raises as `decode`.

        Returns whether something of the file's pixels was not kept.
        """
        answer = self._answer()
        if answer.get("done") != count:
            self._end()
            raise FileRefused(_SENSELESS, is_damage=True)
        return bool(answer.get("changed"))

    def close(self) -> None:
        """End the child and forget what was asked."""
        self._questions.clear()
        self._end()

    def header_in(self, answer: dict[str, Any]) -> Header | Kept:
        """Check what the child says of a DICOM file, for `answer`."""
        if "kept" in answer:
            return from_json(answer["kept"], Kept)
        header = self._header_said(answer)
        check_layout(header.layout)
        if len(header.frames) not in (1, header.layout.frames):
            raise ValueError("other frames than there are")
        return header

    def _header_said(self, answer: dict[str, Any]) -> Header:
        slot = int(answer.get("model", -1))
        if "own" in answer:
            return _like(self._models[slot], from_json(answer["own"], OwnFacts))
        header = from_json(answer["header"], Header)
        if 0 <= slot < MODELS:
            self._models[slot] = header
        return header

    def _ask(self, question: _Question) -> None:
        self._check_cancelled()
        self._questions.append(question)
        if self._child is None:
            self.start()
        else:
            self._send(question)

    def _send(self, question: _Question) -> None:
        child = self._child
        message = {**question.job, "cpu_seconds": math.ceil(question.seconds)}
        try:
            if child is not None:
                child.allow_cpu(self._seconds_outstanding())
                child.send(message, question.file, question.block)
        except ChannelBroken:
            return  # the child has ended, which waiting for its answer will tell

    def _seconds_outstanding(self) -> float:
        """Return how long all that was asked may take, and the start if it is not over."""
        seconds = sum(asked.seconds for asked in self._questions)
        return seconds if self._is_ready else seconds + self._budget.start_seconds

    def _answer(self) -> dict[str, Any]:
        try:
            self._check_cancelled()
            channel = self._ready_channel()
            question = self._questions.popleft()
            answer = self._receive(channel, question.seconds)
        except ChannelBroken as broken:
            self._end()
            raise FileRefused(_FAILED, is_damage=True) from broken
        except Cancelled:
            self.close()
            raise
        if "refused" in answer:
            raise _refusal(answer["refused"], is_damage=answer.get("damage") is True)
        return answer

    def _ready_channel(self) -> socket.socket:
        """Return the channel of a child that has given up its rights."""
        if self._child is None:
            self.start()
        child = self._child
        if child is None:
            raise ChildUnavailable
        if not self._is_ready:
            try:
                ready = self._receive(child.channel, self._budget.start_seconds)
            except ChannelBroken as broken:
                self.close()
                raise ChildUnavailable from broken
            said = (str(name) for name in ready.get("ready", ()))
            self.in_force = (*child.in_force, *said)
            self._is_ready = True
        return child.channel

    def _receive(self, channel: socket.socket, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        return receive(channel, deadline=deadline, check=self._check_cancelled)

    def _check_cancelled(self) -> None:
        if self._is_cancelled():
            raise Cancelled

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def _which(file: int) -> list[int]:
    """Return what tells an open file from every other one, for as long as it is not changed."""
    about = os.fstat(file)
    return [about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns]


def _like(model: Header, own: OwnFacts) -> Header:
    """Return the header of a file that says `own` and is like the model in all else."""
    return attrs.evolve(
        model,
        sop_uid=own.sop_uid,
        number=own.number,
        acquired=own.acquired,
        frames=(_own_frame(model.frames[0], own),),
        layout=attrs.evolve(model.layout, start=own.start),
        data_set=own.data_set,
    )


def _own_frame(model: FrameFacts, own: OwnFacts) -> FrameFacts:
    marks = model.marks
    if own.acquisition != marks.acquisition:
        marks = attrs.evolve(marks, acquisition=own.acquisition)
    return FrameFacts(own.place, model.grey, marks)


def _refusal(said: object, *, is_damage: bool) -> FileRefused:
    """Take over the child's reason if it is two short printable texts."""
    if isinstance(said, list) and len(said) == 2 and all(isinstance(x, str) for x in said):
        what, now = said
        if len(what) + len(now) <= _MOST_TEXT and (what + now).isprintable():
            return FileRefused(what, now, is_damage=is_damage)
    return FileRefused(_SENSELESS, is_damage=True)
