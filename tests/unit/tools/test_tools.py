"""Gestures become view states; what is under the hand stays under it."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from tests.support.pictures import placed
from viewer.imaging.flat import FlatGeometry
from viewer.imaging.planes import PlaneGeometry, space_of
from viewer.model.image import GreyScale, Photometric
from viewer.model.view import Plane, PlanesView, RadiographView, VolumeView, WindowLevel
from viewer.tools import flat, planes
from viewer.tools.gestures import Button, Drag, Phase, Tool, tool_of
from viewer.tools.window_level import drag_window

_WINDOW = WindowLevel(100, 200)
_VIEWS = [
    RadiographView(_WINDOW, zoom=0.8, quarter_turns=turns, flipped_horizontally=mirror)
    for turns in range(4)
    for mirror in (False, True)
]


@pytest.mark.parametrize("view", _VIEWS)
def test_panning_moves_the_image_with_the_hand(view: RadiographView) -> None:
    geometry = FlatGeometry(300, 200, 1.0, 120, 90, view)
    held = geometry.pane_to_image((40, 30))
    moved = attrs.evolve(geometry, view=flat.pan(geometry, (11, -7)))
    assert moved.image_to_pane(held) == pytest.approx((51, 23))


@pytest.mark.parametrize("view", _VIEWS)
def test_zooming_keeps_the_point_under_the_pointer(view: RadiographView) -> None:
    geometry = FlatGeometry(300, 200, 1.0, 120, 90, view)
    held = geometry.pane_to_image((90, 20))
    zoomed = attrs.evolve(geometry, view=flat.zoom_at(geometry, 1.7, (90, 20)))
    assert zoomed.zoom == pytest.approx(0.8 * 1.7)
    assert zoomed.image_to_pane(held) == pytest.approx((90, 20))


def test_zoom_has_ends() -> None:
    geometry = FlatGeometry(300, 200, 1.0, 120, 90, RadiographView(_WINDOW))
    assert flat.zoom_at(geometry, 1e9, (0, 0)).zoom == flat.ZOOM_RANGE[1]
    assert flat.zoom_at(geometry, 1e-9, (0, 0)).zoom == flat.ZOOM_RANGE[0]


def test_the_image_can_not_be_lost_by_panning() -> None:
    geometry = FlatGeometry(300, 200, 1.0, 120, 90, RadiographView(_WINDOW))
    lost = flat.pan(geometry, (1e6, 1e6))
    assert lost.pan == (-0.5, -0.5)


def test_dragging_up_brightens_whatever_the_photometric() -> None:
    one = GreyScale(photometric=Photometric.MONOCHROME1)
    assert drag_window(_WINDOW, (0, -50), GreyScale()).centre < 100
    assert drag_window(_WINDOW, (0, -50), one).centre > 100
    assert drag_window(_WINDOW, (0, -50), one, is_inverted=True).centre < 100


def test_a_window_never_closes_and_ctrl_is_faster() -> None:
    assert drag_window(_WINDOW, (-1e6, 0), GreyScale()).width == 1.0
    slow, fast = (drag_window(_WINDOW, (9, 0), GreyScale(), is_fast=f).width for f in (False, True))
    assert fast - 200 == pytest.approx(4 * (slow - 200))


def test_buttons_mean_what_clinicians_expect() -> None:
    def drag(button: Button, *, shift: bool = False) -> Drag:
        return Drag(Phase.MOVE, button, (0, 0), (0, 0), is_window=shift)

    assert tool_of(drag(Button.MIDDLE), Tool.POINTER) is Tool.PAN
    assert tool_of(drag(Button.RIGHT), Tool.POINTER) is Tool.ZOOM
    assert tool_of(drag(Button.LEFT), Tool.POINTER) is Tool.POINTER
    assert tool_of(drag(Button.LEFT, shift=True), Tool.POINTER) is Tool.WINDOW


def test_the_cursor_lands_on_the_nearest_voxel() -> None:
    space = space_of((10, 20, 30), placed((0.5, 0.5, 2.0)))
    view = PlanesView(_WINDOW, (5.0, 5.0, 8.0))
    geometry = PlaneGeometry(Plane.AXIAL, (7.0, 4.0, 8.0), 0.1, 101, 101)
    placed_view = planes.place_cursor(view, space, geometry, (73, 50))
    assert placed_view.cursor_lps == pytest.approx((9.5, 4.0, 8.0))


@pytest.mark.parametrize(("plane", "axis"), [
    (Plane.AXIAL, 2), (Plane.CORONAL, 1), (Plane.SAGITTAL, 0),
])  # fmt: skip
def test_a_wheel_step_is_one_voxel_and_stops_at_the_end(plane: Plane, axis: int) -> None:
    space = space_of((10, 20, 30), placed((0.5, 0.4, 2.0)))
    view = PlanesView(_WINDOW, space.snapped(space.middle_lps))
    step = (0.5, 0.4, 2.0)[axis]
    moved = planes.scroll(view, space, plane, 1)
    away = np.array(moved.cursor_lps) - np.array(view.cursor_lps)
    assert away[axis] == pytest.approx(step)
    assert np.abs(np.delete(away, axis)).max() < 1e-9
    last = planes.scroll(view, space, plane, 999).cursor_lps[axis]
    assert last == pytest.approx((29 * 0.5, 19 * 0.4, 9 * 2.0)[axis])


def test_zooming_planes_keeps_the_point_under_the_pointer() -> None:
    view, centre = PlanesView(_WINDOW, (1, 2, 3)), (5.0, 6.0, 3.0)
    before = PlaneGeometry(Plane.AXIAL, centre, 0.4, 100, 80)
    held = before.pane_to_lps((80, 12))
    zoomed, moved = planes.zoom_at(view, centre, before, 1.5, (80, 12))
    after = PlaneGeometry(Plane.AXIAL, moved, 0.4 / zoomed.zoom, 100, 80)
    assert after.lps_to_pane(held) == pytest.approx((80, 12))


def test_turning_in_3d_wraps_round_and_stops_at_the_poles() -> None:
    assert planes.turn(VolumeView(azimuth_deg=179), (-10, 0)).azimuth_deg == pytest.approx(-176)
    assert planes.turn(VolumeView(), (0, 9999)).elevation_deg == 89
