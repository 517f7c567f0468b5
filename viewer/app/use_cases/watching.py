"""Folders that capture devices write into: set up, listed, taken in, watched no more."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.incoming.aside import Origin
from viewer.app.incoming.report import ImportReport, Stored
from viewer.app.incoming.run import Arrivals, Run
from viewer.app.watching.folders import (
    Afterwards,
    WatchedFolder,
    add_folder,
    keep_seen,
    remove_folder,
    seen_in,
    watched_folder,
    watched_folders,
)
from viewer.app.watching.looking import Whole
from viewer.app.watching.removing import remove_if_same
from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.importer import read
from viewer.model.errors import BitewingError
from viewer.model.image import ImageKind
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission
from viewer.vault.pictures import pixel_digest, stored_bytes


@attrs.frozen
class ListWatched:
    """All of this workstation."""


@use_case(
    permission=Permission.IMPORT_IMAGES,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="watched folders"),
)
def list_watched(clinic: Clinic, request: ListWatched, act: Act) -> tuple[WatchedFolder, ...]:
    """List the folders that this workstation watches."""
    return watched_folders(clinic.vault)


@attrs.frozen
class WatchFolder:
    """A folder, and the device that writes into it."""

    path: Path = attrs.field(repr=False)
    device: str
    after: Afterwards = Afterwards.LEAVE
    kind: ImageKind | None = None


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.FOLDER_WATCHED,
    subject=lambda clinic, request: Subject(why="a folder more"),
)
def watch_folder(clinic: Clinic, request: WatchFolder, act: Act) -> WatchedFolder:
    """Take in by itself, from now on, what a device writes into a folder.

    A right of whoever decides what is kept: files come in, and may be removed, without anybody's
    asking.

    Raises
    ------
    FolderRefused
        With the reason.
    """
    now = clinic.clock.wall()
    made = add_folder(clinic.vault, request.path, request.device, request.after, request.kind, now)
    act.outcome = Subject(why=f"watched: {made.device}; files are {made.after.value}")
    return made


@attrs.frozen
class StopWatching:
    """Which folder."""

    folder_id: str


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.FOLDER_WATCHED,
    subject=lambda clinic, request: Subject(why="a folder less"),
)
def stop_watching(clinic: Clinic, request: StopWatching, act: Act) -> WatchedFolder:
    """Watch a folder no more; what it brought stays.

    Raises
    ------
    FolderRefused
        It is not watched.
    """
    gone = remove_folder(clinic.vault, request.folder_id)
    act.outcome = Subject(why=f"not watched any more: {gone.device}")
    return gone


@attrs.frozen
class TakeIn:
    """Files of a watched folder that are whole; `present` are digests of all that lie there."""

    folder_id: str
    files: tuple[Whole, ...] = attrs.field(repr=False)
    present: frozenset[str] = attrs.field(default=frozenset(), repr=False)


@attrs.frozen
class TakenIn:
    """What came of it, and how many of the device's files were removed."""

    folder: WatchedFolder
    report: ImportReport
    removed: int = 0


@use_case(permission=Permission.IMPORT_IMAGES, event=EventKind.IMPORT)
def take_in(clinic: Clinic, request: TakeIn, act: Act) -> TakenIn:
    """Take in what lies whole in a watched folder; each file once, whatever becomes of it.

    Whose it is, its header says; what says nothing waits for a person and enters no chart.

    Raises
    ------
    FolderRefused
        The folder is not watched (any more).
    NothingChosen
    """
    folder = watched_folder(clinic.vault, request.folder_id)
    files = [each for each in request.files if folder.folder in each.path.parents]
    if not files:
        raise NothingChosen("There is nothing to take in.")
    run = Run(clinic, act, Origin.WATCHED)
    sealed: set[str] = set()

    def reading() -> Arrivals:
        arrivals = read(
            [each.path for each in files],
            progress=run.progress,
            is_cancelled=act.control.is_cancelled,
        )
        with closing(arrivals):
            for arrival in arrivals:
                yield _as_said(arrival, folder.kind)
                if not isinstance(arrival, Refusal):
                    sealed.update(arrival.sources)  # it was sealed, or this is not reached

    report = run.take_all(reading)
    removed = 0
    if folder.after is Afterwards.REMOVE and _is_read_back(clinic, report.stored, act):
        removed = sum(_removed(each, sealed) for each in files)
    done = {folder.digest_of(each.token) for each in files}
    still_there = request.present | done
    keep_seen(clinic.vault, folder, (seen_in(clinic.vault, folder) | done) & still_there)
    gone = f", {removed} removed" if removed else ""
    act.outcome = attrs.evolve(act.outcome, why=f"{folder.device}: {act.outcome.why}{gone}")
    return TakenIn(folder, report, removed)


def _as_said(
    arrival: Arrival | KeptFile | Refusal, kind: ImageKind | None
) -> Arrival | KeptFile | Refusal:
    """Return what arrived as the kind that the device makes, where it does not say it itself."""
    if kind is None or not isinstance(arrival, Arrival):
        return arrival
    picture = arrival.picture
    if picture.record.kind is not ImageKind.OTHER:
        return arrival
    record = attrs.evolve(picture.record, kind=kind)
    return attrs.evolve(arrival, picture=attrs.evolve(picture, record=record))


def _is_read_back(clinic: Clinic, stored: tuple[Stored, ...], act: Act) -> bool:
    """Whether all that was stored opens again and is what was sealed."""
    for each in stored:
        act.still_here()
        try:
            pixels = clinic.vault.hidden.open_pixels(each.record.id, act.control.is_cancelled)
        except BitewingError:
            return False
        if pixel_digest(stored_bytes(pixels)) != each.record.pixel_sha256:
            return False
    return True


def _removed(file: Whole, sealed: set[str]) -> bool:
    return file.token in sealed and remove_if_same(file.path, file.token)
