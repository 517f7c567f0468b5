"""One grey scale for all planes of a picture, however many its slices brought."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.image import GreyScale

RESCALED = "The slices' own rescales are applied: values are modality values."
_MOST_WHOLE = 1 << 30


def in_one_scale(
    pixels: NDArray[np.generic], greys: Sequence[GreyScale]
) -> tuple[NDArray[np.generic], GreyScale, tuple[str, ...]]:
    """Keep stored values where all planes share one rescale; else make modality values.

    Modality values are int16 where they fit, else int32, and float32 only where a slope or an
    intercept is no whole number. Padding stays padding.

    Parameters
    ----------
    pixels : ndarray, shape (planes, rows, columns) or (rows, columns)
    greys : sequence of GreyScale
        One for each plane.
    """
    scales = {(grey.slope, grey.intercept) for grey in greys}
    if len(scales) == 1:
        return pixels, _in_common(greys), ()
    dtype, padding = _room_for(pixels, greys)
    values = np.empty(pixels.shape, dtype)
    has_padding = False
    for plane, stored, grey in zip(values, pixels, greys, strict=True):
        plane[...] = stored.astype(np.float64) * grey.slope + grey.intercept
        if grey.padding_from is not None and grey.padding_to is not None:
            is_padding = (stored >= grey.padding_from) & (stored <= grey.padding_to)
            plane[is_padding] = padding
            has_padding = has_padding or bool(is_padding.any())
    plain = attrs.evolve(
        _in_common(greys),
        slope=1.0,
        intercept=0.0,
        bits_stored=8 * dtype.itemsize,
        padding_from=padding if has_padding else None,
        padding_to=padding if has_padding else None,
    )
    return values, plain, (RESCALED,)


def _in_common(greys: Sequence[GreyScale]) -> GreyScale:
    """Return the grey scale of all planes.

    Where each has windows of its own, those of the middle one serve: the ends of a volume are often
    air. Padding that they do not agree about is none.
    """
    middle = greys[len(greys) // 2]
    pads = {(grey.padding_from, grey.padding_to) for grey in greys}
    if len(pads) == 1:
        return middle
    return attrs.evolve(middle, padding_from=None, padding_to=None)


def _room_for(
    pixels: NDArray[np.generic], greys: Sequence[GreyScale]
) -> tuple[np.dtype[np.generic], int]:
    """Return the smallest type for all modality values, and a value of it that none of them is."""
    ends = [
        (float(end) * grey.slope + grey.intercept)
        for plane, grey in zip(pixels, greys, strict=True)
        for end in (plane.min(), plane.max())
    ]
    low, high = min(ends), max(ends)
    is_whole = all(grey.slope.is_integer() and grey.intercept.is_integer() for grey in greys)
    if not is_whole or max(abs(low), abs(high)) > _MOST_WHOLE:
        return np.dtype("<f4"), int(max(np.floor(low) - 1, -(1 << 24)))
    if low > np.iinfo(np.int16).min and high <= np.iinfo(np.int16).max:
        return np.dtype("<i2"), int(np.iinfo(np.int16).min)
    return np.dtype("<i4"), int(np.iinfo(np.int32).min)
