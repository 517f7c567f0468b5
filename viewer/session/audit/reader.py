"""Reading the trail: decrypted events, newest first, for whoever holds the trail key."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from viewer.crypto.aead import unseal
from viewer.crypto.derive import context
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import unseal_from
from viewer.crypto.secret import Secret
from viewer.session.audit.committed import Committed, Cursor
from viewer.session.audit.events import Event, EventFilter
from viewer.session.audit.frames import (
    MAGIC,
    Bytes,
    Frame,
    FrameKind,
    NoFrame,
    event_from_fields,
    frames_from,
    read_frame,
)
from viewer.session.audit.segment import Genesis, mapped, segment_numbers, segment_path


class TrailReader:
    """Decrypted events in memory. Safe from any thread; `close` it at lock.

    What cannot be decrypted is left out and counted in `unreadable` as (segment, record): a damaged
    trail must stay readable. Whether the trail is whole is for the verifier to say.
    """

    def __init__(self, folder: Path, trail_key: Secret, *older_keys: Secret) -> None:
        self._folder = folder
        self._trail_keys = [key.copy() for key in (trail_key, *older_keys)]
        self._record_keys: dict[tuple[int, int], Secret] = {}
        self._contexts: dict[int, bytes] = {}
        self._read_to: dict[int, int] = {}
        self._events: list[Event] = []
        self._turn = threading.Lock()
        self.unreadable: list[tuple[int, int]] = []

    def take_key(self, trail_key: Secret) -> None:
        """Also read with this key, of a newer epoch; what could not be read is tried again."""
        with self._turn:
            if any(key.equals(trail_key) for key in self._trail_keys):
                return
            self._trail_keys.insert(0, trail_key.copy())
            if not self.unreadable:
                return
            first = min(segment for segment, _ in self.unreadable)
            self._events = [event for event in self._events if event.segment < first]
            self._read_to = {n: to for n, to in self._read_to.items() if n < first}
            self.unreadable = []

    def refresh(self) -> None:
        """Read what was appended since.

        Raises
        ------
        OSError
            The files cannot be read.
        """
        with self._turn:
            for number in segment_numbers(self._folder):
                with mapped(segment_path(self._folder, number)) as file:
                    self._read_segment(number, file)

    def count(self, wanted: EventFilter | None = None) -> int:
        """How many events match."""
        with self._turn:
            if wanted is None:
                return len(self._events)
            return sum(1 for event in self._events if wanted.takes(event))

    def page(
        self, wanted: EventFilter | None = None, first: int = 0, count: int = 200
    ) -> Sequence[Event]:
        """Return a page of matching events, newest first."""
        found: list[Event] = []
        with self._turn:
            skipped = 0
            for event in reversed(self._events):
                if wanted is not None and not wanted.takes(event):
                    continue
                if skipped < first:
                    skipped += 1
                    continue
                if len(found) == count:
                    break
                found.append(event)
        return found

    def scan(
        self, wanted: EventFilter | None = None, since: Cursor | None = None
    ) -> Iterator[Event]:
        """Yield matching events, oldest first; those after `since` where it is given.

        What is appended while it runs may or may not be among them; call `refresh` before.
        """
        with self._turn:
            events = list(self._events)
        for event in events:
            is_after = since is None or Cursor(event.segment, event.seq) > since
            if is_after and (wanted is None or wanted.takes(event)):
                yield event

    def committed(self, since: Cursor | None = None) -> Iterator[Committed]:
        """Yield every event after `since` with its record's hash, oldest first."""
        for event in self.scan(since=since):
            with mapped(segment_path(self._folder, event.segment)) as file:
                frames = frames_from(file, len(MAGIC))
                leaf = next(frame.leaf for frame in frames if frame.seq == event.seq)
            yield Committed(Cursor(event.segment, event.seq), leaf, event)

    def close(self) -> None:
        """Forget keys and events."""
        with self._turn:
            for trail_key in self._trail_keys:
                trail_key.wipe()
            for key in self._record_keys.values():
                key.wipe()
            self._record_keys.clear()
            self._events.clear()
            self._read_to.clear()

    def _read_segment(self, number: int, file: Bytes) -> None:
        start = self._read_to.get(number, len(MAGIC))
        for frame in frames_from(file, start):
            start = frame.end
            try:
                self._take(number, frame, file)
            except (NotAuthentic, ValueError, NoFrame):
                self.unreadable.append((number, frame.seq))
        self._read_to[number] = start

    def _take(self, number: int, frame: Frame, file: Bytes) -> None:
        if frame.kind == FrameKind.GENESIS:
            origin = Genesis.from_body(frame.body).origin
            self._contexts[number] = context("bitewing trail v1", origin)
        elif frame.kind == FrameKind.EVENT:
            key = self._record_key(number, int.from_bytes(frame.body[:8], "big"), file)
            plain = unseal(key, frame.body[8:], self._contexts.get(number, b"") + frame.header)
            self._events.append(event_from_fields(json.loads(plain), number, frame.seq))

    def _record_key(self, number: int, at: int, file: Bytes) -> Secret:
        key = self._record_keys.get((number, at))
        if key is None:
            frame = read_frame(file, at)
            if frame.kind != FrameKind.KEY:
                raise NotAuthentic
            key = self._unsealed(frame, self._contexts.get(number, b""))
            self._record_keys[number, at] = key
        return key

    def _unsealed(self, frame: Frame, bound: bytes) -> Secret:
        """Return a record key; a segment is sealed to the trail key of the epoch it began in."""
        for trail_key in self._trail_keys[:-1]:
            with contextlib.suppress(NotAuthentic):
                return unseal_from(trail_key, frame.body, bound)
        return unseal_from(self._trail_keys[-1], frame.body, bound)
