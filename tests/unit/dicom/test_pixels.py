"""Stored values from native frames: signs, unused bits, byte order, colour layouts, palettes."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.pixels.processing import convert_color_space

from viewer.dicom.errors import Malformed
from viewer.dicom.layout import PixelLayout
from viewer.dicom.pixels import decode, frames, keep_stored_bits
from viewer.dicom.tables import Table

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
    (only,) = frames(layout, memoryview(bytes([2, 1, 4, 3, 6, 5])))
    assert only.ravel().tolist() == [1, 2, 3, 4, 5, 6]


def test_an_odd_frame_in_big_endian_words_ends_with_a_half_word() -> None:
    layout = attrs.evolve(
        _GREY,
        rows=1,
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        is_big_endian=True,
        is_word_swapped=True,
    )
    (only,) = frames(layout, memoryview(bytes([2, 1, 0, 3])))
    assert only.ravel().tolist() == [1, 2, 3]


def test_frames_of_single_bits_begin_within_a_byte() -> None:
    layout = attrs.evolve(_GREY, frames=2, bits_allocated=1, bits_stored=1, high_bit=0)
    wanted = np.array([[1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 1]], np.uint8)
    packed = np.packbits(wanted.ravel(), bitorder="little").tobytes()
    found = np.stack(list(frames(layout, memoryview(packed))))
    assert found.reshape(2, 6).tolist() == wanted.tolist()
    assert found.dtype == np.uint8


@pytest.mark.parametrize("bits", [32, 64])
def test_fractional_numbers_come_out_as_they_are(bits: int) -> None:
    layout = attrs.evolve(
        _GREY, bits_allocated=bits, bits_stored=bits, high_bit=bits - 1, is_float=True
    )
    raw = np.array([0.1, -1e20, 3, 0, np.inf, 7], f"<f{bits // 8}")
    assert np.array_equal(decode(layout, raw.tobytes()).ravel(), raw)


def test_colours_of_sixteen_bits_give_their_upper_eight() -> None:
    layout = attrs.evolve(_COLOUR, bits_allocated=16, bits_stored=16, high_bit=15)
    raw = (np.arange(18) * 0x0E10).astype("<u2")
    assert decode(layout, raw.tobytes()).ravel().tolist() == (raw >> 8).tolist()


def test_partial_ybr_has_black_at_16_and_white_at_235() -> None:
    layout = attrs.evolve(_COLOUR, rows=1, columns=2, photometric="YBR_PARTIAL_422")
    pixels = decode(layout, bytes([16, 235, 128, 128]))
    assert pixels.tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_clearing_unused_bits_says_whether_there_was_anything_in_them() -> None:
    clean = np.array([1, 0xFFF], "<u2").view(np.uint8)
    filled = np.array([1, 0xF001], "<u2").view(np.uint8).copy()
    assert not keep_stored_bits(_GREY, clean)
    assert keep_stored_bits(_GREY, filled)
    assert filled.view("<u2").tolist() == [1, 1]


def test_sign_bits_above_the_stored_ones_are_no_foreign_content() -> None:
    layout = attrs.evolve(_GREY, is_signed=True)
    assert not keep_stored_bits(layout, np.array([-5, 5], "<i2").view(np.uint8))
    assert keep_stored_bits(layout, np.array([0x0FFB, 5], "<u2").view(np.uint8).copy())


def _smooth(rows: int = 64, columns: int = 80) -> NDArray[np.uint16]:
    grid = np.add.outer(np.arange(rows) * 9, np.arange(columns) * 7)
    return (grid + np.random.default_rng(3).integers(0, 40, grid.shape)).astype(np.uint16)


def _packed_layout(codec: str, bits: int) -> PixelLayout:
    allocated = 8 if bits == 8 else 16
    return attrs.evolve(
        _GREY, rows=64, columns=80, codec=codec, bits_allocated=allocated, bits_stored=bits,
        high_bit=bits - 1,
    )  # fmt: skip


_Packer = Callable[[NDArray[np.uint16]], bytes | bytearray]
_PACKERS: dict[str, tuple[str, int, _Packer]] = {
    "jpeg-8": ("jpeg", 8, lambda x: imagecodecs.jpeg8_encode((x >> 4).astype(np.uint8), level=90)),
    "jpeg-12": ("jpeg", 12, lambda x: imagecodecs.jpeg8_encode(x, level=90, bitspersample=12)),
    "lossless": ("jpeg lossless", 16, imagecodecs.ljpeg_encode),
    "jpeg-ls": ("jpeg-ls", 16, imagecodecs.jpegls_encode),
    "jpeg 2000": (
        "jpeg 2000",
        16,
        lambda x: imagecodecs.jpeg2k_encode(x, codecformat="j2k", reversible=True, level=0),
    ),
    "htj2k": ("htj2k", 16, imagecodecs.htj2k_encode),
}


@pytest.mark.parametrize("kept", [0.97, 0.9, 0.5, 0.2])
@pytest.mark.parametrize("name", _PACKERS)
def test_a_frame_that_was_cut_off_is_refused_and_never_filled_up(name: str, kept: float) -> None:
    codec, bits, pack = _PACKERS[name]
    encoded = bytes(pack(_smooth()))
    layout = _packed_layout(codec, bits)
    with pytest.raises((Malformed, RuntimeError, ValueError)):
        decode(layout, encoded[: int(len(encoded) * kept)])


@pytest.mark.parametrize("name", ["jpeg-8", "jpeg-12", "jpeg 2000"])
def test_a_whole_frame_without_its_end_marker_is_read(name: str) -> None:
    codec, bits, pack = _PACKERS[name]
    encoded = bytes(pack(_smooth()))
    layout = _packed_layout(codec, bits)
    assert encoded.endswith(b"\xff\xd9")
    assert np.array_equal(decode(layout, encoded[:-2]), decode(layout, encoded))


def test_jpeg_2000_without_a_mix_of_its_own_is_converted_by_the_headers_word() -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (16, 20, 3)).astype(np.uint8)
    plain = bytes(
        imagecodecs.jpeg2k_encode(rgb, codecformat="j2k", reversible=True, level=0, mct=False)
    )
    layout = attrs.evolve(_COLOUR, rows=16, columns=20, codec="jpeg 2000")
    assert np.array_equal(decode(layout, plain), rgb)
    as_ybr = decode(attrs.evolve(layout, photometric="YBR_FULL"), plain)
    wanted = convert_color_space(rgb, "YBR_FULL", "RGB")
    assert np.abs(as_ybr.astype(int) - wanted).max() <= 1


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
