"""Overlays of a header (60xx groups) and those in unused bits of the pixels.

Source: PS3.3 C.9.2 (overlay plane), C.9.3 (multi-frame overlay); embedded ones are retired but met.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.dicom.layout import PixelLayout
from viewer.dicom.syntaxes import Codec
from viewer.dicom.tables import is_big_endian
from viewer.model.bit_planes import MAX_BYTES, BitPlane

_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _TYPE = 0x10, 0x11, 0x15, 0x40
_ORIGIN, _FRAME_ORIGIN, _BITS_ALLOCATED, _POSITION = 0x50, 0x51, 0x100, 0x102
_LABEL, _DESCRIPTION, _DATA = 0x1500, 0x22, 0x3000
_LOST = "An overlay of the picture could not be read; it is not shown."
_MOST_SIDE = 65535


def overlays_of(
    ds: Dataset, layout: PixelLayout, pixels: memoryview
) -> tuple[list[BitPlane], tuple[str, ...]]:
    """Return the overlays of a picture, and a note where one could not be read.

    Parameters
    ----------
    pixels : memoryview
        The value of the pixel data.
    """
    found: list[BitPlane] = []
    notes: tuple[str, ...] = ()
    room = MAX_BYTES // 2
    for group in _GROUPS:
        if (group, _ROWS) not in ds and (group, _DATA) not in ds:
            continue
        plane = _overlay(ds, group, layout, pixels)
        if plane is None or plane.packed.size > room:
            notes = (_LOST,)
            continue
        room -= plane.packed.size
        if plane.packed.any():
            found.append(plane)
    return found, notes


def _overlay(ds: Dataset, group: int, layout: PixelLayout, pixels: memoryview) -> BitPlane | None:
    rows, columns = _int(ds, group, _ROWS, 0), _int(ds, group, _COLUMNS, 0)
    if not (1 <= rows <= _MOST_SIDE and 1 <= columns <= _MOST_SIDE):
        return None
    frames = 0
    if (group, _FRAMES) in ds and layout.frames > 1:
        frames = max(_int(ds, group, _FRAMES, 0), 0)
    packed = _own_bits(ds, group, rows * columns * max(frames, 1))
    if packed is None and (group, _DATA) not in ds:
        frames = layout.frames if layout.frames > 1 else 0
        packed = _embedded(ds, group, layout, pixels)
        rows, columns = layout.rows, layout.columns
    if packed is None:
        return None
    top, left = _origin(ds, group)
    return BitPlane(
        rows=rows,
        columns=columns,
        top=top,
        left=left,
        packed=packed,
        frames=frames,
        first_frame=max(_int(ds, group, _FRAME_ORIGIN, 1) - 1, 0) if frames else 0,
        is_region=_text(ds, group, _TYPE).upper() == "R",
        label=_text(ds, group, _LABEL) or _text(ds, group, _DESCRIPTION),
    )


def _own_bits(ds: Dataset, group: int, count: int) -> NDArray[np.uint8] | None:
    value = _value(ds, group, _DATA)
    size = -(-count // 8)
    if not isinstance(value, bytes) or len(value) < size:
        return None
    raw: NDArray[np.uint8] = np.frombuffer(value, np.uint8)
    if is_big_endian(ds) and str(ds[group, _DATA].VR) == "OW":
        raw = raw[: raw.size // 2 * 2].view("<u2").byteswap().view(np.uint8)
    return raw[:size].copy() if raw.size >= size else None


def _embedded(
    ds: Dataset, group: int, layout: PixelLayout, pixels: memoryview
) -> NDArray[np.uint8] | None:
    """Cut one bit out of each pixel cell; only native grey cells have bits to spare."""
    position = _int(ds, group, _POSITION, 0)
    is_native = layout.codec == Codec.NATIVE.value and layout.samples == 1
    lowest = layout.high_bit + 1 - layout.bits_stored
    is_spare = position > layout.high_bit or position < lowest
    if not is_native or layout.is_float or not is_spare or position >= layout.bits_allocated:
        return None
    size = layout.native_frame_bytes * layout.frames
    if layout.bits_allocated not in (8, 16, 32) or len(pixels) < size:
        return None
    order = ">" if layout.is_big_endian else "<"
    cells = np.frombuffer(pixels[:size], f"{order}u{layout.bits_allocated // 8}")
    return np.packbits(cells >> position & 1, bitorder="little")


def _origin(ds: Dataset, group: int) -> tuple[int, int]:
    value = _value(ds, group, _ORIGIN)
    if not isinstance(value, (MultiValue, list)) or len(value) < 2:
        return 0, 0
    try:
        return int(value[0]) - 1, int(value[1]) - 1
    except (TypeError, ValueError):
        return 0, 0


def _value(ds: Dataset, group: int, element: int) -> object:
    return ds[group, element].value if (group, element) in ds else None


def _int(ds: Dataset, group: int, element: int, default: int) -> int:
    value = _value(ds, group, element)
    if isinstance(value, (MultiValue, list)):
        value = value[0] if value else None
    try:
        return default if value in (None, "") else int(str(value))
    except ValueError:
        return default


def _text(ds: Dataset, group: int, element: int) -> str:
    value = _value(ds, group, element)
    return "" if value is None else str(value).strip()
