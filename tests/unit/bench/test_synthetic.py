from __future__ import annotations

import numpy as np
import pydicom

from viewer.bench.practice import BenchPractice
from viewer.bench.synthetic import NOISE_HU, planes


def test_the_planes_have_the_noise_of_a_scanner() -> None:
    middle = list(planes(64, 1))[32]
    assert abs(float(middle[:6, :6].std()) / NOISE_HU - 1) < 0.5
    assert middle.dtype == np.int16


def test_the_same_seed_gives_the_same_volume() -> None:
    assert np.array_equal(list(planes(16, 3)), list(planes(16, 3)))


def test_the_files_are_one_uncompressed_series_in_order(practice: BenchPractice) -> None:
    sets = [pydicom.dcmread(path, stop_before_pixels=True) for path in practice.slices]
    assert [ds.InstanceNumber for ds in sets] == list(range(1, 129))
    assert [float(ds.ImagePositionPatient[2]) for ds in sets] == [1.25 * k for k in range(128)]
    assert len({(ds.SeriesInstanceUID, ds.FrameOfReferenceUID) for ds in sets}) == 1
    assert {str(ds.file_meta.TransferSyntaxUID) for ds in sets} == {"1.2.840.10008.1.2.1"}
