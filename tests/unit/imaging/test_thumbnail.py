"""Thumbnails have the right side up and the right grey."""

from __future__ import annotations

import numpy as np

from tests.support.pictures import flat, placed, volume
from viewer.imaging.thumbnail import thumbnail
from viewer.model.image import GreyScale, Photometric, PixelSpacing, SpacingSource


def test_a_large_image_becomes_small_in_its_proportions() -> None:
    pixels = np.full((600, 1200), 77, np.uint8)
    shown = thumbnail(flat(pixels))
    assert shown.shape == (128, 256)
    assert (shown == 77).all()


def test_a_small_image_is_not_enlarged() -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(6, 10)
    assert (thumbnail(flat(pixels)) == pixels).all()


def test_oblong_pixels_are_stretched() -> None:
    spacing = PixelSpacing(0.2, 0.1, SpacingSource.DETECTOR)
    assert thumbnail(flat(np.zeros((50, 100), np.uint8), spacing=spacing)).shape == (100, 100)


def test_colour_stays_colour() -> None:
    photo = np.zeros((300, 300, 3), np.uint8)
    photo[..., 0] = 200
    shown = thumbnail(flat(photo))
    assert shown.shape == (256, 256, 3)
    assert shown[10, 10].tolist() == [200, 0, 0]


def test_monochrome1_is_shown_bright_where_low() -> None:
    grey = GreyScale(photometric=Photometric.MONOCHROME1)
    assert (thumbnail(flat(np.zeros((4, 4), np.uint8), grey)) == 255).all()


def test_a_volume_is_seen_from_the_front() -> None:
    voxels = np.random.default_rng(1).integers(-1000, -900, (30, 40, 50)).astype(np.int16)
    voxels[22:26, 18:22, 36:40] = 3000
    for flip in (np.eye(3), np.diag([-1.0, 1.0, -1.0])):
        array = voxels if flip[0, 0] > 0 else np.ascontiguousarray(voxels[::-1, :, ::-1])
        shown = thumbnail(volume(array, placed((1, 1, 2), (0, 0, 0), flip)))
        y, x = np.unravel_index(np.argmax(shown), shown.shape)
        assert shown.shape == (60, 50)
        assert x > 30
        assert y < 20
