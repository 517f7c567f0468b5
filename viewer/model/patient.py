"""Patients and studies as the chart knows them."""

from __future__ import annotations

from datetime import date, time

import attrs

from viewer.model.ids import PatientId, SeriesUid, StudyUid


@attrs.frozen
class Patient:
    """A person in the chart.

    `chart_number` is DICOM PatientID (0010,0020); `raw_name` is PatientName as it came, all
    component groups included.
    """

    id: PatientId
    chart_number: str
    family_name: str
    given_name: str
    birth_date: date | None = None
    sex: str = ""
    raw_name: str = ""

    @property
    def display_name(self) -> str:
        """Family name, then given names; a dash where both are missing."""
        names = ", ".join(part for part in (self.family_name, self.given_name) if part)
        return names or "—"


@attrs.frozen
class Study:
    """One visit's images: DICOM PS3.3 C.7.2.1."""

    uid: StudyUid
    patient_id: PatientId
    date: date | None = None
    time: time | None = None
    description: str = ""
    accession_number: str = ""


@attrs.frozen
class Series:
    """Images made together: DICOM PS3.3 C.7.3.1."""

    uid: SeriesUid
    study_uid: StudyUid
    modality: str
    number: int | None = None
    description: str = ""
    frame_of_reference_uid: str = ""
