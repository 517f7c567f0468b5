"""A look at a compressed frame's own header, before a decoder allocates what it promises.

Source: ITU-T T.81 B.2.2 (SOF), T.87 C.2.2 (SOF55), T.800 A.5.1 (SIZ), A.6.1 (COD).
"""

from __future__ import annotations

import attrs

from viewer.dicom.errors import Malformed
from viewer.dicom.syntaxes import Codec

_NO_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))
_FRAME_MARKERS = frozenset((*range(0xC0, 0xD0), 0xF7)) - frozenset((0xC4, 0xC8, 0xCC))
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "
_COD, _SOT, _EOC = 0x52, 0x90, 0xD9
_LONGEST_PADDING = 1024


@attrs.frozen
class Stream:
    """What a compressed frame says about itself."""

    rows: int
    columns: int
    components: int
    bits: int
    is_marked_ycc: bool = False
    is_signed: bool = False
    is_mixed: bool = False
    """Whether the stream itself says that its components are a transform of red, green, blue."""


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
    at = _codestream_start(content)
    if at < 0 or bytes(content[at : at + 4]) != b"\xff\x4f\xff\x51" or len(content) < at + 43:
        raise _damaged()
    sizes = [int.from_bytes(content[at + 8 + 4 * n : at + 12 + 4 * n], "big") for n in range(4)]
    components = int.from_bytes(content[at + 40 : at + 42], "big")
    depth = content[at + 42]
    return Stream(
        sizes[1] - sizes[3],
        sizes[0] - sizes[2],
        components,
        (depth & 0x7F) + 1,
        is_signed=bool(depth & 0x80),
        is_mixed=_is_mixed(content, at + 2),
    )


def _codestream_start(content: memoryview) -> int:
    """Return where the codestream begins: behind the boxes of a JP2 file, if it is one."""
    if bytes(content[:8]) == _JP2_SIGNATURE:
        return bytes(content[:65536]).find(b"\xff\x4f\xff\x51")
    return 0


def _is_mixed(content: memoryview, at: int) -> bool:
    """Whether the first COD segment asks for a component transform (T.800 A.6.1)."""
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != _SOT:
        if content[at + 1] == _COD and at + 9 <= len(content):
            return content[at + 8] == 1
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return False


def is_whole(codec: Codec, encoded: bytes | memoryview) -> bool:
    """Whether a JPEG or JPEG 2000 stream has its end; decoders fill what is missing in silence.

    Source: T.81 B.2.1 (EOI), T.800 A.4.2 (lengths of tile-parts).
    """
    content = memoryview(encoded)
    if codec in (Codec.JPEG_2000, Codec.HTJ2K):
        return _has_all_tiles(content)
    return b"\xff\xd9" in bytes(content[-_LONGEST_PADDING:])


def _has_all_tiles(content: memoryview) -> bool:
    at = _codestream_start(content) + 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == _EOC:
            return True
        if marker != _SOT:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            continue
        length = int.from_bytes(content[at + 6 : at + 10], "big")
        if length == 0:
            return b"\xff\xd9" in bytes(content[-_LONGEST_PADDING:])
        at += length
    # Without the last marker all is there if the last tile-part ends where the bytes do.
    rest = bytes(content[at : at + 2])
    return at <= len(content) and rest in (b"", b"\0", b"\xff", b"\xff\xd9")


def _damaged() -> Malformed:
    return Malformed("The picture's compressed data is damaged.")
