"""What somebody had on screen: kept sealed under his own name, and given back to nobody else.

A draft lies in the encrypted catalog, in a row of its owner. It is made anew every few seconds
while something changes, off the main thread, and once more at the last moment before a lock or a
logoff takes the keys; so it also comes back after a crash, and after others worked in between. It
names patient and image by their ids in clear JSON (inside the encryption), by which the erasing of
a patient finds it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, PatientId, UserId
from viewer.model.json import from_json, to_json
from viewer.model.view import PlanesView, RadiographView, VolumeView, WindowLevel
from viewer.session.audit.events import Entry, EventKind
from viewer.session.errors import Locked, NotLoggedIn
from viewer.session.session import Session

if TYPE_CHECKING:
    from viewer.app.clinic import Clinic

_log = logging.getLogger(__name__)
PLACE = "place"
"""The name of the draft that holds where somebody was."""
MOST_STEPS = 100
MOST_BYTES = 64 * 1024


@attrs.frozen
class Values:
    """What one step changed of a view; None where it changed nothing."""

    window: WindowLevel | None = None
    inverted: bool | None = None
    quarter_turns: int | None = None
    flipped_horizontally: bool | None = None
    flipped_vertically: bool | None = None
    slab_mm: float | None = None


@attrs.frozen
class Step:
    """One step of the undo history: its words, and the values before and after it."""

    text: str
    before: Values
    after: Values


@attrs.frozen
class Pose:
    """How a picture is looked at.

    `flat` or `planes` says all of one image; a volume also has the point in the middle of its
    planes (LPS, mm), the plane that is shown alone ("axial"…, "3D"; "": all), and its 3D picture.
    `tool` is the id of the action that chose what a left-drag does.
    """

    flat: RadiographView | None = None
    planes: PlanesView | None = None
    centre_lps: tuple[float, float, float] | None = None
    alone: str = ""
    volume: VolumeView | None = None
    tool: str = ""


@attrs.frozen
class Draft:
    """Where somebody was, to come back to. Ids only: no names, no pixels."""

    owner: UserId
    patient_id: PatientId
    image_id: ImageId | None = None
    kept_at: datetime | None = None
    pose: Pose = Pose()
    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()
    is_image_alone: bool = False
    inspector_tab: int = 0


def to_blob(draft: Draft) -> bytes:
    """Return a draft as it is stored: the oldest steps are left out where there are too many."""
    draft = attrs.evolve(draft, done=draft.done[-MOST_STEPS:], undone=draft.undone[-MOST_STEPS:])
    while len(blob := to_json(draft).encode()) > MOST_BYTES and (draft.done or draft.undone):
        draft = attrs.evolve(
            draft,
            done=draft.done[len(draft.done) // 2 + 1 :],
            undone=draft.undone[len(draft.undone) // 2 + 1 :],
        )
    return blob


def of_blob(blob: bytes, owner: UserId) -> Draft | None:
    """Return a stored draft; None where it is another's, or of a program that is newer."""
    try:
        draft = from_json(blob, Draft)
    except ValueError:
        return None
    return draft if draft.owner == owner else None


class Drafts:
    """Keeps the draft of whoever is in. `source` and `note` main thread only, the rest any."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._noted: Draft | None = None
        self._turn = threading.Lock()
        self.source: Callable[[], Draft | None] | None = None
        """Asked at the last moment before the keys go; the window sets it."""

    def note(self, draft: Draft | None) -> None:
        """Say what is on screen now; `keep_noted` stores the last that was said."""
        with self._turn:
            self._noted = draft

    def keep_noted(self) -> bool:
        """Store what was noted last, if it is of whoever is in; whether anything was stored.

        Raises
        ------
        NotLoggedIn, Locked, StoreFault
            It was not stored.
        """
        with self._turn:
            draft, self._noted = self._noted, None
            session = self._clinic.desk.session
            if draft is None or session is None or not _keeps(session):
                return False
            if session.user.id != draft.owner:
                return False
            if session.emergency is not None:  # what it showed is no work to come back to
                return False
            at = attrs.evolve(draft, kept_at=self._clinic.clock.wall())
            self._clinic.vault.save_draft(draft.owner, PLACE, to_blob(at))
            return True

    def keep_at_the_end(self, session: Session) -> None:
        """Store what is on screen before a lock or logoff, and say so in the trail.

        A lock never waits for a disk that fails, and nothing that goes wrong here keeps it open.
        """
        source, self.source = self.source, None
        if source is None or not self._clinic.is_vault_open or session.emergency is not None:
            return
        draft = source()
        self.note(draft)
        try:
            if draft is None:
                self._clinic.vault.save_draft(session.user.id, PLACE, None)
            elif self.keep_noted():
                self._clinic.trail.append(_entry(session, draft, "kept sealed"))
        except BitewingError as fault:
            _log.warning("draft not kept: %s", type(fault).__name__)

    def is_there(self) -> bool:
        """Whether anything was kept for whoever is in: no more than that."""
        try:
            session = self._clinic.desk.session
            vault = self._clinic.vault
        except (NotLoggedIn, Locked):
            return False
        if session is None or not _keeps(session):
            return False
        return vault.draft(session.user.id, PLACE) is not None

    def of(self, session: Session) -> Draft | None:
        """Return what was kept for somebody; nobody asks for another's.

        Raises
        ------
        NotLoggedIn, Locked
            The store is closed.
        """
        if not _keeps(session):
            return None
        blob = self._clinic.vault.draft(session.user.id, PLACE)
        return of_blob(blob, session.user.id) if blob is not None else None

    def throw_away(self, session: Session) -> None:
        """Remove it."""
        self.note(None)
        self._clinic.vault.save_draft(session.user.id, PLACE, None)


def _keeps(session: Session) -> bool:
    """Whether this is somebody with a desk of his own: emergency access alone leaves no drafts."""
    return session.emergency is None or not session.emergency.is_alone


def _entry(session: Session, draft: Draft, why: str) -> Entry:
    objects = (draft.image_id,) if draft.image_id else ()
    return Entry(
        EventKind.DRAFT, session.actor, patient_id=draft.patient_id, objects=objects, why=why
    )
