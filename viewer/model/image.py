"""Images and volumes: what is known about them, and their arrays."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid
from viewer.model.patient import Patient
from viewer.model.tooth import Tooth

Affine = tuple[
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
]
"""4x4 by rows: (i=column, j=row, k=plane) index, 0 at the first voxel's centre, to LPS in mm."""


class ImageKind(Enum):
    """What sort of picture it is, in a dentist's words."""

    BITEWING = "bitewing"
    PERIAPICAL = "periapical"
    PANORAMIC = "panoramic"
    CEPHALOMETRIC = "cephalometric"
    PHOTO = "photo"
    CBCT = "cbct"
    MODEL = "model"
    """A surface: study casts, a scan of the teeth, a surgical guide."""
    DOCUMENT = "document"
    """Pages or text: an encapsulated PDF, a structured report."""
    OTHER = "other"


class ImageState(Enum):
    """Whether an image can be shown."""

    SHOWN = "shown"
    KEPT = "kept"
    QUARANTINED = "quarantined"


class SpacingSource(Enum):
    """Where a millimetre figure comes from; shown beside every number."""

    PATIENT = "in the patient"
    DETECTOR = "at detector"
    MAGNIFICATION = "corrected by magnification from header"
    CALIBRATED = "calibrated"


class Photometric(Enum):
    """How stored values become light: PS3.3 C.7.6.3.1.2."""

    MONOCHROME1 = "MONOCHROME1"
    MONOCHROME2 = "MONOCHROME2"
    RGB = "RGB"


@attrs.frozen
class PixelSpacing:
    """Distance between pixel centres in mm: `row_mm` down the rows, `column_mm` along a row."""

    row_mm: float
    column_mm: float
    source: SpacingSource


@attrs.frozen
class Window:
    """A VOI window on modality values, and the function it goes through (PS3.3 C.11.2.1.2)."""

    centre: float
    width: float
    function: str = "LINEAR"
    name: str = ""


@attrs.frozen
class GreyScale:
    """How stored values become modality values and then light.

    modality value = stored * slope + intercept. `padding_from`/`padding_to` are stored values
    (inclusive) that are no image. `minimum`/`maximum` are the stored extremes without padding.
    """

    photometric: Photometric = Photometric.MONOCHROME2
    slope: float = 1.0
    intercept: float = 0.0
    bits_stored: int = 8
    windows: tuple[Window, ...] = ()
    padding_from: int | None = None
    padding_to: int | None = None
    minimum: int = 0
    maximum: int = 255
    unit: str = ""


@attrs.frozen
class ImageRecord:
    """All that is known about one image or volume, without its pixels.

    Shape: (rows, columns), (rows, columns, 3) for colour, (planes, rows, columns) for a volume,
    (frames, rows, columns) or (frames, rows, columns, 3) for a multi-frame picture without
    geometry, (bytes,) uint8 for a file that is kept whole (a report, a surface, what could not be
    read). `dtype` is numpy's name, little endian in the store.
    """

    id: ImageId
    patient_id: PatientId
    study_uid: StudyUid
    series_uid: SeriesUid
    sop_instance_uids: tuple[SopUid, ...]
    sop_class_uid: str
    modality: str
    kind: ImageKind
    shape: tuple[int, ...]
    dtype: str
    grey: GreyScale = GreyScale()
    spacing: PixelSpacing | None = None
    affine_lps: Affine | None = None
    laterality: str = ""
    patient_orientation: tuple[str, str] | None = None
    teeth: tuple[Tooth, ...] = ()
    acquired: datetime | None = None
    number: int | None = None
    description: str = ""
    burned_in: str = ""
    pixel_sha256: str = ""
    state: ImageState = ImageState.SHOWN
    reason: str = ""
    notes: tuple[str, ...] = ()
    arrived_as: Patient | None = None
    """Who the file says it is of, where a person decided otherwise."""
    caution: str = ""
    """What has to be known while looking, in a few words: it stands in every pane. Empty if all is
    as it was acquired; the whole story is in `notes`."""

    @property
    def is_file(self) -> bool:
        """Whether what is stored is a file's bytes and not a picture."""
        return len(self.shape) == 1

    @property
    def is_volume(self) -> bool:
        """Whether it has a place in space and is shown in planes."""
        return self.affine_lps is not None and len(self.shape) == 3

    @property
    def is_colour(self) -> bool:
        """Whether its last axis is red, green, blue."""
        return self.grey.photometric is Photometric.RGB

    @property
    def size_bytes(self) -> int:
        """Size of the pixel array in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


@attrs.frozen(eq=False)
class Picture:
    """A record together with its stored values.

    `pixels` has the record's shape and dtype, C order: [j, i], [j, i, c] or [k, j, i].
    """

    record: ImageRecord
    pixels: NDArray[np.generic]

    @property
    def affine(self) -> NDArray[np.float64]:
        """The 4x4 index-to-LPS matrix of a volume.

        Raises
        ------
        ValueError
            The picture is not a volume.
        """
        if self.record.affine_lps is None:
            raise ValueError("a flat picture has no place in space")
        return np.array(self.record.affine_lps, dtype=np.float64)


def to_affine(matrix: NDArray[np.floating]) -> Affine:
    """Return a 4x4 matrix as the nested tuple that records hold."""
    if matrix.shape != (4, 4):
        raise ValueError("an affine has shape (4, 4)")
    rows = tuple(tuple(float(x) for x in row) for row in matrix)
    return rows  # type: ignore[return-value]
