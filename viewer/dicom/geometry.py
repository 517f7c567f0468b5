"""Where planes lie. LPS, mm; positions are of the centre of the first pixel.

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

Vector = tuple[float, float, float]

_UNIT_TOLERANCE = 1e-2
_DIRECTION_TOLERANCE = 1e-3
_SIZE_TOLERANCE = 1e-4


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
        across = np.array(
            (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
        )
        return across / float(np.sqrt(across @ across))


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
