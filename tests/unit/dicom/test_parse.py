"""Bytes into a header: what is read, and what is refused before anything is allocated."""

from __future__ import annotations

import struct
import zlib

import pytest

from tests.support import dicom_files
from viewer.dicom.encode import transcode
from viewer.dicom.errors import DicomRefused, Malformed, Unsupported
from viewer.dicom.layout import layout_of
from viewer.dicom.parse import parse
from viewer.dicom.structure import Limits
from viewer.dicom.write import to_bytes

_DEFLATED = "1.2.840.10008.1.2.1.99"


def _file() -> bytes:
    return to_bytes(dicom_files.bitewing())


def _meta_with(syntax: str) -> bytes:
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    return b"\0" * 128 + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid


def _nested(depth: int) -> bytes:
    opening = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    opening += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closing = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return _meta_with("1.2.840.10008.1.2.1") + opening * depth + closing * depth


def test_a_file_without_preamble_and_meta_group_is_read() -> None:
    whole = _file()
    start = parse(memoryview(whole)).body_offset
    bare = parse(memoryview(whole[start:]))
    assert str(bare.header.PatientID) == "T-0042"


def test_a_file_that_says_implicit_but_is_explicit_is_read_as_it_is() -> None:
    whole = _file()
    start = parse(memoryview(whole)).body_offset
    lying = parse(memoryview(_meta_with("1.2.840.10008.1.2") + whole[start:]))
    assert str(lying.header.PatientID) == "T-0042"
    assert layout_of(lying).rows == 40


def test_elements_after_the_pixels_are_kept() -> None:
    trailer = struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 4) + b"\0\1\2\3"
    parsed = parse(memoryview(_file() + trailer))
    assert parsed.header_bytes.endswith(trailer)
    assert (0xFFFC, 0xFFFC) in parsed.header


def test_every_cut_through_the_header_is_refused_or_lacks_pixels() -> None:
    whole = _file()
    end = len(whole) - dicom_files.bitewing().Rows * dicom_files.bitewing().Columns * 2
    for cut in range(0, end - 1, 7):
        with pytest.raises(DicomRefused):
            layout_of(parse(memoryview(whole[:cut])))


def test_a_picture_cut_short_is_refused() -> None:
    with pytest.raises(Malformed, match="ends before the picture"):
        layout_of(parse(memoryview(_file()[:-2])))


def test_nesting_is_read_to_a_depth_of_32_and_refused_beyond() -> None:
    parse(memoryview(_nested(32)))
    with pytest.raises(Malformed, match="nested deeper"):
        parse(memoryview(_nested(40)))


def test_nesting_of_a_hundred_thousand_levels_is_refused_without_recursion() -> None:
    with pytest.raises(Malformed, match="nested deeper"):
        parse(memoryview(_nested(100_000)))


def test_a_header_of_too_many_elements_is_refused() -> None:
    one = struct.pack("<HH2sH", 0x0008, 0x0005, b"CS", 0)
    with pytest.raises(Malformed, match="more elements"):
        parse(memoryview(_meta_with("1.2.840.10008.1.2.1") + one * 200), Limits(elements=100))


def test_an_element_longer_than_the_file_is_refused() -> None:
    lying = struct.pack("<HH2sHI", 0x0008, 0x0005, b"UT", 0, 0x7FFFFFFF) + b"AB"
    with pytest.raises(Malformed, match="middle of an element"):
        parse(memoryview(_meta_with("1.2.840.10008.1.2.1") + lying))


def test_a_deflated_file_is_read() -> None:
    parsed = parse(memoryview(to_bytes(transcode(dicom_files.bitewing(), _DEFLATED))))
    assert parsed.syntax.is_deflated
    assert str(parsed.header.PatientID) == "T-0042"


def test_a_deflate_bomb_is_refused_at_its_bound() -> None:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = stream.compress(bytes(256 << 20)) + stream.flush()
    with pytest.raises(Malformed, match="unpacks to far more"):
        parse(memoryview(_meta_with(_DEFLATED) + body))


def test_an_unknown_transfer_syntax_is_refused_by_name_of_the_problem() -> None:
    with pytest.raises(Unsupported, match="not read yet"):
        parse(memoryview(_meta_with("1.2.840.10008.1.2.4.100") + b"\x08\0" * 20))


@pytest.mark.parametrize(
    "change",
    [
        {"Rows": 0},
        {"Rows": 65535, "Columns": 65535, "NumberOfFrames": 100000},
        {"BitsStored": 17},
        {"BitsAllocated": 12, "BitsStored": 12},
        {"SamplesPerPixel": 3},
        {"PhotometricInterpretation": "CMYK"},
    ],
)
def test_a_header_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    dataset = dicom_files.bitewing()
    for keyword, value in change.items():
        setattr(dataset, keyword, value)
    with pytest.raises(DicomRefused):
        layout_of(parse(memoryview(to_bytes(dataset))))
