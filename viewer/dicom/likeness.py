"""Files that differ from one already read in a few short values alone, as a series' slices do.

What a walk and a parser found out about the first holds for the next one, byte by byte, except
for those values; so nothing else of it need be looked at.
"""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Self

import attrs
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from viewer.dicom.parse import Parsed, meta_elements

MOST_VARYING_BYTES = 256
"""A varying value is no longer than this."""

_SOP_UID, _NUMBER, _POSITION = 0x00080018, 0x00200013, 0x00200032
_ACQUISITION = 0x00200012
_OWN = frozenset((_SOP_UID, _NUMBER, _POSITION, _ACQUISITION))
_OWN_TIMES = frozenset((0x0008002A, 0x00080022, 0x00080032, 0x00080023, 0x00080033))
_UNREAD = frozenset((
    0x00020000, 0x00020003, 0x00080012, 0x00080013,  # group length, UID again, written when
    0x00181150, 0x00181151, 0x00181152, 0x00181153,  # exposure
    0x00201041, 0x00280106, 0x00280107,  # location, extremes
))  # fmt: skip
_NEEDED = frozenset((0x00200037, 0x00280030))  # axes, spacing
_NEEDED_TIMES = frozenset((0x00080020, 0x00080030, 0x00080021, 0x00080031))  # study, series
_VARYING = _OWN | _OWN_TIMES | _UNREAD
_FUNCTIONAL = frozenset((0x52009229, 0x52009230))
_SHORT_VRS = frozenset(
    (b"CS", b"DA", b"DS", b"DT", b"IS", b"SH", b"SS", b"TM", b"UI", b"UL", b"US")
)


@attrs.frozen
class Match:
    """Another file like the first: its own values, its header without pixels, where they start.

    `values` holds all that place, number and identity of a picture are read from; `times`, as
    `small_data_set` reads it, all that tells when it was taken.
    """

    values: Dataset
    times: bytes
    header_bytes: bytes
    pixels_start: int


@attrs.frozen(eq=False)
class Likeness:
    """What a file must be like.

    `same` are the stretches that have to be equal; between them lies the length (two bytes) and
    value of a varying element. The last one ends where the pixels start. `in_meta` of the varying
    elements belong to the meta group, the last of which ends at `meta_stop`.
    """

    same: tuple[bytes, ...]
    tags: tuple[int, ...]
    needed: bytes
    needed_times: bytes
    body_start: int
    in_meta: int
    meta_stop: int
    pixel_header_bytes: int
    pixel_bytes: int

    @classmethod
    def of(cls, content: memoryview, parsed: Parsed) -> Self | None:
        """Return the likeness of a file that was parsed; None where it cannot serve.

        It must be Explicit VR Little Endian, end with uncompressed pixels, and have no
        functional groups.
        """
        syntax, pixels, offset = parsed.syntax, parsed.pixels, parsed.body_offset
        if pixels is None or pixels.is_encapsulated or syntax.is_encapsulated:
            return None
        if syntax.is_implicit or syntax.is_big_endian or syntax.is_deflated:
            return None
        if pixels.start + pixels.length != len(parsed.body):
            return None
        if any(tag in parsed.header for tag in _FUNCTIONAL):
            return None
        if any(map(_is_overlay, parsed.header.keys())):
            # Its bits may lie among the pixels, which are not compared.
            return None
        starts = [*meta_elements(content), *(offset + top for top in parsed.tops)]
        return cls._cut(content, starts, offset, offset + pixels.start, pixels.length)

    @classmethod
    def _cut(
        cls, content: memoryview, starts: list[int], body: int, end: int, pixel_bytes: int
    ) -> Self:
        same: list[bytes] = []
        tags: list[int] = []
        needed, times = b"", b""
        at = in_meta = meta_stop = 0
        for start, stop in pairwise(starts):
            tag, vr = _tag(content, start), bytes(content[start + 4 : start + 6])
            if tag in _NEEDED:
                needed += bytes(content[start:stop])
            if tag in _NEEDED_TIMES:
                times += bytes(content[start:stop])
            if tag in _VARYING and vr in _SHORT_VRS:
                same.append(bytes(content[at : start + 6]))
                tags.append(tag)
                at = stop
                if start < body:
                    in_meta, meta_stop = len(tags), stop
        same.append(bytes(content[at:end]))
        last = end - starts[-1]
        return cls(
            tuple(same), tuple(tags), needed, times, body, in_meta, meta_stop, last, pixel_bytes
        )

    @property
    def most_header_bytes(self) -> int:
        """How many bytes of a file are enough to compare."""
        return sum(map(len, self.same)) + len(self.tags) * (2 + MOST_VARYING_BYTES)

    def match(self, start: bytes, file_bytes: int) -> Match | None:
        """Compare a file's first bytes; None where the file is of another kind."""
        at, body = 0, self.body_start
        own, times = self.needed, self.needed_times
        for count, (stretch, tag) in enumerate(zip(self.same, self.tags, strict=False), 1):
            if not start.startswith(stretch, at):
                return None
            value = at + len(stretch) + 2
            stop = value + int.from_bytes(start[value - 2 : value], "little")
            if stop - value > MOST_VARYING_BYTES or stop > len(start):
                return None
            if tag in _OWN:
                own += start[value - 8 : stop]
            if tag in _OWN_TIMES:
                times += start[value - 8 : stop]
            at = stop
            if count == self.in_meta:
                body += at - self.meta_stop
        end = at + len(self.same[-1])
        if not start.startswith(self.same[-1], at) or end + self.pixel_bytes != file_bytes:
            return None
        header = start[body : end - self.pixel_header_bytes]
        return Match(small_data_set(own), times, header, end)


def _is_overlay(tag: int) -> bool:
    return 0x6000 <= tag >> 16 <= 0x60FF


def small_data_set(elements: bytes) -> Dataset:
    """Read a few elements in Explicit VR Little Endian."""
    return read_dataset(BytesIO(elements), is_implicit_VR=False, is_little_endian=True)


def _tag(content: memoryview, at: int) -> int:
    group = int.from_bytes(content[at : at + 2], "little")
    return group << 16 | int.from_bytes(content[at + 2 : at + 4], "little")
