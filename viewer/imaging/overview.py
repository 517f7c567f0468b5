"""The overview of a volume: the same picture in at most 128 voxels each way.

It is what planes and the 3D picture show first. Its voxels are means of boxes of the volume's, in
the same type and grey scale, so that windows, padding and units mean the same; only its affine is
another, which puts each voxel in the middle of its box.
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.imaging.padding import padding_of
from viewer.model.image import Affine, ImageRecord, Picture, to_affine

LONGEST = 128

Factors = tuple[int, int, int]
"""Voxels of the volume along k, j and i that one voxel of the overview stands for."""


def overview_factors(shape: tuple[int, ...], longest: int = LONGEST) -> Factors:
    """Return how many voxels along each axis become one.

    >>> overview_factors((40, 512, 512)), overview_factors((128, 129, 7))
    ((1, 4, 4), (1, 2, 1))
    """
    k, j, i = (max(1, -(-size // longest)) for size in shape)
    return k, j, i


def make_overview(
    record: ImageRecord, pixels: NDArray[np.generic], *, alone: bool = False
) -> tuple[Factors, NDArray[np.generic]]:
    """Return the factors and the means of a volume's boxes, in its own dtype. Pure, any thread.

    Parameters
    ----------
    pixels : ndarray, shape (planes, rows, columns)
        Stored values. Padding and NaN are left out of every mean.
    alone : bool
        Keep to the caller's thread.
    """
    factors = overview_factors(pixels.shape)
    return factors, kernels.box_means(pixels, factors, padding_of(record.grey), alone=alone)


def overview_picture(record: ImageRecord, factors: Factors, values: NDArray[np.generic]) -> Picture:
    """Return an overview as a volume of its own, to be shown like any other.

    Raises
    ------
    ValueError
        The record is no volume.
    """
    if record.affine_lps is None:
        raise ValueError("only a volume has an overview")
    affine = overview_affine(record.affine_lps, factors)
    return Picture(attrs.evolve(record, shape=values.shape, affine_lps=affine), values)


def overview_affine(affine: Affine, factors: Factors) -> Affine:
    """Return the (i, j, k) index to LPS mm matrix of an overview: centres of boxes.

    >>> ones = to_affine(np.eye(4))
    >>> np.array(overview_affine(ones, (1, 4, 2)))[:3].tolist()
    [[2.0, 0.0, 0.0, 0.5], [0.0, 4.0, 0.0, 1.5], [0.0, 0.0, 1.0, 0.0]]
    """
    matrix = np.array(affine, np.float64)
    by = np.array(factors[::-1], np.float64)
    matrix[:3, 3] += matrix[:3, :3] @ ((by - 1) / 2)
    matrix[:3, :3] *= by
    return to_affine(matrix)
