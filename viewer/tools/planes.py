"""Cursor, scroll, pan and zoom of a volume in three linked planes."""

from __future__ import annotations

import attrs
import numpy as np

from viewer.imaging.planes import Lps, PlaneGeometry, VolumeSpace, axes_of
from viewer.model.view import Plane, PlanesView, VolumeView

ZOOM_RANGE = (0.25, 24.0)
_DEGREES_PER_PIXEL = 0.5
_FAST = 5


def place_cursor(
    view: PlanesView, space: VolumeSpace, geometry: PlaneGeometry, at: tuple[float, float]
) -> PlanesView:
    """Return the view with its cursor on the voxel nearest to a pane point."""
    return attrs.evolve(view, cursor_lps=space.snapped(geometry.pane_to_lps(at)))


def scroll(
    view: PlanesView, space: VolumeSpace, plane: Plane, steps: int, *, is_fast: bool = False
) -> PlanesView:
    """Return the view some voxels further along a plane's normal, within the volume.

    One step forward goes to the head (axial), to the back (coronal), to the patient's left
    (sagittal).
    """
    way = steps * (_FAST if is_fast else 1) * space.step_mm(plane)
    moved = np.array(view.cursor_lps) + way * np.array(axes_of(plane)[2])
    return attrs.evolve(view, cursor_lps=space.snapped((moved[0], moved[1], moved[2])))


def pan(centre: Lps, geometry: PlaneGeometry, by: tuple[float, float]) -> Lps:
    """Return the point in the panes' middles after dragging one plane `by` pane pixels."""
    right, down, _ = (np.array(axis, np.float64) for axis in axes_of(geometry.plane))
    moved = np.array(centre) - (right * by[0] + down * by[1]) * geometry.mm_per_px
    return float(moved[0]), float(moved[1]), float(moved[2])


def zoom_at(
    view: PlanesView, centre: Lps, geometry: PlaneGeometry, factor: float, at: tuple[float, float]
) -> tuple[PlanesView, Lps]:
    """Return view and centre zoomed by `factor`, the point under `at` staying there."""
    zoom = min(max(view.zoom * factor, ZOOM_RANGE[0]), ZOOM_RANGE[1])
    away = 1 - view.zoom / zoom
    middle = ((geometry.width - 1) / 2, (geometry.height - 1) / 2)
    by = ((middle[0] - at[0]) * away, (middle[1] - at[1]) * away)
    return attrs.evolve(view, zoom=zoom), pan(centre, geometry, by)


def turn(view: VolumeView, by: tuple[float, float], scale: float = 1.0) -> VolumeView:
    """Return the 3D view after dragging its surface `by` pixels.

    >>> turn(VolumeView(), (-20, 10))
    VolumeView(preset='teeth', azimuth_deg=10.0, elevation_deg=5.0, zoom=1.0)
    """
    azimuth = (view.azimuth_deg - by[0] / scale * _DEGREES_PER_PIXEL + 180) % 360 - 180
    elevation = view.elevation_deg + by[1] / scale * _DEGREES_PER_PIXEL
    return attrs.evolve(view, azimuth_deg=azimuth, elevation_deg=min(max(elevation, -89), 89))


def zoom_volume(view: VolumeView, factor: float) -> VolumeView:
    """Return the 3D view zoomed by `factor`."""
    return attrs.evolve(view, zoom=min(max(view.zoom * factor, 0.3), 12.0))
