"""Where planes lie, and whether together they are a volume. LPS, mm; positions are of the centre
of the first pixel.

Source: PS3.3 C.7.6.2.1.1 (image plane), 10.7.1 (pixel spacing).
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.dicom.functional import value_of
from viewer.model.image import Affine, to_affine

Vector = tuple[float, float, float]

_UNIT_TOLERANCE = 1e-2
_DIRECTION_TOLERANCE = 1e-3
_SIZE_TOLERANCE = 1e-4
_GAP_RATIO = 0.05
_GAP_MM = 0.05
_SAME_PLACE_MM = 1e-3
_LEAST_PLANES = 2


@attrs.frozen
class PlanePlace:
    """One plane in the patient.

    `along_row` points along a row (column index rises), `down_column` down the rows; unit
    vectors. `row_mm` is the distance between rows, `column_mm` between columns.
    """

    position: Vector
    along_row: Vector
    down_column: Vector
    row_mm: float
    column_mm: float

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector (3,): along_row x down_column."""
        a, b = self.along_row, self.down_column
        return np.array(
            (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
        )

    @property
    def height_mm(self) -> float:
        """Place along the normal."""
        return float(np.dot(self.position, self.normal))


@attrs.frozen
class Stack:
    """Planes that are a volume: `order` lists them by ascending height."""

    order: tuple[int, ...]
    affine: Affine


@attrs.frozen
class NotAStack:
    """Planes that are no volume, and why in plain words."""

    reason: str


def place_of(ds: Dataset, frame: int = 0) -> PlanePlace | None:
    """Read a plane's place; None where it is missing, incomplete or makes no sense."""
    position = _floats(value_of(ds, frame, "PlanePositionSequence", "ImagePositionPatient"), 3)
    axes = _floats(value_of(ds, frame, "PlaneOrientationSequence", "ImageOrientationPatient"), 6)
    spacing = _floats(value_of(ds, frame, "PixelMeasuresSequence", "PixelSpacing"), 2)
    if position is None or axes is None or spacing is None or min(spacing) <= 0:
        return None
    along, down = np.array(axes[:3]), np.array(axes[3:])
    lengths = np.linalg.norm(along), np.linalg.norm(down)
    if any(abs(length - 1) > _UNIT_TOLERANCE for length in lengths):
        return None
    along, down = along / lengths[0], down / lengths[1]
    if abs(float(along @ down)) > _UNIT_TOLERANCE:
        return None
    return PlanePlace(_vector(position), _vector(along), _vector(down), spacing[0], spacing[1])


def is_parallel(a: PlanePlace, b: PlanePlace) -> bool:
    """Whether two planes have the same axes and pixel spacing, so that they could be stacked."""
    # Plain arithmetic: this is asked of every file, and numpy is slow on three numbers.
    here, there = (*a.along_row, *a.down_column), (*b.along_row, *b.down_column)
    is_one_way = all(abs(x - y) < _DIRECTION_TOLERANCE for x, y in zip(here, there, strict=True))
    sizes = ((a.row_mm, b.row_mm), (a.column_mm, b.column_mm))
    return is_one_way and all(abs(x - y) <= _SIZE_TOLERANCE * y for x, y in sizes)


def stack(places: Sequence[PlanePlace]) -> Stack | NotAStack:
    """Order parallel planes into a volume, or say why they are none.

    Gaps may differ from their mean by 5 % of it, at most 0.05 mm; the planes may drift sideways
    by half a pixel over the whole stack.

    >>> flat = [PlanePlace((0, 0, z), (1, 0, 0), (0, 1, 0), 0.3, 0.3) for z in (2.0, 0.0, 1.0)]
    >>> stack(flat).order
    (1, 2, 0)
    >>> stack(flat[:2] + [PlanePlace((0, 0, 5), (1, 0, 0), (0, 1, 0), 0.3, 0.3)]).reason
    'The slices are not evenly spaced: 2 to 3 mm apart.'
    """
    if len(places) < _LEAST_PLANES:
        return NotAStack("There is only one slice.")
    heights = np.array([place.height_mm for place in places])
    order = np.argsort(heights, kind="stable")
    positions = np.array([places[n].position for n in order], dtype=np.float64)
    first = places[int(order[0])]
    reasons = (_unevenness(heights[order]), _tilt(positions, first))
    if any(reasons):
        return NotAStack(" ".join(filter(None, reasons)))
    return Stack(tuple(int(n) for n in order), _affine(positions, first))


def _unevenness(heights: NDArray[np.float64]) -> str:
    gaps = np.diff(heights)
    if gaps.min() < _SAME_PLACE_MM:
        return "Several slices lie in the same place."
    mean = float(gaps.mean())
    line = heights[0] + mean * np.arange(heights.size)
    allowed = min(_GAP_RATIO * mean, _GAP_MM)
    if np.abs(heights - line).max() <= allowed:
        return ""
    return f"The slices are not evenly spaced: {_mm(gaps.min())} to {_mm(gaps.max())} mm apart."


def _tilt(positions: NDArray[np.float64], first: PlanePlace) -> str:
    offsets = positions - positions[0]
    normal = first.normal
    sideways = offsets - np.outer(offsets @ normal, normal)
    drift = np.linalg.norm(sideways, axis=1)
    if drift.max() <= min(first.row_mm, first.column_mm) / 2:
        return ""
    angle = float(np.degrees(np.arctan2(drift[-1], abs(float(offsets[-1] @ normal)))))
    return f"The slices are tilted by {angle:.1f} degrees against their stack."


def _affine(positions: NDArray[np.float64], first: PlanePlace) -> Affine:
    step = float((positions[-1] - positions[0]) @ first.normal) / (len(positions) - 1)
    matrix = np.eye(4)
    matrix[:3, 0] = np.array(first.along_row) * first.column_mm
    matrix[:3, 1] = np.array(first.down_column) * first.row_mm
    matrix[:3, 2] = first.normal * step
    matrix[:3, 3] = positions[0]
    return to_affine(matrix)


def _mm(value: float) -> str:
    return f"{float(value):.3g}"


def _vector(values: Sequence[float] | NDArray[np.float64]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])


def _floats(value: object, count: int) -> list[float] | None:
    if not isinstance(value, (MultiValue, list)) or len(value) != count:
        return None
    try:
        numbers = [float(x) for x in value]
    except (TypeError, ValueError):
        return None
    return numbers if np.isfinite(numbers).all() else None
