"""The overview of a volume as a sealed object of its own: packing, finding, adding it later."""

from __future__ import annotations

import struct

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.model.ids import ImageId
from viewer.model.image import ImageRecord
from viewer.vault.catalog import images
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import Role
from viewer.vault.errors import NotInStore, ObjectDamaged
from viewer.vault.pictures import DTYPES, stored_bytes
from viewer.vault.records import IsCancelled, never
from viewer.vault.sealed import SealedObjects

LONGEST = 128
_FACTORS = struct.Struct(">HHHH")


@attrs.frozen(eq=False)
class Overview:
    """A volume's means over boxes of `factors` (k, j, i) voxels, in its own dtype: [k, j, i]."""

    factors: tuple[int, int, int]
    values: NDArray[np.generic]


class Overviews:
    """The overviews in an open store. Any thread."""

    def __init__(self, catalog: Catalog, sealed: SealedObjects) -> None:
        self._catalog = catalog
        self._sealed = sealed

    def get(self, record: ImageRecord, is_cancelled: IsCancelled = never) -> Overview | None:
        """Return a volume's overview; None if it has none (yet).

        Raises
        ------
        ObjectMissing, ObjectDamaged, StoreFault, Cancelled
            It is listed and cannot be opened.
        """
        with self._catalog.read() as cursor:
            part = images.find_object(cursor, record.id, Role.OVERVIEW)
        if part is None:
            return None
        reader = self._sealed.reader_of(part)
        if reader.header.plain_bytes > _largest_bytes(record):
            raise ObjectDamaged
        plain = np.empty(reader.header.plain_bytes, np.uint8)
        reader.open_into(plain.data.cast("B"), self._sealed.pause(is_cancelled))
        return unpack_overview(record, plain)

    def keep(
        self, record: ImageRecord, overview: Overview, is_cancelled: IsCancelled = never
    ) -> bool:
        """Seal and list the overview of a stored volume; return False if it has one already.

        Raises
        ------
        NotInStore
            The volume is gone.
        """
        parts = pack_overview(record, overview)
        with self._sealed.writing():
            pause = self._sealed.pause(is_cancelled)
            made = self._sealed.seal(record.id, record.patient_id, parts, pause)
            try:
                is_listed = self._list(record.id, made)
            except NotInStore:
                self._sealed.discard(part.id for part in made)
                raise
            except BaseException:
                self._sealed.discard_unlisted(made)
                raise
            if not is_listed:
                self._sealed.discard(part.id for part in made)
            return is_listed

    def _list(self, image_id: ImageId, made: list[images.StoredObject]) -> bool:
        with self._catalog.write() as cursor:
            images.get(cursor, image_id)
            if images.find_object(cursor, image_id, Role.OVERVIEW) is not None:
                return False
            images.add_objects(cursor, made)
            return True


def pack_overview(record: ImageRecord, overview: Overview) -> dict[Role, memoryview]:
    """Return what is sealed of an overview: its factors, then its values.

    Raises
    ------
    ValueError
        It is not of this volume.
    """
    values, factors = overview.values, overview.factors
    if values.shape != overview_shape(record, factors) or values.dtype.name != record.dtype:
        raise ValueError("this overview is of another volume")
    plain = bytearray(_FACTORS.pack(*factors, 0)) + stored_bytes(values)
    return {Role.OVERVIEW: memoryview(plain)}


def unpack_overview(record: ImageRecord, plain: NDArray[np.uint8]) -> Overview:
    """Return the overview that opened bytes hold, over the same memory.

    Raises
    ------
    ObjectDamaged
        They hold none of this volume.
    """
    if plain.size < _FACTORS.size or record.dtype not in DTYPES:
        raise ObjectDamaged
    *read, zero = _FACTORS.unpack(plain[: _FACTORS.size].tobytes())
    factors = (read[0], read[1], read[2])
    if zero or not all(factors) or len(record.shape) != 3:
        raise ObjectDamaged
    shape = overview_shape(record, factors)
    dtype = np.dtype(record.dtype).newbyteorder("<")
    if max(shape) > LONGEST or plain.size != _FACTORS.size + dtype.itemsize * int(np.prod(shape)):
        raise ObjectDamaged
    return Overview(factors, plain[_FACTORS.size :].view(dtype).reshape(shape))


def overview_shape(record: ImageRecord, factors: tuple[int, int, int]) -> tuple[int, ...]:
    """Return how many boxes there are along each axis; the last of one may be smaller."""
    return tuple(-(-size // by) for size, by in zip(record.shape, factors, strict=True))


def _largest_bytes(record: ImageRecord) -> int:
    if record.dtype not in DTYPES:
        raise ObjectDamaged
    return _FACTORS.size + np.dtype(record.dtype).itemsize * LONGEST**3
