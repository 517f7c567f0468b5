"""Reading, verifying and exporting the trail."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import DestinationFault
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.trail_out.fhir import fhir_pieces
from viewer.app.trail_out.table import csv_pieces, jsonl_pieces
from viewer.app.use_cases.exporting import refuse_destination
from viewer.session.audit.archiving import Archives
from viewer.session.audit.errors import ArchiveFault
from viewer.session.audit.events import ALL_EVENTS, Event, EventFilter, EventKind
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.verdict import Verdict
from viewer.session.audit.verify import Told
from viewer.session.permissions import Permission

FORMATS = ("csv", "jsonl", "fhir")
_TOLD_EVERY = 50
_STEPS = 200
_MOMENT_S = 50e-6


def _telling(act: Act, what: str) -> Told:
    """Pass progress on, and stop where the person is gone or cancelled.

    Looking through a long trail is Python all the way, so each time it gives the window's thread a
    moment: else every paint of a cell would wait for the interpreter.
    """
    told = [-1]

    def tell(done: int, total: int) -> None:
        act.still_here()
        step = _STEPS * done // max(total, 1)
        if step != told[0]:
            told[0] = step
            act.control.progress(done, total, what)
        time.sleep(_MOMENT_S)

    return tell


@attrs.frozen
class OpenTrail:
    """Read the trail; `why` is shown in it. Archived parts are looked for in `archives`.

    `first` is given the newest entries before all is read, which may take seconds the first time.
    """

    why: str = "list"
    archives: tuple[Path, ...] = attrs.field(default=(), repr=False)
    first: Callable[[Sequence[Event]], None] | None = attrs.field(default=None, repr=False)


@use_case(
    permission=Permission.READ_TRAIL,
    event=EventKind.TRAIL_READ,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why=request.why),
)
def open_trail(clinic: Clinic, request: OpenTrail, act: Act) -> TrailReader:
    """Open the trail for reading until lock or logoff."""
    pass_on = _telling(act, "Reading the trail")
    first = [request.first] if request.first else []

    def told(done: int, total: int) -> None:
        while first:
            first.pop()(clinic.trail_reader().newest())
        pass_on(done, total)

    reader = clinic.open_trail_reader(act.session, told)
    mounted = [_mounted(clinic, reader, folder) for folder in request.archives]
    if any(mounted):
        reader.refresh(told)
    return reader


def _mounted(clinic: Clinic, reader: TrailReader, folder: Path) -> list[int]:
    """Read an archive, too, if it is what was archived: anybody can seal entries to a trail key."""
    archives = Archives(clinic.folder, clinic.trail, clinic.clock.wall().date())
    try:
        archives.require_unchanged(folder, reader.absent(folder))
        return reader.mount(folder)
    except OSError:
        raise ArchiveFault from None


@attrs.frozen
class VerifyTrail:
    """Check the chain against its signatures and the head kept outside.

    Unless `is_whole`, what was found good since the program started is not looked at again.
    """

    is_whole: bool = True
    archives: tuple[Path, ...] = attrs.field(default=(), repr=False)


@use_case(permission=Permission.VERIFY_TRAIL, event=EventKind.TRAIL_VERIFIED)
def verify(clinic: Clinic, request: VerifyTrail, act: Act) -> Verdict:
    """Verify the trail."""
    told = _telling(act, "Verifying the trail")
    verdict = clinic.trail.verify(told, is_whole=request.is_whole, archives=request.archives)
    words = "whole" if verdict.finding is None else verdict.finding.damage.value
    act.outcome = attrs.evolve(act.outcome, why=f"{verdict.records} entries, {words}")
    return verdict


@attrs.frozen
class ExportTrail:
    """What of the trail to write where, and how: one of `FORMATS`.

    Without a `destination` each piece of text goes to `take`.
    """

    format: str
    wanted: EventFilter = ALL_EVENTS
    destination: Path | None = attrs.field(default=None, repr=False)
    replace: bool = False
    take: Callable[[str], None] | None = attrs.field(default=None, repr=False)
    purpose: str = ""
    recipient: str = attrs.field(default="", repr=False)


@attrs.frozen
class TrailExported:
    """How many entries were written, and the SHA-256 of all bytes."""

    entries: int
    digest: str
    size_bytes: int


def _export_subject(clinic: Clinic, request: ExportTrail) -> Subject:
    wanted = request.wanted
    narrowed = "all entries" if wanted == ALL_EVENTS else "chosen entries"
    return Subject(
        wanted.patient_id,
        why=f"{request.format}, {narrowed}",
        purpose=request.purpose.strip(),
        recipient=request.recipient.strip(),
    )


@use_case(permission=Permission.READ_TRAIL, event=EventKind.TRAIL_EXPORTED, subject=_export_subject)
def export_trail(clinic: Clinic, request: ExportTrail, act: Act) -> TrailExported:
    """Write entries to a file, oldest first.

    Raises
    ------
    DestinationRefused
        There is a file already, or no such folder.
    DestinationFault
        The disk failed; nothing is left.
    Cancelled
        Nothing is left.
    """
    if request.destination is not None:
        refuse_destination(request.destination, replace=request.replace)
    reader = clinic.open_trail_reader(act.session, _telling(act, "Reading the trail"))
    events = _Counted(reader.scan(request.wanted), reader.count(request.wanted), act)
    pieces = _pieces(clinic, request, events)
    written = _Written(pieces)
    if request.destination is None:
        for piece in written:
            if request.take is not None:
                request.take(piece.decode())
        act.still_here()
    else:
        with _whole_or_nothing(request.destination) as file:
            file.writelines(written)
            act.still_here()
    answer = TrailExported(events.count, written.digest, written.size_bytes)
    act.outcome = attrs.evolve(
        act.outcome,
        why=f"{act.outcome.why}: {answer.entries}",
        digests=(answer.digest,),
        size_bytes=answer.size_bytes,
    )
    return answer


def _pieces(clinic: Clinic, request: ExportTrail, events: Iterable[Event]) -> Iterator[str]:
    if request.format == "csv":
        return csv_pieces(events)
    if request.format == "jsonl":
        return jsonl_pieces(events)
    return fhir_pieces(events, clinic.practice.id, clinic.clock.wall())


class _Counted:
    """Events on their way out: counted, told of, and stopped by a lock or a cancel."""

    def __init__(self, events: Iterable[Event], total: int, act: Act) -> None:
        self._events, self._total, self._act = events, total, act
        self.count = 0

    def __iter__(self) -> Iterator[Event]:
        tell = _telling(self._act, "Writing entries")
        for event in self._events:
            if self.count % _TOLD_EVERY == 0:
                tell(self.count, self._total)
            self.count += 1
            yield event


class _Written:
    """Pieces of text as bytes, with the digest of all of them."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self._sum = hashlib.sha256()
        self.size_bytes = 0

    @property
    def digest(self) -> str:
        return self._sum.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            raw = piece.encode()
            self._sum.update(raw)
            self.size_bytes += len(raw)
            yield raw


@contextmanager
def _whole_or_nothing(destination: Path) -> Iterator[BinaryIO]:
    """Write a file that is there, on disk, only if nothing was raised."""
    part = destination.with_name(destination.name + ".part")
    try:
        part.unlink(
            missing_ok=True
        )  # of an export that was killed; a link is removed, not followed
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(destination)
    except OSError as fault:
        raise DestinationFault from fault
    finally:
        part.unlink(missing_ok=True)
