"""How long the trail is kept, and where: archives of closed parts, and the end of their time."""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.session.audit.archived import ArchiveNote
from viewer.session.audit.archiving import KEEP_YEARS, Archives
from viewer.session.audit.errors import ArchiveRefused
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission


def _archives(clinic: Clinic) -> Archives:
    return Archives(clinic.folder, clinic.trail, clinic.clock.wall().date())


@attrs.frozen
class ArchiveTrail:
    """Move closed parts into a folder, to be kept so many years after their last entry.

    `through` is the last part to move; without it all closed ones go. `close` closes the open part
    first.
    """

    destination: Path = attrs.field(repr=False)
    through: int | None = None
    keep_years: int = KEEP_YEARS
    close: bool = False


@use_case(
    permission=Permission.MANAGE_POLICIES,
    event=EventKind.TRAIL_ARCHIVED,
    subject=lambda clinic, request: Subject(why=f"archive, kept {request.keep_years} years"),
)
def archive_trail(clinic: Clinic, request: ArchiveTrail, act: Act) -> list[ArchiveNote]:
    """Archive closed parts of the trail, oldest first.

    Raises
    ------
    ArchiveRefused
        The trail is not whole, nothing is closed, the period is too short, or not into this folder.
    ArchiveFault, TrailUnwritable
        A disk refused; what was moved before is said in the trail.
    """
    if not clinic.trail.verify(lambda done, total: act.still_here()).is_whole:
        raise ArchiveRefused(
            "The trail is not whole, so it stays here as evidence.",
            "Verify the trail, and show the result to the security officer.",
        )
    if request.close:
        clinic.trail.close_segment()
    archives = _archives(clinic)
    last = request.through or clinic.trail.segment
    numbers = [number for number in archives.closed() if number <= last]
    if not numbers:
        raise ArchiveRefused(
            "No part of the trail is closed yet.",
            "A part closes with its year, or now with --close.",
        )
    notes: list[ArchiveNote] = []
    try:
        for number in numbers:
            act.still_here()
            notes.append(archives.archive(number, request.destination, request.keep_years))
    finally:
        parts = ", ".join(str(note.segment) for note in notes) or "none"
        act.outcome = attrs.evolve(
            act.outcome,
            why=f"{act.outcome.why}: parts {parts}",
            digests=tuple(note.digest for note in notes),
            size_bytes=sum(note.size_bytes for note in notes),
        )
    return notes


@attrs.frozen
class ListTrailArchives:
    """Which parts of the trail were archived; `folder` is looked into where it is given."""

    folder: Path | None = attrs.field(default=None, repr=False)


@attrs.frozen
class ArchivedPart:
    """An archived part; `is_sound` is None where it was not looked for."""

    note: ArchiveNote
    is_sound: bool | None


@attrs.frozen
class TrailParts:
    """The trail's parts: what was archived, and the numbers of those that are closed and here."""

    archived: tuple[ArchivedPart, ...]
    closed: tuple[int, ...]


@use_case(
    permission=Permission.VERIFY_TRAIL,
    event=EventKind.TRAIL_VERIFIED,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="archives"),
)
def list_trail_archives(clinic: Clinic, request: ListTrailArchives, act: Act) -> TrailParts:
    """List the archived parts, check those that lie in a folder, and say what could be archived.

    Raises
    ------
    ArchiveFault
        They cannot be read.
    """
    archives, found = _archives(clinic), []
    for _, note in sorted(archives.notes().items()):
        act.still_here()
        is_sound = archives.check(note, request.folder) if request.folder else None
        found.append(ArchivedPart(note, is_sound))
    return TrailParts(tuple(found), tuple(archives.closed()))


@attrs.frozen
class PurgeTrailArchive:
    """Delete an archived part whose time is over from the folder it lies in."""

    segment: int
    folder: Path = attrs.field(repr=False)


@use_case(
    permission=Permission.MANAGE_POLICIES,
    event=EventKind.TRAIL_ARCHIVED,
    subject=lambda clinic, request: Subject(why=f"purge part {request.segment}"),
)
def purge_trail_archive(clinic: Clinic, request: PurgeTrailArchive, act: Act) -> ArchiveNote:
    """Delete it; never before its time, and never before six years.

    Raises
    ------
    ArchiveRefused
        It must be kept longer, or is not there.
    ArchiveFault
        A disk refused.
    """
    note = _archives(clinic).purge(request.segment, request.folder)
    days = f"{note.first_day.isoformat()} to {note.last_day.isoformat()}"
    act.outcome = attrs.evolve(
        act.outcome, why=f"{act.outcome.why}: {days}", digests=(note.digest,)
    )
    return note
