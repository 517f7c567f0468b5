"""The loops behind every picture: compiled ones once `warm` has run, plain numpy ones until then.

`warm` imports numba and compiles (seconds the first time on a machine, under one from its cache);
run it on a worker after the first paint. Until it is done the same functions run their numpy
twins, so that nothing waits and nothing differs but the speed.
"""

from __future__ import annotations

import threading
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.imaging.kernels import plain, plain_boxes, plain_rays
from viewer.imaging.kernels.bands import in_bands
from viewer.imaging.kernels.bands import rest as rest
from viewer.imaging.kernels.plain import Grey, Values
from viewer.imaging.padding import NO_PADDING
from viewer.imaging.sampling import Taps
from viewer.imaging.window import Transfer

Packed = NDArray[np.uint32]

DTYPES = (np.uint8, np.int16, np.uint16, np.float32)
"""Types the kernels are compiled for; `supported` turns others into one of them."""

_loops: ModuleType = plain
_rays: ModuleType = plain_rays
_boxes: ModuleType = plain_boxes
_warming = threading.Lock()


def is_warm() -> bool:
    """Whether the compiled kernels serve."""
    return _loops is not plain


def warm() -> None:
    """Compile every kernel or load it from the cache, then let them serve. Any thread."""
    global _loops, _rays, _boxes
    with _warming:
        if is_warm():
            return
        from viewer.imaging.kernels import boxes, compiled, rays

        for dtype in DTYPES:
            _exercise(compiled, np.zeros((3, 3, 3), dtype))
            _exercise_boxes(boxes, np.zeros((3, 3, 3), dtype))
        _exercise_rays(rays)
        _rays, _boxes = rays, boxes
        _loops = compiled


def cool() -> None:
    """Go back to the numpy twins (tests compare the two)."""
    global _loops, _rays, _boxes
    with _warming:
        _loops, _rays, _boxes = plain, plain_rays, plain_boxes
    rest()


def supported(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the array itself, or its values in a type that the kernels know (float32)."""
    if pixels.dtype in DTYPES and pixels.dtype.isnative:
        return pixels
    return pixels.astype(np.float32)


def resample(
    plane: NDArray[np.generic],
    across: Taps,
    down: Taps,
    out: Values,
    padding: tuple[float, float] = NO_PADDING,
) -> None:
    """Resample a (rows, columns) plane into `out` (float32); see `sampling.taps`."""
    careful = padding[0] <= padding[1] or plane.dtype.kind == "f"
    if down.weights.shape[1] > 2:
        _rows_first(plane, across, down, out, padding, careful=careful)
        return
    top, bottom = down.reach
    narrow = np.empty((bottom - top, len(across.start)), np.float32)
    source, start = plane[top:bottom], down.start - np.int32(top)
    in_bands(
        narrow.shape,
        lambda a, b: _loops.spread_columns(
            source[a:b], across.start, across.weights, careful, padding, narrow[a:b]
        ),
    )
    in_bands(
        out.shape,
        lambda a, b: _loops.spread_rows(
            narrow, start[a:b], down.weights[a:b], careful, NO_PADDING, out[a:b]
        ),
    )


def _rows_first(
    plane: NDArray[np.generic],
    across: Taps,
    down: Taps,
    out: Values,
    padding: tuple[float, float],
    *,
    careful: bool,
) -> None:
    left, right = across.reach
    low = np.empty((len(down.start), right - left), np.float32)
    source, start = plane[:, left:right], across.start - np.int32(left)

    def band(a: int, b: int) -> None:
        _loops.spread_rows(source, down.start[a:b], down.weights[a:b], careful, padding, low[a:b])
        _loops.spread_columns(low[a:b], start, across.weights, careful, NO_PADDING, out[a:b])

    in_bands((len(down.start), plane.shape[0] * source.shape[1] // max(len(down.start), 1)), band)


def contiguous(view: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return a (rows, columns) view in C order: itself where it is, else a copy."""
    if view.flags.c_contiguous:
        return view
    if view.flags.f_contiguous:
        return np.ascontiguousarray(view)
    out = np.empty(view.shape, view.dtype)
    in_bands(view.shape, lambda a, b: _loops.copy_plane(view[a:b], out[a:b]), costly=8)
    return out


def cut_aligned(
    volume: NDArray[np.generic],
    axis: int,
    position: float,
    out: Values,
    padding: tuple[float, float] = NO_PADDING,
) -> None:
    """Cut a [k, j, i] volume across array axis `axis` at a fractional index, clamped to it."""
    last = volume.shape[axis] - 1
    inside = min(max(position, 0.0), float(last))
    index = min(int(inside), last)
    fraction = inside - index
    if fraction < 1e-6:
        fraction = 0.0
    elif fraction > 1 - 1e-6:
        index, fraction = index + 1, 0.0
    _loops.cut_aligned(volume, axis, index, fraction, padding, out)


def cut_oblique(
    volume: NDArray[np.generic],
    origin_kji: NDArray[np.float64],
    across_kji: NDArray[np.float64],
    down_kji: NDArray[np.float64],
    out: Values,
    padding: tuple[float, float] = NO_PADDING,
) -> None:
    """Cut any plane with trilinear interpolation, finer points where it is minified."""
    stride = max(float(np.linalg.norm(across_kji)), float(np.linalg.norm(down_kji)))
    fine = min(max(int(np.ceil(stride - 1e-6)), 1), 4)
    in_bands(
        out.shape,
        lambda a, b: _loops.cut_oblique(
            volume, origin_kji + a * down_kji, across_kji, down_kji, fine, padding, out[a:b]
        ),
        costly=8,
    )


def window(values: Values, transfer: Transfer, out: Grey) -> None:
    """Turn (rows, columns) values into grey levels; NaN becomes 0."""
    if transfer.table is None:
        _loops.window_linear(values, transfer.gain, transfer.offset, out)
    else:
        _loops.window_table(values, transfer.gain, transfer.offset, transfer.table, out)


def pack_window(values: Values, transfer: Transfer, out: Packed) -> None:
    """Turn (rows, columns) values into 0xFFRRGGBB in one go; the same levels as `window`."""
    gain, offset, table = transfer.gain, transfer.offset, transfer.table

    def band(a: int, b: int) -> None:
        if table is None:
            _loops.pack_window_linear(values[a:b], gain, offset, out[a:b])
        else:
            _loops.pack_window_table(values[a:b], gain, offset, table, out[a:b])

    in_bands(out.shape, band)


def pack(picture: Grey, out: Packed) -> None:
    """Turn a (rows, columns) or (rows, columns, 3) picture into 0xFFRRGGBB."""
    loop = _loops.pack_grey if picture.ndim == 2 else _loops.pack_colour
    in_bands(out.shape, lambda a, b: loop(picture[a:b], out[a:b]))


def lay(ink: Packed, left: int, top: int, out: Packed) -> None:
    """Lay a piece of overlay over a packed picture; see `plain.lay`."""
    _loops.lay(ink, left, top, out)


def cast_rays(*shot: Any) -> None:
    """Cast the rays of some rows of a 3D picture; see `plain_rays.cast`."""
    _rays.cast(*shot)


def box_means(
    volume: NDArray[np.generic],
    factors: tuple[int, int, int],
    padding: tuple[float, float] = NO_PADDING,
    *,
    alone: bool = False,
) -> NDArray[np.generic]:
    """Return the means of boxes of `factors` (k, j, i) voxels; see `plain_boxes.box_means`.

    Types that the kernels are not compiled for go through the numpy twin. `alone` keeps to the
    caller's thread, for while the others have work.
    """
    careful = padding[0] <= padding[1] or volume.dtype.kind == "f"
    shape = tuple(-(-size // by) for size, by in zip(volume.shape, factors, strict=True))
    out = np.empty(shape, volume.dtype)
    known = volume.dtype in DTYPES and volume.dtype.isnative
    loops = _boxes if known else plain_boxes

    def band(a: int, b: int) -> None:
        loops.box_means(volume, factors, careful, padding, a, out[a:b])

    if alone:
        band(0, shape[0])
    else:
        in_bands((shape[0], volume.size // max(shape[0], 1)), band)
    return out


def _exercise_boxes(loops: ModuleType, volume: NDArray[np.generic]) -> None:
    out = np.zeros((2, 2, 2), volume.dtype)
    loops.box_means(volume, (2, 2, 2), True, NO_PADDING, 0, out)


def _exercise_rays(loops: ModuleType) -> None:
    point, few = np.zeros(3, np.float64), np.zeros(6, np.float32)
    loops.cast(
        np.zeros((2, 2, 2), np.int16), np.zeros((1, 1, 1), np.uint8), 3,
        np.zeros((2, 4), np.float32), 0.0, 1.0, point, point, point, np.ones(3),
        np.zeros((3, 3), np.float32), few, few, 0,
        np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.float32),
    )  # fmt: skip


def _exercise(loops: ModuleType, volume: NDArray[np.generic]) -> None:
    start, weights = np.zeros(2, np.int32), np.ones((2, 2), np.float32)
    out, grey = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.uint8)
    loops.spread_columns(volume[0], start, weights, True, NO_PADDING, out)
    loops.spread_rows(volume[0], start, weights, True, NO_PADDING, np.zeros((2, 3), np.float32))
    loops.spread_rows(
        volume[0][:, :2], start, weights, True, NO_PADDING, np.zeros((2, 2), np.float32)
    )
    loops.cut_aligned(volume, 0, 1, 0.5, NO_PADDING, np.zeros((3, 3), np.float32))
    point = np.zeros(3, np.float64)
    loops.cut_oblique(volume, point, point, point, 1, NO_PADDING, out)
    loops.window_linear(out, 1.0, 0.0, grey)
    loops.window_linear(out, 1.0, 0.0, np.zeros((3, 2, 3), np.uint8)[..., 0])
    loops.window_table(out, 1.0, 0.0, np.arange(256, dtype=np.uint8), grey)
    ink = np.zeros((3, 2), np.uint32)
    loops.pack_window_linear(out, 1.0, 0.0, ink)
    loops.pack_window_table(out, 1.0, 0.0, np.arange(256, dtype=np.uint8), ink)
    loops.pack_grey(grey, ink)
    loops.pack_colour(np.zeros((3, 2, 3), np.uint8), ink)
    loops.lay(ink, 0, 0, np.zeros((3, 2), np.uint32))
    loops.copy_plane(volume[0][:, :2], np.zeros((3, 2), volume.dtype))
