"""Decoded planes into a straight, even grid, and empty planes where slices are missing.

Linear between the two planes around and between pixels, which is what SimpleITK's resampling of the
same slanted grid gives. What is no image stays none: a value mixed from padding is padding. One
plane at a time, so that beside source and result nothing large is held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.dicom.stacking import Regrid
from viewer.model.image import GreyScale

_ON_A_PLANE = 1e-4
_WIDER = {"u1": "<i2", "i1": "<i2", "u2": "<i4", "i2": "<i4"}

Float32 = NDArray[np.float32]


def with_room_for_nothing(
    pixels: NDArray[np.generic], grey: GreyScale
) -> tuple[NDArray[np.generic], GreyScale]:
    """Return pixels and a grey scale that has a stored value for "no image".

    The header's own padding value where it has one; else the lowest or highest of the type that no
    pixel has; else the next wider type is taken. Pure, any thread.

    >>> all_values = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    >>> wide, grey = with_room_for_nothing(all_values, GreyScale())
    >>> wide.dtype, grey.padding_from
    (dtype('int16'), -32768)
    """
    if grey.padding_from is not None:
        return pixels, grey
    if pixels.dtype.kind == "f":
        low = float(pixels.min())
        value = int(np.floor(low)) - 1
        return pixels, attrs.evolve(grey, padding_from=value, padding_to=value)
    bits, is_signed = 8 * pixels.dtype.itemsize, pixels.dtype.kind == "i"
    lowest = -(1 << (bits - 1)) if is_signed else 0
    highest = lowest + (1 << bits) - 1
    if int(pixels.min()) > lowest:
        value = lowest
    elif int(pixels.max()) < highest:
        value = highest
    else:
        wider = np.dtype(_WIDER.get(pixels.dtype.str[1:], "<f4"))
        pixels = pixels.astype(wider)
        value = -(1 << 24) if wider.kind == "f" else -(1 << (8 * wider.itemsize - 1))
    return pixels, attrs.evolve(grey, padding_from=value, padding_to=value)


def fill_missing(pixels: NDArray[np.generic], slots: Sequence[int], grey: GreyScale) -> None:
    """Make every plane that no slice went to empty.

    Parameters
    ----------
    pixels : ndarray, shape (planes, rows, columns)
        Changed in place; `grey` has a padding value.
    """
    for k in set(range(len(pixels))) - set(slots):
        pixels[k] = _nothing(grey)


def regular(
    pixels: NDArray[np.generic],
    grid: Regrid,
    grey: GreyScale,
    check: Callable[[], None],
) -> NDArray[np.generic]:
    """Return the planes on a straight, even grid, in the same type. Pure, any thread.

    Parameters
    ----------
    pixels : ndarray, shape (slices, rows, columns)
        In the order of the grid's heights.
    grey : GreyScale
        Has a padding value, which fills what no slice covers.
    check : callable
        Called for each plane; what it raises ends the work.
    """
    out = np.empty(grid.shape, pixels.dtype)
    heights = np.array(grid.heights)
    for k, plane in enumerate(out):
        check()
        plane[...] = _nothing(grey)
        at = min(k * grid.step_mm, grid.heights[-1])
        above = int(np.clip(np.searchsorted(heights, at), 1, len(heights) - 1))
        low, high = heights[above - 1], heights[above]
        part = float((at - low) / (high - low))
        if part < _ON_A_PLANE:
            _put(pixels[above - 1], None, 0.0, plane, (grid, above - 1), grey)
        elif part > 1 - _ON_A_PLANE:
            _put(pixels[above], None, 0.0, plane, (grid, above), grey)
        elif not any(a <= low and high <= b for a, b in grid.holes):
            _put(pixels[above - 1], pixels[above], part, plane, (grid, above - 1), grey)
    return out


def _nothing(grey: GreyScale) -> int:
    if grey.padding_from is None:
        raise ValueError("the grey scale has no value for what is no image")
    return grey.padding_from


def _put(
    below: NDArray[np.generic],
    above: NDArray[np.generic] | None,
    part: float,
    plane: NDArray[np.generic],
    where: tuple[Regrid, int],
    grey: GreyScale,
) -> None:
    """Fill a plane of the grid from one slice or a mix of two, moved to its place."""
    grid, n = where
    values = _seen(below, grey)
    down, across = grid.down[n], grid.across[n]
    if above is not None:
        values += (_seen(above, grey) - values) * np.float32(part)
        down += (grid.down[n + 1] - down) * part
        across += (grid.across[n + 1] - across) * part
    values, top = _moved(values, down, 0)
    values, left = _moved(values, across, 1)
    rows, columns = values.shape
    target = plane[top : top + rows, left : left + columns]
    is_image = ~np.isnan(values)
    if plane.dtype.kind != "f":
        np.rint(values, out=values)
    target[is_image] = values[is_image].astype(plane.dtype)


def _seen(stored: NDArray[np.generic], grey: GreyScale) -> NDArray[np.floating]:
    """Return a slice's values with NaN for padding; 32-bit integers need the wider float."""
    wide = np.float64 if stored.dtype.itemsize > 2 and stored.dtype.kind != "f" else np.float32
    values: NDArray[np.floating] = stored.astype(wide)
    if grey.padding_from is not None:
        last = grey.padding_from if grey.padding_to is None else grey.padding_to
        low, high = min(grey.padding_from, last), max(grey.padding_from, last)
        values[np.greater_equal(stored, low) & np.less_equal(stored, high)] = np.nan
    return values


def _moved(values: NDArray[np.floating], by: float, axis: int) -> tuple[NDArray[np.floating], int]:
    """Return values at whole places of the grid, and the place of the first one."""
    start = int(np.floor(by + _ON_A_PLANE))
    fraction = by - start
    if fraction < _ON_A_PLANE:
        return values, start
    # Grid place p is between source p - start - 1 and p - start.
    before = values[:-1] if axis == 0 else values[:, :-1]
    after = values[1:] if axis == 0 else values[:, 1:]
    mixed = after + (before - after) * values.dtype.type(fraction)
    return mixed, start + 1
