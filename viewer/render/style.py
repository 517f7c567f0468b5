"""The colours and sizes that overlays are drawn with; the windows fill it from the theme."""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.model.view import Plane


@attrs.frozen
class PaneStyle:
    """Theme tokens for what lies over pictures. Colours are #RRGGBB, sizes logical pixels."""

    canvas: str = "#000000"
    line: str = "#2B3440"
    text: str = "#E6EAF0"
    text_quiet: str = "#9AA7B5"
    accent: str = "#4DA3FF"
    doubt: str = "#F2B84B"
    axial: str = "#FF6B6B"
    coronal: str = "#5BD6A0"
    sagittal: str = "#4DA3FF"
    text_px: int = 13
    letter_px: int = 15
    margin_px: int = 12
    gap_px: int = 2
    font_file: Path | None = None

    def plane(self, plane: Plane) -> str:
        """The colour of a plane's line and letter."""
        return {
            Plane.AXIAL: self.axial,
            Plane.CORONAL: self.coronal,
            Plane.SAGITTAL: self.sagittal,
        }[plane]


def rgb(colour: str) -> tuple[float, float, float]:
    """Return a #RRGGBB colour as three numbers from 0 to 1.

    >>> rgb("#FF0000")
    (1.0, 0.0, 0.0)
    """
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue
