"""Segments that were put into an archive: a signed note stays, so that the chain still verifies.

::

    bitewing/<practice>/<workstation>/<segment>     who signs: the segment that was open then
    archived <number>
    <public key line of the archived segment>
    <records> <hex root>
    <SHA-256 of its file> <bytes>
    <its first day> <its last day>
    <day it was archived> <kept until>
    archived | purged

The note is written before the file goes: where both are there, the file counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from enum import Enum
from pathlib import Path

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.session.audit.note import Checkpoint, PublicKey, open_text, sign_text
from viewer.session.audit.segment import SegmentKeys, trail_folder

_NAME = re.compile(r"(\d{4})\.note")
_DIGITS = re.compile(r"[0-9a-f]{64}")


class Whereabouts(Enum):
    """Where an archived segment is."""

    ARCHIVED = "archived"
    PURGED = "purged"


@attrs.frozen
class ArchiveNote:
    """What is known of a segment that is not in the store any more."""

    segment: int
    public_line: str
    signed: Checkpoint
    digest: str
    size_bytes: int
    first_day: date
    last_day: date
    archived: date
    keep_until: date
    whereabouts: Whereabouts = Whereabouts.ARCHIVED

    def sign(self, keys: SegmentKeys) -> str:
        """Return it as a note that the workstation signs."""
        lines = (
            keys.signer.origin,
            f"archived {self.segment}",
            self.public_line,
            f"{self.signed.size} {self.signed.root.hex()}",
            f"{self.digest} {self.size_bytes}",
            f"{self.first_day.isoformat()} {self.last_day.isoformat()}",
            f"{self.archived.isoformat()} {self.keep_until.isoformat()}",
            self.whereabouts.value,
        )
        return sign_text("".join(f"{line}\n" for line in lines), keys.signer, keys.signing)


def note_path(store_folder: Path, number: int) -> Path:
    """Return the note of an archived segment."""
    return trail_folder(store_folder) / f"{number:04d}.note"


def read_notes(
    store_folder: Path,
    signer_of: Callable[[int], PublicKey | None],
    vouched: Collection[bytes] | None = None,
) -> dict[int, ArchiveNote]:
    """Return the notes that one of the trail's own keys signed, by segment.

    A line beside the trail makes no key the trail's: anybody can add one. `vouched` are the keys
    that are (None: all that `signer_of` names, from lines that were kept elsewhere). A note also
    vouches for the key of the segment that it stands for.

    Raises
    ------
    OSError
        One cannot be read.
    """
    folder = trail_folder(store_folder)
    found: dict[int, ArchiveNote] = {}
    known = set(vouched or ())
    for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        signed = _read_note(path.read_bytes(), signer_of) if match else None
        if match is None or signed is None or signed[0].segment != int(match[1]):
            continue
        note, key = signed
        if vouched is None or key in known:
            found[note.segment] = note
            known.add(PublicKey.from_line(note.public_line).key)
    return found


def _read_note(
    raw: bytes, signer_of: Callable[[int], PublicKey | None]
) -> tuple[ArchiveNote, bytes] | None:
    """Return a note and the key that signed it."""
    try:
        text = raw.decode()
        signer = signer_of(int(text.partition("\n")[0].rpartition("/")[2]))
        if signer is None:
            return None
        note = _from_lines(open_text(text, signer)[1:])
        PublicKey.from_line(note.public_line)
    except (ValueError, NotAuthentic):
        return None
    return note, signer.key


def _from_lines(lines: list[str]) -> ArchiveNote:
    named, public_line, signed, content, days, kept, whereabouts = lines
    word, _, number = named.partition(" ")
    size, _, root = signed.partition(" ")
    digest, _, size_bytes = content.partition(" ")
    first, _, last = days.partition(" ")
    archived, _, until = kept.partition(" ")
    if word != "archived" or not _DIGITS.fullmatch(root) or not _DIGITS.fullmatch(digest):
        raise ValueError("not a note of an archived segment")
    return ArchiveNote(
        int(number),
        public_line,
        Checkpoint(int(size), bytes.fromhex(root)),
        digest,
        int(size_bytes),
        date.fromisoformat(first),
        date.fromisoformat(last),
        date.fromisoformat(archived),
        date.fromisoformat(until),
        Whereabouts(whereabouts),
    )
