"""Which fragments make which frame: tables that are there, missing, long, or wrong."""

from __future__ import annotations

import pytest

from viewer.dicom.errors import Malformed
from viewer.dicom.fragments import encoded_frames, first_bytes

_JPEG = b"\xff\xd8\xff\xe0"


def _item(content: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content


def _value(fragments: list[bytes], offsets: list[int] | None = None) -> memoryview:
    table = b"".join(n.to_bytes(4, "little") for n in offsets or [])
    return memoryview(_item(table) + b"".join(map(_item, fragments)) + b"\xfe\xff\xdd\xe0\0\0\0\0")


def _read(value: memoryview, count: int, extended: tuple[int, ...] = ()) -> list[bytes]:
    return [bytes(frame) for frame in encoded_frames(value, count, extended)]


def test_one_fragment_a_frame_needs_no_table() -> None:
    assert _read(_value([b"aa", b"bbbb"]), 2) == [b"aa", b"bbbb"]


def test_all_fragments_make_the_only_frame() -> None:
    assert _read(_value([_JPEG, b"bbbb", b"cc"]), 1) == [_JPEG + b"bbbbcc"]


def test_the_offset_table_says_where_frames_begin() -> None:
    value = _value([b"aa", b"bbbb", b"cc"], [0, 22])
    assert _read(value, 2) == [b"aabbbb", b"cc"]


def test_the_extended_table_says_it_where_the_other_is_empty() -> None:
    assert _read(_value([b"aa", b"bbbb", b"cc"]), 2, (0, 10)) == [b"aa", b"bbbbcc"]


def test_a_table_that_points_beside_the_fragments_is_not_believed() -> None:
    value = _value([_JPEG + b"a", b"bb", _JPEG + b"c", b"dd"], [0, 9])
    assert _read(value, 2) == [_JPEG + b"abb", _JPEG + b"cdd"]


def test_without_a_table_each_start_of_an_image_begins_a_frame() -> None:
    value = _value([_JPEG + b"a", b"bb", _JPEG + b"c"])
    assert _read(value, 2) == [_JPEG + b"abb", _JPEG + b"c"]


def test_a_second_image_is_no_part_of_the_only_frame() -> None:
    assert _read(_value([_JPEG + b"a", b"bb", _JPEG + b"c"]), 1) == [_JPEG + b"abb"]


def test_an_empty_fragment_at_the_end_is_padding() -> None:
    assert _read(_value([b"aa", b"bb", b""]), 2) == [b"aa", b"bb"]


def test_fragments_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(Malformed, match="where its frames begin"):
        _read(_value([b"aa", b"bb", b"cc"]), 2)


def test_fewer_fragments_than_frames_are_refused() -> None:
    with pytest.raises(Malformed, match="ends before"):
        _read(_value([b"aa"]), 2)


def test_something_else_between_the_items_is_refused() -> None:
    with pytest.raises(Malformed, match="damaged"):
        _read(memoryview(_item(b"") + b"\x10\0\x10\0\x02\0\0\0ab"), 1)


def test_the_first_bytes_pass_over_empty_fragments() -> None:
    assert bytes(first_bytes(_value([b"", b"bb"]))) == b"bb"


def test_an_offset_table_that_promises_gigabytes_is_read_as_far_as_it_is_there() -> None:
    value = memoryview(b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + bytes(8))
    with pytest.raises(Malformed):
        list(encoded_frames(value, 1))
