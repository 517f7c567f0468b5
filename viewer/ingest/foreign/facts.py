"""What the child says of a photo or scan, and the bounds on it. Both sides of the channel."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from enum import Enum

import attrs
import numpy as np

MAX_PAGE_BYTES = 384 << 20
"""What one page may take once it is decoded; the largest phones make 200 megapixels of grey."""

SMALL_SIDE = 640
"""The longest side of a picture that is looked at before it is stored."""

_NO_SCALE_AT = (0.0, 72.0, 96.0)  # what programs write that know nothing
_LEFT = "Left behind on entry: "
MAX_SIDE = 65_500
MAX_PAGES = 200


class Stripped(Enum):
    """What a photo said besides its pixels, in the words of the trail. Values never leave."""

    PLACE = "place (GPS)"
    DEVICE = "camera or scanner"
    PERSON = "names of people"
    MAKER_NOTE = "maker's notes"
    THUMBNAIL = "embedded small picture"
    XMP = "XMP"
    PRINT = "captions (IPTC)"
    COMMENT = "comments"
    OTHER = "other camera data"


@attrs.frozen
class PhotoPage:
    """One picture of a file before it is decoded, turned as its orientation says.

    `samples` is 1 or 3 and the most there may be: a colour picture without colour becomes grey.
    """

    rows: int
    columns: int
    samples: int
    bytes_each: int

    @property
    def size_bytes(self) -> int:
        """How much room its pixels may take."""
        return self.rows * self.columns * self.samples * self.bytes_each


@attrs.frozen
class Photo:
    """What a file of photos says of itself. `dots_per_inch` is 0 where it says nothing."""

    written_as: str
    pages: tuple[PhotoPage, ...]
    captured: datetime | None = None
    stripped: tuple[Stripped, ...] = ()
    notes: tuple[str, ...] = ()
    dots_per_inch: float = 0.0


@attrs.frozen
class DecodedPage:
    """What was put into the shared room: (rows, columns) or (rows, columns, 3), little endian."""

    shape: tuple[int, ...]
    dtype: str
    is_inverted: bool = False
    """Whether the lowest value is white."""
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """How much of the room is used."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def is_sensible(photo: Photo) -> bool:
    """Whether a photo's facts stay within all bounds."""
    return 0 < len(photo.pages) <= MAX_PAGES and all(_fits(page) for page in photo.pages)


def _fits(page: PhotoPage) -> bool:
    sides = 0 < page.rows <= MAX_SIDE and 0 < page.columns <= MAX_SIDE
    return (
        sides
        and page.samples in (1, 3)
        and page.bytes_each in (1, 2)
        and page.size_bytes <= MAX_PAGE_BYTES
    )


def is_of(decoded: DecodedPage, page: PhotoPage) -> bool:
    """Whether decoded pixels are what was announced, or the grey of it."""
    flat = (page.rows, page.columns)
    shapes = (flat, (*flat, 3)) if page.samples == 3 else (flat,)
    dtypes = ("uint8", "uint16") if page.bytes_each == 2 else ("uint8",)
    return decoded.shape in shapes and decoded.dtype in dtypes


def scale_note(dots_per_inch: float) -> str:
    """Say what a file says of its resolution: the scanner's or a program's word, no measure.

    A film laid on a scanner has these millimetres, a phone's photo and a program's habit have
    not; so they are told and none is used until somebody calibrates.
    """
    if any(abs(dots_per_inch - usual) < 0.5 for usual in _NO_SCALE_AT):
        return ""
    mm = 25.4 / dots_per_inch
    return (
        f"The file says {dots_per_inch:.0f} dots an inch ({mm:.3f} mm a pixel where it was"
        " scanned): calibrate before you measure."
    )


def stripped_words(kinds: Iterable[Stripped]) -> str:
    """Say what was left behind, by kind, in a note of the record."""
    return f"{_LEFT}{', '.join(kind.value for kind in kinds)}."


def left_behind_in(notes: Iterable[str]) -> tuple[Stripped, ...]:
    """Return the kinds that notes say were left behind, each once."""
    said = [note for note in notes if note.startswith(_LEFT)]
    return tuple(kind for kind in Stripped if any(kind.value in note for note in said))
