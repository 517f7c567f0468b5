"""Bringing images in: read in a disposable child, matched to a chart, sealed into the store."""

from __future__ import annotations

import logging
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.charting import place_patient
from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Subject, use_case
from viewer.imaging.overview import make_overview
from viewer.ingest.arrival import Arrival, Refusal
from viewer.ingest.errors import ChildUnavailable
from viewer.ingest.importer import read
from viewer.ingest.process import prepare_spares, wait_for_spares
from viewer.model.errors import BitewingError
from viewer.model.ids import PatientId, StudyUid
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission
from viewer.vault.errors import DiskFull
from viewer.vault.keeping.records import Room
from viewer.vault.overview import Overview

_log = logging.getLogger(__name__)


@attrs.frozen
class ImportPaths:
    """Files and folders to bring in."""

    paths: tuple[Path, ...] = attrs.field(repr=False)


@attrs.frozen
class Stored:
    """One image that is in the store now, and whether it was there before."""

    record: ImageRecord
    patient: Patient
    was_there: bool
    study_description: str = ""


@attrs.frozen
class ImportReport:
    """What an import did: everything is either stored or refused with a reason."""

    stored: tuple[Stored, ...]
    refusals: tuple[Refusal, ...]
    room: Room | None = None
    """How much room the disk has left afterwards, and what could be freed if it is tight."""

    @property
    def new(self) -> tuple[Stored, ...]:
        """Images that were not there before."""
        return tuple(each for each in self.stored if not each.was_there)

    @property
    def patient_ids(self) -> tuple[PatientId, ...]:
        """Whose images, in the order of arrival, each once."""
        return tuple(dict.fromkeys(each.patient.id for each in self.stored))

    @property
    def study_uids(self) -> tuple[StudyUid, ...]:
        """Which studies, in the order of arrival, each once."""
        return tuple(dict.fromkeys(each.record.study_uid for each in self.stored))


@use_case(permission=Permission.IMPORT_IMAGES, event=EventKind.IMPORT)
def import_paths(clinic: Clinic, request: ImportPaths, act: Act) -> ImportReport:
    """Import files and folders; a bad file is reported and the rest goes on.

    Cancelling keeps what was already sealed, which the closing entry lists.
    """
    if not request.paths:
        raise NothingChosen("Nothing to import.", "Choose a folder or files.")
    stored: list[Stored] = []
    refusals: list[Refusal] = []
    arrivals = read(
        request.paths, progress=act.control.progress, is_cancelled=act.control.is_cancelled
    )
    with closing(arrivals):  # a fault's traceback would keep the child alive
        for arrival in arrivals:
            act.still_here()
            if isinstance(arrival, Refusal):
                refusals.append(arrival)
            else:
                stored.append(_seal(clinic, arrival, act))
                clinic.keep_catalog_head_soon()
            act.outcome = _outcome(stored, refusals)
    clinic.keep_spare_copy()
    clinic.keep_catalog_head(clinic.vault)
    return ImportReport(tuple(stored), tuple(refusals), _room(clinic))


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


def _seal(clinic: Clinic, arrival: Arrival, act: Act) -> Stored:
    vault = clinic.vault
    patient, note = place_patient(vault, arrival.patient)
    record = attrs.evolve(arrival.picture.record, patient_id=patient.id)
    if note:
        record = attrs.evolve(record, notes=(*record.notes, note))
    overview = partial(_overview, record, arrival.picture.pixels) if record.is_volume else None
    try:
        kept = vault.put_picture(
            attrs.evolve(arrival.study, patient_id=patient.id),
            arrival.series,
            record,
            arrival.picture.pixels,
            arrival.headers,
            arrival.thumbnail,
            act.control.is_cancelled,
            overview=overview,
        )
    except DiskFull as full:
        room = _room(clinic)
        raise DiskFull(room.free_able_bytes if room else 0) from full
    return Stored(kept, patient, kept.id != record.id, arrival.study.description)


def _room(clinic: Clinic) -> Room | None:
    """Look how much room is left; that nobody can tell undoes no import."""
    try:
        return clinic.vault.keeping.room()
    except BitewingError as fault:
        _log.warning("room not measured: %s", type(fault).__name__)
        return None


def _overview(record: ImageRecord, pixels: NDArray[np.generic]) -> Overview:
    return Overview(*make_overview(record, pixels, alone=True))  # others seal meanwhile


def _outcome(stored: list[Stored], refusals: list[Refusal]) -> Subject:
    patients = {each.patient.id for each in stored}
    return Subject(
        patient_id=next(iter(patients)) if len(patients) == 1 else None,
        objects=tuple(each.record.id for each in stored),
        why=f"{len(stored)} stored, {len(refusals)} refused",
        digests=tuple(each.record.pixel_sha256 for each in stored),
        size_bytes=sum(each.record.size_bytes for each in stored),
    )
