"""One pass over one segment: every record hashed once, chained, and held against what is signed.

Most of the time goes into two SHA-256 a record, its leaf and on average one node of the tree; so
`SegmentWalk._run` is written for few Python instructions a record, and everything that is not an
ordinary record in its place is left to the slow methods that explain what is wrong.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.session.audit.frames import (
    FIRST_PREVIOUS,
    LARGEST_CONTENT,
    MAC_BYTES,
    MAGIC,
    Bytes,
    Frame,
    FrameKind,
    NoFrame,
    frames_from,
    is_ours,
    read_frame,
    read_frame_before,
    split_checkpoint,
)
from viewer.session.audit.merkle import Frontier
from viewer.session.audit.note import Checkpoint, PublicKey, open_checkpoint
from viewer.session.audit.segment import Genesis, SegmentKeys
from viewer.session.audit.verdict import Bad, Checked, Damage

_START = struct.Struct(">IBQ32s")
_LENGTH = struct.Struct(">I")
_SMALLEST_CONTENT = _START.size - _LENGTH.size

Hear = Callable[[int], None]
"""Called with the byte that was reached; may raise to stop."""


def _deaf(at: int) -> None:
    pass


@attrs.frozen
class Expected:
    """What a segment is held against.

    `marks` are roots (hex) that its tree must have at these sizes: the head kept outside, what the
    next segment says it follows. `follows` is what its own first record must name. With `keys`, the
    records after the last checkpoint are checked by their macs.
    """

    number: int
    signer: PublicKey
    marks: Mapping[int, str]
    follows: Checkpoint | None = None
    keys: SegmentKeys | None = None


class SegmentWalk:
    """Walks a segment. `file` ends where the walk ends."""

    def __init__(
        self, file: Bytes, expected: Expected, records_before: int = 0, hear: Hear = _deaf
    ) -> None:
        self._file = file
        self._before = records_before
        self.expected = expected
        self._hear = hear
        self._frontier = Frontier()
        self._previous = FIRST_PREVIOUS
        self._at = len(MAGIC)
        self._signed_at = self._at
        self._skipped = 0
        self.last_kind = FrameKind.GENESIS
        self.signed = Checkpoint(0, self._frontier.root())
        self.checkpoints = 0
        self.checked: Checked | None = None

    @property
    def size(self) -> int:
        """How many records are in the chain so far."""
        return self._frontier.size

    @property
    def skipped(self) -> int:
        """How many of them were not looked at, since they had been."""
        return self._skipped

    def go_on_after(self, checked: Checked) -> None:
        """Begin behind what was found good earlier and `is_still_there`."""
        self._frontier = Frontier(checked.size, checked.peaks)
        self._previous, self._at, self._signed_at = checked.leaf, checked.at, checked.at
        self._skipped = checked.size
        note = split_checkpoint(_frame_that_ends(self._file, checked.at).body)[0]
        self.signed = open_checkpoint(note, self.expected.signer)
        self.last_kind = FrameKind.CHECKPOINT
        self.checked = checked

    def run(self) -> None:
        """Walk to the end.

        Raises
        ------
        Bad
            The first record that is not what it was, and what was done to it.
        """
        if bytes(self._file[: len(MAGIC)]) != MAGIC:
            raise Bad(Damage.EDITED, 0)
        while self._at < len(self._file):
            self._run()
            if self._at < len(self._file):
                self._take(self._next())
        self._check_macs_of_the_rest()

    def _run(self) -> None:
        """Walk over keys and events that stand where they should; stop before anything else."""
        file, marks = self._file, self.expected.marks
        start, length_at, sha256 = _START.unpack_from, _LENGTH.unpack_from, hashlib.sha256
        frontier = self._frontier
        peaks, size, previous, at = frontier.peaks, frontier.size, self._previous, self._at
        last = len(file) - _START.size - MAC_BYTES - _LENGTH.size
        while at <= last:
            length, kind, seq, before = start(file, at)
            tail_at = at + length + 20
            if (
                before != previous
                or seq != size
                or not 0 < kind < 3
                or not _SMALLEST_CONTENT <= length <= LARGEST_CONTENT
                or tail_at + 4 > len(file)
                or length_at(file, tail_at)[0] != length
            ):
                break
            previous = peak = sha256(b"\0" + file[at:tail_at]).digest()
            carry = size
            while carry & 1:
                peak = sha256(b"\1" + peaks.pop() + peak).digest()
                carry >>= 1
            peaks.append(peak)
            size += 1
            at = tail_at + 4
            if size in marks:
                frontier.size, self._at, self.last_kind = size, at, FrameKind.EVENT
                self._compare_with_mark()
        if at > self._at:
            self.last_kind = FrameKind.EVENT
        frontier.size, self._previous, self._at = size, previous, at

    def _next(self) -> Frame:
        try:
            frame = read_frame(self._file, self._at)
        except NoFrame as fault:
            raise self._no_frame(fault) from None
        if frame.kind > FrameKind.CHECKPOINT:
            raise Bad(Damage.EDITED, self.size)
        if frame.seq != self.size or frame.previous != self._previous:
            self._explain_break(frame)
        return frame

    def _take(self, frame: Frame) -> None:
        """Take a record that the quick walk left: the first one, or a checkpoint."""
        if frame.seq == 0:
            self._check_genesis(frame)
        elif frame.kind == FrameKind.CHECKPOINT:
            self._check_checkpoint(frame)
        elif frame.kind == FrameKind.GENESIS:
            raise Bad(Damage.EDITED, frame.seq)
        self._frontier.append(frame.leaf)
        self._previous, self._at = frame.leaf, frame.end
        self.last_kind = FrameKind(frame.kind)
        if frame.kind == FrameKind.CHECKPOINT:
            peaks = tuple(self._frontier.peaks)
            records = self._before + self.size
            self.checked = Checked(
                self.expected.number, frame.end, frame.leaf, self.size, peaks, records
            )
            self._signed_at = frame.end
            self._hear(frame.end)
        if self.size in self.expected.marks:
            self._compare_with_mark()

    # --- the first record ------------------------------------------------------------------

    def _check_genesis(self, frame: Frame) -> None:
        try:
            genesis = Genesis.from_body(frame.body)
        except ValueError:
            raise Bad(Damage.EDITED, 0) from None
        expected = self.expected
        if frame.kind != FrameKind.GENESIS:
            raise Bad(Damage.EDITED, 0)
        if genesis.segment != expected.number:
            if self._is_followed(frame):
                raise Bad(Damage.REORDERED, 0, is_whole_part=True)
            raise Bad(Damage.EDITED, 0)
        if genesis.public_line != expected.signer.line:
            is_other = self._is_followed(frame)
            raise Bad(Damage.RE_SIGNED if is_other else Damage.EDITED, 0, is_whole_part=is_other)
        if expected.follows is not None and self._is_followed(frame):
            before = expected.follows.size, expected.follows.root.hex()
            if (genesis.previous_size, genesis.previous_root) != before:
                detail = "; it does not follow the part before"
                raise Bad(Damage.RE_SIGNED, 0, detail)

    def _is_followed(self, frame: Frame) -> bool:
        """Whether the next record, if there is one, goes on from this one."""
        follower = next(frames_from(self._file, frame.end), None)
        return follower is None or follower.previous == frame.leaf

    # --- checkpoints -----------------------------------------------------------------------

    def _check_checkpoint(self, frame: Frame) -> None:
        try:
            note, peaks = split_checkpoint(frame.body)
            checkpoint = open_checkpoint(note, self.expected.signer)
        except (ValueError, NotAuthentic):
            is_signed_anew = self._is_followed(frame)
            damage = Damage.RE_SIGNED if is_signed_anew else Damage.EDITED
            raise Bad(damage, frame.seq) from None
        frontier = self._frontier
        if checkpoint != Checkpoint(frontier.size, frontier.root()) or peaks != frontier.peaks:
            raise self._disagrees(frame)
        self.signed = checkpoint
        self.checkpoints += 1

    def _disagrees(self, frame: Frame) -> Bad:
        """A genuine checkpoint over other records: by its mac the workstation knows which."""
        for own in self._own_frames(self._signed_at, frame.end):
            if own is not None:
                return Bad(Damage.EDITED, own)
        detail = f", or one of those up to {frame.seq - 1}: the signed checkpoint disagrees"
        return Bad(Damage.EDITED, self.signed.size, detail)

    def _compare_with_mark(self) -> None:
        wanted = self.expected.marks[self.size]
        if self._frontier.root().hex() == wanted:
            return
        for foreign in self._own_frames(self._signed_at, self._at):
            if foreign is not None:
                raise Bad(Damage.EDITED, foreign)
        detail = f", or one of those up to {self.size - 1}: "
        if self._is_signed_as(wanted):
            detail += "the signed checkpoint disagrees"
            raise Bad(Damage.EDITED, self.signed.size, detail)
        detail += "it is not what was signed before"
        raise Bad(Damage.RE_SIGNED, 0, detail)

    def _is_signed_as(self, root: str) -> bool:
        """Whether the old, genuine signature over this root still stands next."""
        frame = next(frames_from(self._file, self._at), None)
        if frame is None or frame.kind != FrameKind.CHECKPOINT:
            return False
        try:
            signed = open_checkpoint(split_checkpoint(frame.body)[0], self.expected.signer)
        except (ValueError, NotAuthentic):
            return False
        return signed.root.hex() == root

    def _own_frames(self, start: int, end: int) -> Iterator[int | None]:
        """Yield None for each record that this workstation wrote, the number of each other."""
        keys = self.expected.keys
        if keys is None:
            return
        for frame in frames_from(self._file, start):
            if frame.start >= end:
                return
            yield None if is_ours(frame, self._file, keys.chain) else frame.seq

    def _check_macs_of_the_rest(self) -> None:
        """No signature covers the last checkpoint's own mac, nor anything behind it."""
        keys = self.expected.keys
        if keys is None:
            return
        if self.checked is not None:
            last = _frame_that_ends(self._file, self.checked.at)
            if not is_ours(last, self._file, keys.chain):
                raise Bad(Damage.EDITED, last.seq)
        for foreign in self._own_frames(self._signed_at, len(self._file)):
            if foreign is not None:
                raise Bad(Damage.EDITED, foreign)

    # --- what a break means ----------------------------------------------------------------

    def _no_frame(self, fault: NoFrame) -> Bad:
        """A frame that is not whole: cut, torn in a crash, or its length was edited."""
        if not fault.is_cut_short:
            return Bad(Damage.EDITED, self.size)
        if any(size > self.size for size in self.expected.marks):
            return Bad(Damage.CUT, self.size)
        return Bad(Damage.TORN, self.size)

    def _explain_break(self, frame: Frame) -> None:
        """Say what a record that does not continue the chain means."""
        size = self.size
        if frame.previous == self._previous:  # it stands where it stood: its number was edited
            raise Bad(Damage.EDITED, size)
        if frame.seq == size:
            follower = next(frames_from(self._file, frame.end), None)
            is_followed = follower is not None and follower.previous == frame.leaf
            is_before = size > 0 and (is_followed or self._is_signed_over_others(frame))
            raise Bad(Damage.EDITED, size - 1 if is_before else size)
        if frame.seq > size and size not in _numbers_from(self._file, frame.end):
            raise Bad(Damage.REMOVED, size)
        raise Bad(Damage.REORDERED, size)

    def _is_signed_over_others(self, frame: Frame) -> bool:
        """Whether a genuine checkpoint covers other records than those before it."""
        if frame.kind != FrameKind.CHECKPOINT:
            return False
        try:
            signed = open_checkpoint(split_checkpoint(frame.body)[0], self.expected.signer)
        except (ValueError, NotAuthentic):
            return False
        return signed.root != self._frontier.root()


def is_still_there(file: Bytes, checked: Checked) -> bool:
    """Whether the record that a check ended with still ends there."""
    try:
        last = _frame_that_ends(file, checked.at)
    except NoFrame:
        return False
    return last.leaf == checked.leaf and last.seq == checked.size - 1


def signed_genesis(file: Bytes, signer: PublicKey) -> Genesis | None:
    """Return a segment's first record, if the checkpoint that follows it at once signs it."""
    first = next(frames_from(file, len(MAGIC)), None)
    second = next(frames_from(file, first.end), None) if first else None
    if first is None or second is None or second.kind != FrameKind.CHECKPOINT:
        return None
    tree = Frontier()
    tree.append(first.leaf)
    try:
        signed = open_checkpoint(split_checkpoint(second.body)[0], signer)
        genesis = Genesis.from_body(first.body)
    except (ValueError, NotAuthentic):
        return None
    return genesis if signed == Checkpoint(1, tree.root()) else None


def _frame_that_ends(file: Bytes, end: int) -> Frame:
    if end > len(file):
        raise NoFrame(is_cut_short=True)
    return read_frame_before(file, end)


def _numbers_from(file: Bytes, at: int) -> Iterator[int]:
    """Yield the numbers that the records from a byte on claim, as long as they are records."""
    while at + _START.size <= len(file):
        length, _, seq, _ = _START.unpack_from(file, at)
        tail_at = at + length + _LENGTH.size + MAC_BYTES
        if tail_at + _LENGTH.size > len(file):
            return
        if _LENGTH.unpack_from(file, tail_at)[0] != length:
            return
        yield seq
        at = tail_at + _LENGTH.size
