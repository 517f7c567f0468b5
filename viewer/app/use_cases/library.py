"""Finding a patient, opening the chart, looking at images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.clinic import Clinic
from viewer.app.errors import ImageNotShown
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.imaging.overview import make_overview, overview_picture
from viewer.model.bit_planes import BadBitPlanes, BitPlane, unpack
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord, ImageState, Picture
from viewer.model.patient import Patient
from viewer.session.audit.events import Entry, EventKind, Outcome
from viewer.session.permissions import Permission
from viewer.vault.catalog.images import Role
from viewer.vault.errors import NotInStore, StoreDamaged, StoreFault, StoreTooNew
from viewer.vault.overview import Overview
from viewer.vault.records import PatientSummary, StudySummary

_EVERYBODY = 10_000_000


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
    """Which images' thumbnails, all of one patient: without an id, of the first image's."""

    patient_id: PatientId | None
    image_ids: tuple[ImageId, ...]


def _thumbnails_subject(clinic: Clinic, request: ShowThumbnails) -> Subject:
    patient_id = request.patient_id or clinic.vault.record(request.image_ids[0]).patient_id
    return Subject(patient_id, tuple(request.image_ids), "thumbnails")


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.VIEW,
    entries=Entries.ONE_BEFORE,
    subject=_thumbnails_subject,
)
def show_thumbnails(
    clinic: Clinic, request: ShowThumbnails, act: Act
) -> dict[ImageId, NDArray[np.uint8]]:
    """Unseal thumbnails of one patient; one that is damaged is left out."""
    patient_id = act.outcome.patient_id  # whose the entry says they are
    mine = clinic.vault.those_of(patient_id, request.image_ids) if patient_id else []
    return dict(clinic.vault.thumbnails(mine))


@attrs.frozen
class Watcher:
    """Who sees a volume before it is whole. Called on the worker, one call at a time.

    `overview` is called once, first, where there is one, with the record of the whole volume.
    `planes` is called as the volume grows, with the one array that is being filled and the planes
    (axis 0) in it that are authentic and in place; at last with all of them. If the opening fails,
    the array is overwritten with zeros.
    """

    overview: Callable[[ImageRecord, Picture], object]
    planes: Callable[[Picture, range], object]


@attrs.frozen
class OpenImage:
    """Which image or volume, and who wants to see a volume while it comes."""

    image_id: ImageId
    watcher: Watcher | None = attrs.field(default=None, repr=False)


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
    """Unseal an image or a volume to be shown: a volume's overview first, then from its middle.

    A volume that has no overview yet gets one, once it is shown.
    """
    record = clinic.vault.record(request.image_id)
    if record.state is not ImageState.SHOWN:
        raise ImageNotShown("This image is kept safely, but cannot be shown.", record.reason)
    act.control.progress(0, 0, "Opening")
    if request.watcher is None or not record.is_volume:
        pixels = clinic.vault.open_pixels(record.id, act.control.is_cancelled)
        return Picture(record, pixels, _overlays(clinic, record))
    has_overview = _show_overview(clinic, record, request.watcher, act)
    whole = _open_watched(clinic, record, request.watcher, act)
    if not has_overview:
        _keep_overview(clinic, whole, act)
    return whole


def _overlays(clinic: Clinic, record: ImageRecord) -> tuple[BitPlane, ...]:
    if record.is_volume:
        return ()
    try:
        return unpack(clinic.vault.part_of(record.id, Role.OVERLAYS) or b"")
    except BadBitPlanes as fault:
        raise ImageNotShown(
            "What is drawn over this image is not as it was stored.", "Check the store."
        ) from fault


def _show_overview(clinic: Clinic, record: ImageRecord, watcher: Watcher, act: Act) -> bool:
    """Show what there is of an overview; return False where there is none.

    A damaged one is not shown and goes into the trail; the volume itself is opened all the same.
    """
    try:
        overview = clinic.vault.overviews.get(record, act.control.is_cancelled)
    except (StoreDamaged, StoreFault, StoreTooNew) as fault:
        why = f"overview: {type(fault).__name__}"
        subject = record.patient_id, (record.id,), why
        entry = Entry(EventKind.VIEW, act.session.actor, Outcome.FAILED, *subject)
        entry = attrs.evolve(entry, refers_to=act.number, refers_in=act.segment)
        clinic.write(entry, act.session)
        return True
    if overview is None:
        return False
    act.still_here()
    watcher.overview(record, overview_picture(record, overview.factors, overview.values))
    return True


def _open_watched(clinic: Clinic, record: ImageRecord, watcher: Watcher, act: Act) -> Picture:
    def arrived(pixels: NDArray[np.generic], planes: range) -> None:
        act.still_here()
        act.control.progress(len(planes), record.shape[0], "Opening")
        watcher.planes(Picture(record, pixels), planes)

    middle = record.shape[0] // 2
    pixels = clinic.vault.open_outwards(record.id, middle, arrived, act.control.is_cancelled)
    return Picture(record, pixels)


def _keep_overview(clinic: Clinic, whole: Picture, act: Act) -> None:
    """Give an old volume its overview; a disk that is full hinders nobody from seeing it."""
    made = make_overview(whole.record, whole.pixels, alone=True)  # panes paint meanwhile
    overview = Overview(*made)
    with suppress(StoreFault, NotInStore):
        clinic.vault.overviews.keep(whole.record, overview, act.control.is_cancelled)


@attrs.frozen
class ListStore:
    """What to list: one patient by id or chart number, or all."""

    patient: str | None = attrs.field(default=None, repr=False)


def _listing_subject(clinic: Clinic, request: ListStore) -> Subject:
    if request.patient is None:
        return Subject(why="store listing")
    named = clinic.vault.patients_named(request.patient)
    return Subject(named[0].id if named else None, why="store listing, one patient")


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=_listing_subject,
)
def list_store(clinic: Clinic, request: ListStore, act: Act) -> list[OpenedChart]:
    """List everything in the store, or one patient's part of it.

    A chart number that several practices gave may be of several patients: each has an entry.
    """
    vault = clinic.vault
    if request.patient is None:
        wanted = [row.patient for row in vault.patients("", limit=_EVERYBODY)]
    else:
        wanted = vault.patients_named(request.patient)
        say_of_others(clinic, act, EventKind.LIST, {patient.id: () for patient in wanted})
    return [OpenedChart(patient, tuple(vault.studies(patient.id))) for patient in wanted]


def say_of_others(
    clinic: Clinic, act: Act, kind: EventKind, images: Mapping[PatientId, tuple[str, ...]]
) -> None:
    """Write of each other patient what the first entry says of one, before anything is shown.

    Who asks later who saw somebody finds it by the patient. `images` are those of each.
    """
    for patient_id, objects in images.items():
        if patient_id != act.outcome.patient_id:
            subject = patient_id, objects, act.outcome.why
            entry = Entry(kind, act.session.actor, Outcome.DONE, *subject)
            clinic.write(entry, act.session)
