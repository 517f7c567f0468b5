"""How records lie in a trail file.

::

    file    = "BWTRAIL1" frame*
    frame   = length(u32) content mac(16) length(u32)      big endian; both lengths are content's
    content = type(u8) seq(u64) previous leaf(32) body
    leaf    = SHA-256(0x00 ‖ length ‖ content ‖ mac)       the next frame's "previous leaf"
    mac     = HMAC-SHA256(workstation's chain key, length ‖ content), first 16 bytes

The leaf is both the link of the chain and the leaf of the Merkle tree. The second length lets a
reader walk back from the end. The mac lets the workstation tell its own records from appended
ones before a checkpoint signs them.

Bodies: GENESIS canonical JSON in the clear (no patient data) · KEY a record key sealed to the
trail's public key · EVENT offset of its KEY frame (u64) ‖ sealed canonical JSON · CHECKPOINT
length(u16) ‖ signed note ‖ peaks of the Merkle frontier.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from typing import Any

import attrs

from viewer.crypto.derive import is_same_tag, keyed_tag
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId, UserId
from viewer.session.audit.events import Actor, Entry, Event, EventKind, Outcome
from viewer.session.audit.merkle import HASH_BYTES, leaf_hash

Bytes = bytes | mmap.mmap | memoryview
"""A file's content, in memory or mapped."""

MAGIC = b"BWTRAIL1"
MAC_BYTES = 16
_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">BQ32s")
OVERHEAD_BYTES = 2 * _LENGTH.size + MAC_BYTES
LARGEST_CONTENT = 1 << 20
FIRST_PREVIOUS = bytes(HASH_BYTES)


class FrameKind(IntEnum):
    """What a frame holds."""

    GENESIS = 0
    KEY = 1
    EVENT = 2
    CHECKPOINT = 3


@attrs.frozen(slots=True)
class Frame:
    """One record as it lies in the file, from byte `start` to byte `end` (exclusive)."""

    kind: int
    seq: int
    previous: bytes
    body: bytes
    mac: bytes
    leaf: bytes
    start: int
    end: int

    @property
    def header(self) -> bytes:
        """Type, number and previous leaf: bound to what is sealed in the body."""
        return _HEAD.pack(self.kind, self.seq, self.previous)


def header_bytes(kind: FrameKind, seq: int, previous: bytes) -> bytes:
    """Return a frame's header."""
    return _HEAD.pack(kind, seq, previous)


def write_frame(header: bytes, body: bytes, chain_key: Secret) -> bytes:
    """Return a frame's bytes."""
    length = _LENGTH.pack(len(header) + len(body))
    counted = length + header + body
    return counted + keyed_tag(chain_key, counted)[:MAC_BYTES] + length


class NoFrame(Exception):
    """There is no complete frame at this place. `is_cut_short`: the file ends inside it."""

    def __init__(self, *, is_cut_short: bool) -> None:
        super().__init__()
        self.is_cut_short = is_cut_short


def read_frame(file: Bytes, start: int) -> Frame:
    """Read the frame that begins at `start`.

    Raises
    ------
    NoFrame
        The bytes there are none.
    """
    first = start + _LENGTH.size
    if first > len(file):
        raise NoFrame(is_cut_short=True)
    (length,) = _LENGTH.unpack_from(file, start)
    if not _HEAD.size <= length <= LARGEST_CONTENT:
        raise NoFrame(is_cut_short=False)
    mac_at = first + length
    tail_at = mac_at + MAC_BYTES
    end = tail_at + _LENGTH.size
    if end > len(file):
        raise NoFrame(is_cut_short=True)
    if file[tail_at:end] != file[start:first]:
        raise NoFrame(is_cut_short=False)
    kind, seq, previous = _HEAD.unpack_from(file, first)
    body = bytes(file[first + _HEAD.size : mac_at])
    mac = bytes(file[mac_at:tail_at])
    return Frame(kind, seq, previous, body, mac, leaf_hash(file[start:tail_at]), start, end)


def read_frame_before(file: Bytes, end: int) -> Frame:
    """Read the frame that ends at `end`.

    Raises
    ------
    NoFrame
        The bytes there are none.
    """
    if end - _LENGTH.size < len(MAGIC):
        raise NoFrame(is_cut_short=True)
    (length,) = _LENGTH.unpack_from(file, end - _LENGTH.size)
    start = end - OVERHEAD_BYTES - length
    if start < len(MAGIC):
        raise NoFrame(is_cut_short=False)
    frame = read_frame(file, start)
    if frame.end != end:
        raise NoFrame(is_cut_short=False)
    return frame


def frames_from(file: Bytes, start: int) -> Iterator[Frame]:
    """Yield frames from `start` as long as there are complete ones."""
    while start < len(file):
        try:
            frame = read_frame(file, start)
        except NoFrame:
            return
        yield frame
        start = frame.end


def is_ours(frame: Frame, file: Bytes, chain_key: Secret) -> bool:
    """Whether the workstation that holds the chain key wrote the frame."""
    counted = bytes(file[frame.start : frame.end - MAC_BYTES - _LENGTH.size])
    return is_same_tag(keyed_tag(chain_key, counted)[:MAC_BYTES], frame.mac)


def checkpoint_body(note: str, peaks: list[bytes]) -> bytes:
    """Return the body of a CHECKPOINT frame."""
    text = note.encode()
    return len(text).to_bytes(2, "big") + text + b"".join(peaks)


def split_checkpoint(body: bytes) -> tuple[str, list[bytes]]:
    """Return note and peaks of a CHECKPOINT frame's body.

    Raises
    ------
    ValueError
        It is not one.
    """
    size = int.from_bytes(body[:2], "big")
    peaks = body[2 + size :]
    if len(peaks) % HASH_BYTES:
        raise ValueError("peaks are whole hashes")
    note = body[2 : 2 + size].decode()
    return note, [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)]


_EMPTY: tuple[object, ...] = (None, "", [])
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""RFC 8785 for what an event holds (ASCII keys, text, small numbers), at a fraction of its cost."""


def _number(seconds: float) -> float:
    """Return milliseconds' precision, and a whole number as ECMAScript writes it."""
    rounded = round(seconds, 3)
    return int(rounded) if rounded.is_integer() else rounded


def event_to_json(event: Event) -> bytes:
    """Return an event as canonical JSON (RFC 8785); empty fields are left out."""
    entry, actor = event.entry, event.entry.actor
    fields: dict[str, Any] = {
        "kind": entry.kind.name,
        "outcome": entry.outcome.name,
        "where": event.workstation,
        "wall": event.wall.isoformat(),
        "boot_s": _number(event.boot_s),
        "user": actor.user_id,
        "name": actor.name,
        "role": actor.role,
        "patient": entry.patient_id,
        "objects": list(entry.objects),
        "why": entry.why,
        "digests": list(entry.digests),
        "size_bytes": entry.size_bytes,
        "refers_to": entry.refers_to,
        "refers_in": entry.refers_in,
        "purpose": entry.purpose,
        "recipient": entry.recipient,
        "happened": entry.happened,
    }
    filled = {key: value for key, value in fields.items() if value not in _EMPTY}
    return _canonical(filled).encode()


def event_from_fields(fields: dict[str, Any], segment: int, seq: int) -> Event:
    """Rebuild an event from its JSON fields.

    Raises
    ------
    ValueError
        A field is missing or not what it should be.
    """
    try:
        user, patient = fields.get("user"), fields.get("patient")
        name, role = fields.get("name", ""), fields.get("role", "")
        actor = Actor(UserId(user) if user else None, name, role)
        entry = Entry(
            kind=EventKind[fields["kind"]],
            actor=actor,
            outcome=Outcome[fields["outcome"]],
            patient_id=PatientId(patient) if patient else None,
            objects=tuple(fields.get("objects", ())),
            why=fields.get("why", ""),
            digests=tuple(fields.get("digests", ())),
            size_bytes=fields.get("size_bytes"),
            refers_to=fields.get("refers_to"),
            refers_in=fields.get("refers_in"),
            purpose=fields.get("purpose", ""),
            recipient=fields.get("recipient", ""),
            happened=fields.get("happened", ""),
        )
        wall = datetime.fromisoformat(fields["wall"])
        return Event(seq, fields["where"], wall, float(fields["boot_s"]), entry, segment)
    except (KeyError, TypeError) as fault:
        raise ValueError("not an event") from fault
