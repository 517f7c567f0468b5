"""Pan and zoom of a flat image; the point under the hand stays under it."""

from __future__ import annotations

import attrs

from viewer.imaging.flat import FlatGeometry
from viewer.model.view import RadiographView

ZOOM_RANGE = (0.02, 32.0)
_PER_WHEEL_STEP = 1.2
_PER_DRAG_PIXEL = 1.006


def pan(geometry: FlatGeometry, by: tuple[float, float]) -> RadiographView:
    """Return the view after dragging the image `by` pane pixels."""
    middle = ((geometry.width - 1) / 2 - by[0], (geometry.height - 1) / 2 - by[1])
    x0, y0 = geometry.pane_to_image(middle)
    held = attrs.evolve(geometry.view, zoom=geometry.view.zoom)
    limit_x, limit_y = geometry.columns - 0.5, geometry.rows - 0.5
    return attrs.evolve(held, pan=(min(max(x0, -0.5), limit_x), min(max(y0, -0.5), limit_y)))


def zoom_at(geometry: FlatGeometry, factor: float, at: tuple[float, float]) -> RadiographView:
    """Return the view zoomed by `factor`, the image point at pane point `at` staying there."""
    zoom = min(max(geometry.zoom * factor, ZOOM_RANGE[0]), ZOOM_RANGE[1])
    return keep(geometry, zoom, at)


def keep(geometry: FlatGeometry, zoom: float, at: tuple[float, float]) -> RadiographView:
    """Return the view at a zoom, the image point at pane point `at` staying there."""
    held = geometry.pane_to_image(at)
    centred = attrs.evolve(geometry, view=attrs.evolve(geometry.view, zoom=zoom, pan=held))
    middle = ((geometry.width - 1) / 2, (geometry.height - 1) / 2)
    shifted = (2 * middle[0] - at[0], 2 * middle[1] - at[1])
    return attrs.evolve(centred.view, pan=centred.pane_to_image(shifted))


def wheel_factor(steps: float) -> float:
    """Return the zoom factor of wheel steps (up enlarges)."""
    return float(_PER_WHEEL_STEP**steps)


def drag_factor(by: tuple[float, float], scale: float = 1.0) -> float:
    """Return the zoom factor of a drag: up enlarges."""
    return float(_PER_DRAG_PIXEL ** (-by[1] / scale))
