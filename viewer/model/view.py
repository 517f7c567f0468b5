"""How a person looks at an image: frozen view states that widgets replace and renderers draw."""

from __future__ import annotations

from enum import Enum

import attrs

from viewer.model.image import GreyScale


@attrs.frozen
class WindowLevel:
    """The window in modality values: `centre` and full `width` (> 0)."""

    centre: float
    width: float

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
    Flips apply before `quarter_turns` (clockwise).
    """

    window: WindowLevel
    inverted: bool = False
    zoom: float | None = None
    pan: tuple[float, float] | None = None
    quarter_turns: int = 0
    flipped_horizontally: bool = False
    flipped_vertically: bool = False

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


def first_window(grey: GreyScale) -> WindowLevel:
    """Return the window an image opens with: the header's first, else its whole range."""
    if grey.windows:
        header = grey.windows[0]
        if header.width >= 1:
            return WindowLevel(header.centre, header.width)
    low = grey.minimum * grey.slope + grey.intercept
    high = grey.maximum * grey.slope + grey.intercept
    return WindowLevel((low + high) / 2, max(abs(high - low), 1.0))
