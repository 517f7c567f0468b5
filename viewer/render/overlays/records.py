"""Overlay records. Positions are pane pixels (physical, y down), sizes are logical pixels."""

from __future__ import annotations

import attrs

from viewer.render.style import Side


@attrs.frozen
class Text:
    """Lines of text with a dark halo, at (x, y): `across` START is its left, `down` its top.

    `is_lively` says that the words change while a hand moves.
    """

    x: float
    y: float
    lines: tuple[str, ...] = attrs.field(repr=False)
    colour: str
    size_px: int = 13
    across: Side = Side.START
    down: Side = Side.START
    is_bold: bool = False
    is_lively: bool = False


@attrs.frozen
class Bars:
    """Filled boxes (left, top, right, bottom) of whole pixels, right and bottom excluded."""

    boxes: tuple[tuple[int, int, int, int], ...]
    colour: str
    opacity: float = 1.0
    is_lively: bool = True


Overlay = Text | Bars


def crosshair(
    at: tuple[int, int], size: tuple[int, int], colours: tuple[str, str], gap: int, wide: int
) -> tuple[Bars, Bars]:
    """Return the vertical and the horizontal line, `wide` pixels, through `at`, with a gap there.

    `colours` are those of the planes that the vertical and the horizontal line stand for.
    """
    (x, y), (width, height) = at, size
    left, top = x - wide // 2, y - wide // 2
    vertical = ((left, 0, left + wide, y - gap), (left, y + gap, left + wide, height))
    horizontal = ((0, top, x - gap, top + wide), (x + gap, top, width, top + wide))
    return Bars(vertical, colours[0], 0.8), Bars(horizontal, colours[1], 0.8)
