"""The colours and sizes that overlays are drawn with; the windows fill it from the theme."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.resources import resource_path
from viewer.model.view import Plane


class Side(Enum):
    """Which side of a text its position is at; also how its lines are aligned."""

    START = 0
    MIDDLE = 1
    END = 2


Lettering = Callable[[tuple[str, ...], float, bool, Side], NDArray[np.uint8]]
"""(lines, size in physical px, bold, alignment) to ink: (rows, columns) uint8, top row first."""


@attrs.frozen
class PaneStyle:
    """Theme tokens for what lies over pictures. Colours are #RRGGBB, sizes logical pixels."""

    canvas: str = "#000000"
    raised: str = "#161B22"
    line: str = "#2B3440"
    text: str = "#E6EAF0"
    text_quiet: str = "#9AA7B5"
    accent: str = "#4DA3FF"
    doubt: str = "#F2B84B"
    axial: str = "#FF6B6B"
    coronal: str = "#5BD6A0"
    sagittal: str = "#4DA3FF"
    text_px: int = 13
    small_px: int = 11
    letter_px: int = 15
    margin_px: int = 12
    gap_px: int = 2
    radius_px: int = 6
    target_px: int = 32
    font_file: Path | None = attrs.field(factory=lambda: own_font())  # noqa: PLW0108 - defined below
    lettering: Lettering | None = None

    def plane(self, plane: Plane) -> str:
        """The colour of a plane's line and letter."""
        return {
            Plane.AXIAL: self.axial,
            Plane.CORONAL: self.coronal,
            Plane.SAGITTAL: self.sagittal,
        }[plane]


def own_font() -> Path | None:
    """Return the font file shipped with the program; None where it is missing."""
    font = resource_path("fonts", "Inter-Medium.otf")
    return font if font.is_file() else None


def rgb(colour: str) -> tuple[float, float, float]:
    """Return a #RRGGBB colour as three numbers from 0 to 1.

    >>> rgb("#FF0000")
    (1.0, 0.0, 0.0)
    """
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue
