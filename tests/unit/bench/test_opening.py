from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from viewer.bench.bench import Bench
from viewer.bench.drawing import Panes, preview_3d
from viewer.bench.errors import ReadingsDiffer
from viewer.bench.opening import first_pictures, first_plane, measure_opening
from viewer.bench.peers import Pydicom
from viewer.bench.practice import BenchPractice
from viewer.imaging import kernels
from viewer.model.image import Picture


class Liar(Pydicom):
    """A peer that is fast because it reads nothing."""

    name = "Liar"

    def read_series(self, paths: Sequence[Path]) -> NDArray[np.generic]:
        return np.zeros((128, 128, 128), np.int16)


@pytest.mark.usefixtures("cooled")
def test_nothing_is_compared_with_a_reading_that_gives_other_values(
    practice: BenchPractice,
) -> None:
    with Bench(practice.sizes, lambda words: None) as bench:
        bench.__dict__.update(practice=practice, peers=(Liar(),))
        with pytest.raises(ReadingsDiffer, match="Liar"):
            next(measure_opening(bench))


@pytest.mark.usefixtures("cooled")
def test_the_first_plane_is_the_one_that_was_asked_for(practice: BenchPractice) -> None:
    clinic, record = practice.clinic, practice.volume
    whole = clinic.vault.open_pixels(record.id)
    seen: list[NDArray[np.generic]] = []
    first_plane(clinic, record.id, 70, lambda plane: seen.append(plane.copy()))
    assert np.array_equal(seen[0], whole[70])


@pytest.mark.usefixtures("cooled")
def test_the_first_pictures_are_the_overviews_and_the_clock_stops_there(
    practice: BenchPractice,
) -> None:
    kernels.warm()
    seen: list[Picture] = []
    start = time.perf_counter()
    reached = first_pictures(practice.clinic, practice.volume, seen.append)
    assert start < reached.at < time.perf_counter()
    assert seen[0].pixels.shape == (128, 128, 128)
    panes = Panes.of(practice.volume, (60, 80))
    for small, whole in zip(
        [picture.copy() for picture in panes.show_overview(seen[0])],
        panes.show(practice.clinic.vault.open_pixels(practice.volume.id)),
        strict=True,
    ):
        assert np.abs(small.astype(int) - whole).max() <= 1
    assert len(np.unique(preview_3d(seen[0]))) > 10
