"""Photos, scans, surfaces and documents of one patient, with what a person said of each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import date
from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Subject, use_case
from viewer.app.incoming.aside import Origin
from viewer.app.incoming.report import ImportReport, ImportStopped
from viewer.app.incoming.run import Arrivals, Run
from viewer.ingest.arrival import Refusal
from viewer.ingest.chosen import Chosen, Looked, look, read_chosen
from viewer.ingest.photographs import Label
from viewer.model.ids import PatientId, new_id
from viewer.model.patient import Patient
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission

__all__ = ["Chosen", "ImportReport", "ImportStopped", "Label", "Looked", "Refusal"]

VIEWS = (
    "Intraoral",
    "Occlusal upper",
    "Occlusal lower",
    "Face frontal",
    "Face profile",
    "Face smiling",
)
"""What a photo may show; free words are as good."""


@attrs.frozen
class NewPatient:
    """Somebody who has no chart yet."""

    chart_number: str = attrs.field(repr=False)
    family_name: str = attrs.field(repr=False)
    given_name: str = attrs.field(default="", repr=False)
    birth_date: date | None = attrs.field(default=None, repr=False)
    sex: str = attrs.field(default="", repr=False)


@attrs.frozen
class ImportPhotos:
    """What was chosen, and whose it is: a new patient, or a chart by its id or number."""

    patient: str | NewPatient = attrs.field(repr=False)
    chosen: tuple[Chosen, ...] = attrs.field(repr=False)


def _subject(clinic: Clinic, request: ImportPhotos) -> Subject:
    known = None
    if not isinstance(request.patient, NewPatient):
        known = _named(clinic, request.patient).id
    return Subject(known, why=f"{len(request.chosen)} photos or files")


@use_case(permission=Permission.IMPORT_IMAGES, event=EventKind.IMPORT, subject=_subject)
def import_photos(clinic: Clinic, request: ImportPhotos, act: Act) -> ImportReport:
    """Seal photos, scans, surfaces and documents into one chart.

    The photos' own files are not kept: what makes them more than their pixels is what must not
    stay (place, device, people), and whoever wants the file has it where it came from.

    Raises
    ------
    NothingChosen
        Nothing was chosen, or a new patient has neither number nor name.
    NotInStore
        There is no such chart.
    ImportStopped
        As `import_paths`.
    """
    if not request.chosen:
        raise NothingChosen("Nothing to import.", "Choose photos or files.")
    patient = _patient(clinic, request.patient)
    run = Run(clinic, act, Origin.FOLDER, into=patient)

    def reading() -> Arrivals:
        return read_chosen(
            request.chosen,
            patient,
            progress=run.progress,
            is_cancelled=act.control.is_cancelled,
        )

    return run.take_all(reading)


def _named(clinic: Clinic, id_or_number: str) -> Patient:
    found = clinic.vault.patients_named(id_or_number)
    if not found:
        raise NothingChosen("No chart has this number.", "Look it up, or make a new patient.")
    if len(found) > 1:
        raise NothingChosen("Several charts have this number.", "Say which by its id.")
    return found[0]


def _patient(clinic: Clinic, wanted: str | NewPatient) -> Patient:
    if not isinstance(wanted, NewPatient):
        return _named(clinic, wanted)
    number, family = wanted.chart_number.strip(), wanted.family_name.strip()
    given = wanted.given_name.strip()
    if not number or not (family or given):
        raise NothingChosen("A new patient needs a chart number and a name.", "Fill in both.")
    if clinic.vault.patients_named(number):
        raise NothingChosen("A chart has this number already.", "Find the patient and compare.")
    raw_name = f"{family}^{given}".rstrip("^")
    born, sex = wanted.birth_date, wanted.sex
    patient = Patient(PatientId(new_id()), number, family, given, born, sex, raw_name)
    clinic.vault.add_patient(patient)
    return patient


def look_at(
    paths: Sequence[Path],
    progress: Callable[[int, int, str], None],
    is_cancelled: Callable[[], bool],
) -> Generator[Looked | Refusal, None, None]:
    """Look at files that were chosen, before anything is stored; nothing of the store is touched.

    Raises
    ------
    Cancelled, ChildUnavailable
    """
    return look(paths, progress=progress, is_cancelled=is_cancelled)
