"""The label map lies where the patient lies, and its teeth are told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK
from scipy import ndimage

from viewer.demo.labels import CANALS, LOWER_TEETH, UPPER_TEETH, load_labels, load_teeth
from viewer.model.resources import resource_path


def test_every_voxel_lies_where_another_reader_puts_it() -> None:
    path = resource_path("demo", "cbct", "PostDentalSurgery_Segmentation.nii.gz")
    other: Any = SimpleITK.ReadImage(str(path))
    voxels = SimpleITK.GetArrayFromImage(other)
    labels = load_labels()
    rng = np.random.default_rng(1)
    canal = np.argwhere(labels.voxels_kji == CANALS)
    for index in canal[rng.integers(0, len(canal), 50)]:
        theirs = other.TransformPhysicalPointToIndex(labels.lps_of(index.astype(float)).tolist())
        assert voxels[theirs[::-1]] == CANALS


def test_teeth_are_in_front_and_the_upper_ones_above() -> None:
    labels = load_labels()
    upper, lower = (
        labels.lps_of(np.argwhere(labels.voxels_kji == n).mean(0))
        for n in (UPPER_TEETH, LOWER_TEETH)
    )
    skull = labels.lps_of(np.argwhere(labels.voxels_kji == 1).mean(0))
    assert upper[2] > lower[2] + 10
    assert upper[1] < skull[1] - 30


def test_28_teeth_are_each_in_one_piece_and_fill_the_label() -> None:
    teeth, labels = load_teeth(), load_labels()
    assert len(teeth.teeth) == 28
    assert all(ndimage.label(teeth.numbers_kji == t)[1] == 1 for t in teeth.teeth)
    box = tuple(
        slice(s, s + n) for s, n in zip(teeth.start_kji, teeth.numbers_kji.shape, strict=True)
    )
    part = labels.voxels_kji[box]
    labelled = (part == UPPER_TEETH) | (part == LOWER_TEETH)
    assert (teeth.numbers_kji[labelled] > 0).mean() > 0.99


def test_a_tooth_has_about_the_volume_of_its_opposite_number() -> None:
    teeth = load_teeth()
    counts = np.bincount(teeth.numbers_kji.ravel(), minlength=50)
    for right, left in ((10, 20), (40, 30)):
        for n in range(1, 8):
            ratio = counts[right + n] / counts[left + n]
            assert 0.75 < ratio < 1.35, (right + n, left + n)
