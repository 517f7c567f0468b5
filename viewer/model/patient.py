"""Patients and studies as the chart knows them."""

from __future__ import annotations

from datetime import date, time

import attrs

from viewer.model.ids import PatientId, SeriesUid, StudyUid


@attrs.frozen
class NameParts:
    """One component group of a person name, its five components (PS3.5 6.2.1.1)."""

    family: str = ""
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def words(self) -> str:
        """The components as one reads them: no comma, family name first."""
        return " ".join(
            filter(None, (self.prefix, self.family, self.given, self.middle, self.suffix))
        )


def name_groups(raw_name: str) -> tuple[NameParts, NameParts, NameParts]:
    """Return the alphabetic, ideographic and phonetic group of a name, each empty if missing.

    >>> name_groups("Yamada^Tarou=山田^太郎")[1].words
    '山田 太郎'
    """
    groups = [_parts_of(group) for group in raw_name.split("=")[:3]]
    groups += [NameParts()] * (3 - len(groups))
    return groups[0], groups[1], groups[2]


def _parts_of(group: str) -> NameParts:
    components = [" ".join(part.split()) for part in group.split("^")[:5]]
    return NameParts(*components)


@attrs.frozen
class Patient:
    """A person in the chart.

    `chart_number` is DICOM PatientID (0010,0020); `raw_name` is PatientName as it came, all
    component groups included. `family_name` and `given_name` are of its first group that says
    anything. `name_doubt` is a sentence where the file does not say in which letters the name is
    written: what is shown is a guess.
    """

    id: PatientId
    chart_number: str
    family_name: str
    given_name: str
    birth_date: date | None = None
    sex: str = ""
    raw_name: str = ""
    name_doubt: str = ""

    @property
    def display_name(self) -> str:
        """Family name, then given names; a dash where both are missing."""
        names = ", ".join(part for part in (self.family_name, self.given_name) if part)
        return names or "—"

    @property
    def whole_name(self) -> str:
        """`display_name` with suffix, prefix and the name's other groups, as far as there are any.

        >>> Patient(PatientId(""), "1", "Adams", "John", raw_name="Adams^John^^Rev.^Jr.").whole_name
        'Adams, John, Jr., Rev.'
        """
        groups = name_groups(self.raw_name)
        first = next((group for group in groups if group.words), groups[0])
        others = [group.words for group in groups if group.words and group is not first]
        name = ", ".join(filter(None, (self.display_name, first.suffix, first.prefix)))
        return f"{name} ({', '.join(others)})" if others else name


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
