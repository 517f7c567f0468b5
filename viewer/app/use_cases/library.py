"""Finding a patient, opening the chart, looking at images."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.clinic import Clinic
from viewer.app.errors import ImageNotShown
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageState, Picture
from viewer.model.patient import Patient
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission
from viewer.vault.records import PatientSummary, StudySummary


@attrs.frozen
class FindPatients:
    """Words that names, chart number or birth date begin with; empty lists everybody."""

    text: str = attrs.field(default="", repr=False)
    limit: int = 200


@use_case(
    permission=Permission.LIST_PATIENTS,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="search" if request.text else "patient list"),
)
def find_patients(clinic: Clinic, request: FindPatients, act: Act) -> list[PatientSummary]:
    """List patients, by name."""
    return clinic.vault.patients(request.text, request.limit)


@attrs.frozen
class OpenChart:
    """Whose chart."""

    patient_id: PatientId


@attrs.frozen
class OpenedChart:
    """A patient, and the visits newest first."""

    patient: Patient
    studies: tuple[StudySummary, ...]


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.VIEW,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(request.patient_id, why="chart"),
)
def open_chart(clinic: Clinic, request: OpenChart, act: Act) -> OpenedChart:
    """Open a patient's chart: visits and what there is, thumbnails included."""
    vault = clinic.vault
    return OpenedChart(vault.patient(request.patient_id), tuple(vault.studies(request.patient_id)))


@attrs.frozen
class ShowThumbnails:
    """Which images' thumbnails, all of one patient."""

    patient_id: PatientId
    image_ids: tuple[ImageId, ...]


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.VIEW,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(
        request.patient_id, tuple(request.image_ids), "thumbnails"
    ),
)
def show_thumbnails(
    clinic: Clinic, request: ShowThumbnails, act: Act
) -> dict[ImageId, NDArray[np.uint8]]:
    """Unseal thumbnails of one patient; one that is damaged is left out."""
    mine = {record.id for record in clinic.vault.images(request.patient_id)}
    wanted = [image_id for image_id in request.image_ids if image_id in mine]
    return dict(clinic.vault.thumbnails(wanted))


@attrs.frozen
class OpenImage:
    """Which image or volume."""

    image_id: ImageId


def _image_subject(clinic: Clinic, request: OpenImage) -> Subject:
    record = clinic.vault.record(request.image_id)
    return Subject(record.patient_id, (record.id,), "image", (record.pixel_sha256,))


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.VIEW,
    entries=Entries.ONE_BEFORE,
    subject=_image_subject,
)
def open_image(clinic: Clinic, request: OpenImage, act: Act) -> Picture:
    """Unseal an image or a volume to be shown."""
    record = clinic.vault.record(request.image_id)
    if record.state is not ImageState.SHOWN:
        raise ImageNotShown("This image is kept safely, but cannot be shown.", record.reason)
    act.control.progress(0, 0, "Opening")
    return Picture(record, clinic.vault.open_pixels(record.id, act.control.is_cancelled))


@attrs.frozen
class ListStore:
    """What to list: one patient by id or chart number, or all."""

    patient: str | None = attrs.field(default=None, repr=False)


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="store listing"),
)
def list_store(clinic: Clinic, request: ListStore, act: Act) -> list[OpenedChart]:
    """List everything in the store, or one patient's part of it."""
    vault = clinic.vault
    everybody = vault.patients("", limit=1_000_000)
    wanted = [
        row.patient
        for row in everybody
        if request.patient is None or request.patient in {row.patient.id, row.patient.chart_number}
    ]
    return [OpenedChart(patient, tuple(vault.studies(patient.id))) for patient in wanted]
