"""Bringing images in: read in a disposable child, matched to a chart, sealed into the store.

What passes between reading and the store is in `viewer.app.incoming`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.incoming.aside import Origin
from viewer.app.incoming.journal import (
    Interrupted,
    Journal,
    forget,
    interrupted,
    is_any,
    one_interrupted,
)
from viewer.app.incoming.report import ImportReport, ImportStopped, Place, SetAside, Stored
from viewer.app.incoming.run import Arrivals, Run
from viewer.ingest.errors import ChildUnavailable
from viewer.ingest.importer import read
from viewer.ingest.process import prepare_spares, wait_for_spares
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission

__all__ = ["ImportReport", "ImportStopped", "Interrupted", "Place", "SetAside", "Stored"]


@attrs.frozen
class ImportPaths:
    """Files and folders to bring in.

    Without `is_resumable` nothing is noted of it while it runs, and nobody is asked to go on with
    it after an end by force: for what comes again by itself.
    """

    paths: tuple[Path, ...] = attrs.field(repr=False)
    origin: Origin = Origin.FOLDER
    is_resumable: bool = True


@use_case(permission=Permission.IMPORT_IMAGES, event=EventKind.IMPORT)
def import_paths(clinic: Clinic, request: ImportPaths, act: Act) -> ImportReport:
    """Import files and folders; a bad file is set aside or reported, and the rest goes on.

    Raises
    ------
    ImportStopped
        Somebody cancelled. What was sealed stays: its report and the closing entry list it.
    """
    if not request.paths:
        raise NothingChosen("Nothing to import.", "Choose a folder or files.")
    journal = None
    if request.is_resumable:
        owner, now = act.session.user.id, clinic.clock.wall()
        journal = Journal(clinic.vault, owner, now, request.paths)
    return _bring_in(clinic, request.paths, request.origin, journal, act)


@attrs.frozen
class GoOn:
    """Which import that was cut off."""

    import_id: str


@use_case(permission=Permission.IMPORT_IMAGES, event=EventKind.IMPORT)
def go_on_importing(clinic: Clinic, request: GoOn, act: Act) -> ImportReport:
    """Go on with an import that was cut off: what it had dealt with is not read again.

    Raises
    ------
    NothingChosen
        There is no such import (any more).
    ImportStopped
        As `import_paths`.
    """
    before = one_interrupted(clinic.vault, request.import_id)
    owner, now = act.session.user.id, clinic.clock.wall()
    journal = Journal(clinic.vault, owner, now, before.chosen, before)
    return _bring_in(clinic, before.chosen, Origin.FOLDER, journal, act)


@attrs.frozen
class ListInterrupted:
    """All of this workstation."""


@use_case(
    permission=Permission.IMPORT_IMAGES,
    event=EventKind.IMPORT,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="cut off: offered"),
)
def list_interrupted(clinic: Clinic, request: ListInterrupted, act: Act) -> list[Interrupted]:
    """Say which imports were cut off, oldest first."""
    return interrupted(clinic.vault)


@attrs.frozen
class ForgetInterrupted:
    """Which import that was cut off."""

    import_id: str


@use_case(
    permission=Permission.IMPORT_IMAGES,
    event=EventKind.IMPORT,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="cut off: not gone on with"),
)
def forget_interrupted(clinic: Clinic, request: ForgetInterrupted, act: Act) -> None:
    """Do not go on with an import that was cut off; what it sealed stays."""
    one_interrupted(clinic.vault, request.import_id)
    forget(clinic.vault, request.import_id)


def has_interrupted(clinic: Clinic) -> bool:
    """Whether there is anything to go on with for whoever is in: no more than that."""
    session = clinic.desk.session
    if session is None or not clinic.is_vault_open or not session.may(Permission.IMPORT_IMAGES):
        return False
    return is_any(clinic.vault)


def prepare_to_import(*, wait: bool = False) -> None:
    """Start the reading processes of the next import, for while the person still chooses.

    They have seen nothing yet. Where they don't start, the import itself will tell.

    Parameters
    ----------
    wait : bool
        Return only once they are ready.
    """
    with suppress(ChildUnavailable):
        prepare_spares()
        if wait:
            wait_for_spares()


def _bring_in(
    clinic: Clinic, paths: tuple[Path, ...], origin: Origin, journal: Journal | None, act: Act
) -> ImportReport:
    run = Run(clinic, act, origin, journal)

    def reading() -> Arrivals:
        return read(
            paths,
            progress=run.progress,
            is_cancelled=act.control.is_cancelled,
            is_done=run.is_done,
        )

    return run.take_all(reading)
