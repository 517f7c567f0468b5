"""Where the entries of an emergency wait while the trail cannot be written.

Break-glass alone goes on then, and nothing of it may be lost: each entry is sealed and on disk in
another place before its effect. Room for it is taken while there is some, so that a full disk
still takes it; where that place cannot be written either, the next one is used, and where none
can, break-glass is refused. What waits goes into the trail before any other entry. How many there
are and the digest of the last is also kept in the key store, so that a file shows that somebody
removed, or put that of an earlier emergency in its place.

::

    file   = "BWWAITS1" generation(16) record* zeros
    record = length(u32) sealed JSON, bound to practice, generation, number and the record before

An end by force between the trail and the emptied file writes an entry twice, never not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from viewer.crypto.aead import seal, unseal
from viewer.crypto.derive import context, digest
from viewer.crypto.errors import NotAuthentic
from viewer.session.audit.events import Entry, Event, EventKind
from viewer.session.audit.frames import event_from_fields, event_to_json
from viewer.session.clock import Clock
from viewer.session.device import device_key, require_device_secret, workstation_name
from viewer.session.errors import NoKeyStore, TrailUnwritable
from viewer.session.files import sync_folder
from viewer.session.keystore import Head, KeyStore

ROOM_BYTES = 1 << 20
"""About two thousand entries: more than half an hour of looking writes."""
_MAGIC = b"BWWAITS1"
_START = len(_MAGIC) + 16
_LENGTH_BYTES = 4
_HEAD_NAME = "emergency"
_ENTRY = "entry"
Append = Callable[[Entry], Event]


@attrs.define(eq=False)
class _Place:
    """One file: where its next record goes, and what that is bound to."""

    path: Path
    generation: bytes = b""
    end: int = _START
    count: int = 0
    last: bytes = b""
    stamp: tuple[int, int] = (0, 0)


class EmergencySpool:
    """Entries and marks that wait. Safe from any thread; what other programs put is taken in.

    Parameters
    ----------
    places : sequence of Path
        Folders, the best one first: not the store's, and better on another disk.
    """

    def __init__(
        self, places: Sequence[Path], keystore: KeyStore, practice_id: str, clock: Clock
    ) -> None:
        with require_device_secret(keystore) as secret:
            self._key = device_key(secret, "emergency spool", practice_id)
        self._keystore, self._practice_id, self._clock = keystore, practice_id, clock
        self._places = [_Place(each / f"emergency-{practice_id[:16]}.waits") for each in places]
        self._waiting: list[tuple[int, Event]] = []
        self._marks: list[tuple[str, str]] = []
        self._known: dict[int, Event] = {}
        self._next = 0
        self._is_settling = self._is_stale = False
        self._turn = threading.RLock()
        self.lost = 0
        """Entries that the key store knows of and no file holds any more."""
        self._load()

    # --- what waits ------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many entries wait, of those that this program knows of."""
        return len(self._waiting)

    def marks(self, what: str) -> tuple[str, ...]:
        """Return what was marked under a word."""
        with self._turn:
            self._take_in()
            return tuple(text for kind, text in self._marks if kind == what)

    def reserve(self) -> None:
        """Take the room in each place while there is some; one that has none is left out."""
        with self._turn:
            for place in self._places:
                with contextlib.suppress(OSError):
                    if not place.path.exists():
                        _make(place)

    def append(self, entry: Entry) -> Event:
        """Keep an entry where the trail cannot: on disk when this returns.

        Its number is negative until it is in the trail; `resolved` knows the true one then.

        Raises
        ------
        TrailUnwritable
            No place takes it: what the entry is about must not be done.
        """
        with self._turn:
            self._take_in()
            number = self._next
            wall, boot_s = self._clock.wall(), self._clock.boot_s()
            event = Event(-number - 1, workstation_name(), wall, boot_s, entry, 0)
            self._put(_ENTRY, json.loads(event_to_json(event)))
            self._waiting.append((number, event))
        return event

    def mark(self, what: str, text: str) -> None:
        """Remember something until `unmark`, through an end by force, too.

        Raises
        ------
        TrailUnwritable
            No place takes it.
        """
        with self._turn:
            self._take_in()
            self._put(what, text)
            self._marks.append((what, text))

    def unmark(self, what: str, text: str | None = None) -> None:
        """Forget all marks of a word, or those of one text; the files say so from `settle` on."""
        with self._turn:
            kept = [each for each in self._marks if each[0] != what or text not in {None, each[1]}]
            self._is_stale = self._is_stale or len(kept) < len(self._marks)
            self._marks = kept

    def resolved(self, entry: Entry) -> Entry:
        """Return an entry that refers to one that waited, with that one's number in the trail."""
        known = self._known.get(-(entry.refers_to or 0) - 1)
        if known is None or entry.refers_to is None or entry.refers_to >= 0:
            return entry
        return attrs.evolve(entry, refers_to=known.seq, refers_in=known.segment)

    # --- into the trail --------------------------------------------------------------------

    def settle(self, append: Append) -> None:
        """Append what waits to the trail, oldest first; nothing to do is no work.

        Raises
        ------
        TrailUnwritable
            It cannot be written yet: what is left waits on.
        """
        with self._turn:
            if self._is_settling:
                return
            self._take_in()
            if not (self._waiting or self.lost or self._is_stale):
                return
            self._is_settling = True
            try:
                self._append_all(append)
                self._clear()
            finally:
                self._is_settling = False

    def _append_all(self, append: Append) -> None:
        if self.lost:
            why = f"{self.lost} entries of an emergency access were removed from where they waited"
            append(Entry(EventKind.EMERGENCY, why=why))
            self.lost = 0
        while self._waiting:
            number, event = self._waiting[0]
            happened = event.wall.isoformat(timespec="seconds")
            entry = attrs.evolve(self.resolved(event.entry), happened=happened)
            self._known[number] = append(entry)
            self._waiting.pop(0)

    def _clear(self) -> None:
        """Empty the files, the marks that are left aside: those are never in no file.

        Where a mark has no place but a file that is still full, that file stays as it is, and its
        entries go into the trail once more.
        """
        kept, self._is_stale = self._marks, False
        with contextlib.suppress(NoKeyStore):
            self._keystore.write_head(self._practice_id, _HEAD_NAME, Head(0, "-"))
        holder = self._place_with(kept) if kept else None
        if kept and holder is None:
            self._is_stale = True
            return
        for place in self._places:
            with contextlib.suppress(OSError):
                if place.count and place is not holder:
                    _empty(place)
        if holder is not None:
            self._keep_head(holder)

    def _place_with(self, marks: list[tuple[str, str]]) -> _Place | None:
        """Put a file with these marks alone in the place of another, at one stroke."""
        for place in self._places:
            fresh = _Place(place.path.with_suffix(".fresh"))
            try:
                _make(fresh)
                for what, text in marks:
                    self._write(fresh, json.dumps([self._next, what, text]).encode())
                    self._next += 1
                fresh.path.replace(place.path)
                sync_folder(place.path.parent)
            except OSError:
                with contextlib.suppress(OSError):
                    fresh.path.unlink(missing_ok=True)
                continue
            place.generation, place.last = fresh.generation, fresh.last
            place.end, place.count = fresh.end, fresh.count
            place.stamp = _stamp(place.path)
            return place
        return None

    # --- files -----------------------------------------------------------------------------

    def _put(self, what: str, content: Any) -> None:
        plain = json.dumps([self._next, what, content]).encode()
        for place in self._places:
            try:
                self._write(place, plain)
            except OSError:
                continue
            self._next += 1
            self._keep_head(place)
            return
        raise TrailUnwritable

    def _write(self, place: _Place, plain: bytes) -> None:
        if not place.path.exists() or not place.generation:
            gone = place.count
            _make(place)
            self.lost += gone
        sealed = seal(self._key, plain, self._bound(place))
        raw = len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed
        if place.end + len(raw) + _LENGTH_BYTES > ROOM_BYTES:
            raise OSError
        _overwrite(place.path, place.end, raw)
        place.end, place.count, place.last = place.end + len(raw), place.count + 1, digest(sealed)

    def _bound(self, place: _Place) -> bytes:
        name = "bitewing emergency spool v1"
        return context(name, self._practice_id, place.generation, place.count, place.last)

    def _keep_head(self, place: _Place) -> None:
        count = sum(each.count for each in self._places) + self.lost
        with contextlib.suppress(NoKeyStore):
            head = Head(count, place.last.hex())
            self._keystore.write_head(self._practice_id, _HEAD_NAME, head)

    def _load(self) -> None:
        records = self._take_in()
        try:
            outside = self._keystore.read_head(self._practice_id, _HEAD_NAME)
        except NoKeyStore:
            return
        known = outside.size if outside else 0
        self.lost = max(0, known - len(records))
        if outside and 0 < known <= len(records) and records[known - 1][3] != outside.digest:
            self.lost = known  # the files of another time lie there

    def _take_in(self) -> list[tuple[int, str, Any, str]]:
        """Read what there is behind what was read or written last: other programs', too."""
        fresh = [each for each in self._places if _stamp(each.path) != each.stamp]
        generations = [(place, place.generation) for place in fresh]
        records = sorted(
            (record for place in fresh for record in self._records(place)),
            key=lambda record: record[0],
        )
        for number, what, content, _ in records:
            if what == _ENTRY:
                self._waiting.append((number, event_from_fields(content, 0, -number - 1)))
            else:
                self._marks.append((what, content))
            self._next = max(self._next, number + 1)
        if any(before and place.generation != before for place, before in generations):
            self._count_lost()
        return records

    def _count_lost(self) -> None:
        """Another file lies there: whoever emptied one rightly left nothing in the key store."""
        with contextlib.suppress(NoKeyStore):
            outside = self._keystore.read_head(self._practice_id, _HEAD_NAME)
            found = sum(each.count for each in self._places)
            self.lost = max(self.lost, (outside.size if outside else 0) - found)

    def _records(self, place: _Place) -> Iterator[tuple[int, str, Any, str]]:
        """Read a file as far as it is ours; bytes after that were never finished."""
        stamp = _stamp(place.path)
        try:
            content = place.path.read_bytes()
        except OSError:
            return
        if content[: len(_MAGIC)] != _MAGIC or len(content) < _START + _LENGTH_BYTES:
            return
        place.stamp = stamp
        if content[len(_MAGIC) : _START] != place.generation:  # ours was emptied, or is new
            place.generation = content[len(_MAGIC) : _START]
            place.end, place.count, place.last = _START, 0, b""
        while place.end + _LENGTH_BYTES <= len(content):
            first = place.end + _LENGTH_BYTES
            size = int.from_bytes(content[place.end : first], "big")
            try:
                plain = unseal(self._key, content[first : first + size], self._bound(place))
            except NotAuthentic:
                return
            number, what, told = json.loads(plain)
            place.end, place.count = first + size, place.count + 1
            place.last = digest(content[first : first + size])
            yield int(number), str(what), told, place.last.hex()

    def close(self) -> None:
        """Forget the key."""
        self._key.wipe()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError:
        return (0, 0)
    return (facts.st_mtime_ns, facts.st_ino)


def _make(place: _Place) -> None:
    """Make the file with all of its room, or none at all."""
    place.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.generation = secrets.token_bytes(_START - len(_MAGIC))
    place.end, place.count, place.last = _START, 0, b""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    place.path.unlink(missing_ok=True)
    descriptor = os.open(place.path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write((_MAGIC + place.generation).ljust(ROOM_BYTES, b"\0"))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            place.path.unlink()
        raise


def _empty(place: _Place) -> None:
    """Begin the file anew in its room, and overwrite what was in it."""
    used = place.end
    place.generation = secrets.token_bytes(_START - len(_MAGIC))
    place.end, place.count, place.last = _START, 0, b""
    _overwrite(place.path, 0, _MAGIC + place.generation + bytes(_LENGTH_BYTES))
    _overwrite(place.path, _START, bytes(used - _START))


def _overwrite(path: Path, at: int, raw: bytes) -> None:
    """Write into room that is there already, and wait for the disk."""
    flags = os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    try:
        os.lseek(descriptor, at, os.SEEK_SET)
        left = memoryview(raw)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
