"""NIfTI-1 and NIfTI-2 headers: one file, or a pair of header and image.

Source: nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h, nifti2.h.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.ingest.research.facts import Packing, VolumeFacts, axes_mm
from viewer.ingest.research.text import damaged
from viewer.model.image import Affine

HEADER_BYTES = 544
_DTYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4",
    1024: "i8", 1280: "u8",
}  # fmt: skip
_COLOURS = frozenset((128, 2304))
_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_LABELS = 1002
_RAS = (-1, -1, 1)
_FIRST = "The file holds {count} volumes; this is the first."
_SIDE_UNKNOWN = (
    "The file does not say which way it lies in the patient: left and right, front and back, head"
    " and feet may be exchanged. Compare with another picture before you rely on a side."
)
_TWO_PLACES = (
    "The file says in two ways where it lies (sform and qform), and they differ; the first is used."
)
_NO_UNIT = "The file does not say in what unit its voxels are measured: millimetres were taken."
_AGREE_MM = 0.1


@attrs.frozen
class _Layout:
    """Where the fields are: `struct` formats and offsets of one version of the header."""

    dim: tuple[str, int]
    intent: tuple[str, int]
    datatype: tuple[str, int]
    pixdim: tuple[str, int]
    offset: tuple[str, int]
    scale: tuple[str, int]
    codes: tuple[str, int]
    quaternion: tuple[str, int]
    rows: tuple[str, int]
    units: tuple[str, int]


_ONE = _Layout(
    ("8h", 40), ("h", 68), ("h", 70), ("8f", 76), ("f", 108), ("2f", 112),
    ("2h", 252), ("6f", 256), ("12f", 280), ("B", 123),
)  # fmt: skip
_TWO = _Layout(
    ("8q", 16), ("i", 504), ("h", 12), ("8d", 104), ("q", 168), ("2d", 176),
    ("2i", 344), ("6d", 352), ("12d", 400), ("i", 500),
)  # fmt: skip


def read(start: bytes) -> VolumeFacts:
    """Read a header, already unpacked.

    Raises
    ------
    Malformed
    """
    layout, order, is_pair = _version(start)

    def take(field: tuple[str, int]) -> tuple[float, ...]:
        try:
            found: tuple[float, ...] = struct.unpack_from(order + field[0], start, field[1])
        except struct.error:
            raise damaged() from None
        return found

    shape, count = _shape(take(layout.dim))
    code = int(take(layout.datatype)[0])
    place = _place(take, layout)
    notes, cautions = list(place.notes), list(place.cautions)
    if count > 1:
        notes.append(_FIRST.format(count=count))
        cautions.append(f"First of {count} volumes")
    offset = take(layout.offset)[0]
    if not 0 <= offset <= 1 << 40 or offset != int(offset):
        raise damaged()
    slope, intercept = _scale(*take(layout.scale))
    return VolumeFacts(
        "NIfTI",
        shape,
        order + _DTYPES.get(code, "u1"),
        place.affine,
        Packing.RAW,
        start=int(offset) if is_pair else max(int(offset), 352 if layout is _ONE else HEADER_BYTES),
        beside_suffix=".img" if is_pair else "",
        slope=slope,
        intercept=intercept,
        is_labels=int(take(layout.intent)[0]) == _LABELS,
        notes=tuple(notes),
        cautions=tuple(cautions),
        why_not=_why_not(code),
    )


def _why_not(code: int) -> str:
    if code in _DTYPES:
        return ""
    if code in _COLOURS:
        return "Volumes in colour are not shown yet."
    return "Volumes of this kind of number are not shown yet."


def _version(start: bytes) -> tuple[_Layout, str, bool]:
    for order in ("<", ">"):
        size = struct.unpack_from(order + "i", start)[0] if len(start) >= 4 else 0
        if size == 348 and start[344:348] in (b"n+1\0", b"ni1\0"):
            return _ONE, order, start[344:347] == b"ni1"
        if size == 540 and start[4:8] in (b"n+2\0", b"ni2\0"):
            return _TWO, order, start[4:7] == b"ni2"
    raise damaged()


def _shape(dim: tuple[float, ...]) -> tuple[tuple[int, int, int], int]:
    """Return (planes, rows, columns), and how many volumes there are."""
    axes = int(dim[0])
    sizes = [int(x) for x in dim[1 : axes + 1]]
    if not 1 <= axes <= 7 or any(size < 1 for size in sizes):
        raise damaged()
    sizes += [1] * (3 - axes)
    return (sizes[2], sizes[1], sizes[0]), math.prod(sizes[3:])


def _scale(slope: float, intercept: float) -> tuple[float, float]:
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(intercept):
        return 1.0, 0.0
    return float(slope), float(intercept)


@attrs.frozen
class _Place:
    affine: Affine
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


def _place(take: Callable[[tuple[str, int]], tuple[float, ...]], layout: _Layout) -> _Place:
    """Prefer the sform, then the qform, as nibabel does; without both the side is unknown."""
    pixdim = np.array(take(layout.pixdim), dtype=np.float64)
    qform_code, sform_code = (int(x) for x in take(layout.codes))
    unit_code = int(take(layout.units)[0]) & 7
    unit = _MM.get(unit_code, 1.0)
    notes, cautions = [], []
    if unit_code not in (1, 2, 3):
        notes.append(_NO_UNIT)
        cautions.append("Size not certain")
    by_rows = np.array(take(layout.rows), dtype=np.float64).reshape(3, 4)
    by_turn = _from_quaternion(np.array(take(layout.quaternion), dtype=np.float64), pixdim)
    if sform_code > 0:
        matrix = by_rows
        if qform_code > 0 and np.abs(by_rows - by_turn).max() * unit > _AGREE_MM:
            notes.append(_TWO_PLACES)
            cautions.append("Position not certain")
    elif qform_code > 0:
        matrix = by_turn
    else:
        matrix = np.eye(3, 4) * np.append(np.abs(pixdim[1:4]), 0.0)
        notes.append(_SIDE_UNKNOWN)
        cautions.append("Side not certain")
    if not np.isfinite(matrix).all():
        raise damaged()
    affine = axes_mm(matrix[:, :3] * unit, matrix[:, 3] * unit, _RAS)
    return _Place(affine, tuple(notes), tuple(cautions))


def _from_quaternion(
    numbers: NDArray[np.float64], pixdim: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return rows (3, 4) of the qform; NaN where its numbers make no rotation."""
    b, c, d = numbers[:3]
    with np.errstate(invalid="ignore"):
        a = np.sqrt(np.maximum(0.0, 1.0 - (b * b + c * c + d * d)))
    turn = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    handed = -1.0 if pixdim[0] < 0 else 1.0
    steps = turn * np.array([pixdim[1], pixdim[2], handed * pixdim[3]])
    return np.column_stack((steps, numbers[3:6]))
