"""Uncompressed data sets into other transfer syntaxes, losslessly."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, RLELossless

from viewer.dicom.errors import Unsupported


def transcode(dataset: Dataset, syntax_uid: str) -> Dataset:
    """Return a copy of an uncompressed Explicit VR Little Endian data set in another syntax.

    Raises
    ------
    Unsupported
        There is no lossless encoder for the transfer syntax.
    """
    copy = deepcopy(dataset)
    if syntax_uid in _PLAIN:
        return _relabelled(copy, syntax_uid)
    if syntax_uid == _RLE:
        copy.compress(UID(_RLE), encoding_plugin="pydicom", generate_instance_uid=False)
        return copy
    if syntax_uid not in _ENCODERS:
        raise Unsupported("There is no lossless encoder for this transfer syntax.")
    copy.PixelData = encapsulate([_ENCODERS[syntax_uid](_pixels(copy))], has_bot=True)
    copy["PixelData"].VR = "OB"
    copy["PixelData"].is_undefined_length = True
    return _relabelled(copy, syntax_uid)


def _relabelled(copy: Dataset, syntax_uid: str) -> Dataset:
    copy.file_meta.TransferSyntaxUID = UID(syntax_uid)
    return copy


def _pixels(ds: Dataset) -> NDArray[np.generic]:
    kind = "u" if ds.PixelRepresentation == 0 else "i"
    flat = np.frombuffer(ds.PixelData, f"<{kind}{ds.BitsAllocated // 8}")
    shape = (ds.Rows, ds.Columns) if ds.SamplesPerPixel == 1 else (ds.Rows, ds.Columns, 3)
    pixels = flat[: int(np.prod(shape))].reshape(shape)
    return pixels.view(f"<u{ds.BitsAllocated // 8}")


def _jpeg_lossless(pixels: NDArray[np.generic]) -> bytes:
    if pixels.ndim != 2:
        raise Unsupported("JPEG lossless is written for grey pictures only.")
    bits = pixels.dtype.itemsize * 8
    return bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=bits))


def _jpeg_ls(pixels: NDArray[np.generic]) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels))


def _jpeg_2000(pixels: NDArray[np.generic]) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k", mct=False))


def _htj2k(pixels: NDArray[np.generic]) -> bytes:
    return bytes(imagecodecs.htj2k_encode(pixels))


_RLE = str(RLELossless)
_PLAIN = frozenset(("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"))
_ENCODERS: dict[str, Callable[[NDArray[np.generic]], bytes]] = {
    "1.2.840.10008.1.2.4.57": _jpeg_lossless,
    "1.2.840.10008.1.2.4.70": _jpeg_lossless,
    "1.2.840.10008.1.2.4.80": _jpeg_ls,
    "1.2.840.10008.1.2.4.90": _jpeg_2000,
    "1.2.840.10008.1.2.4.201": _htj2k,
}
