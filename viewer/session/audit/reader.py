"""Reading the trail: for whoever holds the trail key, from facts in memory and records on disk.

What a list, a filter or a count needs lies in memory as `Facts`; they come from the sealed index
and, for what was appended since, from the trail. The records of a page are opened when the page is
asked for. `refresh` does the reading, beside those who look.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId
from viewer.session.audit.committed import Committed, Cursor
from viewer.session.audit.events import ALL_EVENTS, Entry, Event, EventFilter, EventKind
from viewer.session.audit.facts import (
    EPOCH,
    FACT,
    KINDS,
    OUTCOMES,
    Facts,
    Ledger,
    Places,
    Rows,
    actor_of,
    local_days,
)
from viewer.session.audit.frames import MAGIC, Bytes, NoFrame, read_frame, read_frame_before
from viewer.session.audit.index import Block, SegmentIndex
from viewer.session.audit.opener import RecordOpener, shape
from viewer.session.audit.segment import mapped, segment_numbers, segment_path
from viewer.session.audit.verify import Told, untold

ROWS_PER_BLOCK = 4096
"""Fewer new events than this are read again next time; more are added to the index."""

MOST_ROWS_PER_BLOCK = 65_536
"""A block is made in one go; so many rows take some milliseconds."""

_ROWS_AT_ONCE = 64
_FILTERS_KEPT = 4
_SCANNED_AT_ONCE = 512
_NOT_OPENED = "This entry cannot be opened any more: it was changed."
_CODES = {kind.name: place for place, kind in enumerate(KINDS)}
_ENDS = {outcome.name: place for place, outcome in enumerate(OUTCOMES)}


class TrailReader:
    """Events, newest first. Safe from any thread; `close` it at lock.

    What cannot be decrypted is left out and counted in `unreadable` as (segment, record): a damaged
    trail must stay readable. Whether the trail is whole is for the verifier to say.
    """

    def __init__(self, folder: Path, trail_key: Secret, *older_keys: Secret) -> None:
        self._folder = folder
        self._opener = RecordOpener(trail_key, *older_keys)
        self._ledger = Ledger()
        self._indexes: dict[int, SegmentIndex] = {}
        self._read_to: dict[int, int] = {}
        self._elsewhere: dict[int, Path] = {}
        self._unkept_from: dict[int, int] = {}
        self._actors: dict[tuple[str | None, str, str], int] = {}
        self._found: dict[EventFilter, tuple[int, Places]] = {}
        self._turn = threading.RLock()
        self._reading = threading.Lock()
        self._is_closed = False
        self.unreadable: list[tuple[int, int]] = []

    # --- what is read ----------------------------------------------------------------------

    def take_key(self, trail_key: Secret) -> None:
        """Also read with this key, of a newer epoch; what could not be read is tried again."""
        if self._opener.holds(trail_key):
            return
        with self._reading, self._turn:
            if self._opener.take_key(trail_key) and self.unreadable:
                self._read_again_from(min(segment for segment, _ in self.unreadable))

    def absent(self, folder: Path) -> list[int]:
        """Return which segments of an archive are not in the store.

        Raises
        ------
        OSError
            The folder cannot be read.
        """
        here = set(segment_numbers(self._folder))
        return [number for number in segment_numbers(folder) if number not in here]

    def mount(self, folder: Path) -> list[int]:
        """Also read the segments of an archive; return which of them are not in the store.

        Whether they are what was archived is for `Archives.require_unchanged` to say, before.

        Raises
        ------
        OSError
            The folder cannot be read.
        """
        with self._reading, self._turn:
            new = self.absent(folder)
            for number in new:
                self._elsewhere[number] = segment_path(folder, number)
            if new:
                self._read_again_from(min(new))
        return new

    def refresh(self, told: Told = untold) -> None:
        """Read what was appended since; `told` hears of it and may raise to stop.

        The first time without an index this opens every record, some seconds for a million; what
        is there already can be looked at meanwhile.

        Raises
        ------
        OSError
            The files cannot be read.
        """
        with self._reading:
            try:
                self._refresh(told)
            except ValueError:  # a wiped key: it was closed meanwhile
                if not self._is_closed:
                    raise

    def _refresh(self, told: Told) -> None:
        numbers = sorted({*segment_numbers(self._folder), *self._elsewhere})
        gone = set(self._read_to) - set(numbers)
        if gone:  # put into an archive
            with self._turn:
                self._read_again_from(min(gone))
        total = sum(self._path(number).stat().st_size for number in numbers)
        done = 0
        for number in numbers:
            with mapped(self._path(number)) as file:
                self._read_segment(number, file, partial(_told_from, told, done, total))
                done += len(file)

    def newest(self, count: int = 200) -> Sequence[Event]:
        """Return the newest events straight from the trail, however much was not read yet.

        Raises
        ------
        OSError
            The files cannot be read.
        """
        found: list[Event] = []
        for number in reversed(segment_numbers(self._folder)):
            with mapped(segment_path(self._folder, number)) as file, self._turn:
                found += self._newest_of(number, file, count - len(found))
            if len(found) >= count:
                break
        return found

    def _newest_of(self, number: int, file: Bytes, count: int) -> list[Event]:
        found: list[Event] = []
        end = len(file)
        while len(found) < count and end > len(MAGIC) and not self._is_closed:
            try:
                start = read_frame_before(file, end).start
            except NoFrame:
                break
            with contextlib.suppress(NotAuthentic, ValueError, NoFrame):
                found.append(self._opener.event(number, file, start))
            end = start
        return found

    def close(self) -> None:
        """Forget keys and events."""
        with self._turn:
            self._is_closed = True
            self._opener.wipe()
            for index in self._indexes.values():
                index.wipe()
            self._indexes.clear()
            self._ledger.wipe()
            self._found.clear()
            self._actors.clear()
            self._read_to.clear()

    # --- looking ---------------------------------------------------------------------------

    def facts(self) -> Facts:
        """Return all events as columns, as far as they were read. Gone when the reader closes."""
        with self._turn:
            return self._ledger.facts()

    def kinds(self) -> list[EventKind]:
        """Return the kinds of event that there are."""
        with self._turn:
            return [
                KINDS[place] for place in np.flatnonzero(np.bincount(self._ledger.rows["kind"]))
            ]

    def count(self, wanted: EventFilter | None = None) -> int:
        """How many events match."""
        with self._turn:
            if wanted is None or wanted == ALL_EVENTS:
                return len(self._ledger)
            return len(self._matches(wanted))

    def page(
        self, wanted: EventFilter | None = None, first: int = 0, count: int = 200
    ) -> Sequence[Event]:
        """Return a page of matching events, newest first."""
        with self._turn:
            end = self.count(wanted) - first
            begin = max(end - count, 0)
            if end <= 0:
                return []
            places: Sequence[int] = range(begin, end)
            if wanted is not None and wanted != ALL_EVENTS:
                places = self._matches(wanted)[begin:end].tolist()
            return [event for event in self._events(places[::-1]) if event is not None]

    def scan(
        self, wanted: EventFilter | None = None, since: Cursor | None = None
    ) -> Iterator[Event]:
        """Yield matching events, oldest first; those after `since` where it is given.

        What is appended while it runs may or may not be among them; call `refresh` before.
        """
        for places in self._scanned(wanted, since):
            with self._turn:
                events = self._events(places)
            yield from (event for event in events if event is not None)

    def committed(self, since: Cursor | None = None) -> Iterator[Committed]:
        """Yield every event after `since` with its record's hash, oldest first."""
        for places in self._scanned(None, since):
            with self._turn:
                events, leaves = self._events(places), self._leaves(places)
            for event, leaf in zip(events, leaves, strict=True):
                if event is not None:
                    yield Committed(Cursor(event.segment, event.seq), leaf, event)

    def day_counts(self, wanted: EventFilter | None = None) -> list[tuple[int, int]]:
        """Return (local day as `date.toordinal`, how many match), oldest first."""
        with self._turn:
            days = self._ledger.rows["day"]
            if wanted is not None and wanted != ALL_EVENTS:
                days = days[self._matches(wanted)]
            if not len(days):
                return []
            first = int(days.min())
            counts = np.bincount(days - first)
            return [(first + int(day), int(counts[day])) for day in np.flatnonzero(counts)]

    def _matches(self, wanted: EventFilter) -> Places:
        known = self._found.get(wanted)
        if known is None or known[0] != len(self._ledger):
            known = len(self._ledger), self._ledger.facts().matches(wanted)
            while len(self._found) >= _FILTERS_KEPT:
                self._found.pop(next(iter(self._found)))
            self._found[wanted] = known
        return known[1]

    def _scanned(self, wanted: EventFilter | None, since: Cursor | None) -> Iterator[list[int]]:
        with self._turn:
            rows = self._ledger.rows
            places = self._matches(wanted) if wanted is not None else np.arange(len(rows))
            if since is not None:
                after = (rows["segment"] > since.segment) | (
                    (rows["segment"] == since.segment) & (rows["seq"] > since.seq)
                )
                places = places[after[places]]
        for first in range(0, len(places), _SCANNED_AT_ONCE):
            yield places[first : first + _SCANNED_AT_ONCE].tolist()

    # --- opening ---------------------------------------------------------------------------

    def _events(self, places: Sequence[int]) -> list[Event | None]:
        """Open the records of some places; None for all once the reader is closed."""
        with contextlib.ExitStack() as stack:
            files: dict[int, Bytes] = {}
            return [self._event(place, files, stack) for place in places]

    def _event(
        self, place: int, files: dict[int, Bytes], stack: contextlib.ExitStack
    ) -> Event | None:
        if place >= len(self._ledger):
            return None
        row = self._ledger.rows[place]
        number = int(row["segment"])
        try:
            if number not in files:
                files[number] = stack.enter_context(mapped(self._path(number)))
            return self._opener.event(number, files[number], int(row["at"]))
        except (NotAuthentic, ValueError, NoFrame, OSError):
            where = (number, int(row["seq"]))
            if where not in self.unreadable:
                self.unreadable.append(where)
            return self._remembered(row)

    def _remembered(self, row: Any) -> Event:
        """What the index still knows of an event whose record was changed since."""
        patient, ledger = int(row["patient"]), self._ledger
        entry = Entry(
            KINDS[row["kind"]],
            ledger.actors.all[row["actor"]],
            OUTCOMES[row["outcome"]],
            patient_id=ledger.patients.all[patient] if patient >= 0 else None,
            why=_NOT_OPENED,
        )
        wall = EPOCH + timedelta(microseconds=int(row["wall_us"]))
        workstation = ledger.workstations.all[row["workstation"]]
        boot_s = int(row["boot_ms"]) / 1000
        return Event(int(row["seq"]), workstation, wall, boot_s, entry, int(row["segment"]))

    def _leaves(self, places: Sequence[int]) -> list[bytes]:
        with contextlib.ExitStack() as stack:
            files: dict[int, Bytes] = {}
            found: list[bytes] = []
            for place in places:
                number = int(self._ledger.rows["segment"][place])
                if number not in files:
                    files[number] = stack.enter_context(mapped(self._path(number)))
                at = int(self._ledger.rows["at"][place])
                found.append(read_frame(files[number], at).leaf)
            return found

    # --- reading ---------------------------------------------------------------------------

    def _path(self, number: int) -> Path:
        return self._elsewhere.get(number) or segment_path(self._folder, number)

    def _read_again_from(self, first: int) -> None:
        self._ledger.keep(self._ledger.rows["segment"] < first)
        self._unkept_from.clear()
        self._read_to = {number: to for number, to in self._read_to.items() if number < first}
        self._indexes = {number: each for number, each in self._indexes.items() if number < first}
        self.unreadable = [each for each in self.unreadable if each[0] < first]
        self._found.clear()
        self._opener.forget()

    def _read_segment(self, number: int, file: Bytes, hear: Callable[[int], None]) -> None:
        if number not in self._read_to:
            self._begin(number, file)
        start = self._read_to.get(number, len(file))
        try:
            unkept = 0
            while start < len(file):
                end, rows, bad = self._read_rows(number, file, start)
                if end == start or not self._add(number, rows, end, bad):
                    break
                start = end
                unkept += len(rows)
                if unkept >= MOST_ROWS_PER_BLOCK:  # at once, more would hold up the window
                    self._keep(number, file)
                    unkept = 0
                hear(start)
        finally:
            self._keep(number, file)

    def _begin(self, number: int, file: Bytes) -> None:
        """Take what the index knows of a segment."""
        beginning = self._opener.beginning(number, file)
        key = self._opener.key_of(beginning) if beginning else None
        if beginning is None or key is None:
            self._add(number, _NONE, len(MAGIC), [])
            return
        index = SegmentIndex(self._folder, number, beginning.origin, key)
        for block in index.blocks(file, self._ledger):
            self._add(number, block.rows, block.end, list(block.unreadable))
        self._add(number, _NONE, index.kept_to, [])
        self._indexes[number] = index
        self._unkept_from[number] = len(self._ledger)

    def _add(self, number: int, rows: Rows, read_to: int, unreadable: list[int]) -> bool:
        """Take what was read; False once the reader is closed."""
        with self._turn:
            if not self._is_closed:
                self._ledger.add(rows)
                self._read_to[number] = read_to
                self.unreadable += [(number, seq) for seq in unreadable]
            return not self._is_closed

    def _keep(self, number: int, file: Bytes) -> None:
        """Add what the index does not know to it, where that is worth a block."""
        with self._turn:
            index = self._indexes.get(number)
            if index is None or number in self._elsewhere or self._is_closed:
                return
            rows = self._ledger.rows[self._unkept_from.get(number, 0) :]
            new = rows[(rows["segment"] == number) & (rows["at"] >= index.kept_to)]
            end = self._read_to[number]
            unreadable = {seq for each, seq in self.unreadable if each == number}
        if len(new) < ROWS_PER_BLOCK:
            return
        leaf = read_frame_before(file, end).leaf
        bad = tuple(sorted(unreadable - index.unreadable))
        with contextlib.suppress(OSError, LookupError, ValueError):  # then it is read again
            index.write(Block(index.kept_to, end, leaf, new, bad), self._ledger)
            with self._turn:
                self._unkept_from[number] = len(self._ledger)

    def _read_rows(self, number: int, file: Bytes, start: int) -> tuple[int, Rows, list[int]]:
        """Open some records; return where the next begins, their facts, and which did not open."""
        found: list[tuple[int, ...]] = []
        bad: list[int] = []
        for _ in range(_ROWS_AT_ONCE):
            try:
                sealed = self._opener.fields(number, file, start)
                if isinstance(sealed, int):
                    start = sealed
                    continue
                found.append(self._row(number, sealed.seq, start, sealed.fields))
                start = sealed.end
            except NoFrame:
                break
            except (NotAuthentic, ValueError, KeyError, TypeError):
                _, _, seq, start = shape(file, start)
                bad.append(seq)
        rows = np.array(found, FACT)
        rows["day"] = local_days(rows["wall_us"])
        return start, rows, bad

    def _row(self, number: int, seq: int, at: int, fields: dict[str, Any]) -> tuple[int, ...]:
        ledger = self._ledger
        patient = fields.get("patient")
        who = fields.get("user"), fields.get("name", ""), fields.get("role", "")
        actor = self._actors.get(who)
        if actor is None:
            actor = self._actors[who] = ledger.actors.place(actor_of(who))
        return (
            number,
            seq,
            at,
            round(datetime.fromisoformat(fields["wall"]).timestamp() * 1e6),
            round(fields["boot_s"] * 1000),
            _CODES[fields["kind"]],
            _ENDS[fields["outcome"]],
            actor,
            -1 if patient is None else ledger.patients.place(PatientId(patient)),
            len(fields.get("objects", ())),
            ledger.workstations.place(fields["where"]),
            0,
        )


_NONE = np.zeros(0, FACT)


def _told_from(told: Told, done: int, total: int, at: int) -> None:
    told(done + at, total)
