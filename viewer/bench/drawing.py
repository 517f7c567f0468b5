"""From stored values to the 8-bit pictures of a screen, by the kernels that the panes use.

Drawing them into a window is the renderer's part and not in here.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.imaging.flat import FlatGeometry
from viewer.imaging.kernels.bands import in_bands
from viewer.imaging.padding import padding_of
from viewer.imaging.planes import (
    PlaneGeometry,
    VolumeSpace,
    fit_mm_per_px,
    sample_plane,
    space_of,
    with_depth,
)
from viewer.imaging.presets import presets
from viewer.imaging.raycast import look, prepare, shot
from viewer.imaging.window import transfer_of
from viewer.model.image import GreyScale, ImageRecord, Picture
from viewer.model.view import Plane, RadiographView, VolumeView, WindowLevel, first_window

Picture8 = NDArray[np.uint8]
SCREEN = (1080, 1920)
_SKETCH, _PREVIEW_PX = 64, 160


def grey_of(values: NDArray[np.generic], grey: GreyScale) -> Picture8:
    """Return (rows, columns) values through the window that they open with, size unchanged."""
    shown = np.empty(values.shape, np.uint8)
    window_into(values.astype(np.float32), grey, first_window(grey), shown)
    return shown


def window_into(
    values: NDArray[np.float32], grey: GreyScale, window: WindowLevel, out: Picture8
) -> None:
    """Turn float32 values into grey levels of the same shape."""
    kernels.window(values, transfer_of(window, grey), out)


def fit_flat(record: ImageRecord, pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return a radiograph's values fitted into a screen of 1920 x 1080."""
    rows, columns = pixels.shape
    view = RadiographView(first_window(record.grey))
    geometry = FlatGeometry(columns, rows, 1.0, SCREEN[1], SCREEN[0], view)
    values = np.empty(SCREEN, np.float32)
    kernels.resample(pixels, *geometry.sampling(), values, padding_of(record.grey))
    return values


def flat_picture(record: ImageRecord, pixels: NDArray[np.generic]) -> Picture8:
    """Return a radiograph as it opens on a screen of 1920 x 1080."""
    return grey_of(fit_flat(record, pixels), record.grey)


def preview_3d(picture: Picture) -> Picture8:
    """Return the first 3D picture of a volume, as its pane takes it: a sketch, 160 pixels wide."""
    volume = prepare(picture, _SKETCH)
    preset = presets()[0]
    taken = shot(volume, look(volume, preset), VolumeView(), _PREVIEW_PX, _PREVIEW_PX, fine=False)
    shown = np.zeros((_PREVIEW_PX, _PREVIEW_PX, 3), np.uint8)
    depth = np.zeros((_PREVIEW_PX, _PREVIEW_PX), np.float32)
    in_bands(shown.shape[:2], lambda a, b: taken.rows(a, shown[a:b], depth[a:b]), costly=64)
    return shown


@attrs.frozen(eq=False)
class Panes:
    """Three linked panes that show a whole volume; buffers are kept from step to step."""

    record: ImageRecord
    space: VolumeSpace
    values: tuple[NDArray[np.float32], ...]
    pictures: tuple[Picture8, ...]
    source: VolumeSpace | None = None

    @classmethod
    def of(cls, record: ImageRecord, pane: tuple[int, int]) -> Panes:
        """Return panes of `pane` (rows, columns) for a volume.

        Raises
        ------
        ValueError
            The record is no volume.
        """
        if record.affine_lps is None:
            raise ValueError("only a volume is shown in planes")
        space = space_of(record.shape, np.array(record.affine_lps))
        values = tuple(np.empty(pane, np.float32) for _ in Plane)
        return cls(record, space, values, tuple(np.empty(pane, np.uint8) for _ in Plane))

    def show_overview(self, overview: Picture) -> tuple[Picture8, ...]:
        """Show the overview of the volume at the same places as the volume itself."""
        source = space_of(overview.pixels.shape, overview.affine)
        return attrs.evolve(self, source=source).show(overview.pixels)

    def show(self, volume: NDArray[np.generic], steps: int = 0) -> tuple[Picture8, ...]:
        """Cut and window all three planes, `steps` wheel steps off the middle."""
        middle = np.array(self.space.middle_lps) + steps * self.space.spacing_mm
        cursor = self.space.snapped((middle[0], middle[1], middle[2]))
        for plane, values in zip(Plane, self.values, strict=True):
            geometry = self._geometry(plane, cursor, values.shape)
            padding = padding_of(self.record.grey)
            sample_plane(volume, self.source or self.space, geometry, values, padding)
        return self.window(0.0)

    def window(self, brighter: float) -> tuple[Picture8, ...]:
        """Window what was cut, with a centre `brighter` grey values off the opening one."""
        opening = first_window(self.record.grey)
        moved = WindowLevel(opening.centre - brighter, opening.width)
        for values, picture in zip(self.values, self.pictures, strict=True):
            window_into(values, self.record.grey, moved, picture)
        return self.pictures

    def _geometry(
        self, plane: Plane, cursor: tuple[float, float, float], shape: tuple[int, ...]
    ) -> PlaneGeometry:
        rows, columns = shape
        centre = with_depth(plane, self.space.middle_lps, cursor)
        scale = fit_mm_per_px(self.space, plane, columns, rows)
        return PlaneGeometry(plane, centre, scale, columns, rows)


def counter() -> Callable[[], int]:
    """Return a function that counts 0, 1, 2, …: every step shows another plane.

    >>> step = counter()
    >>> step(), step()
    (0, 1)
    """
    counted = -1

    def count() -> int:
        nonlocal counted
        counted += 1
        return counted

    return count
