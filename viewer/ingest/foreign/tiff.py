"""TIFF: its directories read here, within bounds; its strips and tiles decoded by libtiff.

Source: TIFF 6.0; BigTIFF as libtiff writes it.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import Any

import attrs
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewer.ingest.foreign.colours import Samples
from viewer.ingest.foreign.facts import MAX_PAGE_BYTES, MAX_PAGES, Photo, PhotoPage
from viewer.ingest.foreign.metadata import captured_of, moment_in, stripped_from
from viewer.ingest.foreign.opened import Opened
from viewer.ingest.foreign.refusals import PhotoRefused, damaged, too_large

_TYPES = {1: "B", 2: "c", 3: "H", 4: "I", 5: "II", 16: "Q"}
_MOST_VALUES = 3 << 16
_MOST_ENTRIES = 4096
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_KNOWN_PHOTOMETRIC = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR)
_WANTED = frozenset((254, 256, 257, 258, 262, 274, 277, 282, 284, 296, 320, 322, 323, 338, 339))
_ALPHA_MULTIPLIED, _ALPHA_PLAIN = 1, 2


@attrs.frozen
class _Directory:
    """One directory's wanted values. `number` counts all directories, small pictures too."""

    number: int
    tags: dict[int, tuple[int, ...]]

    def one(self, tag: int, default: int) -> int:
        values = self.tags.get(tag)
        return values[0] if values else default

    @property
    def is_reduced(self) -> bool:
        """Whether it is a small picture or a mask of another page."""
        return bool(self.one(254, 0) & 5)

    @property
    def samples(self) -> int:
        return self.one(277, 1)

    @property
    def bits(self) -> int:
        return self.one(258, 1)

    @property
    def photometric(self) -> int:
        return self.one(262, _BLACK_IS_ZERO)


def open_tiff(content: bytes) -> Opened:
    """Open a TIFF; each page is a picture of its own, small ones of other pages are left out.

    Raises
    ------
    PhotoRefused
    """
    directories = [d for d in _directories(content) if not d.is_reduced]
    if not directories:
        raise damaged()
    pages = tuple(_page(directory) for directory in directories)
    orientations = tuple(d.one(274, 1) if d.one(274, 1) in range(1, 9) else 1 for d in directories)
    exif = _exif(content)
    photo = Photo(
        "TIFF",
        tuple(_turned(page, way) for page, way in zip(pages, orientations, strict=True)),
        captured_of(exif) or moment_in(exif.get(306)),
        stripped_from(exif, {}),
        (),
        _dots_per_inch(directories[0]),
    )
    return Opened(photo, partial(_decode, content, directories), orientations)


def _directories(content: bytes) -> list[_Directory]:
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None or len(content) < 16:
        raise damaged()
    try:
        is_big = struct.unpack_from(f"{order}H", content, 2)[0] == 43
        at = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", content, 8 if is_big else 4)[0]
        return _walk(content, order, at, is_big=is_big)
    except struct.error as fault:
        raise damaged() from fault


def _walk(content: bytes, order: str, at: int, *, is_big: bool) -> list[_Directory]:
    found: list[_Directory] = []
    seen: set[int] = set()
    while at:
        if at in seen:
            raise damaged()
        if len(found) > 2 * MAX_PAGES:
            raise PhotoRefused("The file has more pages than are read.", "Split it.")
        seen.add(at)
        tags, at = _directory(content, order, at, is_big=is_big)
        found.append(_Directory(len(found), tags))
    return found


def _directory(
    content: bytes, order: str, at: int, *, is_big: bool
) -> tuple[dict[int, tuple[int, ...]], int]:
    count_as, entry_as, offset_as = ("Q", "HHQ", "Q") if is_big else ("H", "HHI", "I")
    (count,) = struct.unpack_from(f"{order}{count_as}", content, at)
    if count > _MOST_ENTRIES:
        raise damaged()
    at += struct.calcsize(f"={count_as}")
    size = 20 if is_big else 12
    tags: dict[int, tuple[int, ...]] = {}
    for n in range(count):
        start = at + n * size
        tag, kind, many = struct.unpack_from(f"{order}{entry_as}", content, start)
        place = start + (12 if is_big else 8)
        if tag in _WANTED and kind in _TYPES and kind != 2 and many <= _MOST_VALUES:
            tags[tag] = _values(content, order, kind, many, place, offset_as)
    (following,) = struct.unpack_from(f"{order}{offset_as}", content, at + count * size)
    return tags, following


def _values(
    content: bytes, order: str, kind: int, many: int, place: int, offset_as: str
) -> tuple[int, ...]:
    layout = f"{order}{_TYPES[kind] * many}"
    if struct.calcsize(layout) > struct.calcsize(f"={offset_as}"):
        (place,) = struct.unpack_from(f"{order}{offset_as}", content, place)
    return struct.unpack_from(layout, content, place)


def _page(directory: _Directory) -> PhotoPage:
    """Check a directory and say how large its picture is.

    Raises
    ------
    PhotoRefused
    """
    rows, columns = directory.one(257, 0), directory.one(256, 0)
    samples, bits = directory.samples, directory.bits
    if len(set(directory.tags.get(258, (bits,)))) > 1 or bits not in (1, 8, 16):
        raise PhotoRefused("The picture has grey values of a size that is not read.")
    if directory.one(339, 1) not in (1, 4):
        raise PhotoRefused("The picture has signed or fractional values, which are not read.")
    if directory.photometric not in _KNOWN_PHOTOMETRIC or not 1 <= samples <= 5:
        raise PhotoRefused("The picture has colours that are not read.", "Save it as RGB.")
    is_grey = directory.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    if (samples < 3) is not (is_grey or directory.photometric == _PALETTE):
        raise damaged()
    each = max(bits // 8, 1)
    tile = directory.one(322, 1) * directory.one(323, 1)
    if max(tile, rows * columns) * samples * each > MAX_PAGE_BYTES:
        raise too_large()
    return PhotoPage(rows, columns, 1 if is_grey else 3, each)


def _turned(page: PhotoPage, orientation: int) -> PhotoPage:
    if orientation < 5:
        return page
    return attrs.evolve(page, rows=page.columns, columns=page.rows)


def _decode(content: bytes, directories: list[_Directory], page: int, _longest: int) -> Samples:
    directory = directories[page]
    try:
        values = imagecodecs.tiff_decode(content, index=directory.number)
    except (imagecodecs.TiffError, ValueError, IndexError, RuntimeError) as fault:
        raise damaged() from fault
    values = _chunky(values, directory)
    if values.shape[:2] != (directory.one(257, 0), directory.one(256, 0)):
        raise damaged()
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    if values.dtype not in (np.uint8, np.uint16):
        raise damaged()
    if directory.photometric == _PALETTE:
        values = _looked_up(values, directory)
    values, multiplied = _without_extras(values, directory)
    profile = _icc(content)
    is_inverted = directory.photometric == _WHITE_IS_ZERO
    return Samples(values, is_inverted, multiplied, profile)


def _chunky(values: NDArray[Any], directory: _Directory) -> NDArray[Any]:
    if directory.one(284, 1) == 2 and values.ndim == 3 and values.shape[0] == directory.samples:
        return np.moveaxis(values, 0, -1)
    return values


def _looked_up(values: NDArray[Any], directory: _Directory) -> NDArray[np.uint8]:
    table = np.array(directory.tags.get(320, ()), np.uint16)
    if values.ndim != 2 or table.size == 0 or table.size % 3:
        raise damaged()
    colours = table.reshape(3, -1).T
    if int(values.max()) >= len(colours):
        raise damaged()
    is_eight = not (colours & 0xFF).any() or bool((colours > 0xFF).any())
    eight = (colours >> 8 if is_eight else colours).astype(np.uint8)
    return np.asarray(eight[values])


def _without_extras(values: NDArray[Any], directory: _Directory) -> tuple[NDArray[Any], bool]:
    """Leave out channels that are no alpha; return whether colours are multiplied by it."""
    if values.ndim == 2:
        return values, False
    extra = directory.one(338, 0)
    colours = 1 if directory.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) else 3
    if extra in (_ALPHA_MULTIPLIED, _ALPHA_PLAIN) and values.shape[2] > colours:
        return values[..., : colours + 1], extra == _ALPHA_MULTIPLIED
    plain = values[..., :colours]
    return (plain[..., 0] if colours == 1 else plain), False


def _exif(content: bytes) -> Image.Exif:
    exif = Image.Exif()
    try:
        exif.load(content)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return Image.Exif()
    return exif


def _icc(content: bytes) -> bytes:
    profile = _exif(content).get(34675)
    return profile if isinstance(profile, bytes) else b""


def _dots_per_inch(directory: _Directory) -> float:
    value = directory.tags.get(282, ())
    if len(value) != 2 or not value[1]:
        return 0.0
    per_unit = value[0] / value[1]
    dots = per_unit * {2: 1.0, 3: 2.54}.get(directory.one(296, 2), 0.0)
    return dots if 1 < dots < 1e5 else 0.0
