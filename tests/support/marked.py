"""Images of somebody who never was, full of texts and pixels that occur nowhere else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import attrs
import numpy as np
import pydicom
from numpy.typing import NDArray

from tests.support.practice import write_images
from viewer.model.ids import PatientId
from viewer.model.patient import Patient

FAMILY = "Zyxwvutmarker"
MARKERS = {
    "PatientID": "CHART-QJXZMARK",
    "StudyDescription": "Xylographmarker visit",
    "ReferringPhysicianName": "Refmarkervogel",
    "OtherPatientNames": "Othermarkerkowa",
    "PatientAddress": "Markergasse-Jzq 17",
}
PRIVATE = "PRIVMARK-kqzjx-88"
RUN_VALUES = 24


@attrs.frozen
class MarkedImages:
    """A folder of files and what in them must never be found anywhere else."""

    folder: Path
    texts: tuple[str, ...]
    runs: tuple[bytes, ...]


def write_marked_images(folder: Path, family: str = FAMILY, seed: int = 77) -> MarkedImages:
    """Write a bitewing, a panoramic, a CBCT and a broken file whose name is a marker, too."""
    patient = Patient(PatientId(""), MARKERS["PatientID"], family, "Qwhilomena", date(1987, 4, 12))
    write_images(folder, patient, seed=seed)
    runs = []
    for path in sorted(folder.glob("*.dcm")):
        dataset = pydicom.dcmread(path)
        for keyword, value in MARKERS.items():
            setattr(dataset, keyword, value)
        dataset.private_block(0x0099, "BITEWING TEST", create=True).add_new(1, "LO", PRIVATE)
        dataset.save_as(path)
        if path.name in {"bitewing.dcm", "pano.dcm", "ct011.dcm"}:
            runs.append(run_of(dataset.pixel_array))
    (folder / f"{family}-broken.dcm").write_bytes(bytes(128) + b"DICM" + PRIVATE.encode() * 9)
    texts = (family, "Qwhilomena", *MARKERS.values(), PRIVATE)
    return MarkedImages(folder, texts, tuple(runs))


def run_of(pixels: NDArray[np.generic]) -> bytes:
    """Return some neighbouring values from the middle, as stored."""
    row = pixels[pixels.shape[0] // 2]
    return bytes(row[8 : 8 + RUN_VALUES].tobytes())
