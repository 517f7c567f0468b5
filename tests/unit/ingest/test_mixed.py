"""Slices of several volumes in one series: each goes to its own, and none is lost unsaid."""

from __future__ import annotations

import numpy as np

from viewer.dicom.geometry import PlanePlace
from viewer.dicom.marks import Marks
from viewer.ingest.mixed import Parted, Slice, parted


def _slice(
    index: int, height: float, marks: Marks | None = None, number: int | None = None
) -> Slice:
    place = PlanePlace((0.0, 0.0, height), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.3, 0.3)
    return Slice(index, place, marks or Marks(), index if number is None else number, f"1.{index}")


def _apart(_one: Slice, _other: Slice) -> bool:
    return False


def _heights(part: Parted) -> list[float]:
    return sorted(each.place.position[2] for each in part.slices)


def test_a_plain_series_stays_one_however_its_acquisitions_are_numbered() -> None:
    slices = [_slice(n, n, Marks(acquisition=str(n // 2), kind=f"A{n % 2}")) for n in range(8)]
    assert parted(slices, _apart) == [Parted(tuple(slices))]


def test_points_in_time_in_the_same_place_become_a_volume_each() -> None:
    slices = [
        _slice(n, n % 5, Marks(time=str(n // 5 + 9), trigger=str(n)), number=(n * 7) % 15)
        for n in range(15)
    ]
    found = parted(slices, _apart)
    assert [{each.marks.time for each in part.slices} for part in found] == [{"9"}, {"10"}, {"11"}]
    assert all(_heights(part) == [0, 1, 2, 3, 4] for part in found)
    assert found[0].notes == ("The series holds 3 volumes that differ in point in time.",)


def test_two_marks_together_part_what_neither_does_alone() -> None:
    slices = [
        _slice(n, n % 3, Marks(time=str(n // 3 % 2), acquisition=str(n // 6))) for n in range(12)
    ]
    found = parted(slices, _apart)
    assert len(found) == 4
    assert "point in time and acquisition" in found[0].notes[0]


def test_two_reconstructions_whose_slices_interleave_are_never_one_volume() -> None:
    slices = [_slice(n, n / 2, Marks(kernel="BONE" if n % 2 else "SOFT")) for n in range(10)]
    bone, soft = parted(slices, _apart)
    assert _heights(bone) == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert _heights(soft) == [0, 1, 2, 3, 4]


def test_a_true_double_is_left_out_with_a_note() -> None:
    slices = [_slice(n, min(n, 4)) for n in range(6)]
    (found,) = parted(slices, lambda one, other: {one.index, other.index} == {4, 5})
    assert [each.index for each in found.slices] == [0, 1, 2, 3, 4]
    assert found.notes == ("One slice came twice, with the same pixels; it is there once.",)


def test_a_series_that_came_twice_is_there_once() -> None:
    slices = [_slice(n, n % 6) for n in range(12)]
    (found,) = parted(slices, lambda one, other: one.index % 6 == other.index % 6)
    assert sorted(each.index for each in found.slices) == list(range(6))
    assert found.notes[0].startswith("6 slices came twice")


def test_unmarked_volumes_one_after_the_other_are_told_apart_by_their_order() -> None:
    slices = [_slice(n, n % 4) for n in range(8)]
    first, second = parted(slices, _apart)
    assert [each.index for each in first.slices] == [0, 1, 2, 3]
    assert [each.index for each in second.slices] == [4, 5, 6, 7]
    assert "by their order alone" in first.notes[0]


def test_other_pixels_in_the_same_place_stay_together_and_are_refused_as_a_volume() -> None:
    slices = [_slice(n, min(n, 4)) for n in range(6)]
    (found,) = parted(slices, _apart)
    assert len(found.slices) == 6


def test_the_parts_do_not_depend_on_the_order_of_the_files() -> None:
    slices = [_slice(n, n % 5, Marks(time=str(n // 5))) for n in range(15)]
    wanted = [{each.index for each in part.slices} for part in parted(slices, _apart)]
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(15)
        again = parted([slices[n] for n in order], _apart)
        assert [{each.index for each in part.slices} for part in again] == wanted
