"""Thumbnails show what the picture shows at first."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.ingest.thumbnail import thumbnail
from viewer.model.ids import ImageId, PatientId, SeriesUid, StudyUid
from viewer.model.image import GreyScale, ImageKind, ImageRecord, Photometric, Picture, Window


def _picture(pixels: np.ndarray, grey: GreyScale) -> Picture:
    record = ImageRecord(
        id=ImageId("i"),
        patient_id=PatientId(""),
        study_uid=StudyUid("1"),
        series_uid=SeriesUid("2"),
        sop_instance_uids=(),
        sop_class_uid="3",
        modality="OT",
        kind=ImageKind.OTHER,
        shape=pixels.shape,
        dtype=pixels.dtype.name,
        grey=grey,
    )
    return Picture(record, pixels)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((100, 50), (100, 50)), ((1000, 500), (250, 125)), ((3, 2000), (1, 250)), ((1, 1), (1, 1))],
)
def test_the_longest_side_fits(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    assert thumbnail(_picture(np.zeros(shape, np.uint16), GreyScale())).shape == expected


def test_the_window_and_rescale_decide_the_light() -> None:
    grey = GreyScale(slope=2, intercept=-100, windows=(Window(0, 200),))
    pixels = np.array([[0, 50, 100, 400]], np.int16)
    assert thumbnail(_picture(pixels, grey)).tolist() == [[0, 128, 255, 255]]


def test_monochrome1_is_turned_around() -> None:
    grey = GreyScale(photometric=Photometric.MONOCHROME1, windows=(Window(50, 100),))
    assert thumbnail(_picture(np.array([[0, 100]], np.uint8), grey)).tolist() == [[255, 0]]


def test_a_volume_shows_its_middle_plane() -> None:
    pixels = np.zeros((5, 4, 4), np.int16)
    pixels[2] = 100
    assert thumbnail(_picture(pixels, GreyScale(windows=(Window(50, 100),)))).min() == 255
