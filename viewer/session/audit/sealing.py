"""Sealing entries under a record key that lives in this process alone, and only so long.

The record key is sealed to the trail's public key and written down before it seals anything.
"""

from __future__ import annotations

import json

from viewer.crypto.aead import BlobCipher, seal
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import seal_to
from viewer.crypto.secret import Secret
from viewer.session.audit.committed import Committed, Cursor
from viewer.session.audit.events import Entry, Event
from viewer.session.audit.frames import Frame, FrameKind, event_from_fields, event_to_json
from viewer.session.audit.segment import SegmentKeys, Tail
from viewer.session.clock import Clock


class RecordSealer:
    """Makes a segment's records. Not thread safe: the trail takes turns."""

    def __init__(self, clock: Clock, workstation: str) -> None:
        self._clock = clock
        self._workstation = workstation
        self._key: Secret | None = None
        self._at = 0
        self._segment = 0

    def frames(
        self, tail: Tail, entry: Entry, keys: SegmentKeys, trail_public: bytes
    ) -> tuple[bytes, Committed, Event]:
        """Return the frames of an entry and move `tail` behind them."""
        raw = b""
        if self._key is None or self._segment != keys.number:
            raw = self._begin(tail, keys, trail_public)
        assert self._key is not None
        header = tail.next_header(FrameKind.EVENT)
        event = Event(
            seq=tail.frontier.size,
            workstation=self._workstation,
            wall=self._clock.wall(),
            boot_s=self._clock.boot_s(),
            entry=entry,
            segment=keys.number,
        )
        sealed = seal(self._key, event_to_json(event), keys.context + header)
        raw += tail.add(FrameKind.EVENT, self._at.to_bytes(8, "big") + sealed, keys)
        return raw, Committed(Cursor(keys.number, event.seq), tail.last_leaf, event), event

    def _begin(self, tail: Tail, keys: SegmentKeys, trail_public: bytes) -> bytes:
        self.forget()
        fresh = Secret.random()
        at = tail.end
        raw = tail.add(FrameKind.KEY, seal_to(trail_public, fresh, keys.context), keys)
        self._key, self._at, self._segment = fresh, at, keys.number
        return raw

    def opened(self, frame: Frame, keys: SegmentKeys) -> Event | None:
        """Return what an EVENT frame says, if this process wrote it and still knows how."""
        at = int.from_bytes(frame.body[:8], "big")
        if self._key is None or (self._segment, self._at) != (keys.number, at):
            return None
        try:
            plain = BlobCipher(self._key).unseal(frame.body[8:], keys.context + frame.header)
        except NotAuthentic:
            return None
        return event_from_fields(json.loads(plain), keys.number, frame.seq)

    def forget(self) -> None:
        """What was written so far can now be read with the trail key alone."""
        if self._key is not None:
            self._key.wipe()
            self._key = None
