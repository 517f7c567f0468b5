"""Whose chart an arriving image belongs to; what is not certain waits for a person.

The rules are `matching`'s. A doubtful arrival is sealed under somebody who waits, hidden from
every list but the review's; arrivals that say the same of their patient wait together. So does
what bears the identifier of an image that is stored with other pixels or another header.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from viewer.app.matching import Chart, Match, Verdict, match, phrases_of
from viewer.dicom.headers import unpack_headers
from viewer.model.ids import PatientId, new_id
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.vault.records import Standing
from viewer.vault.store import Vault

SAME_IDENTIFIER = "An image with the same identifier is stored, and it is not the same."


@attrs.frozen
class Placed:
    """Where an arrival goes.

    `doubts` are the reasons why it waits. `twin` is the very same image where it is stored
    already, in whichever chart: a correction by hand is not undone by a second import.
    """

    patient: Patient
    is_waiting: bool = False
    doubts: tuple[str, ...] = ()
    twin: ImageRecord | None = None


def place_arrival(
    vault: Vault,
    arriving: Patient,
    record: ImageRecord,
    headers: bytes,
    digest: Callable[[], str],
    now: datetime,
) -> Placed:
    """Find or make the chart for an image or a file, or let it wait.

    Parameters
    ----------
    arriving : Patient
        Who the file says it is of; its id does not count.
    digest : callable
        Gives SHA-256 of what would be stored as pixels, in hex; asked only where it matters.
    """
    known = vault.hidden.find_by_sop(record.sop_instance_uids)
    known = [each for each in known if not _is_set_aside(vault, each)]
    for stored in known:
        if is_same(vault, stored, record, headers, digest):
            patient = vault.hidden.patient(stored.patient_id)
            waits = vault.hidden.standing(patient.id) is Standing.WAITING
            return Placed(patient, waits, twin=stored)
    if any(not _is_other_part(vault, each, record, headers) for each in known):
        return Placed(wait(vault, arriving, now), True, (SAME_IDENTIFIER,))
    return place_patient(vault, arriving, now)


def _is_set_aside(vault: Vault, stored: ImageRecord) -> bool:
    return vault.hidden.standing(stored.patient_id) is Standing.SET_ASIDE


def _is_other_part(vault: Vault, stored: ImageRecord, record: ImageRecord, headers: bytes) -> bool:
    """Whether both are volumes of one file: the same header, and another one of as many."""
    if not stored.part or stored.part == record.part:
        return False
    if stored.part.split()[-1:] != record.part.split()[-1:]:
        return False
    return unpack_headers(vault.hidden.headers(stored.id)) == unpack_headers(headers)


def is_same(
    vault: Vault,
    stored: ImageRecord,
    record: ImageRecord,
    headers: bytes,
    digest: Callable[[], str],
) -> bool:
    """Whether a stored image and an arrival agree in every pixel and every element."""
    if (stored.shape, stored.dtype) != (record.shape, record.dtype):
        return False
    if set(stored.sop_instance_uids) != set(record.sop_instance_uids):
        return False
    if stored.pixel_sha256 != digest():
        return False
    return unpack_headers(vault.hidden.headers(stored.id)) == unpack_headers(headers)


def place_patient(vault: Vault, arriving: Patient, now: datetime) -> Placed:
    """Find or make the chart of somebody as a file describes him, or let him wait."""
    found = match_in(vault, arriving)
    if found.chart is not None:
        return Placed(found.chart)
    if found.verdict is Verdict.NEW:
        patient = attrs.evolve(arriving, id=PatientId(new_id()))
        vault.add_patient(patient)
        return Placed(patient)
    doubts = tuple(doubt.value for doubt in found.doubts)
    return Placed(wait(vault, arriving, now), True, doubts)


def match_in(vault: Vault, arriving: Patient, issuer: str = "") -> Match:
    """Compare somebody with every chart that may be his."""
    charts = [Chart(*each) for each in vault.resembling(arriving, phrases_of(arriving))]
    return match(Chart(arriving, issuer), charts)


def wait(vault: Vault, arriving: Patient, now: datetime) -> Patient:
    """Return who waits with exactly this description, else let somebody new wait."""
    for each in vault.hidden.waiting():
        if attrs.evolve(arriving, id=each.patient.id) == each.patient:
            return each.patient
    patient = attrs.evolve(arriving, id=PatientId(new_id()))
    vault.hidden.add_waiting(patient, "", now)
    return patient
