"""Planes into volumes: what is done to them is said, and what cannot be done honestly is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.support import dicom_files
from viewer.dicom.geometry import PlanePlace, place_of
from viewer.dicom.stacking import NotAStack, Stack, stacks


def _upright(*heights: float, drift: float = 0.0) -> list[PlanePlace]:
    return [
        PlanePlace((0.0, drift * n, z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.3, 0.3)
        for n, z in enumerate(heights)
    ]


def _places(datasets: list[Dataset]) -> list[PlanePlace]:
    places = [place_of(dataset) for dataset in datasets]
    return [place for place in places if place is not None]


def _only(places: list[PlanePlace]) -> Stack | NotAStack:
    (found,) = stacks(places, 10, 12)
    return found


def _volume(places: list[PlanePlace]) -> Stack:
    found = _only(places)
    assert isinstance(found, Stack)
    return found


@pytest.mark.parametrize("affine", [dicom_files.axial_affine(), dicom_files.oblique_affine()])
def test_a_shuffled_series_gives_back_the_affine_it_was_written_with(affine: np.ndarray) -> None:
    places = _places(dicom_files.ct(affine))
    found = _volume([places[n] for n in (3, 0, 5, 1, 4, 2)])
    assert found.order == (1, 3, 5, 0, 4, 2)
    assert np.allclose(found.affine, affine, atol=1e-9)
    assert (found.regrid, found.notes, found.caution) == (None, (), "")


def test_a_series_written_head_first_is_turned_so_that_heights_ascend() -> None:
    affine = dicom_files.axial_affine()
    affine[2, 2] = -0.4
    found = _volume(_places(dicom_files.ct(affine)))
    assert found.order == (5, 4, 3, 2, 1, 0)
    assert found.affine[2] == pytest.approx((0, 0, 0.4, 28.0))


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (_upright(0, 1, 3), "1 to 2 mm apart"),
        (_upright(0, 1, 1, 2), "in the same place"),
        (_upright(0, 1, 2, 3, drift=1.2), "tilted by 50.2°"),
        (_upright(0, 11, 23, 36, 50), "11 to 14 mm apart"),
        (_upright(0), "only one slice"),
    ],
)
def test_planes_that_cannot_honestly_be_a_volume_are_refused_with_the_reason(
    places: list[PlanePlace], reason: str
) -> None:
    found = _only(places)
    assert isinstance(found, NotAStack)
    assert reason in found.reason


def test_positions_rounded_to_a_hundredth_of_a_millimetre_still_make_a_volume() -> None:
    heights = [round(n * 0.3333, 2) for n in range(200)]
    assert _volume(_upright(*heights)).regrid is None


def test_a_missing_slice_in_a_long_series_leaves_its_plane_empty_and_says_which() -> None:
    found = _volume(_upright(*(n * 0.3 for n in range(500) if n != 250)))
    assert found.planes == 500
    assert 250 not in found.slots
    assert found.affine[2][2] == pytest.approx(0.3)
    assert found.notes == ("1 of 500 slices is missing: 251. Its place is left empty.",)
    assert found.caution == "Slices missing: 251"


def test_missing_slices_are_listed_as_ranges() -> None:
    gone = {3, 4, 5, 9, 20, 40}
    found = _volume(_upright(*(n * 1.0 for n in range(60) if n not in gone)))
    assert found.notes[0].startswith("6 of 60 slices are missing: 4 to 6, 10, 21 and more.")


def test_a_wide_gap_makes_two_volumes_that_each_keep_their_place() -> None:
    heights = [n * 1.0 for n in range(10)] + [40 + n * 1.0 for n in range(8)]
    lower, upper = stacks(_upright(*heights), 10, 12)
    assert isinstance(lower, Stack)
    assert isinstance(upper, Stack)
    assert (lower.planes, upper.planes) == (10, 8)
    assert upper.affine[2][3] == pytest.approx(40.0)
    assert (lower.caution, upper.caution) == ("Part 1 of 2", "Part 2 of 2")
    assert "this is part 2 of 2" in upper.notes[0]


def test_a_slice_far_away_is_no_part_of_the_volume() -> None:
    volume, alone = stacks(_upright(*range(10), 80), 10, 12)
    assert isinstance(volume, Stack)
    assert isinstance(alone, NotAStack)
    assert alone.order == (10,)


def test_tilted_slices_are_put_on_a_straight_grid_that_holds_them_all() -> None:
    angle = math.radians(20)
    found = _volume(_upright(*range(11), drift=math.tan(angle)))
    assert found.caution == "Resampled: tilt 20.0°"
    assert found.notes[0].startswith("The slices are tilted by 20.0° against their stack.")
    grid = found.regrid
    assert grid is not None
    assert grid.shape == (11, 10 + math.ceil(10 * math.tan(angle) / 0.3), 12)
    assert found.affine[1][3] == pytest.approx(0.0)
    axes = np.array(found.affine)[:3, :3]
    assert np.allclose(axes, np.diag([0.3, 0.3, 1.0]))


def test_a_tilt_the_other_way_moves_the_grid_instead_of_the_slices() -> None:
    found = _volume(_upright(*range(11), drift=-0.2))
    assert found.regrid is not None
    assert found.affine[1][3] == pytest.approx(-2.1)
    assert found.regrid.down[0] == pytest.approx(7.0)
    assert found.regrid.down[-1] == pytest.approx(7.0 - 2.0 / 0.3)


def test_uneven_slices_get_the_finest_usual_distance_and_say_so() -> None:
    found = _volume(_upright(*range(0, 40, 2), *range(43, 80, 5)))
    assert found.caution == "Resampled: uneven slices"
    assert "The slices are 2 to 5 mm apart." in found.notes[0]
    assert found.regrid is not None
    assert found.regrid.step_mm == pytest.approx(2.0, rel=0.02)


def test_one_stray_slice_does_not_multiply_the_volume() -> None:
    found = _volume(_upright(*range(40), 10.01))
    assert found.regrid is not None
    assert found.regrid.shape[0] == 40


def test_a_hole_in_a_tilted_series_stays_empty() -> None:
    places = _upright(*range(20), drift=0.3)
    found = _volume([place for n, place in enumerate(places) if n != 9])
    assert found.regrid is not None
    assert found.regrid.holes == ((8.0, 10.0),)
    assert found.caution.endswith("slices missing")


def test_slices_that_jump_sideways_are_not_called_tilted() -> None:
    places = [
        PlanePlace((0.0, 0.4 * (n % 2), float(n)), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.3, 0.3)
        for n in range(8)
    ]
    assert _volume(places).caution == "Resampled: slices shifted"


def test_any_order_gives_the_same_volume() -> None:
    places = _upright(*range(0, 40, 2), *range(43, 80, 5), drift=0.1)
    first = _volume(places)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(places)).tolist()
        again = _volume([places[n] for n in order])
        assert (again.affine, again.regrid, again.notes) == (
            first.affine,
            first.regrid,
            first.notes,
        )
        assert [order[n] for n in again.order] == list(first.order)
