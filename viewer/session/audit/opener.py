"""Opening records: who holds the trail key opens record keys, and with them what was sealed."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import attrs

from viewer.crypto.aead import BlobCipher
from viewer.crypto.derive import context
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.people import sealing_public, unseal_from
from viewer.crypto.secret import Secret
from viewer.session.audit.events import Event
from viewer.session.audit.frames import (
    MAC_BYTES,
    MAGIC,
    Bytes,
    FrameKind,
    NoFrame,
    event_from_fields,
    frames_from,
    read_frame,
)
from viewer.session.audit.segment import Genesis

_START = struct.Struct(">IBQ")
_KEY_AT = struct.Struct(">Q")
HEADER_BYTES = 41
_LENGTH_BYTES = 4
_AFTER = _LENGTH_BYTES + MAC_BYTES + _LENGTH_BYTES


@attrs.frozen
class Sealed:
    """An EVENT record that was opened: where it begins and ends, its number and its fields."""

    start: int
    end: int
    seq: int
    fields: dict[str, Any]


@attrs.frozen
class Beginning:
    """What a segment's first record says: what binds its records, and who can read them."""

    origin: str
    bound: bytes
    trail_public: bytes


class RecordOpener:
    """Opens records of any segment, for any thread; `forget` and `take_key` for one at a time."""

    def __init__(self, trail_key: Secret, *older_keys: Secret) -> None:
        self._trail_keys = [key.copy() for key in (trail_key, *older_keys)]
        self._ciphers: dict[tuple[int, int], BlobCipher] = {}
        self._beginnings: dict[int, Beginning] = {}

    def holds(self, trail_key: Secret) -> bool:
        """Whether it opens with this key already."""
        return any(key.equals(trail_key) for key in self._trail_keys)

    def take_key(self, trail_key: Secret) -> bool:
        """Also open with this key; whether it is a new one."""
        if self.holds(trail_key):
            return False
        self._trail_keys.insert(0, trail_key.copy())
        return True

    def key_of(self, beginning: Beginning) -> Secret | None:
        """Return the trail key that opens a segment, if it is at hand. Not the caller's to wipe."""
        for key in self._trail_keys:
            if sealing_public(key) == beginning.trail_public:
                return key
        return None

    def beginning(self, number: int, file: Bytes) -> Beginning | None:
        """Return how a segment begins, if it begins as one."""
        found = self._beginnings.get(number)
        if found is None:
            frame = next(frames_from(file, len(MAGIC)), None)
            if frame is None or frame.kind != FrameKind.GENESIS:
                return None
            try:
                genesis = Genesis.from_body(frame.body)
            except ValueError:
                return None
            bound = context("bitewing trail v1", genesis.origin)
            found = Beginning(genesis.origin, bound, genesis.trail_public)
            self._beginnings[number] = found
        return found

    def fields(self, number: int, file: Bytes, start: int) -> Sealed | int:
        """Return the event whose record begins at `start`, or where another kind's record ends.

        Raises
        ------
        NoFrame
            There is no whole record.
        NotAuthentic, ValueError
            It cannot be opened, or is no event.
        """
        _, kind, seq, end = shape(file, start)
        if kind != FrameKind.EVENT:
            return end
        body = start + _LENGTH_BYTES + HEADER_BYTES
        (key_at,) = _KEY_AT.unpack_from(file, body)
        cipher = self._ciphers.get((number, key_at)) or self._cipher(number, file, key_at)
        bound = self._beginnings[number].bound + file[start + _LENGTH_BYTES : body]
        tail = end - MAC_BYTES - _LENGTH_BYTES
        plain = cipher.unseal(file[body + _KEY_AT.size : tail], bound)
        return Sealed(start, end, seq, json.loads(plain))

    def event(self, number: int, file: Bytes, start: int) -> Event:
        """Return the event whose record begins at `start`.

        Raises
        ------
        NoFrame, NotAuthentic, ValueError
            It is not one, or cannot be opened.
        """
        self.beginning(number, file)
        if number not in self._beginnings:
            raise NotAuthentic
        sealed = self.fields(number, file, start)
        if isinstance(sealed, int):
            raise NotAuthentic
        return event_from_fields(sealed.fields, number, sealed.seq)

    def forget(self) -> None:
        """Let go of the record keys, and look at each segment's beginning again."""
        self._ciphers = {}
        self._beginnings = {}

    def wipe(self) -> None:
        """Overwrite the keys."""
        for key in self._trail_keys:
            key.wipe()
        self.forget()

    def _cipher(self, number: int, file: Bytes, at: int) -> BlobCipher:
        if number not in self._beginnings or at + _START.size > len(file):
            raise NotAuthentic
        frame = read_frame(file, at)
        if frame.kind != FrameKind.KEY:
            raise NotAuthentic
        with self._unsealed(frame.body, self._beginnings[number].bound) as key:
            cipher = BlobCipher(key)
        self._ciphers[number, at] = cipher
        return cipher

    def _unsealed(self, body: bytes, bound: bytes) -> Secret:
        """Return a record key; a segment is sealed to the trail key of the epoch it began in."""
        for trail_key in self._trail_keys[:-1]:
            with contextlib.suppress(NotAuthentic):
                return unseal_from(trail_key, body, bound)
        return unseal_from(self._trail_keys[-1], body, bound)


def shape(file: Bytes, start: int) -> tuple[int, int, int, int]:
    """Return length, kind, number and end of the record at `start`.

    Raises
    ------
    NoFrame
        There is no whole record.
    """
    if start + _START.size > len(file):
        raise NoFrame(is_cut_short=True)
    length, kind, seq = _START.unpack_from(file, start)
    end = start + length + _AFTER
    if length < HEADER_BYTES or end > len(file):
        raise NoFrame(is_cut_short=True)
    if file[end - _LENGTH_BYTES : end] != file[start : start + _LENGTH_BYTES]:
        raise NoFrame(is_cut_short=False)
    return length, kind, seq, end
