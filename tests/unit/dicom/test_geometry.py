"""Where planes lie, and which ones could be stacked."""

from __future__ import annotations

import math

import pytest

from tests.support import dicom_files
from viewer.dicom.geometry import PlanePlace, is_parallel, place_of


@pytest.mark.parametrize(
    "change",
    [
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 1, 0]},
        {"ImageOrientationPatient": [1, 0, 0]},
        {"PixelSpacing": [0, 0.3]},
        {"ImagePositionPatient": None},
    ],
)
def test_a_place_that_makes_no_sense_is_no_place(change: dict[str, object]) -> None:
    dataset = dicom_files.ct()[0]
    for keyword, value in change.items():
        setattr(dataset, keyword, value)
    assert place_of(dataset) is None


def test_planes_with_other_axes_or_spacing_are_not_parallel() -> None:
    plane = PlanePlace((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.3, 0.3)
    c, s = math.cos(0.01), math.sin(0.01)
    turned = PlanePlace((0.0, 0.0, 1.0), (c, s, 0.0), (-s, c, 0.0), 0.3, 0.3)
    wider = PlanePlace((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.3, 0.31)
    assert not is_parallel(plane, turned)
    assert not is_parallel(plane, wider)


def test_the_normal_is_a_unit_vector_even_where_the_header_is_a_little_off() -> None:
    plane = PlanePlace((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.005, 0.99998, 0.0), 0.3, 0.3)
    assert math.hypot(*plane.normal) == pytest.approx(1.0, abs=1e-12)
