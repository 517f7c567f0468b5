"""Stored values from native frames: signs, unused bits, byte order, colour layouts, palettes."""

from __future__ import annotations

import attrs
import imagecodecs
import numpy as np
import pytest

from viewer.dicom.errors import Malformed
from viewer.dicom.layout import PixelLayout, Table
from viewer.dicom.pixels import decode, frames

_GREY = PixelLayout(
    rows=2,
    columns=3,
    frames=1,
    samples=1,
    bits_allocated=16,
    bits_stored=12,
    high_bit=11,
    is_signed=False,
    photometric="MONOCHROME2",
    is_planar=False,
    codec="native",
    is_big_endian=False,
    is_word_swapped=False,
    start=0,
    length=12,
    is_deflated=False,
)
_COLOUR = attrs.evolve(
    _GREY, samples=3, bits_allocated=8, bits_stored=8, high_bit=7, photometric="RGB"
)


def test_unused_high_bits_are_cleared() -> None:
    raw = np.array([0xF123, 0x0123, 0x8FFF, 0x1000, 0, 0xFFFF], "<u2")
    assert decode(_GREY, raw.tobytes()).ravel().tolist() == [0x123, 0x123, 0xFFF, 0, 0, 0xFFF]


def test_the_sign_of_twelve_bits_is_extended() -> None:
    layout = attrs.evolve(_GREY, is_signed=True)
    raw = np.array([0x0FFF, 0x0800, 0x07FF, 0xF001, 0, 1], "<u2")
    assert decode(layout, raw.tobytes()).ravel().tolist() == [-1, -2048, 2047, 1, 0, 1]


def test_values_stored_in_the_upper_bits_are_brought_down() -> None:
    layout = attrs.evolve(_GREY, high_bit=15)
    raw = np.array([0x1230, 0xFFF7, 0, 0x0010, 0, 0], "<u2")
    assert decode(layout, raw.tobytes()).ravel().tolist() == [0x123, 0xFFF, 0, 1, 0, 0]


def test_big_endian_words_are_turned() -> None:
    layout = attrs.evolve(_GREY, is_big_endian=True, is_word_swapped=True)
    raw = np.array([1, 2, 3, 4, 5, 0xFFF], ">u2")
    assert decode(layout, raw.tobytes()).ravel().tolist() == [1, 2, 3, 4, 5, 0xFFF]


def test_bytes_in_big_endian_words_are_swapped_in_pairs() -> None:
    layout = attrs.evolve(
        _GREY, bits_allocated=8, bits_stored=8, high_bit=7, is_big_endian=True, is_word_swapped=True
    )
    assert decode(layout, bytes([2, 1, 4, 3, 6, 5])).ravel().tolist() == [1, 2, 3, 4, 5, 6]


def test_planar_colour_is_interleaved() -> None:
    layout = attrs.evolve(_COLOUR, is_planar=True)
    pixels = decode(layout, bytes(range(18)))
    assert pixels.shape == (2, 3, 3)
    assert pixels[0, 1].tolist() == [1, 7, 13]


def test_ybr_full_becomes_rgb_by_the_standards_equations() -> None:
    layout = attrs.evolve(_COLOUR, rows=1, columns=2, photometric="YBR_FULL")
    pixels = decode(layout, bytes([76, 85, 255, 128, 128, 128]))
    assert np.abs(pixels.astype(int) - [[[254, 0, 0], [128, 128, 128]]]).max() <= 1


def test_ybr_422_shares_its_colour_between_two_pixels() -> None:
    layout = attrs.evolve(_COLOUR, rows=1, columns=2, photometric="YBR_FULL_422")
    pixels = decode(layout, bytes([100, 200, 128, 128]))
    assert pixels.tolist() == [[[100, 100, 100], [200, 200, 200]]]


def test_a_palette_of_sixteen_bits_gives_its_upper_eight() -> None:
    table = Table(1, 16, (0x1100, 0x2200, 0xFF00))
    layout = attrs.evolve(_COLOUR, samples=1, photometric="PALETTE COLOR", palette=(table,) * 3)
    pixels = decode(layout, bytes([0, 1, 2, 3, 4, 255]))
    assert pixels[..., 0].ravel().tolist() == [0x11, 0x11, 0x22, 0xFF, 0xFF, 0xFF]


def test_a_modality_table_gives_its_values() -> None:
    layout = attrs.evolve(_GREY, modality_table=Table(10, 12, (5, 6, 700)))
    raw = np.array([9, 10, 11, 12, 13, 0], "<u2")
    assert decode(layout, raw.tobytes()).ravel().tolist() == [5, 5, 6, 700, 700, 5]


def test_missing_frames_are_refused() -> None:
    layout = attrs.evolve(_GREY, frames=2)
    with pytest.raises(Malformed, match="ends before"):
        list(frames(layout, memoryview(bytes(12))))


def test_an_rle_frame_that_cannot_hold_its_pixels_is_refused_before_unpacking() -> None:
    layout = attrs.evolve(_COLOUR, rows=20000, columns=20000, samples=1, codec="rle")
    layout = attrs.evolve(layout, photometric="MONOCHROME2")
    encoded = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + b"\x81\x00" * 99
    with pytest.raises(Malformed, match="far more"):
        decode(layout, encoded)


def test_an_rle_segment_outside_the_frame_is_refused() -> None:
    layout = attrs.evolve(_GREY, bits_allocated=8, bits_stored=8, high_bit=7, codec="rle")
    encoded = (1).to_bytes(4, "little") + (9999).to_bytes(4, "little") + bytes(80)
    with pytest.raises(Malformed, match="damaged"):
        decode(layout, encoded)


@pytest.mark.parametrize(
    ("codec", "encode"),
    [
        ("jpeg", imagecodecs.jpeg8_encode),
        ("jpeg-ls", imagecodecs.jpegls_encode),
        ("jpeg 2000", imagecodecs.jpeg2k_encode),
    ],
)
def test_a_stream_larger_than_the_header_says_is_refused_before_decoding(
    codec: str, encode: object
) -> None:
    assert callable(encode)
    layout = attrs.evolve(_GREY, bits_allocated=8, bits_stored=8, high_bit=7, codec=codec)
    with pytest.raises(Malformed, match="disagree about its size"):
        decode(layout, encode(np.zeros((64, 64), np.uint8)))
