"""Where the pixels of a flat image lie on screen: zoom, pan, flips, quarter turns, pixel aspect.

Three frames: *image* (column, row; 0 at the first pixel's centre), *turned* (the same after flips
and quarter turns) and *pane* (screen pixels; 0 at the first one's centre, y down).
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging.sampling import Taps, taps
from viewer.model.view import RadiographView

Point = tuple[float, float]

_OPPOSITE = str.maketrans("RLAPHF", "LRPAFH")


@attrs.frozen
class FlatGeometry:
    """How an image of `columns` x `rows` lies in a pane of `width` x `height` screen pixels.

    `aspect` is the height of an image pixel over its width (1 when unknown).

    >>> from viewer.model.view import WindowLevel
    >>> g = FlatGeometry(100, 50, 1.0, 200, 200, RadiographView(WindowLevel(0, 1)))
    >>> g.zoom, g.pane_to_image((99.5, 99.5)), g.image_to_pane((49.5, 24.5))
    (2.0, (49.5, 24.5), (99.5, 99.5))
    """

    columns: int
    rows: int
    aspect: float
    width: int
    height: int
    view: RadiographView

    @property
    def _odd(self) -> bool:
        return self.view.quarter_turns % 2 == 1

    @property
    def turned_size(self) -> tuple[int, int]:
        """Columns and rows after turning."""
        return (self.rows, self.columns) if self._odd else (self.columns, self.rows)

    @property
    def _proportion(self) -> Point:
        return (self.aspect, 1.0) if self._odd else (1.0, self.aspect)

    @property
    def fit_zoom(self) -> float:
        """The zoom at which the whole image is just seen."""
        columns, rows = self.turned_size
        px, py = self._proportion
        return min(self.width / (columns * px), self.height / (rows * py))

    @property
    def zoom(self) -> float:
        """Screen pixels per image pixel along a row."""
        return self.fit_zoom if self.view.zoom is None else self.view.zoom

    @property
    def middle(self) -> Point:
        """The image point (column, row) in the middle of the pane."""
        return self.view.pan or ((self.columns - 1) / 2, (self.rows - 1) / 2)

    def image_to_turned(self, point: Point) -> Point:
        """Flips first, then quarter turns clockwise."""
        x, y, columns, rows = point[0], point[1], self.columns, self.rows
        x = columns - 1 - x if self.view.flipped_horizontally else x
        y = rows - 1 - y if self.view.flipped_vertically else y
        for _ in range(self.view.quarter_turns % 4):
            x, y, columns, rows = rows - 1 - y, x, rows, columns
        return x, y

    def turned_to_image(self, point: Point) -> Point:
        """Undo `image_to_turned`."""
        (x, y), (columns, rows) = point, self.turned_size
        for _ in range(self.view.quarter_turns % 4):
            x, y, columns, rows = y, columns - 1 - x, rows, columns
        x = columns - 1 - x if self.view.flipped_horizontally else x
        y = rows - 1 - y if self.view.flipped_vertically else y
        return x, y

    def _axes(self) -> tuple[Point, Point]:
        """Origin (turned coordinate of pane pixel 0) and step, for x and for y."""
        middle = self.image_to_turned(self.middle)
        found = []
        for at, size, proportion in zip(
            middle, (self.width, self.height), self._proportion, strict=True
        ):
            step = 1.0 / (self.zoom * proportion)
            origin = at - (size - 1) / 2 * step
            found.append((_on_grid(origin, step), step))
        return found[0], found[1]

    def pane_to_image(self, pane: Point) -> Point:
        """Return the image point under a pane point."""
        (x0, dx), (y0, dy) = self._axes()
        return self.turned_to_image((x0 + pane[0] * dx, y0 + pane[1] * dy))

    def image_to_pane(self, point: Point) -> Point:
        """Return where an image point appears."""
        (x0, dx), (y0, dy) = self._axes()
        x, y = self.image_to_turned(point)
        return (x - x0) / dx, (y - y0) / dy

    def sampling(self) -> tuple[Taps, Taps]:
        """Return the taps across and down, on the turned image."""
        columns, rows = self.turned_size
        (x0, dx), (y0, dy) = self._axes()
        return taps(columns, self.width, x0, dx), taps(rows, self.height, y0, dy)


def _on_grid(origin: float, step: float) -> float:
    """At 1:1 let screen pixels coincide with image pixels, so that nothing is blurred."""
    return float(round(origin)) if abs(step - 1.0) < 1e-9 else origin


def turned(pixels: NDArray[np.generic], view: RadiographView) -> NDArray[np.generic]:
    """Return [j, i] or [j, i, c] pixels flipped and turned as the view asks, C order.

    >>> from viewer.model.view import WindowLevel
    >>> v = RadiographView(WindowLevel(0, 1), quarter_turns=1)
    >>> turned(np.array([[1, 2], [3, 4]]), v).tolist()
    [[3, 1], [4, 2]]
    """
    shown = pixels[:, ::-1] if view.flipped_horizontally else pixels
    shown = shown[::-1] if view.flipped_vertically else shown
    return np.ascontiguousarray(np.rot90(shown, -view.quarter_turns, axes=(0, 1)))


def edge_letters(orientation: tuple[str, str], view: RadiographView) -> dict[str, str]:
    """Return the letters at the left, right, top and bottom edge of a turned image.

    Parameters
    ----------
    orientation : (str, str)
        PatientOrientation: where a row's right end and a column's lower end point.
        Source: PS3.3 C.7.6.1.1.1.

    Examples
    --------
    >>> from viewer.model.view import WindowLevel
    >>> edge_letters(("L", "F"), RadiographView(WindowLevel(0, 1)))
    {'left': 'R', 'right': 'L', 'top': 'H', 'bottom': 'F'}
    >>> edge_letters(("L", "F"), RadiographView(WindowLevel(0, 1), quarter_turns=1))
    {'left': 'F', 'right': 'H', 'top': 'R', 'bottom': 'L'}
    """
    right, bottom = orientation
    left, top = right.translate(_OPPOSITE), bottom.translate(_OPPOSITE)
    if view.flipped_horizontally:
        left, right = right, left
    if view.flipped_vertically:
        top, bottom = bottom, top
    for _ in range(view.quarter_turns % 4):
        left, top, right, bottom = bottom, left, top, right
    return {"left": left, "right": right, "top": top, "bottom": bottom}
