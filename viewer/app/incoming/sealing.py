"""One arrival into the store: into the chart it belongs to, sealed, and listed."""

from __future__ import annotations

from functools import partial

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.charting import Placed, place_arrival
from viewer.app.clinic import Clinic
from viewer.app.incoming.contents import ArrayContent
from viewer.app.incoming.report import Place, Stored
from viewer.imaging.overview import make_overview
from viewer.ingest.arrival import Arrival, KeptFile
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.vault.catalog.images import Role
from viewer.vault.filing import digest_of
from viewer.vault.overview import Overview
from viewer.vault.pictures import pixel_digest, stored_bytes
from viewer.vault.records import IsCancelled

_NO_PICTURE = np.zeros((1, 1), np.uint8)
"""The thumbnail of what has none: it is drawn by its kind."""


def seal(
    clinic: Clinic,
    arrival: Arrival | KeptFile,
    is_cancelled: IsCancelled,
    into: Patient | None = None,
) -> Stored:
    """Seal one arrival and list it; once this returns it survives a pulled plug.

    `into` is whose it is, where a person has said so.

    Raises
    ------
    StoreFault, Cancelled
        Nothing of it was kept.
    """
    record = arrival.record if isinstance(arrival, KeptFile) else arrival.picture.record
    placed = Placed(into) if into is not None else _placed(clinic, arrival, record)
    place = Place.WAITING if placed.is_waiting else Place.CHART
    words = arrival.study.description
    if placed.twin is not None:
        return Stored(placed.twin, placed.patient, True, words, place)
    notes = (*record.notes, *placed.doubts)
    record = attrs.evolve(record, patient_id=placed.patient.id, notes=notes)
    if isinstance(arrival, KeptFile):
        kept = _put_file(clinic, arrival, record, is_cancelled)
    else:
        kept = _put_picture(clinic, arrival, record, is_cancelled)
    return Stored(kept, placed.patient, kept.id != record.id, words, place)


def _placed(clinic: Clinic, arrival: Arrival | KeptFile, record: ImageRecord) -> Placed:
    return place_arrival(
        clinic.vault,
        arrival.patient,
        record,
        arrival.headers,
        partial(_digest, arrival),
        clinic.clock.wall(),
    )


def _digest(arrival: Arrival | KeptFile) -> str:
    """Return SHA-256 of what would be stored as pixels, in hex."""
    if isinstance(arrival, KeptFile):
        return digest_of(ArrayContent(arrival.content), _go_on)
    return pixel_digest(stored_bytes(arrival.picture.pixels))


def _go_on() -> None:
    return


def _put_picture(
    clinic: Clinic, arrival: Arrival, record: ImageRecord, is_cancelled: IsCancelled
) -> ImageRecord:
    overview = partial(_overview, record, arrival.picture.pixels) if record.is_volume else None
    return clinic.vault.put_picture(
        attrs.evolve(arrival.study, patient_id=record.patient_id),
        arrival.series,
        record,
        arrival.picture.pixels,
        arrival.headers,
        arrival.thumbnail,
        is_cancelled,
        overview=overview,
        extras=_extras(arrival),
    )


def _extras(arrival: Arrival) -> dict[Role, memoryview]:
    parts = {Role.ORIGINAL: arrival.original, Role.OVERLAYS: arrival.overlays}
    return {role: part for role, part in parts.items() if part is not None}


def _put_file(
    clinic: Clinic, arrival: KeptFile, record: ImageRecord, is_cancelled: IsCancelled
) -> ImageRecord:
    return clinic.vault.filing.put(
        attrs.evolve(arrival.study, patient_id=record.patient_id),
        arrival.series,
        record,
        ArrayContent(arrival.content),
        arrival.headers,
        _NO_PICTURE if arrival.thumbnail is None else arrival.thumbnail,
        is_cancelled,
    )


def _overview(record: ImageRecord, pixels: NDArray[np.generic]) -> Overview:
    return Overview(*make_overview(record, pixels, alone=True))  # others seal meanwhile
