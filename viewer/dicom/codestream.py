"""A look at a compressed frame's own header, before a decoder allocates what it promises.

Source: ITU-T T.81 B.2.2 (SOF), T.87 C.2.2 (SOF55), T.800 A.5.1 (SIZ).
"""

from __future__ import annotations

import attrs

from viewer.dicom.errors import Malformed
from viewer.dicom.syntaxes import Codec

_NO_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAME_MARKERS = frozenset((*range(0xC0, 0xD0), 0xF7)) - frozenset((0xC4, 0xC8, 0xCC))
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "


@attrs.frozen
class Stream:
    """What a compressed frame says about itself."""

    rows: int
    columns: int
    components: int
    bits: int
    is_marked_ycc: bool = False


def look_at(codec: Codec, encoded: bytes | memoryview) -> Stream:
    """Read a frame's own size.

    Raises
    ------
    Malformed
        There is no such header in the frame.
    """
    content = memoryview(encoded)
    if codec in (Codec.JPEG_2000, Codec.HTJ2K):
        return _jpeg_2000(content)
    return _jpeg(content)


def _jpeg(content: memoryview) -> Stream:
    at, is_ycc = 2, False
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise _damaged()
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _NO_LENGTH:
            at += 2
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _FRAME_MARKERS:
            return _frame(content[at + 4 : at + 2 + length], is_ycc=is_ycc)
        is_ycc = is_ycc or _says_ycc(marker, bytes(content[at + 4 : at + 18]))
        at += 2 + length
    raise _damaged()


def _frame(segment: memoryview, *, is_ycc: bool) -> Stream:
    if len(segment) < 6:
        raise _damaged()
    rows = int.from_bytes(segment[1:3], "big")
    columns = int.from_bytes(segment[3:5], "big")
    return Stream(rows, columns, segment[5], segment[0], is_ycc)


def _says_ycc(marker: int, start: bytes) -> bool:
    if marker == 0xE0:
        return start.startswith(b"JFIF\0")
    return marker == 0xEE and start.startswith(b"Adobe") and start[11:12] == b"\1"


def _jpeg_2000(content: memoryview) -> Stream:
    at = 0
    if bytes(content[:8]) == _JP2_SIGNATURE:
        at = bytes(content[:65536]).find(b"\xff\x4f\xff\x51")
    if at < 0 or bytes(content[at : at + 4]) != b"\xff\x4f\xff\x51" or len(content) < at + 43:
        raise _damaged()
    sizes = [int.from_bytes(content[at + 8 + 4 * n : at + 12 + 4 * n], "big") for n in range(4)]
    components = int.from_bytes(content[at + 40 : at + 42], "big")
    bits = (content[at + 42] & 0x7F) + 1
    return Stream(sizes[1] - sizes[3], sizes[0] - sizes[2], components, bits)


def _damaged() -> Malformed:
    return Malformed("The picture's compressed data is damaged.")
