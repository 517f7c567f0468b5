"""A file of photos or scans into facts, a small picture, or pixels. In the decoding child."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewer.ingest.foreign.colours import Samples, finished
from viewer.ingest.foreign.facts import SMALL_SIDE, DecodedPage, is_of, is_sensible
from viewer.ingest.foreign.heic import open_heic
from viewer.ingest.foreign.opened import MAX_FILE_BYTES, Opened, Reader
from viewer.ingest.foreign.plain import open_bmp, open_gif, open_jpeg, open_png, open_webp
from viewer.ingest.foreign.refusals import PhotoRefused, damaged, too_large
from viewer.ingest.foreign.tiff import open_tiff

_LOW_PERCENT, _HIGH_PERCENT = 0.5, 99.5
_STARTS: tuple[tuple[bytes, Reader], ...] = (
    (b"\x89PNG\r\n\x1a\n", open_png),
    (b"\xff\xd8\xff", open_jpeg),
    (b"II*\0", open_tiff),
    (b"MM\0*", open_tiff),
    (b"II+\0", open_tiff),
    (b"MM\0+", open_tiff),
    (b"BM", open_bmp),
    (b"GIF8", open_gif),
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx")


def is_photo(start: bytes) -> bool:
    """Whether a file's first bytes are those of a photo or scan that is read here."""
    return _reader(start) is not None


def open_photo(content: bytes) -> Opened:
    """Read a file's header and check it against all bounds, before anything is decoded.

    Raises
    ------
    PhotoRefused
    """
    if len(content) > MAX_FILE_BYTES:
        raise too_large()
    reader = _reader(content)
    if reader is None:
        raise PhotoRefused("This is not a photo that can be read.")
    opened = reader(content)
    if not is_sensible(opened.photo):
        raise too_large()
    return opened


def decode_page(opened: Opened, page: int) -> tuple[NDArray[Any], DecodedPage]:
    """Decode one page: grey of 8 or 16 bits or sRGB of 8, upright.

    Raises
    ------
    PhotoRefused
    """
    samples = _finished(opened, page, 0)
    decoded = DecodedPage(
        samples.values.shape,
        samples.values.dtype.newbyteorder("=").name,
        samples.is_inverted,
        samples.notes,
    )
    if not is_of(decoded, opened.photo.pages[page]):
        raise damaged()
    return samples.values, decoded


def small_page(opened: Opened, page: int) -> NDArray[np.uint8]:
    """Decode one page to be looked at: uint8, longest side at most 640, light is light.

    Raises
    ------
    PhotoRefused
    """
    samples = _finished(opened, page, SMALL_SIDE)
    values = samples.values
    if values.dtype != np.uint8:
        values = _windowed(values)
    if samples.is_inverted:
        values = 255 - values
    image = Image.fromarray(np.ascontiguousarray(values))
    image.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return np.asarray(image)


def _reader(start: bytes) -> Reader | None:
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        return open_heic
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return open_webp
    return next((reader for first, reader in _STARTS if start.startswith(first)), None)


def _finished(opened: Opened, page: int, longest: int) -> Samples:
    if not 0 <= page < len(opened.photo.pages):
        raise damaged()
    return finished(opened.decode(page, longest), opened.orientation[page])


def _windowed(values: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = np.percentile(values, (_LOW_PERCENT, _HIGH_PERCENT))
    light = (values.astype(np.float64) - low) / max(high - low, 1.0)
    return np.asarray(np.rint(np.clip(light, 0, 1) * 255), np.uint8)
