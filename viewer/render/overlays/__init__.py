"""What lies over a picture: a record each, and the tables of what draws which.

A new overlay is a record in `records`, a drawing function in a file of its own, a row in `DRAWERS`.
One that changes while a hand moves also has a row in `INKERS`: the same pixels without a render.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vtkmodules.vtkRenderingCore import vtkProp

from viewer.render.overlays import bars, text
from viewer.render.overlays.pieces import Piece
from viewer.render.overlays.records import Bars, Overlay, Text

DRAWERS: dict[type, Callable[[Any, int, float, Any], list[vtkProp]]] = {
    Text: text.draw,
    Bars: bars.draw,
}
"""Record class to function (record, height of the pane, scale, style) -> VTK props."""

INKERS: dict[type, Callable[[Any, float, Any], list[Piece]]] = {
    Text: text.ink,
    Bars: bars.ink,
}
"""Class of lively records to function (record, scale, style) -> pieces laid over the frame."""

__all__ = ["DRAWERS", "INKERS", "Bars", "Overlay", "Piece", "Text"]
