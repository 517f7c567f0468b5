"""One frame's bytes into stored values, for every transfer syntax. Pure, any thread.

Stored values come out as the header describes them: unused bits cleared, the sign extended.
Colour comes out as (rows, columns, 3) uint8 red, green, blue. MONOCHROME1 stays as stored, a
single bit is a byte of 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from viewer.dicom.codestream import Stream, is_whole, look_at
from viewer.dicom.errors import Malformed
from viewer.dicom.fragments import encoded_frames
from viewer.dicom.layout import PixelLayout
from viewer.dicom.syntaxes import Codec
from viewer.dicom.tables import Table

Frame = NDArray[np.generic]
_END, _STUFFING = b"\xff\xd9", bytes(range(1, 255)) * 8
_LONGEST_PADDING = 1024


def frames(layout: PixelLayout, value: memoryview) -> Iterator[Frame]:
    """Decode the frames of a pixel data value, one after the other.

    Parameters
    ----------
    value : memoryview of bytes
        Native pixels, or fragments beginning with the offset table.

    Yields
    ------
    (rows, columns) of `layout.dtype`, or (rows, columns, 3) uint8

    Raises
    ------
    Malformed
        The bytes do not hold the frames that the header promises.
    """
    count = 0
    for encoded in _encoded(layout, value):
        if count == layout.frames:
            break
        yield decode(layout, encoded)
        count += 1
    if count < layout.frames:
        raise Malformed("The file ends before the picture does.")


def is_plain(layout: PixelLayout) -> bool:
    """Whether the file holds the frames just as they are decoded, but for unused bits."""
    return (
        layout.codec == Codec.NATIVE.value
        and not layout.is_colour
        and not layout.is_big_endian
        and not layout.is_deflated
        and layout.modality_table is None
        and layout.bits_allocated > 1
    )


def keep_stored_bits(layout: PixelLayout, place: NDArray[np.uint8]) -> bool:
    """Clear the unused bits and extend the sign of plain frames, in place.

    Parameters
    ----------
    place : (bytes,) uint8
        Frames of a layout that `is_plain`.

    Returns
    -------
    bool
        Whether that changed anything: the file had something in its unused bits.
    """
    left, right = _shifts(layout)
    if right == 0:
        return False
    values = place.view(layout.stored_dtype)
    if not _uses_other_bits(layout, values):
        return False
    values <<= left
    values >>= right
    return True


def decode(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    """Decode one frame."""
    codec = Codec(layout.codec)
    raw = _DECODERS[codec](layout, encoded)
    if codec is not Codec.NATIVE and layout.samples == 1:
        raw = _fit(layout, raw)
    if layout.palette is not None:
        return _through_palette(_masked(layout, raw), layout.palette)
    if layout.is_colour:
        is_wavelet = codec in (Codec.JPEG_2000, Codec.HTJ2K)
        return _colour(layout, raw, codec, is_mixed=is_wavelet and look_at(codec, encoded).is_mixed)
    if layout.is_float:
        return raw.astype(layout.dtype, copy=False)
    grey = _masked(layout, raw)
    if layout.modality_table is not None:
        return _through(grey, layout.modality_table).astype("<u2")
    return grey


def _uses_other_bits(layout: PixelLayout, values: Frame) -> bool:
    """Whether any value is more than its stored bits (their sign extended) say."""
    if layout.high_bit != layout.bits_stored - 1:
        return bool(values.any())
    sign = 1 if layout.is_signed else 0
    most = (1 << (layout.bits_stored - sign)) - 1
    least = -(1 << (layout.bits_stored - 1)) if layout.is_signed else 0
    return bool(values.size) and bool(values.max() > most or values.min() < least)


def _encoded(layout: PixelLayout, value: memoryview) -> Iterator[bytes | memoryview]:
    if Codec(layout.codec) is not Codec.NATIVE:
        yield from encoded_frames(value, layout.frames, layout.offsets)
        return
    if layout.is_word_swapped and layout.bits_allocated <= 8:
        value = memoryview(_bytes_in_order(value))
    if layout.native_frame_bits % 8:
        yield from _single_bits(layout, value)
        return
    size = layout.native_frame_bytes
    for index in range(layout.frames):
        yield value[index * size : (index + 1) * size]


def _bytes_in_order(value: memoryview) -> bytes:
    """Turn big-endian words of two bytes each into bytes in order; an odd one stays."""
    even = len(value) // 2 * 2
    turned = np.frombuffer(value[:even], "<u2").byteswap().tobytes()
    return turned + bytes(value[even:])


def _single_bits(layout: PixelLayout, value: memoryview) -> Iterator[bytes]:
    """Yield frames that begin within a byte so that each begins with one."""
    size = layout.native_frame_bits
    for index in range(layout.frames):
        first, stop = index * size, (index + 1) * size
        part = np.frombuffer(value[first // 8 : -(-stop // 8)], np.uint8)
        bits = np.unpackbits(part, bitorder="little")[first % 8 :][:size]
        yield np.packbits(bits, bitorder="little").tobytes()


def _native(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    if len(encoded) < layout.native_frame_bytes:
        raise Malformed("The file ends before the picture does.")
    if layout.bits_allocated == 1:
        count = layout.rows * layout.columns
        bits = np.unpackbits(np.frombuffer(encoded, np.uint8), bitorder="little", count=count)
        return bits.reshape(layout.rows, layout.columns)
    dtype = layout.stored_dtype.newbyteorder(">" if layout.is_big_endian else "<")
    flat: Frame = np.frombuffer(encoded, dtype)
    if layout.is_halved:
        return _spread_422(flat, layout)
    if layout.samples == 1:
        return flat.reshape(layout.rows, layout.columns)
    if layout.is_planar:
        return np.moveaxis(flat.reshape(3, layout.rows, layout.columns), 0, -1)
    return flat.reshape(layout.rows, layout.columns, 3)


def _spread_422(flat: Frame, layout: PixelLayout) -> Frame:
    """Give each pixel its own colour: Y1 Y2 Cb Cr -> (Y1 Cb Cr), (Y2 Cb Cr)."""
    if layout.columns % 2:
        raise Malformed("The header contradicts itself about colour.")
    pairs = flat.reshape(layout.rows, layout.columns // 2, 4)
    spread = np.empty((layout.rows, layout.columns, 3), flat.dtype)
    spread[:, 0::2, 0], spread[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    spread[..., 1] = np.repeat(pairs[..., 2], 2, axis=1)
    spread[..., 2] = np.repeat(pairs[..., 3], 2, axis=1)
    return spread


def _rle(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    """Decode RLE (PS3.5 G): byte planes, the most significant first, samples one by one."""
    content = bytes(encoded)
    segments = int.from_bytes(content[:4], "little")
    wanted = layout.samples * layout.bits_allocated // 8
    if len(content) < 64 or segments != wanted:
        raise Malformed("The picture's compressed data is damaged.")
    size = layout.rows * layout.columns
    starts = [int.from_bytes(content[4 + 4 * n : 8 + 4 * n], "little") for n in range(segments)]
    ends = [*starts[1:], len(content)]
    planes = np.empty((segments, size), np.uint8)
    for plane, start, end in zip(planes, starts, ends, strict=True):
        if not 64 <= start <= end <= len(content):
            raise Malformed("The picture's compressed data is damaged.")
        unpacked = np.frombuffer(_unpack(content[start:end], size), np.uint8)
        if unpacked.size < size:
            raise Malformed("The file ends before the picture does.")
        plane[:] = unpacked[:size]
    width = layout.bits_allocated // 8
    samples = planes.reshape(layout.samples, width, size)
    flat = np.ascontiguousarray(np.moveaxis(samples, 1, 2)).view(f">u{width}")[..., 0]
    pixels = flat.reshape(layout.samples, layout.rows, layout.columns)
    return pixels[0] if layout.samples == 1 else np.moveaxis(pixels, 0, -1)


def _unpack(segment: bytes, size: int) -> bytes:
    """Undo PackBits, never beyond `size` and the one run that passes it."""
    if len(segment) * 64 < size:
        raise Malformed("The picture would unpack to far more than its size allows.")
    # The worst writer spends two bytes on each; what is beyond is padding.
    return bytes(imagecodecs.packbits_decode(segment[: 2 * size + 256]))


def _jpeg(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    stream, content = _looked_at(layout, encoded), bytes(encoded)
    if stream.components == 1:
        return _whole_jpeg(content, imagecodecs.jpeg8_decode)
    # Without a marker libjpeg guesses YCbCr; the header's word counts then (PS3.5 8.2.1).
    is_rgb = layout.photometric == "RGB" and not stream.is_marked_ycc
    source = "RGB" if is_rgb else "YCBCR"
    return _whole_jpeg(
        content,
        lambda x: imagecodecs.jpeg8_decode(x, colorspace=source, outcolorspace="RGB"),
    )


def _whole_jpeg(content: bytes, decoder: Callable[[bytes], object]) -> Frame:
    """Decode a JPEG of which nothing may be missing: libjpeg makes up what is, in silence.

    Without an end marker, bytes put where the missing ones would be change the picture exactly
    if it needed them.
    """
    if is_whole(Codec.JPEG, content):
        return _array(decoder(content))
    first, second = (_array(decoder(content + end)) for end in (_END, _STUFFING + _END))
    if not np.array_equal(first, second):
        raise Malformed("The file ends before the picture does.")
    return first


def _jpeg_lossless(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    _looked_at(layout, encoded)
    return _array(imagecodecs.jpegsof3_decode(bytes(encoded)))


def _jpeg_ls(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    _looked_at(layout, encoded)
    return _array(imagecodecs.jpegls_decode(bytes(encoded)))


def _jpeg_2000(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    return _array(imagecodecs.jpeg2k_decode(_whole_codestream(layout, encoded)))


def _htj2k(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    return _array(imagecodecs.htj2k_decode(_whole_codestream(layout, encoded)))


def _whole_codestream(layout: PixelLayout, encoded: bytes | memoryview) -> bytes:
    """Return a codestream with all its tiles and its end marker, which some writers leave off."""
    _looked_at(layout, encoded)
    if not is_whole(Codec(layout.codec), encoded):
        raise Malformed("The file ends before the picture does.")
    content = bytes(encoded)
    return content if _END in content[-_LONGEST_PADDING:] else content + _END


def _looked_at(layout: PixelLayout, encoded: bytes | memoryview) -> Stream:
    """Check the stream's own size before anything is allocated for it."""
    stream = look_at(Codec(layout.codec), encoded)
    if (stream.rows, stream.columns) != (layout.rows, layout.columns):
        raise Malformed("The header and the picture disagree about its size.")
    if stream.components != layout.samples:
        raise Malformed("The header and the picture disagree about colour.")
    return stream


def _array(decoded: object) -> Frame:
    return np.asarray(decoded)


def _fit(layout: PixelLayout, raw: Frame) -> Frame:
    """Bring a codec's samples to the stored type: bits as they are, the sign by the header."""
    if raw.ndim != 2:
        raise Malformed("The header and the picture disagree about its size.")
    unsigned = np.dtype(f"u{layout.bits_allocated // 8}")
    return raw.astype(unsigned, copy=False)


def _masked(layout: PixelLayout, raw: Frame) -> Frame:
    """Keep the stored bits alone, extend the sign, little endian."""
    target = layout.stored_dtype
    values = raw.astype(np.dtype(f"u{target.itemsize}"), copy=False)
    left, right = _shifts(layout)
    if right == 0:
        return values.view(target.newbyteorder("=")).astype(target, copy=False)
    lifted = (values << left).view(target.newbyteorder("="))
    shifted: Frame = lifted >> right
    return shifted.astype(target, copy=False)


def _shifts(layout: PixelLayout) -> tuple[int, int]:
    if layout.bits_allocated == 1 or layout.is_float:
        return 0, 0
    return layout.bits_allocated - 1 - layout.high_bit, layout.bits_allocated - layout.bits_stored


def _colour(layout: PixelLayout, raw: Frame, codec: Codec, *, is_mixed: bool) -> Frame:
    """Return 8-bit red, green, blue; `is_mixed` says that the codec undid the stream's own mix."""
    if raw.shape != layout.frame_shape:
        raise Malformed("The header and the picture disagree about colour.")
    stored = _eight_bits(layout, raw)
    if codec is Codec.JPEG or is_mixed or layout.photometric == "RGB":
        return np.ascontiguousarray(stored)
    if layout.photometric.startswith("YBR_FULL"):
        return _rgb_of_ybr(stored)
    if layout.photometric == "YBR_PARTIAL_422" and codec is Codec.NATIVE:
        return _rgb_of_partial(stored)
    if codec in (Codec.JPEG_2000, Codec.HTJ2K):
        # YBR_ICT and YBR_RCT name the stream's own mix; without one the values are plain.
        return np.ascontiguousarray(stored)
    raise Malformed("The header contradicts itself about colour.")


def _eight_bits(layout: PixelLayout, raw: Frame) -> NDArray[np.uint8]:
    values = raw.view(f"u{raw.dtype.itemsize}") if raw.dtype.isnative else raw.astype(np.uint32)
    if layout.bits_stored <= 8 and values.dtype.itemsize == 1:
        return np.asarray(values, np.uint8)
    lowest = layout.high_bit + 1 - layout.bits_stored
    cut = (values >> lowest) & ((1 << layout.bits_stored) - 1)
    return np.asarray(cut >> max(layout.bits_stored - 8, 0), np.uint8)


def _rgb_of_ybr(ybr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert YBR_FULL to RGB (PS3.3 C.7.6.3.1.2)."""
    y, cb, cr = (ybr[..., c].astype(np.float32) for c in range(3))
    cb, cr = cb - 128, cr - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    rounded: NDArray[np.uint8] = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return rounded


def _rgb_of_partial(ybr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert YBR_PARTIAL to RGB: black is 16, white 235 (PS3.3 C.7.6.3.1.2)."""
    y = (ybr[..., 0].astype(np.float32) - 16) * np.float32(255 / 219)
    cb, cr = ((ybr[..., c].astype(np.float32) - 128) * np.float32(255 / 224) for c in (1, 2))
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    rounded: NDArray[np.uint8] = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return rounded


def _through_palette(stored: Frame, palette: tuple[Table, Table, Table]) -> NDArray[np.uint8]:
    channels = [_through(stored, table) >> _surplus_bits(table) for table in palette]
    return np.stack(channels, axis=-1).astype(np.uint8)


def _surplus_bits(table: Table) -> int:
    # Writers that say 16 but fill 8 bits are common; their largest entry tells.
    most = max(table.entries)
    return max(table.bits - 8, most.bit_length() - 8, 0) if most > 255 else 0


def _through(stored: Frame, table: Table) -> NDArray[np.uint16]:
    entries: NDArray[np.uint16] = np.array(table.entries, np.uint16)
    index = stored.astype(np.int64) - table.first
    looked_up: NDArray[np.uint16] = entries[np.clip(index, 0, entries.size - 1)]
    return looked_up


_DECODERS: dict[Codec, Callable[[PixelLayout, bytes | memoryview], Frame]] = {
    Codec.NATIVE: _native,
    Codec.RLE: _rle,
    Codec.JPEG: _jpeg,
    Codec.JPEG_LOSSLESS: _jpeg_lossless,
    Codec.JPEG_LS: _jpeg_ls,
    Codec.JPEG_2000: _jpeg_2000,
    Codec.HTJ2K: _htj2k,
}
