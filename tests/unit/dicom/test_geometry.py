"""Planes into volumes, or the reason why not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.support import dicom_files
from viewer.dicom.geometry import NotAStack, PlanePlace, Stack, is_parallel, place_of, stack


def _upright(*heights: float, drift: float = 0.0) -> list[PlanePlace]:
    return [
        PlanePlace((0.0, drift * n, z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.3, 0.3)
        for n, z in enumerate(heights)
    ]


def _places(datasets: list[Dataset]) -> list[PlanePlace]:
    places = [place_of(dataset) for dataset in datasets]
    return [place for place in places if place is not None]


@pytest.mark.parametrize("affine", [dicom_files.axial_affine(), dicom_files.oblique_affine()])
def test_a_shuffled_series_gives_back_the_affine_it_was_written_with(affine: np.ndarray) -> None:
    places = _places(dicom_files.ct(affine))
    shuffled = [places[n] for n in (3, 0, 5, 1, 4, 2)]
    found = stack(shuffled)
    assert isinstance(found, Stack)
    assert found.order == (1, 3, 5, 0, 4, 2)
    assert np.allclose(found.affine, affine, atol=1e-9)


def test_a_series_written_head_first_is_turned_so_that_heights_ascend() -> None:
    affine = dicom_files.axial_affine()
    affine[2, 2] = -0.4
    found = stack(_places(dicom_files.ct(affine)))
    assert isinstance(found, Stack)
    assert found.order == (5, 4, 3, 2, 1, 0)
    assert found.affine[2] == pytest.approx((0, 0, 0.4, 28.0))


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (_upright(0, 1, 2, 4), "not evenly spaced: 1 to 2 mm"),
        (_upright(0, 1, 1, 2), "in the same place"),
        (_upright(0, 1, 2, 3, drift=0.4), "tilted by 21.8 degrees"),
        (_upright(0), "only one slice"),
    ],
)
def test_planes_that_are_no_volume_are_refused_with_the_reason(
    places: list[PlanePlace], reason: str
) -> None:
    found = stack(places)
    assert isinstance(found, NotAStack)
    assert reason in found.reason


def test_positions_rounded_to_a_hundredth_of_a_millimetre_still_make_a_volume() -> None:
    heights = [round(n * 0.3333, 2) for n in range(200)]
    assert isinstance(stack(_upright(*heights)), Stack)


def test_a_missing_slice_in_a_long_series_is_noticed() -> None:
    heights = [n * 0.3 for n in range(500) if n != 250]
    assert isinstance(stack(_upright(*heights)), NotAStack)


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
    plane = _upright(0)[0]
    c, s = math.cos(0.01), math.sin(0.01)
    turned = PlanePlace((0.0, 0.0, 1.0), (c, s, 0.0), (-s, c, 0.0), 0.3, 0.3)
    wider = PlanePlace((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.3, 0.31)
    assert not is_parallel(plane, turned)
    assert not is_parallel(plane, wider)
