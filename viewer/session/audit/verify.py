"""The offline verifier: needs the trail's files and the public key, learns nothing of patients.

The chain alone tells what is edited, missing or out of order. The checkpoints tell whether the
chain was written anew, what the next segment follows tells it of all segments before, and a head
kept outside whether the whole was set back. Records after the last checkpoint (at most 256, or a
minute) have no signature yet; the workstation itself can check them by their macs.

Without a head kept elsewhere nobody can see that the newest entries were cut off at a record's
end, that the whole was set back to an earlier state, or that whoever has the device secret wrote
everything anew.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from viewer.session.audit.archived import ArchiveNote, read_notes
from viewer.session.audit.frames import MAGIC, FrameKind, frames_from, split_checkpoint
from viewer.session.audit.note import Checkpoint, PublicKey
from viewer.session.audit.segment import (
    Genesis,
    SegmentKeys,
    head_of,
    mapped,
    segment_numbers,
    segment_path,
    split_head,
)
from viewer.session.audit.verdict import Bad, Checked, Damage, Finding, Verdict
from viewer.session.audit.walk import Expected, SegmentWalk, is_still_there, signed_genesis
from viewer.session.keystore import Head

Told = Callable[[int, int], None]
"""Bytes done and bytes in all; may raise to stop."""


def untold(done: int, total: int) -> None:
    """Take no note."""


@attrs.frozen
class Looked:
    """How a verification looks: `sizes` caps a segment's bytes, `since` spares what was checked.

    `archives` are folders in which archived segments are looked for, too. With `is_archive` the
    folder is one itself: what comes before its first segment is elsewhere, and so is what follows.
    `only` looks at these segments alone. `told` hears of its progress.
    """

    sizes: Mapping[int, int] = attrs.field(factory=dict)
    since: Checked | None = None
    archives: Sequence[Path] = ()
    is_archive: bool = False
    only: frozenset[int] = frozenset()
    told: Told = untold


class Signers:
    """Who signs which segment: one public key line each, or one line of the same workstation."""

    def __init__(self, lines: str, keys: SegmentKeys | None = None) -> None:
        """Read the lines.

        Raises
        ------
        ValueError
            A line is not one.
        """
        signers = [PublicKey.from_line(line) for line in lines.splitlines() if line.strip()]
        self._by_number = {int(each.origin.rpartition("/")[2]): each for each in signers}
        if keys:
            self._by_number[keys.number] = keys.signer

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._by_number)

    def find(self, number: int) -> PublicKey | None:
        """Return who signs a segment: its own line's, or the key of the one before.

        A workstation signs all its segments with one key, so the line of an earlier one is enough
        until another workstation goes on.
        """
        known = self._by_number.get(number)
        if known is not None or number < 1:
            return known
        before = [each for each in self._by_number if each < number]
        if not before:
            return None
        signer = self._by_number[max(before)]
        return PublicKey(f"{signer.origin.rpartition('/')[0]}/{number}", signer.key)


def verify_trail(
    folder: Path,
    public_key_lines: str,
    outside: Head | None = None,
    keys: SegmentKeys | None = None,
    looked: Looked | None = None,
) -> Verdict:
    """Verify every record of every segment in `<store>/trail`.

    Parameters
    ----------
    folder : Path
        The store's folder.
    public_key_lines : str
        Lines from a copy of `trail/public.key` that was kept elsewhere: one a segment, or those
        with which a workstation began.
    outside : Head, optional
        The head kept outside: convicts who set the trail back.
    keys : SegmentKeys, optional
        The workstation's own keys: they also prove the records after the last checkpoint of its
        segments, and stand for the newest one's public key line.
    looked : Looked, optional
        How far, from where on, and who hears of it.

    Raises
    ------
    OSError
        The files cannot be read.
    ValueError
        A public key line is not one, or there is none for a segment.
    """
    signers = Signers(public_key_lines, keys)
    check = _TrailCheck(folder, signers, outside, keys, looked or Looked())
    return check.run()


class _TrailCheck:
    """One pass over all segments."""

    def __init__(
        self,
        folder: Path,
        signers: Signers,
        outside: Head | None,
        keys: SegmentKeys | None,
        looked: Looked,
    ) -> None:
        self._folder = folder
        self._signers = signers
        self._outside = outside
        self._keys = keys
        self._looked = looked
        self._paths = {
            number: segment_path(each, number)
            for each in (*reversed(self._looked.archives), folder)
            for number in segment_numbers(each)
            if not self._looked.only or number in self._looked.only
        }
        self._numbers = sorted(self._paths)
        self._notes = read_notes(folder, signers.find, self._vouched())
        self._verdict = Verdict(0, 0, 0, Head(0, ""))
        self._done = 0
        self._total = sum(self._size_of(number) for number in self._numbers)

    def _vouched(self) -> set[bytes] | None:
        """Return the workstation's own key and those that the segments here are held against."""
        if self._keys is None:
            return None
        signers = [self._keys.signer, *map(self._signers.find, self._numbers)]
        return {each.key for each in signers if each is not None}

    def run(self) -> Verdict:
        if not self._numbers:
            damage = Damage.ROLLED_BACK if self._outside else Damage.REMOVED
            finding = Finding(damage, 0, is_whole_part=True)
            return attrs.evolve(self._verdict, finding=finding)
        follows: Checkpoint | None = None
        since = self._usable()
        if since is not None:
            before = since.records - since.size
            self._verdict = attrs.evolve(self._verdict, records=before, skipped=before)
        for number in range(self._first(since), self._numbers[-1] + 1):
            if number not in self._paths:
                note = self._notes.get(number)
                if note is None:
                    return self._bad(Finding(Damage.REMOVED, 0, number, is_whole_part=True))
                self._take_archived(note)
                follows = note.signed
                continue
            follows = self._segment(number, follows, since)
            if self._verdict.finding:
                return self._verdict
        newest = split_head(self._outside)[0] if self._outside else 0
        if newest > self._numbers[-1]:
            lost = self._numbers[-1] + 1
            return self._bad(Finding(Damage.ROLLED_BACK, 0, lost, is_whole_part=True))
        return self._verdict

    def _first(self, since: Checked | None) -> int:
        if since is not None:
            return since.segment
        is_part = self._looked.is_archive or bool(self._looked.only)
        return self._numbers[0] if is_part else 1

    def _take_archived(self, note: ArchiveNote) -> None:
        archived = (*self._verdict.archived, note.segment)
        self._verdict = attrs.evolve(self._verdict, archived=archived)

    def _bad(self, finding: Finding) -> Verdict:
        return attrs.evolve(self._verdict, finding=finding)

    def _size_of(self, number: int) -> int:
        size = self._paths[number].stat().st_size
        return min(size, self._looked.sizes.get(number, size))

    def _usable(self) -> Checked | None:
        """Return from where on to look, if what was checked there is still there."""
        since = self._looked.since
        if since is None or since.segment not in self._paths:
            return None
        with mapped(self._paths[since.segment]) as whole:
            return since if is_still_there(whole, since) else None

    def _segment(
        self, number: int, follows: Checkpoint | None, since: Checked | None
    ) -> Checkpoint:
        signer = self._signers.find(number)
        if signer is None:
            raise ValueError("there is no public key for a segment of this trail")
        next_one = self._genesis(number + 1)
        is_own = self._keys is not None and self._keys.signer.key == signer.key
        expected = Expected(
            number,
            signer,
            self._marks(number, next_one),
            follows,
            self._keys if is_own else None,
        )
        size = self._size_of(number)
        path = self._paths[number]
        with mapped(path) as whole, memoryview(whole) as view, view[:size] as file:
            walk = SegmentWalk(file, expected, self._verdict.records, self._tell)
            if since is not None and number == since.segment:
                walk.go_on_after(since)
            finding = self._walked(walk, next_one, is_same_signer=self._is_same(number))
        self._add(walk, finding)
        self._done += size
        self._tell(0)
        return walk.signed

    def _walked(
        self, walk: SegmentWalk, next_one: Genesis | None, *, is_same_signer: bool
    ) -> Finding | None:
        try:
            walk.run()
            self._compare_ends(walk, next_one, is_same_signer=is_same_signer)
        except Bad as bad:
            return bad.finding(walk.expected.number)
        return None

    def _is_same(self, number: int) -> bool:
        here, there = self._signers.find(number), self._signers.find(number + 1)
        return here is not None and there is not None and here.key == there.key

    def _marks(self, number: int, next_one: Genesis | None) -> dict[int, str]:
        marks: dict[int, str] = {}
        if next_one and next_one.previous_size is not None and next_one.previous_root:
            marks[next_one.previous_size] = next_one.previous_root
        note = self._notes.get(number)
        if note:
            marks[note.signed.size] = note.signed.root.hex()
        if self._outside is not None and split_head(self._outside)[0] == number:
            marks[split_head(self._outside)[1]] = self._outside.digest
        return marks

    def _genesis(self, number: int) -> Genesis | None:
        """Return what a segment says that it follows, if it begins as its signer began it."""
        path, signer = self._paths.get(number), self._signers.find(number)
        if signer is None or path is None:
            return None
        with mapped(path) as file:
            return signed_genesis(file, signer)

    @staticmethod
    def _compare_ends(walk: SegmentWalk, next_one: Genesis | None, *, is_same_signer: bool) -> None:
        """Compare a segment's end with what must be there: by the head, and by the next one."""
        missing = [size for size in walk.expected.marks if size > walk.signed.size]
        if missing:
            ends_whole = walk.last_kind == FrameKind.CHECKPOINT
            raise Bad(Damage.ROLLED_BACK if ends_whole else Damage.CUT, walk.size)
        if next_one is None or next_one.previous_size is None or not is_same_signer:
            return
        if walk.size > next_one.previous_size + 1:  # its checkpoint is the last record
            raise Bad(Damage.ADDED, next_one.previous_size + 1)

    def _add(self, walk: SegmentWalk, finding: Finding | None) -> None:
        before = self._verdict
        number = walk.expected.number
        self._verdict = attrs.evolve(
            before,
            records=before.records + walk.size,
            signed=before.records + walk.signed.size,
            checkpoints=before.checkpoints + walk.checkpoints,
            head=head_of(number, walk.signed),
            finding=finding,
            checked=walk.checked if finding is None else before.checked,
            skipped=before.skipped + walk.skipped,
        )

    def _tell(self, at: int) -> None:
        self._looked.told(self._done + at, self._total)


def last_checkpoint(path: Path) -> Checkpoint | None:
    """Return size and root that the last checkpoint of an old segment claims, unproved."""
    found = None
    with mapped(path) as file:
        for frame in frames_from(file, len(MAGIC)):
            if frame.kind == FrameKind.CHECKPOINT:
                note = split_checkpoint(frame.body)[0].splitlines()
                found = Checkpoint(int(note[1]), base64.b64decode(note[2]))
    return found
