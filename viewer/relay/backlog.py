"""What of the trail is not confirmed yet: read from the trail itself, in its order.

The trail says which records there are, the spool has their words, the cursor says how far the other
machine has confirmed. Only what lies whole in the file is sent.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import rfc8785

from viewer.crypto.aead import seal, unseal
from viewer.crypto.derive import context
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.relay.message import audit_message, is_alarming
from viewer.relay.origin import origin_of
from viewer.relay.spool import Position, Spool
from viewer.relay.syslog import AUDIT, HEAD, NOTICE, RECORD, WARNING, Mark, syslog_line
from viewer.session.audit.frames import MAGIC, Frame, FrameKind, frames_from, split_checkpoint
from viewer.session.audit.segment import mapped, segment_numbers, segment_path
from viewer.session.device import workstation_name
from viewer.session.files import write_atomically

MOST_AT_ONCE = 400
MOST_BLANKS = 50_000


@attrs.frozen
class Cursor:
    """How far the other machine has confirmed, and which records it has without their words.

    `offset` is the byte in the segment's file where the next record begins. `where` names the
    server: another one has confirmed nothing.
    """

    where: str = ""
    segment: int = 0
    offset: int = 0
    seq: int = -1
    blanks: tuple[Position, ...] = ()


@attrs.frozen
class Delivery:
    """Messages that go together, and the cursor once they are confirmed."""

    lines: tuple[bytes, ...]
    after: Cursor


class Backlog:
    """Reads what is to be sent. One caller at a time."""

    def __init__(self, store: Path, folder: Path, spool: Spool, key: Secret, site: str) -> None:
        self._store = store
        self._path = folder / "cursor"
        self._spool = spool
        self._key = key
        self._site = site

    def cursor(self, where: str) -> Cursor:
        """Return how far this server has confirmed; from the beginning where that is not known."""
        try:
            plain = unseal(self._key, self._path.read_bytes(), self._bound)
            fields = json.loads(plain)
            fields["blanks"] = tuple((int(a), int(b)) for a, b in fields["blanks"])
            found = Cursor(**fields)
        except (OSError, NotAuthentic, ValueError, KeyError, TypeError):
            return Cursor(where)
        return found if found.where == where else Cursor(where)

    def keep(self, cursor: Cursor) -> None:
        """Remember what was confirmed.

        Raises
        ------
        OSError
            The disk refused: the same is sent once more.
        """
        plain = rfc8785.dumps(attrs.asdict(cursor))
        write_atomically(self._path, seal(self._key, plain, self._bound))

    def next_delivery(self, cursor: Cursor) -> Delivery | None:
        """Return the next messages, or None if everything is confirmed.

        Raises
        ------
        OSError
            The trail or the spool cannot be read.
        """
        self._spool.catch_up()
        lines: list[bytes] = []
        blanks = list(cursor.blanks)
        for number, origin, frame in self._frames_after(cursor):
            lines += self._lines(number, origin, frame, blanks)
            cursor = attrs.evolve(cursor, segment=number, offset=frame.end, seq=frame.seq)
            if len(lines) >= MOST_AT_ONCE:
                break
        if not lines:
            return None
        return Delivery(tuple(lines), attrs.evolve(cursor, blanks=tuple(blanks[-MOST_BLANKS:])))

    def count(self, cursor: Cursor, at_most: int = 100_000) -> int:
        """Return how many records wait to be sent, at most so many.

        Raises
        ------
        OSError
            The trail cannot be read.
        """
        waiting = 0
        for _, _, frame in self._frames_after(cursor):
            waiting += frame.kind in {FrameKind.EVENT, FrameKind.CHECKPOINT}
            if waiting >= at_most:
                break
        return waiting

    def before(self, where: str, position: Position) -> Cursor:
        """Return a cursor from which a record is the next one to be sent.

        Raises
        ------
        OSError
            The trail cannot be read.
        """
        cursor = Cursor(where)
        for number, _, frame in self._frames_after(cursor):
            if (number, frame.seq) >= position:
                break
            cursor = attrs.evolve(cursor, segment=number, offset=frame.end, seq=frame.seq)
        return cursor

    def _frames_after(self, cursor: Cursor) -> Iterator[tuple[int, str, Frame]]:
        for number in segment_numbers(self._store):
            if number < cursor.segment:
                continue
            with mapped(segment_path(self._store, number)) as file:
                origin = origin_of(file)
                start = cursor.offset if number == cursor.segment else len(MAGIC)
                for frame in frames_from(file, max(start, len(MAGIC))):
                    yield number, origin, frame

    def _lines(
        self, number: int, origin: str, frame: Frame, blanks: list[Position]
    ) -> Iterator[bytes]:
        mark = Mark(origin, number, frame.seq, frame.leaf.hex())
        if frame.kind == FrameKind.CHECKPOINT:
            note = split_checkpoint(frame.body)[0]
            yield syslog_line(
                mark,
                HEAD,
                base64.b64encode(note.encode()).decode(),
                datetime.now(UTC),
                workstation_name(),
            )
        elif frame.kind == FrameKind.EVENT:
            event = self._spool.event((number, frame.seq))
            if event is None:  # written since the spool was read? Its words came before it
                self._spool.catch_up()
                event = self._spool.event((number, frame.seq))
            if event is None:
                blanks.append((number, frame.seq))
                yield syslog_line(mark, RECORD, "", datetime.now(UTC), workstation_name())
                return
            if (number, frame.seq) in blanks:
                blanks.remove((number, frame.seq))
            words = audit_message(event, self._site).decode()
            severity = WARNING if is_alarming(event.entry) else NOTICE
            yield syslog_line(mark, AUDIT, words, event.wall, event.workstation, severity)

    @property
    def _bound(self) -> bytes:
        return context("bitewing relay cursor v1", self._site)
