"""The offline verifier: needs the trail's files and the public key, learns nothing of patients."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import attrs

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


@attrs.frozen
class Finding:
    """The first bad record: its number in the chain, and the kind of damage in a sentence."""

    damage: Damage
    seq: int
    words: str


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


def verify_trail(
    folder: Path, public_key_line: str, outside: Head | None = None
) -> Verdict:
    """Verify every record of the newest segment in `<store>/trail`; `outside` convicts rollback.

    Raises
    ------
    OSError
        The files cannot be read.
    ValueError
        The public key line is not one.
    """
    raise NotImplementedError
