"""Series as files and as plans, without a decoding child: the parser runs right here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from viewer.dicom import write
from viewer.dicom.parse import parse
from viewer.ingest.describe import describe
from viewer.ingest.grouping import SourceFile
from viewer.ingest.source import Source


def source(dataset: Dataset, name: str = "slice.dcm") -> SourceFile:
    """Return a data set as if its file had been read."""
    return SourceFile(Source(Path(name)), describe(parse(memoryview(write.to_bytes(dataset)))))


def sources(datasets: Sequence[Dataset]) -> list[SourceFile]:
    """Return data sets as if their files had been read."""
    return [source(dataset, f"{n}.dcm") for n, dataset in enumerate(datasets)]


def affine_of(
    directions: NDArray[np.float64], spacing: Sequence[float], origin: Sequence[float]
) -> NDArray[np.float64]:
    """Return an affine: unit columns i, j, k times spacing, and where the first voxel is."""
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(spacing)
    affine[:3, 3] = origin
    return affine


def turned(quaternion: Sequence[float]) -> NDArray[np.float64]:
    """Return the rotation of a quaternion of any length but zero."""
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
