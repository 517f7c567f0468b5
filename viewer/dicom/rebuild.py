"""DICOM files put together again from what the store keeps of them, every element as it came.

The store keeps a picture's header and its pixels apart. `is_rebuilt` says, when a file arrives,
whether both together give every element back; where they do not, the file itself is kept as well.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from viewer.dicom import attributes
from viewer.dicom.errors import Malformed
from viewer.dicom.layout import PixelLayout
from viewer.dicom.parse import Parsed
from viewer.dicom.structure import LIMITS, walk
from viewer.dicom.syntaxes import Codec
from viewer.model.errors import IntegrityError

_PIXEL_DATA = 0x7FE00010
_EXPLICIT = "1.2.840.10008.1.2.1"
_PREAMBLE = bytes(128) + b"DICM"
_MOST_NATIVE = 0xFFFFFFFE
_COUNT, _SIZE = struct.Struct(">I"), struct.Struct(">Q")


def is_rebuilt(parsed: Parsed, layout: PixelLayout) -> bool:
    """Whether header and stored pixels together hold every element of the file, bit for bit.

    Whether unused bits of the pixels were zero shows only when they are decoded.
    """
    syntax, place = parsed.syntax, parsed.pixels
    if place is None or layout.codec != Codec.NATIVE.value:
        return False
    if syntax.is_big_endian or syntax.is_big_endian_pixels or syntax.is_deflated:
        return False
    if layout.photometric not in ("MONOCHROME1", "MONOCHROME2", "RGB") or layout.is_planar:
        return False
    if layout.modality_table is not None or layout.bits_allocated % 8:
        return False
    if not all(parsed.header.get(word) for word in ("SOPClassUID", "SOPInstanceUID")):
        return False
    if not syntax.is_implicit and place.vr != _vr(layout.bits_allocated):
        return False
    return _is_as_long(parsed, layout)


def _is_as_long(parsed: Parsed, layout: PixelLayout) -> bool:
    place = parsed.pixels
    expected = layout.native_frame_bytes * layout.frames
    if place is None or place.length != expected + expected % 2:
        return False
    return expected % 2 == 0 or parsed.body[place.start + expected] == 0


def data_set_with(data_set: bytes, pixels: memoryview, bits_allocated: int) -> bytes:
    """Return a data set with its native pixels in their place.

    Parameters
    ----------
    data_set : bytes
        In Explicit VR Little Endian, without pixels.

    Raises
    ------
    Malformed
        The data set is none, or the pixels are more than fit into one.
    """
    size = pixels.nbytes + pixels.nbytes % 2
    if size > _MOST_NATIVE:
        raise Malformed("The picture is too large for one DICOM file.")
    at = _place_of_pixels(data_set)
    vr = _vr(bits_allocated).encode("ascii")
    head = struct.pack("<HH2sHI", 0x7FE0, 0x0010, vr, 0, size)
    return b"".join((data_set[:at], head, pixels, b"\0" * (pixels.nbytes % 2), data_set[at:]))


def file_of(data_set: bytes) -> bytes:
    """Return a data set in Explicit VR Little Endian as a file, with a meta group of ours."""
    head = read_dataset(
        BytesIO(data_set), is_implicit_VR=False, is_little_endian=True, stop_when=_is_beyond_uids
    )
    buffer = DicomBytesIO()
    buffer.write(_PREAMBLE)
    write_file_meta_info(buffer, _meta(head), enforce_standard=True)
    buffer.write(data_set)
    return bytes(buffer.getvalue())


def describes(header: Dataset, pixels: NDArray[np.generic]) -> bool:
    """Whether a header is of such pixels: their size, depth and colour, none of them changed.

    Parameters
    ----------
    pixels : (rows, columns), with frames before and colours behind
    """
    samples = attributes.number_of(header, "SamplesPerPixel") or 1
    rows, columns = pixels.shape[-2:] if samples == 1 else pixels.shape[-3:-1]
    said = [attributes.number_of(header, word) for word in ("Rows", "Columns", "BitsAllocated")]
    if said != [rows, columns, pixels.dtype.itemsize * 8] or header.get("ModalityLUTSequence"):
        return False
    if samples == 1:
        return attributes.text(header, "PhotometricInterpretation").startswith("MONOCHROME")
    is_by_pixel = not attributes.number_of(header, "PlanarConfiguration")
    return attributes.text(header, "PhotometricInterpretation") == "RGB" and is_by_pixel


def pack_originals(sizes: Sequence[int]) -> tuple[bytearray, list[memoryview]]:
    """Return room for some files as the store keeps them, and the place of each in it."""
    room = bytearray(_COUNT.size + sum(_SIZE.size + size for size in sizes))
    _COUNT.pack_into(room, 0, len(sizes))
    places: list[memoryview] = []
    at = _COUNT.size
    whole = memoryview(room)
    for size in sizes:
        _SIZE.pack_into(room, at, size)
        at += _SIZE.size
        places.append(whole[at : at + size])
        at += size
    return room, places


def unpack_originals(content: bytearray | bytes) -> list[memoryview]:
    """Return the files that were packed.

    Raises
    ------
    IntegrityError
        The bytes are not what `pack_originals` made room for.
    """
    whole = memoryview(content)
    try:
        (count,) = _COUNT.unpack_from(whole, 0)
        at, files = _COUNT.size, []
        for _ in range(count):
            (size,) = _SIZE.unpack_from(whole, at)
            at += _SIZE.size
            if at + size > len(whole):
                raise IntegrityError(_DAMAGED)
            files.append(whole[at : at + size])
            at += size
    except struct.error as fault:
        raise IntegrityError(_DAMAGED) from fault
    if at != len(whole):
        raise IntegrityError(_DAMAGED)
    return files


_DAMAGED = "The stored original files are damaged."


def _vr(bits_allocated: int) -> str:
    return "OW" if bits_allocated > 8 else "OB"


def _place_of_pixels(data_set: bytes) -> int:
    content = memoryview(data_set)
    outline = walk(content, is_implicit=False, big=False, limits=LIMITS)
    for top in outline.tops:
        group, element = struct.unpack_from("<HH", content, top)
        if group << 16 | element > _PIXEL_DATA:
            return top
    return len(data_set)


def _is_beyond_uids(tag: int, _vr: str | None, _length: int) -> bool:
    return tag > 0x00080018


def _meta(head: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(str(head.get("SOPClassUID") or ""))
    meta.MediaStorageSOPInstanceUID = UID(str(head.get("SOPInstanceUID") or ""))
    meta.TransferSyntaxUID = UID(_EXPLICIT)
    meta.ImplementationVersionName = "BITEWING"
    return meta
