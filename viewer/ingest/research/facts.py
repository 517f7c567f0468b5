"""What the child says of a volume file, and the bounds on it. Both sides of the channel."""

from __future__ import annotations

import math
from enum import Enum

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.dicom.layout import MAX_PICTURE_BYTES
from viewer.model.image import Affine, to_affine

MAX_HEADER_BYTES = 1 << 20
"""A header in text is no longer; those with a picture of a brain's surface in them are none."""

MAX_SIDE = 65_535
SLANT = 0.02
"""Cosine between two axes from which on they are no longer called perpendicular: 1 degree."""

_WIDEST_STEP_MM = 1000.0
_FARTHEST_MM = 1e6
_KINDS = frozenset("iuf")
_SIZES = frozenset((1, 2, 4, 8))
# Deflate packs at most 1:1032; bzip2 has no such bound, and 2000 is what other codecs may reach.
_MOST_RATIO = 2000


class Packing(Enum):
    """How values lie in a file."""

    RAW = "raw"
    ZLIB = "zlib"
    """With a zlib or a gzip header."""
    BZIP2 = "bzip2"
    TEXT = "text"
    HEX = "hex"


@attrs.frozen
class VolumeFacts:
    """What a volume file says of itself.

    `shape` is (planes, rows, columns), `dtype` numpy's with its byte order, `affine` (i, j, k) to
    LPS mm. Values begin after `skip_lines` lines and `start` bytes (-1: they end with the file) of
    what is unpacked first where `is_wrapped`. `beside` is the bare name of the file that holds
    them, or `beside_suffix` what it ends in where it has this one's name; both empty: this file.
    `why_not` says why it is kept whole and not shown.
    """

    written_as: str
    shape: tuple[int, int, int]
    dtype: str
    affine: Affine
    packing: Packing = Packing.RAW
    is_wrapped: bool = False
    start: int = 0
    skip_lines: int = 0
    beside: str = ""
    beside_suffix: str = ""
    slope: float = 1.0
    intercept: float = 0.0
    is_labels: bool = False
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def companions(self) -> tuple[str, ...]:
        """Files beside this one that belong to it."""
        return (self.beside,) if self.beside else ()

    @property
    def count(self) -> int:
        """How many values there are."""
        return math.prod(self.shape)

    @property
    def source_dtype(self) -> np.dtype[np.generic]:
        """Type of the values in the file."""
        return np.dtype(self.dtype)

    @property
    def stored_dtype(self) -> np.dtype[np.generic]:
        """Type they are kept in: the file's, little endian; 64 bits become 32."""
        dtype = self.source_dtype
        if dtype.itemsize == 8:
            return np.dtype("<f4" if dtype.kind == "f" else "<i4")
        return dtype.newbyteorder("<")

    @property
    def size_bytes(self) -> int:
        """How much room the values take."""
        return self.count * self.stored_dtype.itemsize

    @property
    def packed_at_least(self) -> int:
        """How few bytes a sound file can hold them in."""
        needed = self.count * self.source_dtype.itemsize
        if self.is_wrapped or self.packing in (Packing.ZLIB, Packing.BZIP2):
            return needed // _MOST_RATIO
        return 2 * self.count - 1 if self.packing is Packing.TEXT else needed


def is_sensible(facts: VolumeFacts) -> bool:
    """Whether facts are within the bounds, so that room may be made for the values."""
    matrix = np.array(facts.affine, dtype=np.float64)
    dtype = facts.source_dtype
    names = (facts.beside, facts.beside_suffix)
    return (
        all(1 <= side <= MAX_SIDE for side in facts.shape)
        and dtype.kind in _KINDS
        and dtype.itemsize in _SIZES
        and not (dtype.kind == "f" and dtype.itemsize < 4)
        and facts.size_bytes <= MAX_PICTURE_BYTES
        and is_place(matrix)
        and facts.start >= -1
        and facts.skip_lines >= 0
        and math.isfinite(facts.slope)
        and math.isfinite(facts.intercept)
        and facts.slope != 0
        and all(is_bare(name) for name in names if name)
    )


def is_place(matrix: NDArray[np.float64]) -> bool:
    """Whether an affine puts voxels somewhere: finite, no flat axes, of a human size."""
    steps = np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.isfinite(matrix).all() or np.abs(matrix[:3, 3]).max() > _FARTHEST_MM:
        return False
    if steps.min() < 1e-6 or steps.max() > _WIDEST_STEP_MM:
        return False
    return bool(abs(np.linalg.det(matrix[:3, :3] / steps)) > 1e-3)


def is_slanted(matrix: NDArray[np.float64]) -> bool:
    """Whether the axes of an affine are not perpendicular."""
    unit = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return bool(np.abs(unit.T @ unit - np.eye(3)).max() > SLANT)


def is_bare(name: str) -> bool:
    """Whether a name is a file's own, without a folder."""
    return (
        name not in ("", ".", "..")
        and len(name) <= 255
        and name.isprintable()
        and not any(mark in name for mark in "/\\:")
    )


def bare(name: str) -> str:
    """Return a name that a header gives, without `./` before it."""
    return name.strip().removeprefix("./").removeprefix(".\\")


def axes_mm(
    directions: NDArray[np.float64], origin: NDArray[np.float64], to_lps: tuple[int, int, int]
) -> Affine:
    """Return an affine of axis steps (columns) and the first voxel, signs turned to LPS."""
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = directions, origin
    return to_affine(np.diag((*to_lps, 1)).astype(np.float64) @ affine)
