"""A file's bytes into a header data set and the place of its pixels, within bounds.

A structural walk comes first: it counts elements, follows sequences to a bounded depth, checks
each length against the bytes there are and finds the pixels. pydicom then parses only the header.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO

import attrs
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset

from viewer.dicom.errors import Malformed, Unsupported
from viewer.dicom.structure import LIMITS, Limits, PixelPlace, walk
from viewer.dicom.syntaxes import Syntax, syntax_of

_IMPLICIT = "1.2.840.10008.1.2"
_EXPLICIT = "1.2.840.10008.1.2.1"
_BIG = "1.2.840.10008.1.2.2"
_META_LIMIT = 1 << 20
_INFLATED_RATIO = 200
_INFLATED_LEAST = 16 << 20
_INFLATED_MOST = 512 << 20


@attrs.frozen(eq=False)
class Parsed:
    """A header, and where the pixels are.

    `body` is the data set's bytes after the meta group (inflated where deflated) and
    `body_offset` its place in the file (0 for inflated bodies, which are not in the file). `tops`
    are the starts, in the body, of the elements of its outermost level.
    """

    header: Dataset
    syntax: Syntax
    body: memoryview
    body_offset: int
    pixels: PixelPlace | None
    header_bytes: bytes
    tops: tuple[int, ...]


def parse(content: memoryview, limits: Limits = LIMITS) -> Parsed:
    """Read a DICOM file.

    Raises
    ------
    Malformed
        The bytes are no DICOM, end too early, or go beyond a limit.
    Unsupported
        The transfer syntax is unknown.
    """
    meta, start = _read_meta(content)
    declared = str(meta.get("TransferSyntaxUID", "")) or _guess_syntax(content[start : start + 8])
    syntax = syntax_of(declared.strip("\0 "))
    body, offset = content[start:], start
    if syntax.is_deflated:
        body, offset = memoryview(_inflate(body)), 0
    outline = walk(body, is_implicit=syntax.is_implicit, big=syntax.is_big_endian, limits=limits)
    before, after = body[: outline.header_end], body[outline.trailer_start :]
    header_bytes = bytes(before) + bytes(after)
    header = read_dataset(
        BytesIO(header_bytes),
        is_implicit_VR=outline.is_implicit,
        is_little_endian=not syntax.is_big_endian,
    )
    header.set_original_encoding(outline.is_implicit, not syntax.is_big_endian)
    header.file_meta = meta
    if outline.is_implicit != syntax.is_implicit:
        syntax = attrs.evolve(syntax, is_implicit=outline.is_implicit)
    return Parsed(header, syntax, body, offset, outline.pixels, header_bytes, outline.tops)


def meta_end(content: memoryview) -> int:
    """Return where the meta group ends and the data set begins.

    Raises
    ------
    Malformed
        As `meta_elements`.
    """
    end = 132 if bytes(content[128:132]) == b"DICM" else 0
    for at in meta_elements(content):
        end = at + _meta_element_size(content, at)
    return end


def _read_meta(content: memoryview) -> tuple[FileMetaDataset, int]:
    start = 132 if bytes(content[128:132]) == b"DICM" else 0
    end = meta_end(content)
    meta = read_dataset(
        BytesIO(bytes(content[start:end])), is_implicit_VR=False, is_little_endian=True
    )
    return FileMetaDataset(meta), end


def meta_elements(content: memoryview) -> Iterator[int]:
    """Yield where each element of the meta group starts.

    Raises
    ------
    Malformed
        The group reaches beyond the file or is larger than any real one.
    """
    start = at = 132 if bytes(content[128:132]) == b"DICM" else 0
    while bytes(content[at : at + 2]) == b"\2\0":
        end = at + _meta_element_size(content, at)
        if end > len(content) or end - start > _META_LIMIT:
            raise Malformed("The file ends within its first lines.")
        yield at
        at = end


def _meta_element_size(content: memoryview, at: int) -> int:
    if len(content) < at + 12:
        raise Malformed("The file ends within its first lines.")
    vr = bytes(content[at + 4 : at + 6])
    if vr in (b"OB", b"UN", b"OW", b"UT", b"SQ"):
        return 12 + int.from_bytes(content[at + 8 : at + 12], "little")
    return 8 + int.from_bytes(content[at + 6 : at + 8], "little")


def _guess_syntax(start: memoryview) -> str:
    if len(start) < 8:
        raise Malformed("The file holds no DICOM data set.")
    head = bytes(start)
    if head[:2] == b"\0\x08":
        return _BIG
    is_explicit = head[4:6].isalpha() and head[4:6].isupper()
    if head[:1] not in (b"\x08", b"\x10", b"\x20", b"\x28"):
        raise Unsupported("This is not a DICOM file.")
    return _EXPLICIT if is_explicit else _IMPLICIT


def _inflate(body: memoryview) -> bytes:
    """Inflate a deflated data set (RFC 1951) up to a bound set by its size."""
    most = min(_INFLATED_MOST, max(_INFLATED_LEAST, len(body) * _INFLATED_RATIO))
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = stream.decompress(body, most)
    except zlib.error:
        raise Malformed("The file's compressed data is damaged.") from None
    if stream.unconsumed_tail or (not stream.eof and len(plain) >= most):
        raise Malformed("The file unpacks to far more than its size allows.")
    return plain
