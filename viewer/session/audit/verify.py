"""The offline verifier: needs the trail's files and the public key, learns nothing of patients.

The chain alone tells what is edited, missing or out of order. The checkpoints tell whether the
chain was written anew, and a head kept outside whether the whole was set back. Records after the
last checkpoint (at most 256, or a minute) have no signature yet; the workstation itself can check
them by their macs.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.session.audit.frames import (
    FIRST_PREVIOUS,
    MAGIC,
    Bytes,
    Frame,
    FrameKind,
    NoFrame,
    frames_from,
    is_ours,
    read_frame,
    split_checkpoint,
)
from viewer.session.audit.merkle import Frontier
from viewer.session.audit.note import Checkpoint, PublicKey, open_checkpoint
from viewer.session.audit.segment import (
    Genesis,
    SegmentKeys,
    head_of,
    mapped,
    segment_numbers,
    segment_path,
    split_head,
)
from viewer.session.keystore import Head


class Damage(Enum):
    """What was done to a trail."""

    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    CUT = "cut"
    RE_SIGNED = "re-signed"
    ROLLED_BACK = "rolled back"
    TORN = "torn"
    """The last record is incomplete: a crash, or a cut after the last checkpoint."""


_WORDS = {
    Damage.EDITED: "record {} was edited",
    Damage.REMOVED: "record {} was removed",
    Damage.REORDERED: "record {} is not in its place",
    Damage.CUT: "records from {} on were cut off",
    Damage.RE_SIGNED: "record {} was signed by somebody else",
    Damage.ROLLED_BACK: "records from {} on are gone: the trail was set back",
    Damage.TORN: "record {} is incomplete: a crash, or a cut",
}


@attrs.frozen
class Finding:
    """The first bad record: its number in the segment, and the kind of damage in a sentence."""

    damage: Damage
    seq: int
    segment: int = 1
    detail: str = ""

    @property
    def words(self) -> str:
        """The finding as a sentence."""
        where = f"Segment {self.segment}: " if self.segment > 1 else ""
        text = where + _WORDS[self.damage].format(self.seq) + self.detail + "."
        return text[0].upper() + text[1:]


@attrs.frozen
class Verdict:
    """What a verification found.

    `records` counts everything in the chain, `signed` how many of them the last good checkpoint
    covers; `head` is what an outside copy should hold.
    """

    records: int
    signed: int
    checkpoints: int
    head: Head
    finding: Finding | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.finding is None

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        if self.finding:
            return self.finding.words
        unsigned = self.records - self.signed
        return f"The trail is whole: {self.records} records, the last {unsigned} not signed yet."


def verify_trail(
    folder: Path,
    public_key_lines: str,
    outside: Head | None = None,
    keys: SegmentKeys | None = None,
) -> Verdict:
    """Verify every record of every segment in `<store>/trail`.

    Parameters
    ----------
    folder : Path
        The store's folder.
    public_key_lines : str
        One line a segment, from a copy of `trail/public.key` that was kept elsewhere.
    outside : Head, optional
        The head kept outside: convicts who set the trail back.
    keys : SegmentKeys, optional
        The workstation's own keys: they also prove the records after the last checkpoint of the
        newest segment, and stand for its public key line.

    Raises
    ------
    OSError
        The files cannot be read.
    ValueError
        A public key line is not one, or there is none for a segment.
    """
    signers = [PublicKey.from_line(line) for line in public_key_lines.splitlines() if line.strip()]
    by_number = {int(signer.origin.rpartition("/")[2]): signer for signer in signers}
    if keys:
        by_number[keys.number] = keys.signer
    numbers = segment_numbers(folder)
    total, verdict = 0, _nothing_there(outside)
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            return attrs.evolve(verdict, finding=Finding(Damage.REMOVED, 0, expected))
        signer = by_number.get(number)
        if signer is None:
            raise ValueError("there is no public key for a segment of this trail")
        own = keys if keys and keys.number == number else None
        with mapped(segment_path(folder, number)) as file:
            before = split_head(verdict.head)[1] if total else 0, verdict.head.digest
            follows = before if number > 1 else None
            verdict = _SegmentCheck(file, number, signer, outside, own, follows).run()
        total += verdict.records
        if verdict.finding:
            break
    if verdict.is_whole and outside and split_head(outside)[0] > len(numbers):
        finding = Finding(Damage.ROLLED_BACK, 0, len(numbers) + 1)
        return attrs.evolve(verdict, finding=finding)
    return attrs.evolve(verdict, signed=verdict.signed + total - verdict.records, records=total)


def _nothing_there(outside: Head | None) -> Verdict:
    finding = Finding(Damage.ROLLED_BACK if outside else Damage.REMOVED, 0)
    return Verdict(0, 0, 0, Head(0, ""), finding)


def last_checkpoint(path: Path) -> Checkpoint | None:
    """Return size and root that the last checkpoint of an old segment claims, unproved."""
    found = None
    with mapped(path) as file:
        for frame in frames_from(file, len(MAGIC)):
            if frame.kind == FrameKind.CHECKPOINT:
                note = split_checkpoint(frame.body)[0].splitlines()
                found = Checkpoint(int(note[1]), _root_of(note[2]))
    return found


def _root_of(encoded: str) -> bytes:
    return base64.b64decode(encoded)


class _Bad(Exception):
    def __init__(self, damage: Damage, seq: int, detail: str = "") -> None:
        super().__init__()
        self.damage, self.seq, self.detail = damage, seq, detail


class _SegmentCheck:
    """One pass over one segment."""

    def __init__(
        self,
        file: Bytes,
        number: int,
        signer: PublicKey,
        outside: Head | None,
        keys: SegmentKeys | None,
        follows: tuple[int, str] | None = None,
    ) -> None:
        self._follows = follows
        self._file = file
        self._number = number
        self._signer = signer
        self._keys = keys
        self._outside: tuple[int, str] | None = None
        if outside is not None and split_head(outside)[0] == number:
            self._outside = split_head(outside)[1], outside.digest
        self._frontier = Frontier()
        self._signed = Checkpoint(0, self._frontier.root())
        self._checkpoints = 0
        self._last_kind = FrameKind.GENESIS

    def run(self) -> Verdict:
        finding = None
        try:
            self._walk()
            self._compare_with_outside()
        except _Bad as bad:
            finding = Finding(bad.damage, bad.seq, self._number, bad.detail)
        return Verdict(
            self._frontier.size,
            self._signed.size,
            self._checkpoints,
            head_of(self._number, self._signed),
            finding,
        )

    def _walk(self) -> None:
        if bytes(self._file[: len(MAGIC)]) != MAGIC:
            raise _Bad(Damage.EDITED, 0)
        previous = FIRST_PREVIOUS
        frontier = self._frontier
        for frame in self._frames():
            if frame.seq != frontier.size or frame.previous != previous:
                self._explain_break(frame)
            if self._keys is not None and not is_ours(frame, self._file, self._keys.chain):
                raise _Bad(Damage.EDITED, frame.seq)
            if frame.kind == FrameKind.CHECKPOINT:
                self._check_checkpoint(frame)
            elif frame.seq == 0:
                self._check_genesis(frame)
            self._last_kind = FrameKind(frame.kind)
            previous = frame.leaf
            frontier.append(previous)

    def _frames(self) -> Iterator[Frame]:
        start, file = len(MAGIC), self._file
        while start < len(file):
            try:
                frame = read_frame(file, start)
            except NoFrame as fault:
                raise self._no_frame(fault) from None
            if frame.kind > FrameKind.CHECKPOINT:
                raise _Bad(Damage.EDITED, self._frontier.size)
            yield frame
            start = frame.end

    def _no_frame(self, fault: NoFrame) -> _Bad:
        """A frame that is not whole: cut, torn in a crash, or its length was edited."""
        size = self._frontier.size
        if not fault.is_cut_short:
            return _Bad(Damage.EDITED, size)
        if self._outside and self._outside[0] > size:
            return _Bad(Damage.CUT, size)
        return _Bad(Damage.TORN, size)

    def _explain_break(self, frame: Frame) -> None:
        """Say what a record that does not continue the chain means."""
        size = self._frontier.size
        if frame.seq == size:
            follower = next(frames_from(self._file, frame.end), None)
            is_followed = follower is not None and follower.previous == frame.leaf
            is_before = size > 0 and (is_followed or self._is_signed_over_others(frame))
            raise _Bad(Damage.EDITED, size - 1 if is_before else size)
        later = (each.seq for each in frames_from(self._file, frame.end))
        if frame.seq > size and size not in later:
            raise _Bad(Damage.REMOVED, size)
        raise _Bad(Damage.REORDERED, size)

    def _is_signed_over_others(self, frame: Frame) -> bool:
        """Whether a genuine checkpoint covers other records than those before it."""
        if frame.kind != FrameKind.CHECKPOINT:
            return False
        try:
            signed = open_checkpoint(split_checkpoint(frame.body)[0], self._signer)
        except (ValueError, NotAuthentic):
            return False
        return signed.root != self._frontier.root()

    def _check_genesis(self, frame: Frame) -> None:
        try:
            genesis = Genesis.from_body(frame.body)
        except ValueError:
            raise _Bad(Damage.EDITED, 0) from None
        if frame.kind != FrameKind.GENESIS or genesis.segment != self._number:
            raise _Bad(Damage.EDITED, 0)
        if genesis.public_line != self._signer.line:
            raise _Bad(Damage.RE_SIGNED, 0)
        if self._follows is not None and self._follows != (
            genesis.previous_size,
            genesis.previous_root,
        ):
            raise _Bad(Damage.REMOVED, 0, "; the segment before is not the one that it follows")

    def _check_checkpoint(self, frame: Frame) -> None:
        try:
            note, peaks = split_checkpoint(frame.body)
            checkpoint = open_checkpoint(note, self._signer)
        except (ValueError, NotAuthentic):
            raise self._bad_signature(frame) from None
        frontier = self._frontier
        if checkpoint != Checkpoint(frontier.size, frontier.root()) or peaks != frontier.peaks:
            first = self._signed.size
            detail = f", or one of those up to {frame.seq - 1}: the signed checkpoint disagrees"
            raise _Bad(Damage.EDITED, first, detail)
        if (
            self._outside
            and self._outside[0] == checkpoint.size
            and (self._outside[1] != checkpoint.root.hex())
        ):
            raise _Bad(Damage.ROLLED_BACK, self._signed.size, "; another history follows")
        self._signed = checkpoint
        self._checkpoints += 1

    def _bad_signature(self, frame: Frame) -> _Bad:
        """Signed by another key where the chain goes on, else just edited."""
        follower = next(frames_from(self._file, frame.end), None)
        goes_on = follower is None or follower.previous == frame.leaf
        return _Bad(Damage.RE_SIGNED if goes_on else Damage.EDITED, frame.seq)

    def _compare_with_outside(self) -> None:
        if self._outside is None or self._outside[0] <= self._signed.size:
            return
        ends_whole = self._last_kind == FrameKind.CHECKPOINT
        damage = Damage.ROLLED_BACK if ends_whole else Damage.CUT
        raise _Bad(damage, self._frontier.size)
