"""What lies over a picture: a record each, and the table of what draws which.

A new overlay is a record in `records`, a drawing function in a file of its own, a row here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vtkmodules.vtkRenderingCore import vtkProp

from viewer.render.overlays import segments, text
from viewer.render.overlays.records import Overlay, Segments, Text

DRAWERS: dict[type, Callable[[Any, int, float, Any], list[vtkProp]]] = {
    Text: text.draw,
    Segments: segments.draw,
}
"""Record class to function (record, height of the pane, scale, style) -> VTK props."""

__all__ = ["DRAWERS", "Overlay", "Segments", "Text"]
