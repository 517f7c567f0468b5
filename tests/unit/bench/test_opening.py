from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from viewer.bench.bench import Bench
from viewer.bench.errors import ReadingsDiffer
from viewer.bench.opening import covered, measure_opening
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


@pytest.mark.parametrize(
    ("valid", "whole"),
    [
        ([], False),
        ([(0, 10)], True),
        ([(0, 6)], False),
        ([(6, 12), (0, 6)], True),
        ([(0, 5), (6, 12)], False),
    ],
)
def test_a_plane_is_whole_once_all_its_bytes_are_valid(
    valid: list[tuple[int, int]], whole: bool
) -> None:
    assert covered(valid, 2, 10) is whole
