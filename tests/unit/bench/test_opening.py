from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from viewer.bench.bench import Bench
from viewer.bench.errors import ReadingsDiffer
from viewer.bench.opening import first_plane, measure_opening
from viewer.bench.peers import Pydicom
from viewer.bench.practice import BenchPractice


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
    assert np.array_equal(first_plane(clinic, record.id, 70), whole[70])
