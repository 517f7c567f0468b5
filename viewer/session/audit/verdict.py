"""What a verification found: nothing, or the first bad entry and what was done to it."""

from __future__ import annotations

from enum import Enum

import attrs

from viewer.session.keystore import Head


class Damage(Enum):
    """What was done to a trail."""

    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    ADDED = "added"
    """Entries stand behind the end of a part that was closed."""
    CUT = "cut"
    RE_SIGNED = "re-signed"
    ROLLED_BACK = "rolled back"
    TORN = "torn"
    """The last record is incomplete: a crash, or a cut after the last checkpoint."""


_WORDS = {
    Damage.EDITED: "entry {} was edited",
    Damage.REMOVED: "entry {} was removed",
    Damage.REORDERED: "entry {} is not in its place",
    Damage.ADDED: "entry {} was added after this part was closed",
    Damage.CUT: "entries from {} on were cut off",
    Damage.RE_SIGNED: "entry {} was written anew and signed again",
    Damage.ROLLED_BACK: "entries from {} on are gone: the trail was set back",
    Damage.TORN: "entry {} is incomplete: a crash, or a cut",
}
_WHOLE_PART = {
    Damage.REMOVED: "the whole part is gone",
    Damage.REORDERED: "another part stands in its place",
    Damage.ROLLED_BACK: "the whole part is gone: the trail was set back",
    Damage.RE_SIGNED: "it was begun by somebody else",
}


@attrs.frozen
class Finding:
    """The first bad entry: its number in the segment, and the kind of damage in a sentence.

    `is_whole_part`: the damage is to the segment as a whole.
    """

    damage: Damage
    seq: int
    segment: int = 1
    detail: str = ""
    is_whole_part: bool = False

    @property
    def words(self) -> str:
        """The finding as a sentence."""
        said = (_WHOLE_PART if self.is_whole_part else _WORDS)[self.damage].format(self.seq)
        text = f"part {self.segment}: {said}" if self._names_part else said
        text += self.detail + "."
        return text[0].upper() + text[1:]

    @property
    def _names_part(self) -> bool:
        return self.segment > 1 or self.is_whole_part


@attrs.frozen
class Checked:
    """How far a segment was found good: a later check can go on from here.

    `at` is the byte behind the checkpoint's record, `leaf` that record's hash, `peaks` the
    frontier of the tree over `size` records, that one included.
    """

    segment: int
    at: int
    leaf: bytes
    size: int
    peaks: tuple[bytes, ...]
    records: int
    """Records of all segments up to there."""


@attrs.frozen
class Verdict:
    """What a verification found.

    `records` counts everything in the chain, `signed` how many of them the last good checkpoint
    covers; `head` is what an outside copy should hold. `archived` are the segments that were put
    into an archive and are not here. `checked` is how far a later check need not look again, and
    `skipped` how many records this one did not look at for that reason.
    """

    records: int
    signed: int
    checkpoints: int
    head: Head
    finding: Finding | None = None
    archived: tuple[int, ...] = ()
    checked: Checked | None = None
    skipped: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.finding is None

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        if self.finding:
            return self.finding.words
        text = f"The trail is whole: {self.records} records"
        if unsigned := self.records - self.signed:
            text += f", the last {unsigned} not signed yet"
        if self.archived:
            parts = ", ".join(map(str, self.archived))
            text += f"; parts in an archive, not looked at: {parts}"
        return text + "."


class Bad(Exception):
    """The first bad record of the segment that is being walked."""

    def __init__(
        self, damage: Damage, seq: int, detail: str = "", *, is_whole_part: bool = False
    ) -> None:
        super().__init__()
        self.damage, self.seq, self.detail = damage, seq, detail
        self.is_whole_part = is_whole_part

    def finding(self, segment: int) -> Finding:
        """Return it as a finding."""
        return Finding(self.damage, self.seq, segment, self.detail, self.is_whole_part)
