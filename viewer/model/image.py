"""Images and volumes: what is known about them, and their arrays."""

from __future__ import annotations

import base64
import zlib
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Self

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.bit_planes import BitPlane
from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid
from viewer.model.patient import Patient
from viewer.model.tooth import Tooth

_MOST_TABLE_BYTES = 2 * 65536

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
class ValueTable:
    """A look-up table for grey values (PS3.3 C.11.2.1.1), kept small.

    Entry 0 belongs to `first` (a modality value, or 0 of a presentation table) and to all below
    it, the last to all above. Entries have `bits` bits. `centre` and `width` are the window that
    comes nearest, for whoever goes on from it by hand.
    """

    first: int
    bits: int
    packed: str = attrs.field(repr=False)
    """Base64 of zlib of what each entry adds to the one before, unsigned 16 bits little endian."""
    name: str = ""
    centre: float = 0.0
    width: float = 1.0

    @classmethod
    def of(cls, first: int, bits: int, entries: NDArray[np.integer], name: str = "") -> Self:
        """Pack a table; entries from 0 to 65535."""
        steps = np.diff(entries.astype(np.uint16), prepend=np.uint16(0))
        content = zlib.compress(steps.astype("<u2").tobytes(), 6)
        low, high = _rise(entries)
        return cls(
            first,
            bits,
            base64.b64encode(content).decode("ascii"),
            name,
            first + (low + high) / 2,
            max(high - low, 1.0),
        )

    @property
    def entries(self) -> NDArray[np.uint16]:
        """The table: shape (n,), read-only."""
        return _unpacked(self.packed)


def _rise(entries: NDArray[np.integer]) -> tuple[float, float]:
    """Return between which entries nearly all of a table's change lies."""
    low, high = int(entries.min()), int(entries.max())
    margin = (high - low) * 0.02
    at = np.flatnonzero((entries > low + margin) & (entries < high - margin))
    return (float(at[0]), float(at[-1])) if at.size else (0.0, float(len(entries) - 1))


@lru_cache(maxsize=16)
def _unpacked(packed: str) -> NDArray[np.uint16]:
    content = zlib.decompressobj().decompress(base64.b64decode(packed), _MOST_TABLE_BYTES)
    entries = np.cumsum(np.frombuffer(content, "<u2"), dtype=np.uint16)
    entries.flags.writeable = False
    return entries


@attrs.frozen
class GreyScale:
    """How stored values become modality values and then light.

    modality value = stored * slope + intercept. `padding_from`/`padding_to` are stored values
    (inclusive) that are no image. `minimum`/`maximum` are the stored extremes without padding.
    `tables` can take the place of a window; `presentation` comes after either (PS3.3 C.11.6).
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
    tables: tuple[ValueTable, ...] = ()
    presentation: ValueTable | None = None


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
    pixel_aspect: float = 1.0
    """Height of a pixel over its width where no spacing in mm says it."""
    arrived_as: Patient | None = None
    """Who the file says it is of, where a person decided otherwise."""
    caution: str = ""
    """What has to be known while looking, in a few words: it stands in every pane. Empty if all is
    as it was acquired; the whole story is in `notes`."""
    part: str = ""
    """Which of several volumes of one file it is ("2 of 3"); they share its identifier."""

    @property
    def aspect(self) -> float:
        """Height of a pixel over its width."""
        if self.spacing is None or min(self.spacing.row_mm, self.spacing.column_mm) <= 0:
            return self.pixel_aspect
        return self.spacing.row_mm / self.spacing.column_mm

    @property
    def frames(self) -> int:
        """How many frames a flat picture has; 1 for a volume and for a file."""
        if self.is_volume or self.is_file:
            return 1
        axes = 4 if self.is_colour else 3
        return self.shape[0] if len(self.shape) == axes else 1

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

    `pixels` has the record's shape and dtype, C order: [j, i], [j, i, c] or [k, j, i]. `overlays`
    are drawn over a flat one.
    """

    record: ImageRecord
    pixels: NDArray[np.generic]
    overlays: tuple[BitPlane, ...] = ()

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
