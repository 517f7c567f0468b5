"""The stored image as DICOM had it: its data sets, and which planes of the pixels are whose.

Pure, any thread.
"""

from __future__ import annotations

from io import BytesIO

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from viewer.dicom.geometry import place_of
from viewer.dicom.headers import unpack_headers
from viewer.dicom.stacking import MISSING, RESAMPLED
from viewer.model.image import ImageRecord, to_affine
from viewer.redact.errors import SourceUnreadable

_NO_HEADERS = (
    "This volume came from a file that is no DICOM, so there is no header to share it with."
    " Hand on the file itself."
)
_REGRIDDED = (
    "This volume was put on an even grid, or has slices missing, so it is not what its slices'"
    " headers describe. Hand on its DICOM files instead."
)
_PART = "This volume is a part of a file that holds several. Hand on its DICOM file instead."
_MISFIT = "A stored header does not belong to its picture."
_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, NotImplementedError, EOFError)


@attrs.frozen(eq=False)
class ShareSubject:
    """One image as the store has it.

    `pixels` has the record's shape and dtype; `headers` are the packed original data sets
    without pixels (`viewer.dicom.headers`), one for each instance; those of a volume in the order
    of its planes.
    """

    record: ImageRecord
    pixels: NDArray[np.generic] = attrs.field(repr=False)
    headers: bytes = attrs.field(repr=False)


@attrs.frozen(eq=False)
class Instance:
    """One DICOM object: its header, and its planes (None: the whole array), in its own order."""

    header: Dataset
    planes: tuple[int, ...] | None

    def pixels_of(self, pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return this object's pixels: one plane, all of its frames, or the flat picture."""
        if self.planes is None:
            return pixels
        if len(self.planes) == 1 and "NumberOfFrames" not in self.header:
            plane: NDArray[np.generic] = pixels[self.planes[0]]
            return plane
        if self.planes == tuple(range(len(pixels))):
            return pixels
        return pixels[list(self.planes)]


def instances_of(subject: ShareSubject) -> tuple[Instance, ...]:
    """Return the DICOM objects an image is made of.

    Raises
    ------
    SourceUnreadable
        Headers and pixels do not belong together, or cannot be put together again.
    """
    record = subject.record
    if tuple(subject.pixels.shape) != tuple(record.shape) or subject.pixels.dtype.kind not in "iu":
        raise SourceUnreadable(_MISFIT)
    headers = [_header(raw) for raw in unpack_headers(subject.headers)]
    if record.is_volume and not headers:
        raise SourceUnreadable(_NO_HEADERS)
    if RESAMPLED in record.caution or MISSING in record.caution:
        raise SourceUnreadable(_REGRIDDED)
    frames = record.shape[0] if len(record.shape) - (3 if record.is_colour else 2) > 0 else None
    if frames is None or not headers:
        if len(headers) != 1:
            raise SourceUnreadable(_MISFIT)
        return (Instance(headers[0], None),)
    if len(headers) == 1:
        return (Instance(headers[0], _frame_order(headers[0], record)),)
    if len(headers) != frames:
        raise SourceUnreadable(_MISFIT)
    instances = tuple(Instance(header, (k,)) for k, header in enumerate(headers))
    if record.is_volume:
        _refuse_wrong_places(instances, record)
    return instances


def _header(raw: bytes) -> Dataset:
    try:
        header = read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True)
        header.decode()
    except _UNREADABLE as fault:
        raise SourceUnreadable("A stored header cannot be read.") from fault
    return header


def _frame_order(header: Dataset, record: ImageRecord) -> tuple[int, ...]:
    """Return, frame by frame, the plane that holds it."""
    frames = record.shape[0]
    if int(header.get("NumberOfFrames") or frames) != frames:
        raise SourceUnreadable(_PART)
    if not record.is_volume:
        return tuple(range(frames))
    planes = tuple(_plane_at(header, record, frame) for frame in range(frames))
    if sorted(planes) != list(range(frames)):
        raise SourceUnreadable("The frames of a stored volume cannot be put back in their order.")
    return planes


def _refuse_wrong_places(instances: tuple[Instance, ...], record: ImageRecord) -> None:
    if any(_plane_at(one.header, record) != k for k, one in enumerate(instances)):
        raise SourceUnreadable(_MISFIT)


def _plane_at(header: Dataset, record: ImageRecord, frame: int = 0) -> int:
    """Return the index of the plane that lies where the header says."""
    place = place_of(header, frame)
    if place is None or record.affine_lps is None:
        raise SourceUnreadable(_MISFIT)
    affine = np.array(to_affine(np.array(record.affine_lps)))
    index = np.linalg.solve(affine, np.array([*place.position, 1.0]))
    return int(np.rint(index[2]))
