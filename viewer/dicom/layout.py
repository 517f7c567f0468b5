"""How the stored values of a picture are laid out, read from its header and checked (C.7.6.3)."""

from __future__ import annotations

import math

import attrs
import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.dicom.errors import Malformed, NotAnImage, Unsupported
from viewer.dicom.parse import Parsed
from viewer.dicom.structure import PixelPlace
from viewer.dicom.syntaxes import Codec

MAX_FRAME_BYTES = 1 << 30
MAX_PICTURE_BYTES = 4 << 30
_PIXEL_DATA = 0x7FE00010
_COLOURS = frozenset(
    ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "PALETTE COLOR")
)
_GREYS = frozenset(("MONOCHROME1", "MONOCHROME2"))
_BIT_DEPTHS = (8, 16, 32)
# Best case of each codec's format; lossy and wavelet codecs have none, so only a sane bound.
_MOST_RATIO = {Codec.RLE: 64, Codec.NATIVE: 1}
_OTHER_RATIO = 2000


@attrs.frozen
class Table:
    """A look-up table: `first` is the stored value that its entry 0 belongs to."""

    first: int
    bits: int
    entries: tuple[int, ...]


@attrs.frozen
class PixelLayout:
    """All that decoding needs, as plain values that travel as JSON.

    `start` and `length` are the pixels' place in the file, or in the inflated body where
    `is_deflated`.
    """

    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    photometric: str
    is_planar: bool
    codec: str
    is_big_endian: bool
    is_word_swapped: bool
    start: int
    length: int
    is_deflated: bool
    palette: tuple[Table, Table, Table] | None = None
    modality_table: Table | None = None

    @property
    def is_colour(self) -> bool:
        """Whether a frame decodes to red, green, blue."""
        return self.photometric in _COLOURS

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """(rows, columns) or (rows, columns, 3)."""
        return (self.rows, self.columns, 3) if self.is_colour else (self.rows, self.columns)

    @property
    def stored_dtype(self) -> np.dtype[np.generic]:
        """Type of one stored sample, little endian."""
        return np.dtype(f"<{'i' if self.is_signed else 'u'}{self.bits_allocated // 8}")

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of what a frame decodes to, little endian; colour is 8 bits a sample."""
        if self.is_colour:
            return np.dtype(np.uint8)
        if self.modality_table is not None:
            return np.dtype("<u2")
        return self.stored_dtype

    @property
    def frame_bytes(self) -> int:
        """Size of one decoded frame."""
        return math.prod(self.frame_shape) * self.dtype.itemsize

    @property
    def native_frame_bytes(self) -> int:
        """Size of one uncompressed frame in the file."""
        samples = self.samples
        if self.photometric == "YBR_FULL_422" and self.codec == Codec.NATIVE.value:
            samples = 2
        return self.rows * self.columns * samples * self.bits_allocated // 8


def layout_of(parsed: Parsed) -> PixelLayout:
    """Read and check the pixel layout.

    Raises
    ------
    NotAnImage
        The object has no pixels.
    Unsupported
        A layout that is not read.
    Malformed
        The header contradicts itself or the size of the file.
    """
    ds, place = parsed.header, parsed.pixels
    if place is None:
        raise NotAnImage("This DICOM object holds no picture.", "It is not shown yet.")
    if place.tag != _PIXEL_DATA:
        raise Unsupported("Pictures of fractional numbers are not shown yet.")
    codec = parsed.syntax.codec if place.is_encapsulated else Codec.NATIVE
    if parsed.syntax.is_encapsulated and not place.is_encapsulated:
        raise Malformed("The header says compressed, but the picture is not.")
    layout = _read_layout(ds, parsed, place, codec)
    check_layout(layout)
    return layout


def check_layout(layout: PixelLayout) -> None:
    """Check that a layout makes sense and stays within the budgets.

    Raises
    ------
    Unsupported, Malformed
        As `layout_of`.
    """
    _check(layout)
    _check_budget(layout)


def _read_layout(ds: Dataset, parsed: Parsed, place: PixelPlace, codec: Codec) -> PixelLayout:
    photometric = str(ds.get("PhotometricInterpretation") or "").strip().upper()
    samples = _int(ds, "SamplesPerPixel", 1)
    allocated = _int(ds, "BitsAllocated", 8)
    stored = _int(ds, "BitsStored", allocated)
    return PixelLayout(
        rows=_int(ds, "Rows", 0),
        columns=_int(ds, "Columns", 0),
        frames=max(1, _int(ds, "NumberOfFrames", 1)),
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=_int(ds, "HighBit", stored - 1),
        is_signed=_int(ds, "PixelRepresentation", 0) == 1,
        photometric=photometric or ("RGB" if samples == 3 else "MONOCHROME2"),
        is_planar=_int(ds, "PlanarConfiguration", 0) == 1,
        codec=codec.value,
        is_big_endian=parsed.syntax.is_big_endian_pixels,
        is_word_swapped=parsed.syntax.is_big_endian_pixels and place.vr == "OW",
        start=place.start + parsed.body_offset,
        length=place.length,
        is_deflated=parsed.syntax.is_deflated,
        palette=_palette(ds) if photometric == "PALETTE COLOR" else None,
        modality_table=_modality_table(ds),
    )


def _check(layout: PixelLayout) -> None:
    if layout.rows < 1 or layout.columns < 1:
        raise Malformed("The header does not say how large the picture is.")
    if layout.bits_allocated not in _BIT_DEPTHS:
        raise Unsupported(f"Pictures of {layout.bits_allocated} bits are not shown yet.")
    if not 1 <= layout.bits_stored <= layout.bits_allocated:
        raise Malformed("The header contradicts itself about the depth of the grey values.")
    if not layout.bits_stored - 1 <= layout.high_bit < layout.bits_allocated:
        raise Malformed("The header contradicts itself about the depth of the grey values.")
    if layout.photometric not in _COLOURS | _GREYS:
        raise Unsupported("The picture's colours are coded in a way that is not read yet.")
    wanted = 3 if layout.is_colour and layout.photometric != "PALETTE COLOR" else 1
    if layout.samples != wanted:
        raise Malformed("The header contradicts itself about colour.")
    if wanted == 3 and layout.bits_allocated != 8:
        raise Unsupported("Colour pictures of more than 8 bits are not shown yet.")


def _check_budget(layout: PixelLayout) -> None:
    total = layout.frame_bytes * layout.frames
    if layout.frame_bytes > MAX_FRAME_BYTES or total > MAX_PICTURE_BYTES:
        raise Malformed("The header promises a picture larger than any real one.")
    codec = Codec(layout.codec)
    expected = layout.native_frame_bytes * layout.frames
    if codec is Codec.NATIVE:
        if layout.length < expected:
            raise Malformed("The file ends before the picture does.")
    elif expected > (layout.length + 1) * _MOST_RATIO.get(codec, _OTHER_RATIO):
        raise Malformed("The picture would unpack to far more than its size allows.")


def _int(ds: Dataset, keyword: str, default: int) -> int:
    value = ds.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        raise Malformed("The header holds a number that is none.") from None


def _modality_table(ds: Dataset) -> Table | None:
    sequence = ds.get("ModalityLUTSequence")
    if not sequence:
        return None
    item = sequence[0]
    return _table(item.get("LUTDescriptor"), item.get("LUTData"))


def _palette(ds: Dataset) -> tuple[Table, Table, Table]:
    red, green, blue = (
        _table(
            ds.get(f"{colour}PaletteColorLookupTableDescriptor"),
            ds.get(f"{colour}PaletteColorLookupTableData"),
        )
        for colour in ("Red", "Green", "Blue")
    )
    return red, green, blue


def _table(descriptor: object, content: object) -> Table:
    """Read a look-up table (PS3.3 C.11.1.1.1); 8-bit tables may be packed two to a word."""
    if not isinstance(descriptor, (list, MultiValue)) or len(descriptor) != 3:
        raise Unsupported("The picture's look-up table is of a kind that is not read yet.")
    count, first, bits = (int(x) for x in descriptor)
    count = count & 0xFFFF or 65536
    if isinstance(content, bytes):
        raw = np.frombuffer(content[: len(content) // 2 * 2], "<u2")
        if bits == 8 and len(content) < 2 * count:
            raw = np.frombuffer(content, "u1").astype("<u2")
    elif isinstance(content, (list, MultiValue)):
        raw = np.array([int(x) & 0xFFFF for x in content], "<u2")
    else:
        raise Malformed("The picture's look-up table is missing.")
    if raw.size < count or bits not in (8, 10, 12, 14, 16):
        raise Malformed("The picture's look-up table is shorter than it says.")
    return Table(first, bits, tuple(raw[:count].tolist()))
