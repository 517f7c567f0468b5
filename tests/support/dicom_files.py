"""Made-up patients and pictures of every kind, as DICOM data sets and files."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from viewer.dicom import write
from viewer.model.ids import PatientId, StudyUid
from viewer.model.image import ImageKind, Window
from viewer.model.patient import Patient, Study
from viewer.model.tooth import Tooth

PATIENT = Patient(PatientId(""), "T-0042", "Muster", "Märta", date(1980, 2, 3), "F")


def study() -> Study:
    """Return a study with a fresh uid."""
    return Study(
        StudyUid(str(generate_uid())), PATIENT.id, date(2024, 5, 6), time(10, 1), "Check-up", "A1"
    )


def voxels(planes: int = 6, rows: int = 24, columns: int = 20) -> NDArray[np.int16]:
    """Return voxels in which every one differs from its neighbours, negative ones among them."""
    flat = np.arange(planes * rows * columns, dtype=np.int32) * 7 % 4001 - 1000
    return flat.astype(np.int16).reshape(planes, rows, columns)


def oblique_affine() -> NDArray[np.float64]:
    """Return an affine turned about two axes, with three different spacings."""
    a, b = np.radians(20), np.radians(-35)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([0.3, 0.35, 0.4])
    affine[:3, 3] = (-31.25, 17.5, -402.125)
    return affine


def axial_affine() -> NDArray[np.float64]:
    """Return an upright affine: columns to the left, rows to the back, planes to the head."""
    affine = np.diag([0.3, 0.35, 0.4, 1.0])
    affine[:3, 3] = (-10, -20, 30)
    return affine


def ct(affine: NDArray[np.float64] | None = None, planes: int = 6) -> list[Dataset]:
    """Return a small CT series."""
    used = axial_affine() if affine is None else affine
    windows = [Window(300, 2000, name="bone")]
    return write.ct_series(PATIENT, study(), voxels(planes), used, windows=windows, intercept=-24)


def bitewing() -> Dataset:
    """Return a bitewing of the left side."""
    pixels = (np.arange(40 * 30, dtype=np.uint16) * 3).reshape(40, 30)
    return write.intraoral(
        PATIENT,
        study(),
        pixels,
        kind=ImageKind.BITEWING,
        teeth=[Tooth(26), Tooth(36)],
        laterality="L",
        spacing_mm=(0.02, 0.021),
        patient_orientation=("P", "F"),
    )


def photo() -> Dataset:
    """Return a small photo with three different channels."""
    grid = np.indices((18, 22))
    pixels = np.stack([grid[0] * 9, grid[1] * 8, grid[0] + grid[1]], axis=-1).astype(np.uint8)
    return write.photo(PATIENT, study(), pixels)


def save(folder: Path, datasets: list[Dataset]) -> list[Path]:
    """Write data sets under names that tell nothing of their order; return the paths."""
    paths = []
    for number, dataset in enumerate(datasets):
        path = folder / f"{(number * 7919) % 997:03d}.dcm"
        path.write_bytes(write.to_bytes(dataset))
        paths.append(path)
    return paths
