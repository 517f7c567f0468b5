"""What comes out of reading: pictures that arrived and files that were left out."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.image import Picture
from viewer.model.patient import Patient, Series, Study


@attrs.frozen(eq=False)
class Arrival:
    """One picture or volume, ready to be stored.

    `patient.id`, `study.patient_id` and the record's `patient_id` are empty: the chart
    decides. So is its `pixel_sha256`: the store takes the digest of what it seals.
    `headers` is packed by `viewer.dicom.headers`; `thumbnail` is (rows, columns) or
    (rows, columns, 3) uint8, its longest side at most 256, ready to be shown as it is.
    """

    patient: Patient
    study: Study
    series: Series
    picture: Picture
    headers: bytes
    thumbnail: NDArray[np.uint8]


@attrs.frozen
class Refusal:
    """One file that was left out. `source` is for the person's eyes, never for a log."""

    source: Path
    reason: str

    @property
    def name_hint(self) -> str:
        """The file's name, for a list in the window."""
        return self.source.name
