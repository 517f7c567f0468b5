"""Comparing what another machine kept with the trail as it is here now.

Whoever holds the device secret can write another history and sign it anew; every check on this
workstation then passes. What was sent off before does not change with it: each received record
names the leaf it had, each received head is a signed checkpoint. Needs no account and no key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.relay.origin import origin_of
from viewer.relay.syslog import HEAD, Received, read_received
from viewer.session.audit.frames import MAGIC, FrameKind, frames_from
from viewer.session.audit.note import PublicKey, open_checkpoint
from viewer.session.audit.segment import mapped, segment_numbers, segment_path


class Difference(Enum):
    """How the trail here differs. The value is what a person reads."""

    CHANGED = "the record here is another one than was sent"
    MISSING = "the record was sent and is not here any more"
    NOT_SENT = "the record is here and never arrived"
    OTHER_TRAIL = "the segment here is another trail's"
    BAD_HEAD = "a received head does not bear this workstation's signature"


@attrs.frozen
class Found:
    """The first difference of a segment: at which record."""

    segment: int
    seq: int
    difference: Difference

    @property
    def words(self) -> str:
        """One sentence."""
        return f"Part {self.segment}, record {self.seq}: {self.difference.value}."


@attrs.frozen
class Comparison:
    """How many records were compared, in how many lines, and what differs first.

    `not_here`: lines of other workstations, by their trail's origin.
    """

    records: int
    heads: int
    repeated: int
    first: Found | None
    not_here: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return self.first is None


def compare(store: Path, lines: Iterable[str], public_lines: str = "") -> Comparison:
    """Compare received lines with the trail in a store.

    `public_lines` are the workstation's public keys kept elsewhere; without them the signatures of
    heads are not checked, their places in the chain are.

    Raises
    ------
    OSError
        The trail cannot be read.
    """
    received, repeated = _by_position(lines)
    here = {number: _origin_of(store, number) for number in segment_numbers(store)}
    ours = set(here.values())
    not_here = sorted({each.mark.origin for each in received.values()} - ours)
    mine = {
        position: each
        for position, each in received.items()
        if each.mark.origin in ours or position[0] in here or not ours
    }
    first = _first_difference(store, here, mine)
    first = _earlier(first, _bad_head(mine, public_lines))
    heads = sum(each.kind == HEAD for each in mine.values())
    return Comparison(len(mine), heads, repeated, first, tuple(not_here))


Position = tuple[int, int]


def _by_position(lines: Iterable[str]) -> tuple[dict[Position, Received], int]:
    """Return what was received first of each record, and how many lines repeated one."""
    received: dict[Position, Received] = {}
    repeated = 0
    for line in lines:
        each = read_received(line)
        if each is None:
            continue
        position = (each.mark.segment, each.mark.seq)
        if position in received:
            repeated += 1
        else:
            received[position] = each
    return received, repeated


def _origin_of(store: Path, number: int) -> str:
    with mapped(segment_path(store, number)) as file:
        return origin_of(file)


def _first_difference(
    store: Path, here: Mapping[int, str], received: Mapping[Position, Received]
) -> Found | None:
    for number in sorted({segment for segment, _ in received}):
        of_segment = {seq: each for (segment, seq), each in received.items() if segment == number}
        first = min(of_segment)
        if number not in here:
            return Found(number, first, Difference.MISSING)
        if of_segment[first].mark.origin != here[number]:
            return Found(number, first, Difference.OTHER_TRAIL)
        found = _compared(store, number, of_segment)
        if found is not None:
            return found
    return None


def _compared(store: Path, number: int, received: dict[int, Received]) -> Found | None:
    first_sent, last_sent, left = min(received), max(received), dict(received)
    with mapped(segment_path(store, number)) as file:
        for frame in frames_from(file, len(MAGIC)):
            if frame.seq < first_sent:
                continue  # what a server throws away with age is no difference
            if frame.seq > last_sent:
                break
            each = left.pop(frame.seq, None)
            is_sent = frame.kind in {FrameKind.EVENT, FrameKind.CHECKPOINT}
            if each is None and is_sent:
                return Found(number, frame.seq, Difference.NOT_SENT)
            if each is not None and each.mark.leaf != frame.leaf.hex():
                return Found(number, frame.seq, Difference.CHANGED)
    return Found(number, min(left), Difference.MISSING) if left else None


def _bad_head(received: Mapping[Position, Received], public_lines: str) -> Found | None:
    signers = {}
    for line in public_lines.splitlines():
        try:
            key = PublicKey.from_line(line)
        except ValueError:
            continue
        signers[key.origin] = key
    for (segment, seq), each in sorted(received.items()):
        signer = signers.get(each.mark.origin)
        if each.kind != HEAD or signer is None:
            continue
        try:
            note = base64.b64decode(each.words.strip(), validate=True).decode()
            is_right = open_checkpoint(note, signer).size == seq
        except (NotAuthentic, binascii.Error, ValueError):
            is_right = False
        if not is_right:
            return Found(segment, seq, Difference.BAD_HEAD)
    return None


def _earlier(one: Found | None, other: Found | None) -> Found | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda found: (found.segment, found.seq))
