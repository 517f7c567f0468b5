"""One frame's bytes into stored values, for every transfer syntax. Pure, any thread.

Stored values come out as the header describes them: unused bits cleared, the sign extended.
Colour comes out as (rows, columns, 3) uint8 red, green, blue. MONOCHROME1 stays as stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import generate_frames

from viewer.dicom.codestream import Stream, look_at
from viewer.dicom.errors import Malformed
from viewer.dicom.layout import PixelLayout, Table
from viewer.dicom.syntaxes import Codec

Frame = NDArray[np.generic]


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
    )


def keep_stored_bits(layout: PixelLayout, place: NDArray[np.uint8]) -> None:
    """Clear the unused bits and extend the sign of plain frames, in place.

    Parameters
    ----------
    place : (bytes,) uint8
        Frames of a layout that `is_plain`.
    """
    left, right = _shifts(layout)
    if right:
        values = place.view(layout.stored_dtype)
        values <<= left
        values >>= right


def decode(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    """Decode one frame."""
    codec = Codec(layout.codec)
    raw = _DECODERS[codec](layout, encoded)
    if codec is not Codec.NATIVE and layout.samples == 1 and layout.bits_allocated >= 8:
        raw = _fit(layout, raw)
    if layout.palette is not None:
        return _through_palette(_masked(layout, raw), layout.palette)
    if layout.is_colour:
        return _colour(layout, raw, codec)
    grey = _masked(layout, raw)
    if layout.modality_table is not None:
        return _through(grey, layout.modality_table).astype("<u2")
    return grey


def _encoded(layout: PixelLayout, value: memoryview) -> Iterator[bytes | memoryview]:
    if Codec(layout.codec) is Codec.NATIVE:
        size = layout.native_frame_bytes
        for index in range(layout.frames):
            yield value[index * size : (index + 1) * size]
        return
    try:
        yield from generate_frames(BytesIO(value), number_of_frames=layout.frames)
    except ValueError:
        raise Malformed("The picture's compressed data is damaged.") from None


def _native(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    if len(encoded) < layout.native_frame_bytes:
        raise Malformed("The file ends before the picture does.")
    dtype = layout.stored_dtype.newbyteorder(">" if layout.is_big_endian else "<")
    if layout.is_word_swapped and layout.bits_allocated == 8:
        even = encoded[: len(encoded) // 2 * 2]
        flat: Frame = np.frombuffer(even, "<u2").byteswap().view(dtype)
        if len(encoded) % 2:
            raise Malformed("A picture of odd size in 16-bit words cannot be told apart.")
    else:
        flat = np.frombuffer(encoded, dtype)
    if layout.photometric == "YBR_FULL_422" and layout.samples == 3:
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
    stream = _looked_at(layout, encoded)
    if stream.components == 1:
        return _array(imagecodecs.jpeg8_decode(bytes(encoded)))
    # Without a marker libjpeg guesses YCbCr; the header's word counts then (PS3.5 8.2.1).
    is_rgb = layout.photometric == "RGB" and not stream.is_marked_ycc
    source = "RGB" if is_rgb else "YCBCR"
    return _array(imagecodecs.jpeg8_decode(bytes(encoded), colorspace=source, outcolorspace="RGB"))


def _jpeg_lossless(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    _looked_at(layout, encoded)
    return _array(imagecodecs.jpegsof3_decode(bytes(encoded)))


def _jpeg_ls(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    _looked_at(layout, encoded)
    return _array(imagecodecs.jpegls_decode(bytes(encoded)))


def _jpeg_2000(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    _looked_at(layout, encoded)
    return _array(imagecodecs.jpeg2k_decode(bytes(encoded)))


def _htj2k(layout: PixelLayout, encoded: bytes | memoryview) -> Frame:
    _looked_at(layout, encoded)
    return _array(imagecodecs.htj2k_decode(bytes(encoded)))


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
    return layout.bits_allocated - 1 - layout.high_bit, layout.bits_allocated - layout.bits_stored


def _colour(layout: PixelLayout, raw: Frame, codec: Codec) -> Frame:
    if raw.shape != layout.frame_shape or raw.dtype.itemsize != 1:
        raise Malformed("The header and the picture disagree about colour.")
    stored = raw.view(np.uint8)
    is_converted = codec in (Codec.JPEG, Codec.JPEG_2000, Codec.HTJ2K)
    if layout.photometric.startswith("YBR_FULL") and not is_converted:
        return _rgb_of_ybr(stored)
    if layout.photometric not in ("RGB", "YBR_FULL", "YBR_FULL_422") and not is_converted:
        raise Malformed("The header contradicts itself about colour.")
    return np.ascontiguousarray(stored)


def _rgb_of_ybr(ybr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert YBR_FULL to RGB (PS3.3 C.7.6.3.1.2)."""
    y, cb, cr = (ybr[..., c].astype(np.float32) for c in range(3))
    cb, cr = cb - 128, cr - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    rounded: NDArray[np.uint8] = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return rounded


def _through_palette(stored: Frame, palette: tuple[Table, Table, Table]) -> NDArray[np.uint8]:
    channels = [_through(stored, table) >> _surplus_bits(table) for table in palette]
    return np.stack(channels, axis=-1).astype(np.uint8)


def _surplus_bits(table: Table) -> int:
    # Writers that say 16 but fill 8 bits are common; their largest entry tells.
    return 8 if table.bits > 8 and max(table.entries) > 255 else 0


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
