"""What hands do on a pane, free of any toolkit. Positions are pane pixels, physical, y down."""

from __future__ import annotations

from enum import Enum

import attrs

Point = tuple[float, float]


class Tool(Enum):
    """What a left-drag (or one finger) does."""

    POINTER = "pointer"
    WINDOW = "window"
    PAN = "pan"
    ZOOM = "zoom"


class Button(Enum):
    """What is held down; a finger counts as LEFT."""

    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


class Phase(Enum):
    """Where in a drag we are."""

    BEGIN = "begin"
    MOVE = "move"
    END = "end"


@attrs.frozen
class Drag:
    """A press, a move while pressed, or the release. `by` is the way since the last event."""

    phase: Phase
    button: Button
    at: Point
    by: Point
    is_fast: bool = False
    is_window: bool = False


@attrs.frozen
class Wheel:
    """`steps` of the wheel (up > 0, fractions from touch pads) at a point."""

    at: Point
    steps: float
    is_fast: bool = False
    is_zoom: bool = False


@attrs.frozen
class Pinch:
    """Two fingers: grown by `factor` about `at`, moved `by`."""

    at: Point
    by: Point
    factor: float


@attrs.frozen
class DoubleTap:
    """A double click or double tap."""

    at: Point


Gesture = Drag | Wheel | Pinch | DoubleTap

_BY_BUTTON = {Button.MIDDLE: Tool.PAN, Button.RIGHT: Tool.ZOOM}


def tool_of(drag: Drag, active: Tool) -> Tool:
    """Return what a drag does: middle pans, right zooms, left the active tool.

    >>> tool_of(Drag(Phase.MOVE, Button.MIDDLE, (0, 0), (0, 0)), Tool.WINDOW)
    <Tool.PAN: 'pan'>
    """
    if drag.button is Button.LEFT and drag.is_window:
        return Tool.WINDOW
    return _BY_BUTTON.get(drag.button, active)
