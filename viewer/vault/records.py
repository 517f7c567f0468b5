"""What goes into the store and what comes out of it, besides the model's own records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum

import attrs

from viewer.crypto.secret import Secret
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient, Series, Study

Progress = Callable[[int, int], None]
"""Called with (done, total); the unit is whatever the callee counts."""

IsCancelled = Callable[[], bool]
"""Asked now and then from the worker; once true, the job stops and undoes itself."""


def never() -> bool:
    """Never cancelled."""
    return False


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@attrs.frozen(eq=False)
class VaultKeys:
    """What opens a practice's store: its epoch keys by number, and which one is current."""

    practice_id: str
    epochs: Mapping[int, Secret]
    current_epoch: int

    def copy(self) -> VaultKeys:
        """Return an independent set with the same keys."""
        epochs = {epoch: key.copy() for epoch, key in self.epochs.items()}
        return VaultKeys(self.practice_id, epochs, self.current_epoch)

    def wipe(self) -> None:
        """Overwrite every key."""
        for key in self.epochs.values():
            key.wipe()


@attrs.frozen
class PatientSummary:
    """One line of the patient list."""

    patient: Patient
    study_count: int
    image_count: int
    last_study_date: date | None


@attrs.frozen
class SeriesSummary:
    """A series and its images, by instance number, then time."""

    series: Series
    images: tuple[ImageRecord, ...]


@attrs.frozen
class StudySummary:
    """A study and its series."""

    study: Study
    series: tuple[SeriesSummary, ...]

    @property
    def images(self) -> tuple[ImageRecord, ...]:
        """All images of the study in order."""
        return tuple(image for series in self.series for image in series.images)


@attrs.frozen
class VaultHead:
    """Where the catalog's history stands; kept outside the store, it convicts a rollback.

    `generation` counts write transactions; `digest` (hex SHA-256) is the last link of their chain.
    """

    generation: int
    digest: str


@attrs.frozen
class Erased:
    """What was erased of a patient.

    `epoch` is the last one in which the keys were wrapped; `objects_sha256` is over the ids of the
    sealed objects (FORMAT.md §2).
    """

    patient_id: PatientId
    epoch: int
    image_count: int
    object_count: int
    objects_sha256: str


class Standing(Enum):
    """Whether somebody has a chart. All but `CHART` are hidden from every list and search."""

    CHART = ""
    WAITING = "waiting"
    """What arrived and could not be told whose it is, until a person decides."""
    SET_ASIDE = "set aside"
    """Nobody: files that could not be read lie under this one's keys."""
    MERGED = "merged"
    """A chart whose images were moved to another of the same person."""


@attrs.frozen
class Aside:
    """Somebody without a chart: who the files say it is, since when, and how much there is.

    `into` and `image_ids` are of a merged chart: where its images went, and which they were.
    """

    patient: Patient
    issuer: str
    standing: Standing
    since: datetime | None
    image_count: int
    into: PatientId | None = None
    image_ids: tuple[ImageId, ...] = ()


class SettingScope(Enum):
    """Whose setting it is."""

    USER = "user"
    WORKSTATION = "workstation"


class FindingKind(Enum):
    """What a check can find."""

    MISSING = "missing"
    DAMAGED = "damaged"
    ORPHAN = "orphan"
    LEFTOVER = "leftover"
    STRAY = "stray"
    CATALOG = "catalog"
    COPY = "copy of the list"
    MARKER = "marker"
    KEPT = "kept"
    UNREADABLE = "unreadable"
    KEPT_ELSEWHERE = "kept elsewhere"


_REPAIR = "Run “bitewing check --repair”; what it cannot mend, restore from a backup."
_NOW = {
    FindingKind.MISSING: _REPAIR,
    FindingKind.DAMAGED: _REPAIR,
    FindingKind.CATALOG: _REPAIR,
    FindingKind.COPY: "Run “bitewing check --repair”: it makes a new copy.",
    FindingKind.MARKER: "Run “bitewing check --repair”: it writes the file anew.",
    FindingKind.UNREADABLE: "Copy the store to another disk soon, check that one, replace this.",
    FindingKind.STRAY: "Look at what it is, and move it away by hand.",
    FindingKind.KEPT: "Nothing needs to be done: restore from a backup made after the copy.",
}

_HARMLESS = frozenset(
    {
        FindingKind.ORPHAN,
        FindingKind.LEFTOVER,
        FindingKind.STRAY,
        FindingKind.KEPT_ELSEWHERE,
        FindingKind.KEPT,
    }
)


@attrs.frozen
class Finding:
    """One thing that a check found, in plain words without names, paths or keys."""

    kind: FindingKind
    words: str
    image_id: ImageId | None = None
    patient_id: PatientId | None = None

    @property
    def now(self) -> str:
        """What to do now, one plain sentence; empty where nothing needs to be done."""
        return _NOW.get(self.kind, "")

    @property
    def is_harmless(self) -> bool:
        """Whether nothing is lost or damaged by it (orphans and leftovers cost only room)."""
        return self.kind in _HARMLESS


@attrs.frozen
class CheckReport:
    """What a check of the store looked at and found."""

    objects_checked: int
    bytes_checked: int
    is_deep: bool
    findings: tuple[Finding, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is lost or damaged."""
        return all(finding.is_harmless for finding in self.findings)
