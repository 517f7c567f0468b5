"""Files that were set aside: what there is, trying again, throwing away, how large they may be."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.incoming.aside import (
    MOST_BYTES,
    Quarantined,
    most_bytes,
    one_quarantined,
    quarantined,
    require_quarantined,
    set_most_bytes,
)
from viewer.app.incoming.report import ImportReport
from viewer.app.incoming.run import Arrivals, Run
from viewer.ingest.again import HeldFile, held_file
from viewer.ingest.errors import FileRefused
from viewer.ingest.importer import read
from viewer.model.ids import ImageId, UserId
from viewer.model.image import ImageState
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission

_ONLY_DIGEST = "Of this file only its size and digest were kept: it is too large."
_IMPORT_AGAIN = "Import it again from where it came."


@attrs.frozen
class ListQuarantine:
    """All of this store."""


@attrs.frozen
class Quarantine:
    """Every file that is set aside, newest first; who set it aside, by id; the largest kept."""

    files: tuple[Quarantined, ...]
    names: Mapping[UserId, str]
    most_bytes: int


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="files set aside"),
)
def list_quarantine(clinic: Clinic, request: ListQuarantine, act: Act) -> Quarantine:
    """Say what is set aside, and why."""
    names = {user.id: user.display_name for user in clinic.practice.users()}
    return Quarantine(tuple(quarantined(clinic.vault)), names, most_bytes(clinic.vault))


@attrs.frozen
class RetryQuarantined:
    """Which file."""

    image_id: ImageId


def _subject(clinic: Clinic, request: RetryQuarantined | DiscardQuarantined) -> Subject:
    found = one_quarantined(clinic.vault, request.image_id)
    is_retry = isinstance(request, RetryQuarantined)
    why = "tried again" if is_retry else "thrown away"
    return Subject(None, (found.image_id,), why, (found.sha256,), found.size_bytes)


@use_case(permission=Permission.IMPORT_IMAGES, event=EventKind.SET_ASIDE, subject=_subject)
def retry_quarantined(clinic: Clinic, request: RetryQuarantined, act: Act) -> ImportReport:
    """Read a file once more, in a fresh child; if all of it comes in, it is set aside no more.

    Raises
    ------
    NotInStore
        It is not set aside (any more).
    FileRefused
        It cannot be tried here.
    StoreFault, ChildUnavailable
        It could not be tried now; it stays.
    """
    vault = clinic.vault
    found = one_quarantined(vault, request.image_id)
    if not found.is_whole:
        raise FileRefused(_ONLY_DIGEST, _IMPORT_AGAIN)
    content = vault.hidden.open_pixels(found.image_id, act.control.is_cancelled)
    run = Run(clinic, act, None)
    try:
        with held_file(content.view(np.uint8), found.file_name) as held:
            content[...] = 0
            report = run.take_all(lambda: _again(run, held, act))
    finally:
        content[...] = 0
    _settle(clinic, found, report)
    return report


def _again(run: Run, held: HeldFile, act: Act) -> Arrivals:
    return read((), progress=run.progress, is_cancelled=act.control.is_cancelled, held=(held,))


def _settle(clinic: Clinic, found: Quarantined, report: ImportReport) -> None:
    """Take away what came in whole; of what was refused again keep the newest reason."""
    if report.stored and not report.refusals:
        clinic.vault.delete_image(found.image_id)
        clinic.keep_catalog_head(clinic.vault)
    elif report.refusals:
        reason = report.refusals[0].reason
        clinic.vault.set_state(found.image_id, ImageState.QUARANTINED, reason)


@attrs.frozen
class DiscardQuarantined:
    """Which file, and the first eight digits of its digest, which whoever looked at it knows."""

    image_id: ImageId
    confirm: str


@use_case(permission=Permission.CORRECT_CHARTS, event=EventKind.SET_ASIDE, subject=_subject)
def discard_quarantined(clinic: Clinic, request: DiscardQuarantined, act: Act) -> None:
    """Throw a file away for good.

    Raises
    ------
    NotInStore
        It is not set aside (any more).
    NothingChosen
        The confirmation is another file's.
    """
    require_quarantined(clinic.vault, request.image_id)
    found = one_quarantined(clinic.vault, request.image_id)
    if request.confirm != confirmation(found):
        raise NothingChosen(
            "This confirms another file.", "Look at the list again, and confirm as it shows."
        )
    clinic.vault.delete_image(found.image_id)
    clinic.keep_catalog_head(clinic.vault)


def confirmation(found: Quarantined) -> str:
    """Return what confirms that a file is thrown away."""
    return found.sha256[:8]


@attrs.frozen
class LimitQuarantine:
    """The largest file that is set aside whole, in bytes; None: as usual."""

    most_bytes: int | None = MOST_BYTES


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.POLICY_CHANGED,
    subject=lambda clinic, request: Subject(why="largest file that is set aside whole"),
)
def limit_quarantine(clinic: Clinic, request: LimitQuarantine, act: Act) -> None:
    """Say how large a file may be that is set aside whole: of larger ones the digest is kept.

    Raises
    ------
    NothingChosen
        That is no size.
    """
    if request.most_bytes is not None and request.most_bytes < 0:
        raise NothingChosen("This is no size.", "Give a number of bytes, 0 or more.")
    set_most_bytes(clinic.vault, request.most_bytes)
