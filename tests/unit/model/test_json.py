"""Records to JSON and back, and what is no record."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid, new_id
from viewer.model.image import (
    GreyScale,
    ImageKind,
    ImageRecord,
    PixelSpacing,
    SpacingSource,
    Window,
)
from viewer.model.json import from_json, to_json, to_plain
from viewer.model.patient import Patient, Study
from viewer.model.tooth import Tooth

RECORD = ImageRecord(
    ImageId(new_id()),
    PatientId(new_id()),
    StudyUid("1.2"),
    SeriesUid("1.2.3"),
    (SopUid("1.2.3.4"), SopUid("1.2.3.5")),
    "1.2.840.10008.5.1.4.1.1.2",
    "CT",
    ImageKind.CBCT,
    (2, 3, 4),
    "int16",
    GreyScale(windows=(Window(500.5, 2000.0, "SIGMOID", "bone"),), padding_from=-2000),
    PixelSpacing(0.25, 0.3, SpacingSource.PATIENT),
    ((1.0, 0.0, 0.0, -5.5), (0.0, 1.0, 0.0, 2.0), (0.0, 0.0, 0.4, 0.0), (0.0, 0.0, 0.0, 1.0)),
    patient_orientation=("L", "F"),
    teeth=(Tooth(36), Tooth(37)),
    acquired=datetime.fromisoformat("2024-02-29T10:11:12.000345"),
    notes=("slices differ in rescale",),
)


def test_an_image_record_comes_back_whole() -> None:
    assert from_json(to_json(RECORD), ImageRecord) == RECORD


@given(
    st.builds(
        Patient,
        st.just(PatientId("a" * 32)),
        st.text(),
        st.text(),
        st.text(),
        st.none() | st.dates(),
        st.sampled_from(["", "F", "M", "O"]),
        st.text(),
    )
)
def test_any_patient_comes_back(patient: Patient) -> None:
    assert from_json(to_json(patient), Patient) == patient


def test_dates_and_times_are_iso_text() -> None:
    study = Study(StudyUid("1"), PatientId("a"), date(2024, 2, 29), time(8, 30))
    assert to_plain(study)["date"] == "2024-02-29"
    assert to_plain(study)["time"] == "08:30:00"
    assert from_json(to_json(study), Study) == study


@pytest.mark.parametrize(
    "text",
    [
        *["", "{", "null", "[]", "3", "{}", '"x"'],
        to_json(RECORD)[:-1] + ',"new":1}',
        to_json(RECORD).replace('"cbct"', '"tooth"'),
        to_json(RECORD).replace("[2,3,4]", '"x"'),
    ],
)
def test_what_is_no_record_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own words differ
        from_json(text, ImageRecord)
