"""A picture's parts as bytes, and the checks before they are sealed."""

from __future__ import annotations

import hashlib
import math
import mmap
import struct
import sys
from collections.abc import Callable
from contextlib import suppress

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.model.patient import Series, Study
from viewer.vault.errors import ObjectDamaged
from viewer.vault.records import IsCancelled

Opening = Callable[[ImageId, IsCancelled], NDArray[np.generic]]
"""Opens an image's pixels: a fresh C-ordered array of the record's shape and dtype."""
DTYPES = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32"})
_LARGE_BYTES = 4 << 20
"""From here on huge pages, as NumPy asks for them for its own arrays."""

LARGEST_THUMBNAIL = 1024
_THUMBNAIL = struct.Struct(">HHHH")


def check_picture(
    study: Study, series: Series, record: ImageRecord, pixels: NDArray[np.generic]
) -> None:
    """Return only if the parts belong together.

    Raises
    ------
    ValueError
        They contradict each other.
    """
    if record.dtype not in DTYPES or pixels.dtype.name != record.dtype:
        raise ValueError("the pixels' type is not the record's")
    if pixels.shape != record.shape or pixels.size == 0:
        raise ValueError("the pixels' shape is not the record's")
    _check_place(study, series, record)


def check_file(study: Study, series: Series, record: ImageRecord, size_bytes: int) -> None:
    """Return only if the parts belong together and the record is of a file of this size.

    Raises
    ------
    ValueError
        They contradict each other.
    """
    if record.shape != (size_bytes,) or record.dtype != "uint8" or size_bytes <= 0:
        raise ValueError("the record speaks of another file")
    _check_place(study, series, record)


def _check_place(study: Study, series: Series, record: ImageRecord) -> None:
    of_record = (record.patient_id, record.study_uid, record.series_uid)
    if of_record != (study.patient_id, study.uid, series.uid) or series.study_uid != study.uid:
        raise ValueError("record, series and study do not belong together")


def is_same_picture(old: ImageRecord, new: ImageRecord) -> bool:
    """Whether only what may change about a stored image differs."""
    fixed = ("patient_id", "study_uid", "series_uid", "sop_instance_uids", "shape", "dtype")
    return all(getattr(old, name) == getattr(new, name) for name in (*fixed, "pixel_sha256"))


def stored_bytes(pixels: NDArray[np.generic]) -> memoryview:
    """Return pixels as the store keeps them: C order, little endian; no copy where they are so."""
    little = pixels.dtype.newbyteorder("<")
    return np.ascontiguousarray(pixels, dtype=little).data.cast("B")


def empty_pixels(record: ImageRecord) -> NDArray[np.generic]:
    """Return an array of the record's shape and type, not filled.

    Its memory is its own mapping: when the last view of it is gone the pages are, too, whoever
    dropped it and when. What is freed to the heap would keep a patient's pixels past the lock.
    """
    if record.dtype not in DTYPES:
        raise ObjectDamaged
    dtype = np.dtype(record.dtype).newbyteorder("<")
    size_bytes = dtype.itemsize * math.prod(record.shape)
    return np.frombuffer(_own_pages(max(1, size_bytes)), dtype, math.prod(record.shape)).reshape(
        record.shape
    )


def _own_pages(size_bytes: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, size_bytes)
    pages = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if size_bytes >= _LARGE_BYTES and hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            pages.madvise(mmap.MADV_HUGEPAGE)
    return pages


def pixel_digest(plain: memoryview) -> str:
    """Return SHA-256 of the stored bytes in hex."""
    return hashlib.sha256(plain).hexdigest()


def with_digest(record: ImageRecord, found: str) -> ImageRecord:
    """Return the record with its pixel digest filled in.

    Raises
    ------
    ValueError
        It speaks of other pixels.
    """
    if record.pixel_sha256 not in {"", found}:
        raise ValueError("the record speaks of other pixels")
    return attrs.evolve(record, pixel_sha256=found)


def pack_thumbnail(thumbnail: NDArray[np.uint8]) -> bytes:
    """Return a thumbnail as bytes.

    Raises
    ------
    ValueError
        It is no uint8 picture of one or three channels, or larger than 1024 pixels.
    """
    channels = 1 if thumbnail.ndim == 2 else thumbnail.shape[-1]
    if thumbnail.dtype != np.uint8 or thumbnail.ndim not in {2, 3} or channels not in {1, 3}:
        raise ValueError("a thumbnail is 8-bit grey or RGB")
    rows, columns = thumbnail.shape[:2]
    if not (0 < rows <= LARGEST_THUMBNAIL and 0 < columns <= LARGEST_THUMBNAIL):
        raise ValueError("a thumbnail has 1 to 1024 rows and columns")
    return _THUMBNAIL.pack(rows, columns, channels, 0) + thumbnail.tobytes()


def unpack_thumbnail(plain: bytes | bytearray) -> NDArray[np.uint8]:
    """Return the thumbnail: (rows, columns) or (rows, columns, 3), uint8.

    Raises
    ------
    ObjectDamaged
        The bytes are no thumbnail.
    """
    if len(plain) < _THUMBNAIL.size:
        raise ObjectDamaged
    rows, columns, channels, _ = _THUMBNAIL.unpack_from(plain)
    if channels not in {1, 3} or rows * columns * channels != len(plain) - _THUMBNAIL.size:
        raise ObjectDamaged
    shape = (rows, columns) if channels == 1 else (rows, columns, 3)
    return np.frombuffer(plain, np.uint8, offset=_THUMBNAIL.size).reshape(shape).copy()
