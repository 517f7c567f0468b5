"""Dragging the window: right widens it (less contrast), up brightens."""

from __future__ import annotations

from viewer.model.image import GreyScale, Photometric
from viewer.model.view import WindowLevel

_PIXELS_FOR_WHOLE = 700.0
_FAST = 4.0


def drag_window(
    window: WindowLevel,
    by: tuple[float, float],
    grey: GreyScale,
    *,
    is_inverted: bool = False,
    is_fast: bool = False,
    scale: float = 1.0,
) -> WindowLevel:
    """Return the window after the pointer moved `by` (x, y) physical pixels.

    A wide window moves faster than a narrow one, so that both can be set finely. `scale` is
    physical pixels per logical one.

    >>> drag_window(WindowLevel(100, 200), (0, -70), GreyScale())
    WindowLevel(centre=80.0, width=200.0)
    >>> drag_window(WindowLevel(100, 200), (70, 0), GreyScale()).width
    220.0
    """
    whole = max(abs(grey.maximum - grey.minimum) * abs(grey.slope), 1.0)
    span = min(max(window.width, whole / 64), whole * 2)
    per_pixel = span / (_PIXELS_FOR_WHOLE * scale) * (_FAST if is_fast else 1.0)
    is_dark_high = is_inverted != (grey.photometric is Photometric.MONOCHROME1)
    up = by[1] if not is_dark_high else -by[1]
    least = 1.0 if whole > 2 else 0.001
    return WindowLevel(window.centre + up * per_pixel, max(window.width + by[0] * per_pixel, least))
