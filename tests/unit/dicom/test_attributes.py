"""Header attributes into records."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from pydicom.dataset import Dataset

from tests.support import dicom_files
from viewer.dicom import attributes as read
from viewer.dicom.codes import Code, sequence_of
from viewer.dicom.teeth import code_of_tooth, tooth_of_code
from viewer.model.image import ImageKind, SpacingSource
from viewer.model.tooth import Tooth, parse_tooth

_ALL_TEETH = [
    *(q * 10 + n for q in (1, 2, 3, 4) for n in range(1, 9)),
    *(q * 10 + n for q in (5, 6, 7, 8) for n in range(1, 6)),
]


def _dataset(**attributes: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def test_a_written_patient_and_study_are_read_back() -> None:
    dataset = dicom_files.bitewing()
    patient, study = read.patient_of(dataset), read.study_of(dataset)
    assert (patient.family_name, patient.given_name) == ("Muster", "Märta")
    assert (patient.chart_number, patient.birth_date, patient.sex) == (
        "T-0042",
        date(1980, 2, 3),
        "F",
    )
    assert (study.date, study.time, study.description) == (
        date(2024, 5, 6),
        time(10, 1),
        "Check-up",
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("19800203", date(1980, 2, 3)),
        ("1980.02.03", date(1980, 2, 3)),
        ("1980-02-03", date(1980, 2, 3)),
        ("19801399", None),
        ("around 1980", None),
        ("", None),
    ],
)
def test_dates_are_read_as_people_write_them_or_not_at_all(
    written: str, expected: date | None
) -> None:
    assert read.parse_date(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("101530.25", time(10, 15, 30)),
        ("10:15", time(10, 15)),
        ("10", time(10)),
        ("235960", time(23, 59, 59)),
        ("9", None),
        ("256000", None),
    ],
)
def test_times_are_read_in_every_length(written: str, expected: time | None) -> None:
    assert read.parse_time(written) == expected


@pytest.mark.parametrize("number", _ALL_TEETH)
def test_a_tooth_survives_the_way_through_its_code(number: int) -> None:
    tooth = parse_tooth(number)
    assert tooth_of_code(code_of_tooth(tooth)) == tooth


@pytest.mark.parametrize(
    ("code", "tooth"),
    [
        (Code("T-54390", "SRT", ""), 36),
        (Code("36", "ISO3950-2016", ""), 36),
        (Code("99", "ISO 3950", ""), None),
        (Code("69536005", "SCT", "Head"), None),
    ],
)
def test_older_and_plain_tooth_codes_are_understood(code: Code, tooth: int | None) -> None:
    assert tooth_of_code(code) == (None if tooth is None else Tooth(tooth))


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"Modality": "PX"}, ImageKind.PANORAMIC),
        ({"Modality": "XC"}, ImageKind.PHOTO),
        ({"Modality": "IO", "SeriesDescription": "Bite-Wing left"}, ImageKind.BITEWING),
        ({"Modality": "IO"}, ImageKind.PERIAPICAL),
        ({"Modality": "DX", "SeriesDescription": "OPG"}, ImageKind.PANORAMIC),
        ({"Modality": "DX", "SeriesDescription": "Lateral Ceph"}, ImageKind.CEPHALOMETRIC),
        ({"Modality": "DX", "PositionerType": "CEPHALOSTAT"}, ImageKind.CEPHALOMETRIC),
        ({"Modality": "DX", "SeriesDescription": "Hand"}, ImageKind.OTHER),
        ({"Modality": "MR", "SeriesDescription": "panoramic"}, ImageKind.OTHER),
    ],
)
def test_the_kind_is_told_from_modality_view_and_words(
    attributes: dict[str, object], kind: ImageKind
) -> None:
    assert read.kind_of(_dataset(**attributes)) is kind


def test_an_intraoral_picture_of_both_jaws_is_a_bitewing() -> None:
    teeth = sequence_of(code_of_tooth(Tooth(26)), code_of_tooth(Tooth(36)))
    dataset = _dataset(Modality="IO", PrimaryAnatomicStructureSequence=teeth)
    assert read.kind_of(dataset) is ImageKind.BITEWING
    assert read.teeth_of(dataset) == (26, 36)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {"Modality": "IO", "ImagerPixelSpacing": [0.02, 0.03]},
            (0.02, 0.03, SpacingSource.DETECTOR),
        ),
        (
            {"Modality": "IO", "ImagerPixelSpacing": [0.02, 0.02], "PixelSpacing": [0.02, 0.02]},
            (0.02, 0.02, SpacingSource.DETECTOR),
        ),
        (
            {"Modality": "DX", "ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.18, 0.18]},
            (0.18, 0.18, SpacingSource.CALIBRATED),
        ),
        (
            {
                "Modality": "DX",
                "ImagerPixelSpacing": [0.22, 0.22],
                "EstimatedRadiographicMagnificationFactor": 1.1,
            },
            (0.2, 0.2, SpacingSource.MAGNIFICATION),
        ),
        ({"Modality": "CT", "PixelSpacing": [0.3, 0.4]}, (0.3, 0.4, SpacingSource.PATIENT)),
        ({"Modality": "IO", "ImagerPixelSpacing": [0, 0.02]}, None),
        ({"Modality": "IO"}, None),
    ],
)
def test_a_spacing_says_where_it_comes_from(
    attributes: dict[str, object], expected: tuple[float, float, SpacingSource] | None
) -> None:
    found = read.spacing_of(_dataset(**attributes))
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.row_mm, found.column_mm) == pytest.approx(expected[:2])
        assert found.source is expected[2]


def test_laterality_is_the_anatomys_and_nothing_else() -> None:
    assert read.laterality_of(_dataset(ImageLaterality="L")) == "L"
    assert read.laterality_of(_dataset(PatientOrientation=["R", "F"])) == ""
    assert read.laterality_of(_dataset(ImageLaterality="X")) == ""


def test_the_nearest_date_of_acquisition_wins() -> None:
    dataset = _dataset(StudyDate="20240506", AcquisitionDate="20240507", AcquisitionTime="0810")
    assert read.acquired_of(dataset) == datetime.fromisoformat("2024-05-07T08:10:00")
    assert read.acquired_of(_dataset()) is None


def test_missing_uids_are_made_and_stay_the_same() -> None:
    first = _dataset(PatientID="7", StudyDate="20240506")
    again = _dataset(PatientID="7", StudyDate="20240506")
    other = _dataset(PatientID="8", StudyDate="20240506")
    assert read.study_of(first).uid == read.study_of(again).uid
    assert read.study_of(first).uid.startswith("2.25.")
    assert read.study_of(first).uid != read.study_of(other).uid


def test_the_other_name_groups_are_kept_raw() -> None:
    dataset = _dataset(SpecificCharacterSet="ISO_IR 192", PatientName="Yamada^Tarou=山田^太郎")
    patient = read.patient_of(dataset)
    assert patient.family_name == "Yamada"
    assert patient.raw_name == "Yamada^Tarou=山田^太郎"
