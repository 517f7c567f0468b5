"""How a person looks at an image: frozen view states that widgets replace and renderers draw."""

from __future__ import annotations

from enum import Enum

import attrs

from viewer.model.image import GreyScale


@attrs.frozen
class WindowLevel:
    """The window in modality values: `centre` and full `width` (> 0).

    With a `table` that one of the grey scale's tables is meant; the window comes near it.
    """

    centre: float
    width: float
    table: int | None = None

    @property
    def low(self) -> float:
        """Lower end in modality values."""
        return self.centre - self.width / 2

    @property
    def high(self) -> float:
        """Upper end in modality values."""
        return self.centre + self.width / 2


@attrs.frozen
class RadiographView:
    """A flat image on screen.

    `zoom` is screen pixels per image pixel (None: fit); `pan` is the image point (column, row, 0
    at the first pixel's centre) in the middle of the viewport (None: the image's middle).
    Flips apply before `quarter_turns` (clockwise). `frame` counts from 0.
    """

    window: WindowLevel
    inverted: bool = False
    zoom: float | None = None
    pan: tuple[float, float] | None = None
    quarter_turns: int = 0
    flipped_horizontally: bool = False
    flipped_vertically: bool = False
    frame: int = 0
    has_overlays: bool = True

    @property
    def is_as_acquired(self) -> bool:
        """Whether neither turned, flipped nor inverted."""
        return not (
            self.inverted
            or self.quarter_turns % 4
            or self.flipped_horizontally
            or self.flipped_vertically
        )


class Plane(Enum):
    """The three anatomical planes."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@attrs.frozen
class PlanesView:
    """A volume in three linked planes through `cursor_lps` (mm), one window for all."""

    window: WindowLevel
    cursor_lps: tuple[float, float, float]
    inverted: bool = False
    zoom: float = 1.0
    slab_mm: float = 0.0


@attrs.frozen
class VolumeView:
    """The 3D picture: preset name and camera direction (azimuth, elevation in degrees)."""

    preset: str = "teeth"
    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0
    zoom: float = 1.0


AUTOMATIC = "automatic"
"""Name of a window that was chosen here: the header has none, or one that shows nothing."""


def table_window(grey: GreyScale, number: int) -> WindowLevel:
    """Return the window that stands for one of the grey scale's tables."""
    table = grey.tables[number]
    return WindowLevel(table.centre, table.width, number)


def first_window(grey: GreyScale) -> WindowLevel:
    """Return what an image opens with: the header's table, its first window, else all values."""
    if grey.tables and not (grey.windows and grey.windows[0].name == AUTOMATIC):
        return table_window(grey, 0)
    if grey.windows:
        header = grey.windows[0]
        if header.width >= 1 or (header.width > 0 and header.function == "LINEAR_EXACT"):
            return WindowLevel(header.centre, header.width)
    low = grey.minimum * grey.slope + grey.intercept
    high = grey.maximum * grey.slope + grey.intercept
    return WindowLevel((low + high) / 2, max(abs(high - low), 1.0))
