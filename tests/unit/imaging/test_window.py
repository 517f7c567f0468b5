"""Window functions against the standard's own formulas."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.imaging import kernels
from viewer.imaging.window import transfer_of
from viewer.model.image import GreyScale, Photometric, Window
from viewer.model.view import WindowLevel, first_window


def _shown(
    stored: np.ndarray, grey: GreyScale, window: WindowLevel, *, inverted: bool = False
) -> np.ndarray:
    out = np.zeros((1, stored.size), np.uint8)
    values = stored.astype(np.float32)[None]
    kernels.window(values, transfer_of(window, grey, inverted=inverted), out)
    return out[0].astype(int)


def _by_the_standard(x: np.ndarray, c: float, w: float, function: str) -> np.ndarray:
    if function == "LINEAR":
        y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
        y = np.where(x <= c - 0.5 - (w - 1) / 2, 0, np.where(x > c - 0.5 + (w - 1) / 2, 255, y))
    elif function == "LINEAR_EXACT":
        y = ((x - c) / w + 0.5) * 255
        y = np.where(x <= c - w / 2, 0, np.where(x > c + w / 2, 255, y))
    else:
        y = 255 / (1 + np.exp(np.clip(-4 * (x - c) / w, -50, 50)))
    return y


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(40.0, 400.0), (-600.5, 1500.0), (10.0, 2.0)])
def test_every_function_is_that_of_the_standard(function: str, centre: float, width: float) -> None:
    stored = np.arange(-2000, 2000, dtype=np.int16)
    grey = GreyScale(slope=1.5, intercept=-20, windows=(Window(centre, width, function),))
    shown = _shown(stored, grey, WindowLevel(centre, width))
    expected = _by_the_standard(stored * 1.5 - 20, centre, width, function)
    assert np.abs(shown - expected).max() <= (1 if function == "SIGMOID" else 0.5 + 1e-6)


def test_a_linear_window_one_wide_is_a_step() -> None:
    grey = GreyScale(windows=(Window(100, 1),))
    shown = _shown(np.array([98, 99, 100, 101]), grey, WindowLevel(100, 1))
    assert shown.tolist() == [0, 0, 255, 255]


def test_an_eight_bit_image_without_a_window_shows_as_it_is_stored() -> None:
    stored = np.arange(256, dtype=np.uint8)
    assert (_shown(stored, GreyScale(), first_window(GreyScale())) == stored).all()


@pytest.mark.parametrize("function", ["LINEAR", "SIGMOID"])
def test_monochrome1_shows_low_values_bright(function: str) -> None:
    stored = np.arange(0, 4096, 7)
    windows = (Window(2048, 3000, function),)
    one = GreyScale(photometric=Photometric.MONOCHROME1, windows=windows)
    two = GreyScale(photometric=Photometric.MONOCHROME2, windows=windows)
    shown = _shown(stored, one, WindowLevel(2048, 3000))
    plain = _shown(stored, two, WindowLevel(2048, 3000))
    assert np.abs(shown - (255 - plain)).max() <= 1
    assert shown[0] > shown[-1]


def test_inverting_monochrome1_gives_the_uninverted_other() -> None:
    stored = np.arange(256)
    one = GreyScale(photometric=Photometric.MONOCHROME1)
    shown = _shown(stored, one, WindowLevel(127.5, 255), inverted=True)
    assert (shown == stored).all()


def test_what_is_no_image_is_black_whatever_the_window() -> None:
    values = np.full((1, 3), np.nan, np.float32)
    for grey in (GreyScale(), GreyScale(photometric=Photometric.MONOCHROME1)):
        out = np.ones((1, 3), np.uint8)
        kernels.window(values, transfer_of(WindowLevel(0, 10), grey), out)
        assert not out.any()
