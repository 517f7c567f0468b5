"""Moving closed segments into an archive, and purging them from there when their time is over.

An archive is a folder with the layout of a store's: `trail/<segment>.trail`, `trail/public.key` and
the signed note of each segment. It verifies alone, and together with the store.

A segment's last entry is kept ten years (ASTM E2147-18 §8), and never less than six
(45 CFR 164.316(b)(2)(i)).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import attrs

from viewer.session.audit.archived import ArchiveNote, Whereabouts, note_path, read_notes
from viewer.session.audit.errors import ArchiveFault, ArchiveRefused
from viewer.session.audit.index import index_folder
from viewer.session.audit.note import Checkpoint, PublicKey
from viewer.session.audit.segment import (
    mapped,
    public_key_path,
    segment_path,
    trail_folder,
)
from viewer.session.audit.trail import Trail
from viewer.session.audit.verify import Looked, Signers, verify_trail
from viewer.session.audit.walk import signed_genesis
from viewer.session.audit.whole import public_lines
from viewer.session.files import sync_folder, write_atomically

KEEP_YEARS, FLOOR_YEARS = 10, 6
_COPIED_AT_ONCE = 1 << 20


def years_later(day: date, years: int) -> date:
    """Return the same day so many years later; for 29 February, 1 March.

    >>> years_later(date(2024, 2, 29), 6)
    datetime.date(2030, 3, 1)
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


class Archives:
    """What of a trail was archived, and how more of it is. Under the trail's own lock it writes."""

    def __init__(self, folder: Path, trail: Trail, today: date) -> None:
        self._folder = folder
        self._trail = trail
        self._today = today

    def notes(self) -> dict[int, ArchiveNote]:
        """Return the notes of the archived segments, by number.

        Raises
        ------
        ArchiveFault
            They cannot be read.
        """
        own = self._trail.public_key_line
        signers = Signers(public_lines(self._folder) + "\n" + own)
        try:
            vouched = {PublicKey.from_line(own).key, *self._keys_of_parts(signers)}
            return read_notes(self._folder, signers.find, vouched)
        except OSError:
            raise ArchiveFault from None

    def _keys_of_parts(self, signers: Signers) -> Iterator[bytes]:
        """Yield the keys with which the segments that are in the store were begun."""
        for number in self._trail.numbers():
            signer = signers.find(number)
            with mapped(segment_path(self._folder, number)) as file:
                if signer is not None and signed_genesis(file, signer) is not None:
                    yield signer.key

    def closed(self) -> list[int]:
        """Return the segments that could be archived."""
        return [number for number in self._trail.numbers() if number < self._trail.segment]

    # --- archiving -------------------------------------------------------------------------

    def archive(self, number: int, destination: Path, keep_years: int = KEEP_YEARS) -> ArchiveNote:
        """Copy a closed segment into a folder, prove the copy, and take it out of the store.

        Raises
        ------
        ArchiveRefused
            It is not closed, the period is under the floor, or another file lies there.
        ArchiveFault
            A disk refused: the segment stays in the store.
        """
        if keep_years < FLOOR_YEARS:
            raise ArchiveRefused(
                f"The trail is kept for at least {FLOOR_YEARS} years.", "Choose a longer period."
            )
        if number not in self.closed():
            raise ArchiveRefused(
                "Only parts of the trail that are closed can be archived.",
                "A part closes with its year; `audit archive --close` closes the open one now.",
            )
        if _is_inside(destination, self._folder):
            raise ArchiveRefused(
                "The archive would lie inside the store.", "Choose a folder elsewhere."
            )
        try:
            return self._archive(number, destination, keep_years)
        except OSError:
            raise ArchiveFault from None

    def _archive(self, number: int, destination: Path, keep_years: int) -> ArchiveNote:
        source, target = segment_path(self._folder, number), segment_path(destination, number)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = _digest(source)
        if target.exists() and _digest(target) != (digest, size):
            raise ArchiveRefused(
                "Another trail's part lies in this folder already.", "Choose another folder."
            )
        note = self._note(number, digest, size, keep_years)
        _copy(source, target)
        if _digest(target) != (digest, size):
            target.unlink()
            raise ArchiveFault
        _merge_lines(public_key_path(destination), public_lines(self._folder))
        signed = self._trail.whole.keep_note(note)
        write_atomically(note_path(destination, number), signed.encode())
        self._trail.whole.drop_segment(number)
        (index_folder(self._folder) / f"{number:04d}.index").unlink(missing_ok=True)
        return note

    def _note(self, number: int, digest: str, size: int, keep_years: int) -> ArchiveNote:
        signers = Signers(public_lines(self._folder) + "\n" + self._trail.public_key_line)
        signer, next_signer = signers.find(number), signers.find(number + 1)
        with mapped(segment_path(self._folder, number)) as file:
            genesis = signed_genesis(file, signer) if signer else None
        with mapped(segment_path(self._folder, number + 1)) as file:
            after = signed_genesis(file, next_signer) if next_signer else None
        is_held = after is not None and after.previous_size is not None and after.previous_root
        if genesis is None or signer is None or after is None or not is_held:
            raise ArchiveRefused(
                "This part of the trail is not whole, so it stays here as evidence.",
                "Verify the trail, and show the result to the security officer.",
            )
        last_day = date.fromisoformat(after.begun) if after.begun else self._today
        return ArchiveNote(
            number,
            signer.line,
            Checkpoint(after.previous_size or 0, bytes.fromhex(after.previous_root or "")),
            digest,
            size,
            date.fromisoformat(genesis.begun) if genesis.begun else last_day,
            last_day,
            self._today,
            years_later(last_day, keep_years),
        )

    # --- what lies in an archive ---------------------------------------------------------------

    def check(self, note: ArchiveNote, folder: Path) -> bool:
        """Whether a folder holds an archived segment, unchanged and verifying.

        Raises
        ------
        ArchiveFault
            It cannot be read.
        """
        path = segment_path(folder, note.segment)
        try:
            if not path.is_file() or _digest(path) != (note.digest, note.size_bytes):
                return False
            looked = Looked(only=frozenset({note.segment}))
            lines = public_lines(self._folder) + "\n" + note.public_line
            return verify_trail(folder, lines, looked=looked).is_whole
        except OSError:
            raise ArchiveFault from None

    def require_unchanged(self, folder: Path, numbers: Iterable[int]) -> None:
        """Let no part be read from a folder that does not hold it as it was archived.

        Raises
        ------
        ArchiveRefused
            One has no note, or is not what its note says.
        ArchiveFault
            It cannot be read.
        """
        notes = self.notes()
        for number in numbers:
            note = notes.get(number)
            try:
                is_same = note is not None and (
                    _digest(segment_path(folder, number)) == (note.digest, note.size_bytes)
                )
            except OSError:
                raise ArchiveFault from None
            if not is_same:
                raise ArchiveRefused(
                    f"Part {number} of the trail is not in this folder as it was archived.",
                    "Nothing of it is shown. Show the folder to the security officer.",
                )

    # --- purging ---------------------------------------------------------------------------

    def purge(self, number: int, folder: Path) -> ArchiveNote:
        """Delete an archived segment whose time is over; its note stays, so the chain holds.

        Raises
        ------
        ArchiveRefused
            It must be kept longer, or is not in this folder.
        ArchiveFault
            A disk refused.
        """
        note = self.notes().get(number)
        if note is None or note.whereabouts is Whereabouts.PURGED:
            raise ArchiveRefused("This part of the trail is in no archive.", "See the archives.")
        until = max(note.keep_until, years_later(note.last_day, FLOOR_YEARS))
        if self._today < until:
            raise ArchiveRefused(
                f"This part of the trail is kept until {until.isoformat()}.",
                "Nothing was deleted. Keep the archive until then.",
            )
        if not self.check(note, folder):
            raise ArchiveRefused(
                "The folder does not hold this part of the trail as it was archived.",
                "Nothing was deleted. Name the folder of the archive.",
            )
        purged = attrs.evolve(note, whereabouts=Whereabouts.PURGED)
        try:
            self._trail.whole.keep_note(purged)
            segment_path(folder, number).unlink()
            sync_folder(trail_folder(folder))
        except OSError:
            raise ArchiveFault from None
        return purged


def _is_inside(folder: Path, store: Path) -> bool:
    return store.resolve() in (folder.resolve(), *folder.resolve().parents)


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _copy(source: Path, target: Path) -> None:
    """Copy a file so that it is there whole, on disk, or not at all."""
    part = target.with_name(f"{target.name}.part")
    try:
        with source.open("rb") as read, part.open("wb") as written:
            shutil.copyfileobj(read, written, _COPIED_AT_ONCE)
            written.flush()
            os.fsync(written.fileno())
        part.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def _merge_lines(path: Path, lines: str) -> None:
    there = path.read_text("utf-8").splitlines() if path.exists() else []
    merged = [*there, *(line for line in lines.splitlines() if line not in there)]
    write_atomically(path, "".join(f"{line}\n" for line in merged).encode())
