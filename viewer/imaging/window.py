"""From stored values to grey levels: rescale, window or table, photometric meaning in one step.

Source: PS3.3 C.11.1 (modality LUT), C.11.2.1.1 (VOI LUT), C.11.2.1.2 (window functions), C.11.6
(presentation LUT), C.7.6.3.1.2 (photometric).
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.image import GreyScale, Photometric, ValueTable
from viewer.model.view import WindowLevel

LINEAR = "LINEAR"
LINEAR_EXACT = "LINEAR_EXACT"
SIGMOID = "SIGMOID"

_STEEPEST = 1e6
_SIGMOID_SIZE = 4096
_SIGMOID_REACH = 2.0
_PRESENTED_SIZE = 4096


@attrs.frozen(eq=False)
class Transfer:
    """Stored value to grey: `t = value * gain + offset`, clamped, rounded half up.

    Without a `table` t is the grey level itself (0-255). With one (shape (n,), uint8) t is a
    position in it (0 to n-1); curved functions and the header's tables are such.
    NaN stays outside: it becomes 0 whatever the window says.
    """

    gain: float
    offset: float
    table: NDArray[np.uint8] | None = None


def window_function_of(grey: GreyScale) -> str:
    """Return the function that belongs to the window an image opens with.

    A window made here spans the range it names, hence LINEAR_EXACT; the header's names its own.
    """
    if grey.windows and (grey.windows[0].width >= 1 or grey.windows[0].function == LINEAR_EXACT):
        function = grey.windows[0].function.upper() or LINEAR
        return function if function in (LINEAR, LINEAR_EXACT, SIGMOID) else LINEAR
    return LINEAR_EXACT


def transfer_of(
    window: WindowLevel, grey: GreyScale, *, inverted: bool = False, function: str | None = None
) -> Transfer:
    """Return the transfer of stored values to grey levels.

    Parameters
    ----------
    window : WindowLevel
        In modality values.
    grey : GreyScale
        Slope, intercept and photometric interpretation of the stored values.
    inverted : bool
        Black and white exchanged on top of what the photometric interpretation asks for.
    function : str, optional
        LINEAR, LINEAR_EXACT or SIGMOID; the header's when left out.

    Examples
    --------
    >>> t = transfer_of(WindowLevel(127.5, 255), GreyScale())
    >>> t.gain, t.offset
    (1.0, 0.0)
    >>> t = transfer_of(WindowLevel(50, 101), GreyScale(), function="LINEAR")
    >>> round(0 * t.gain + t.offset, 3), round(99.5 * t.gain + t.offset, 3)
    (1.275, 255.0)
    """
    if grey.presentation is not None:
        plain = attrs.evolve(grey, presentation=None, photometric=Photometric.MONOCHROME2)
        shown = transfer_of(window, plain, function=function)
        return _presented(shown, grey.presentation, flipped=inverted)
    flipped = inverted != (grey.photometric is Photometric.MONOCHROME1)
    if window.table is not None and window.table < len(grey.tables):
        return _looked_up(grey.tables[window.table], grey, flipped=flipped)
    chosen = function or window_function_of(grey)
    if chosen == SIGMOID:
        return _sigmoid(window, grey, flipped)
    if chosen == LINEAR:
        low, span = window.centre - 0.5 - (window.width - 1) / 2, window.width - 1
    else:
        low, span = window.low, window.width
    per_value = 255.0 / span if span > 255.0 / _STEEPEST else _STEEPEST
    gain = per_value * grey.slope
    offset = (grey.intercept - low) * per_value
    return Transfer(-gain, 255.0 - offset) if flipped else Transfer(gain, offset)


def _looked_up(table: ValueTable, grey: GreyScale, *, flipped: bool) -> Transfer:
    """Return the transfer through a VOI LUT: values beyond its ends take those of its ends."""
    most = float((1 << table.bits) - 1)
    levels = np.floor(np.minimum(table.entries / most, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return Transfer(grey.slope, grey.intercept - table.first, 255 - levels if flipped else levels)


def _presented(shown: Transfer, table: ValueTable, *, flipped: bool) -> Transfer:
    """Return a transfer whose grey levels go through a presentation LUT besides."""
    entries, most = table.entries, float((1 << table.bits) - 1)
    if shown.table is None:
        scale = (_PRESENTED_SIZE - 1) / 255.0
        place = np.arange(_PRESENTED_SIZE) / (_PRESENTED_SIZE - 1)
        shown = Transfer(shown.gain * scale, shown.offset * scale)
    else:
        place = shown.table / 255.0
    index = np.floor(place * (len(entries) - 1) + 0.5).astype(np.int64)
    levels = np.floor(np.minimum(entries[index] / most, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return attrs.evolve(shown, table=255 - levels if flipped else levels)


def _sigmoid(window: WindowLevel, grey: GreyScale, flipped: bool) -> Transfer:
    u = np.linspace(-_SIGMOID_REACH, _SIGMOID_REACH, _SIGMOID_SIZE)
    table = np.floor(255.0 / (1.0 + np.exp(-4.0 * u)) + 0.5).astype(np.uint8)
    per_value = (_SIGMOID_SIZE - 1) / (2 * _SIGMOID_REACH) / max(window.width, 1e-6)
    offset = (grey.intercept - window.centre) * per_value + (_SIGMOID_SIZE - 1) / 2
    return Transfer(grey.slope * per_value, offset, 255 - table if flipped else table)
