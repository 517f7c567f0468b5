"""Which stored values are no image (PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

from viewer.model.image import GreyScale

NO_PADDING = (1.0, 0.0)
"""A range that holds no value."""


def padding_of(grey: GreyScale) -> tuple[float, float]:
    """Return the lowest and highest padding value, or a range that holds none.

    >>> padding_of(GreyScale(padding_from=-2000)), padding_of(GreyScale())
    ((-2000.0, -2000.0), (1.0, 0.0))
    """
    if grey.padding_from is None:
        return NO_PADDING
    last = grey.padding_from if grey.padding_to is None else grey.padding_to
    return float(min(grey.padding_from, last)), float(max(grey.padding_from, last))
