"""Flat geometry: turned, flipped, zoomed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from viewer.imaging import kernels
from viewer.imaging.flat import FlatGeometry, edge_letters, turned
from viewer.model.view import RadiographView, WindowLevel

_WINDOW = WindowLevel(0, 1)
_VIEWS = [
    RadiographView(_WINDOW, False, zoom, pan, turns, across, down)
    for zoom, pan, turns, across, down in product(
        (None, 1.0, 2.5), (None, (3.0, 7.0)), range(4), (False, True), (False, True)
    )
]


@pytest.mark.parametrize("view", _VIEWS)
def test_the_pixel_under_a_pane_point_is_the_one_that_is_drawn_there(view: RadiographView) -> None:
    image = np.arange(24 * 31, dtype=np.float32).reshape(24, 31)
    geometry = FlatGeometry(31, 24, 1.0, 60, 50, view)
    whole = np.ascontiguousarray(turned(image, view))
    shown = np.empty((50, 60), np.float32)
    kernels.resample(whole, *geometry.sampling(), shown)
    checked = 0
    for x, y in product(range(0, 60, 7), range(0, 50, 7)):
        i, j = geometry.pane_to_image((x, y))
        if 1 <= i <= 29 and 1 <= j <= 22:
            assert shown[y, x] == pytest.approx(j * 31 + i, abs=0.02)
            assert geometry.image_to_pane((i, j)) == pytest.approx((x, y))
            checked += 1
    assert checked > 0


def test_fitted_an_image_fills_the_pane_along_one_side() -> None:
    geometry = FlatGeometry(100, 50, 2.0, 400, 300, RadiographView(_WINDOW))
    assert geometry.zoom == pytest.approx(3.0)
    left, top = geometry.image_to_pane((-0.5, -0.5))
    assert top == pytest.approx(-0.5)
    assert left == pytest.approx(49.5)


def test_one_to_one_shows_stored_values_unblurred() -> None:
    image = np.random.default_rng(3).integers(0, 255, (40, 41)).astype(np.uint8)
    view = RadiographView(_WINDOW, zoom=1.0)
    shown = np.empty((30, 30), np.float32)
    kernels.resample(image, *FlatGeometry(41, 40, 1.0, 30, 30, view).sampling(), shown)
    x, y = (round(v) for v in FlatGeometry(41, 40, 1.0, 30, 30, view).pane_to_image((0, 0)))
    assert (shown == image[y : y + 30, x : x + 30]).all()


def test_letters_turn_with_the_image() -> None:
    view = RadiographView(_WINDOW, flipped_horizontally=True)
    assert edge_letters(("L", "F"), view)["right"] == "R"
    twice = RadiographView(_WINDOW, quarter_turns=2)
    assert edge_letters(("A", "F"), twice) == {"left": "A", "right": "P", "top": "F", "bottom": "H"}
