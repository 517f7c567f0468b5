"""Images to measure with: of a head's size, with the noise of a real scanner. Made up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from viewer.dicom.write import SeriesFacts, ct_series, panoramic, to_bytes
from viewer.model.ids import PatientId, StudyUid
from viewer.model.image import Window
from viewer.model.patient import Patient, Study

NOISE_HU = 90.0
_FIELD_MM = 160.0
_AIR, _SOFT, _BONE, _TOOTH = -1000, 40, 1200, 2200
_PATIENT = Patient(
    PatientId("b" * 32),
    "BENCH-0001",
    "Benchmark",
    "Betty",
    date(1980, 1, 1),
    "F",
    "Benchmark^Betty",
)


def write_series(folder: Path, edge: int, seed: int = 11) -> list[Path]:
    """Write a CBCT of `edge`³ as one explicit little endian file a plane; return them in order."""
    folder.mkdir(parents=True)
    facts, frame = SeriesFacts(description="Benchmark CBCT"), str(generate_uid())
    study = _study("Benchmark CBCT")
    step = _FIELD_MM / edge
    files = []
    for k, plane in enumerate(planes(edge, seed)):
        affine = np.diag([step, step, step, 1.0])
        affine[:3, 3] = (0.0, 0.0, k * step)
        (slice_,) = ct_series(
            _PATIENT, study, plane[None], affine, series=facts,
            windows=[Window(600, 3600)], frame_of_reference_uid=frame,
        )  # fmt: skip
        slice_.InstanceNumber = k + 1
        files.append(folder / f"{k:04d}.dcm")
        _write(files[-1], to_bytes(slice_))
    return files


def write_panoramic(path: Path, rows: int, columns: int, seed: int = 12) -> Path:
    """Write a 16-bit panoramic."""
    noise = np.random.default_rng(seed).normal(0, 400, (rows, columns))
    y, x = np.mgrid[0:rows, 0:columns]
    light = 30000 + 12000 * np.sin(x / columns * np.pi * 16) * np.sin(y / rows * np.pi) + noise
    pixels = light.clip(0, 65535).astype(np.uint16)
    made = panoramic(
        _PATIENT, _study("Benchmark panoramic"), pixels, spacing_mm=(0.1, 0.1), bits_stored=16
    )
    _write(path, to_bytes(made))
    return path


def planes(edge: int, seed: int) -> Iterator[NDArray[np.int16]]:
    """Yield the planes of a head: (edge, edge) int16 grey values, noise on all of it.

    A ball of soft tissue in air holds a shell of bone and a ring of teeth.
    """
    random = np.random.default_rng(seed)
    at = (np.arange(edge, dtype=np.float32) + 0.5) / edge * 2 - 1
    around = at[:, None] ** 2 + at[None, :] ** 2
    for height in at:
        radius = around + height**2
        plane = np.where(radius < 0.8, np.float32(_SOFT), np.float32(_AIR))
        plane[(radius > 0.5) & (radius < 0.6)] = _BONE
        if abs(height) < 0.15:
            plane[(around > 0.2) & (around < 0.26)] = _TOOTH
        plane += random.standard_normal((edge, edge), np.float32) * np.float32(NOISE_HU)
        yield np.rint(plane).astype(np.int16)


def _study(description: str) -> Study:
    return Study(StudyUid(str(generate_uid())), _PATIENT.id, date(2024, 1, 2), None, description)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
