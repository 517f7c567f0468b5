"""What is still to be sent: the words of records, sealed, beside the trail.

The trail itself says *which* records there are and what their leaves are; it cannot say what is in
them, since this program writes records that it cannot read. So the words of each are kept here,
sealed under a key of the workstation, until the other machine has confirmed them. A record that
is missing here (the program was killed between the two writes, somebody removed the file, it grew
too large) is sent by its leaf alone, and its words later by somebody who may read the trail.

::

    spool  = "BWSPOOL1" generation(16) entry*
    entry  = length(u32) segment(u32) seq(u64) sealed JSON of the event
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import struct
from pathlib import Path

from viewer.crypto.aead import seal, unseal
from viewer.crypto.derive import context
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.session.audit.events import Event
from viewer.session.audit.frames import event_from_fields, event_to_json
from viewer.session.files import process_lock

Position = tuple[int, int]
"""Segment and number of a record."""

_MAGIC = b"BWSPOOL1"
_GENERATION_BYTES = 16
_START = len(_MAGIC) + _GENERATION_BYTES
_HEAD = struct.Struct(">IIQ")
LARGEST_BYTES = 512 << 20
"""About a million events; beyond that only leaves are sent until somebody sends the words."""


class Spool:
    """The sealed file. Safe between processes; in one process, one caller at a time."""

    def __init__(self, folder: Path, key: Secret, practice_id: str) -> None:
        self._path = folder / "spool"
        self._lock_path = folder / "spool.lock"
        self._key = key
        self._practice_id = practice_id
        self._places: dict[Position, tuple[int, int]] = {}
        self._generation = b""
        self._read_to = 0

    def put(self, event: Event) -> bool:
        """Keep an event's words; False if there is no more room.

        Raises
        ------
        OSError
            The disk refused.
        """
        position = (event.segment, event.seq)
        sealed = seal(self._key, event_to_json(event), self._bound(position))
        raw = _HEAD.pack(len(sealed), *position) + sealed
        with process_lock(self._lock_path), self._path.open("ab") as file:
            end = file.seek(0, os.SEEK_END)
            if end + len(raw) > LARGEST_BYTES:
                return False
            try:
                if end < _START:
                    file.truncate(0)
                    file.write(_MAGIC + secrets.token_bytes(_GENERATION_BYTES))
                file.write(raw)
                file.flush()
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(end)
                raise
        return True

    def catch_up(self) -> None:
        """Take in what this and other processes put; a torn end is left to be overwritten.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        with process_lock(self._lock_path):
            if not self._path.exists():
                self._forget()
                return
            with self._path.open("r+b") as file:
                head = file.read(_START)
                if head[: len(_MAGIC)] != _MAGIC or len(head) < _START:
                    file.truncate(0)
                    self._forget()
                    return
                if head[len(_MAGIC) :] != self._generation:
                    self._forget()
                    self._generation, self._read_to = head[len(_MAGIC) :], _START
                file.seek(self._read_to)
                self._take(file.read())
                file.truncate(self._read_to)

    def _take(self, raw: bytes) -> None:
        at = 0
        while at + _HEAD.size <= len(raw):
            length, segment, seq = _HEAD.unpack_from(raw, at)
            end = at + _HEAD.size + length
            if end > len(raw):
                break
            self._places[segment, seq] = (self._read_to + at + _HEAD.size, length)
            at = end
        self._read_to += at

    def event(self, position: Position) -> Event | None:
        """Return the words of a record, or None if they are not here or not ours.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        place = self._places.get(position)
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(place[0])
            sealed = file.read(place[1])
        try:
            fields = json.loads(unseal(self._key, sealed, self._bound(position)))
            return event_from_fields(fields, *position)
        except (NotAuthentic, ValueError):
            return None

    def drop_all(self, up_to: Position) -> None:
        """Empty the file if nothing in it lies behind what was confirmed.

        Raises
        ------
        OSError
            The disk refused.
        """
        with process_lock(self._lock_path):
            if not self._path.exists() or self._path.stat().st_size > self._read_to:
                return  # somebody put more just now
            if any(position > up_to for position in self._places):
                return
            with self._path.open("r+b") as file:
                file.truncate(0)
            self._forget()

    def _forget(self) -> None:
        self._places.clear()
        self._generation, self._read_to = b"", 0

    def _bound(self, position: Position) -> bytes:
        return context("bitewing relay spool v1", self._practice_id, *position)
