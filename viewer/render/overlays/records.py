"""Overlay records. Positions are pane pixels (physical, y down), sizes are logical pixels."""

from __future__ import annotations

import attrs

from viewer.render.style import Side


@attrs.frozen
class Text:
    """Lines of text with a dark halo, at (x, y): `across` START is its left, `down` its top."""

    x: float
    y: float
    lines: tuple[str, ...] = attrs.field(repr=False)
    colour: str
    size_px: int = 13
    across: Side = Side.START
    down: Side = Side.START
    is_bold: bool = False


@attrs.frozen
class Segments:
    """Straight lines ((x0, y0), (x1, y1)) of one colour."""

    ends: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    colour: str
    width_px: float = 1.0
    opacity: float = 1.0


Overlay = Text | Segments


def crosshair(
    x: float, y: float, width: int, height: int, colours: tuple[str, str], gap: float
) -> tuple[Segments, Segments]:
    """Return the vertical and the horizontal line through (x, y), with a gap around it.

    `colours` are those of the planes that the vertical and the horizontal line stand for.
    """
    vertical = (((x, 0.0), (x, y - gap)), ((x, y + gap), (x, float(height))))
    horizontal = (((0.0, y), (x - gap, y)), ((x + gap, y), (float(width), y)))
    return Segments(vertical, colours[0], 1.0, 0.8), Segments(horizontal, colours[1], 1.0, 0.8)
