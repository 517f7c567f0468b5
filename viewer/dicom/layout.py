"""How the stored values of a picture are laid out, read from its header and checked (C.7.6.3)."""

from __future__ import annotations

import math

import attrs
import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.dicom.codestream import look_at
from viewer.dicom.errors import Malformed, NotAnImage, Unsupported
from viewer.dicom.fragments import first_bytes
from viewer.dicom.parse import Parsed
from viewer.dicom.structure import PixelPlace
from viewer.dicom.syntaxes import Codec
from viewer.dicom.tables import Table, modality_table, palette_of

MAX_FRAME_BYTES = 1 << 30
MAX_PICTURE_BYTES = 4 << 30
_PIXEL_DATA, _FLOAT, _DOUBLE = 0x7FE00010, 0x7FE00008, 0x7FE00009
_FLOAT_BITS = {_FLOAT: 32, _DOUBLE: 64}
_COLOURS = frozenset((
    "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT",
    "PALETTE COLOR",
))  # fmt: skip
_HALVED = frozenset(("YBR_FULL_422", "YBR_PARTIAL_422"))
_GREYS = frozenset(("MONOCHROME1", "MONOCHROME2"))
_OTHER_NAMES = {
    "MONOCHROME": "MONOCHROME2",
    "MONOCHROME 1": "MONOCHROME1",
    "MONOCHROME 2": "MONOCHROME2",
    "PALETTE_COLOR": "PALETTE COLOR",
    "YBR_FULL_4:2:2": "YBR_FULL_422",
}
_BIT_DEPTHS = (1, 8, 16, 32)
# Best case of each codec's format; lossy and wavelet codecs have none, so only a sane bound.
_MOST_RATIO = {Codec.RLE: 64, Codec.NATIVE: 1}
_OTHER_RATIO = 2000
_MOST_OFFSETS = 1 << 16
_SHALLOWER = "The picture's colours are shown with 8 bits each; the file has more."
_SIGN = "The header is wrong about negative values; the picture's own word was taken."
_HIGH_BIT = "The header is wrong about which bits are used; the lowest ones were taken."
_MORE = "The file holds more than the header says; only what it says is shown."
_COUNTED = "The header does not say how many frames there are; they were counted."
_SUPPLEMENTAL = "Parts of the picture are meant to be in colour; they are shown in grey."


@attrs.frozen
class PixelLayout:
    """All that decoding needs, as plain values that travel as JSON.

    `start` and `length` are the pixels' place in the file, or in the inflated body where
    `is_deflated`. `offsets` are those of the extended offset table. `notes` say what of the header
    was not taken at its word.
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
    is_float: bool = False
    offsets: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_colour(self) -> bool:
        """Whether a frame decodes to red, green, blue."""
        return self.photometric in _COLOURS

    @property
    def is_halved(self) -> bool:
        """Whether two pixels of native colour share their hue."""
        return self.photometric in _HALVED and self.codec == Codec.NATIVE.value

    @property
    def is_as_stored(self) -> bool:
        """Whether decoding changes nothing: native, no table applied, no colour converted.

        Unused bits that are not empty are told when they are met (`pixels.keep_stored_bits`).
        """
        is_plain_colour = self.photometric == "RGB" and not self.is_planar
        return (
            self.codec == Codec.NATIVE.value
            and self.modality_table is None
            and (not self.is_colour or (is_plain_colour and self.bits_stored == 8))
            and self.bits_allocated > 1
        )

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """(rows, columns) or (rows, columns, 3)."""
        return (self.rows, self.columns, 3) if self.is_colour else (self.rows, self.columns)

    @property
    def stored_dtype(self) -> np.dtype[np.generic]:
        """Type of one stored sample, little endian; a byte where it is a single bit."""
        kind = "f" if self.is_float else "i" if self.is_signed else "u"
        return np.dtype(f"<{kind}{max(self.bits_allocated // 8, 1)}")

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
    def native_frame_bits(self) -> int:
        """Size of one uncompressed frame in the file; frames of single bits share bytes."""
        samples = 2 if self.is_halved else self.samples
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def native_frame_bytes(self) -> int:
        """The same in whole bytes."""
        return -(-self.native_frame_bits // 8)


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
    codec = parsed.syntax.codec if place.is_encapsulated else Codec.NATIVE
    if parsed.syntax.is_encapsulated and not place.is_encapsulated:
        raise Malformed("The header says compressed, but the picture is not.")
    if place.length == 0:
        raise Malformed("The place of the picture in the file is empty.")
    layout = _with_own_sign(_read_layout(ds, parsed, place, codec), parsed, place)
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
    photometric = _photometric(ds)
    samples = _int(ds, "SamplesPerPixel", 1 if photometric in _GREYS else _samples_of(photometric))
    allocated = _FLOAT_BITS.get(place.tag) or _int(ds, "BitsAllocated", 8)
    stored, high_bit, notes = _depth(ds, allocated, place)
    is_big = parsed.syntax.is_big_endian_pixels
    layout = PixelLayout(
        rows=_int(ds, "Rows", 0),
        columns=_int(ds, "Columns", 0),
        frames=1,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        is_signed=_int(ds, "PixelRepresentation", 0) == 1 and place.tag == _PIXEL_DATA,
        photometric=photometric or ("RGB" if samples == 3 else "MONOCHROME2"),
        is_planar=_int(ds, "PlanarConfiguration", 0) == 1,
        codec=codec.value,
        is_big_endian=is_big,
        is_word_swapped=is_big and place.vr == "OW",
        start=place.start + parsed.body_offset,
        length=place.length,
        is_deflated=parsed.syntax.is_deflated,
        palette=palette_of(ds) if photometric == "PALETTE COLOR" else None,
        is_float=place.tag in _FLOAT_BITS,
        offsets=_extended_offsets(ds) if codec is not Codec.NATIVE else (),
    )
    table = None if layout.is_colour or layout.is_float else modality_table(ds)
    if table is not None and layout.is_signed and table.first > 0x7FFF:
        table = attrs.evolve(table, first=table.first - 0x10000)
    if photometric in _GREYS and ds.get("RedPaletteColorLookupTableDescriptor") is not None:
        notes = (*notes, _SUPPLEMENTAL)
    if layout.is_colour and stored > 8 and layout.palette is None:
        notes = (*notes, _SHALLOWER)
    return _with_frames(ds, attrs.evolve(layout, modality_table=table, notes=notes))


def _photometric(ds: Dataset) -> str:
    said = str(ds.get("PhotometricInterpretation") or "").strip("\0 ").upper()
    return _OTHER_NAMES.get(said, said)


def _samples_of(photometric: str) -> int:
    return 3 if photometric in _COLOURS and photometric != "PALETTE COLOR" else 1


def _depth(ds: Dataset, allocated: int, place: PixelPlace) -> tuple[int, int, tuple[str, ...]]:
    """Return how many bits are used, the highest of them, and what had to be guessed."""
    if place.tag in _FLOAT_BITS:
        return allocated, allocated - 1, ()
    stored = _int(ds, "BitsStored", allocated) or allocated
    high_bit = _int(ds, "HighBit", stored - 1)
    if 1 <= stored <= allocated and not stored - 1 <= high_bit < allocated:
        return stored, stored - 1, (_HIGH_BIT,)
    return stored, high_bit, ()


def _with_frames(ds: Dataset, layout: PixelLayout) -> PixelLayout:
    """Set how many frames there are; where the header's number is none, count native ones."""
    is_native = layout.codec == Codec.NATIVE.value
    held = layout.length * 8 // layout.native_frame_bits if layout.native_frame_bits else 0
    try:
        count = max(1, _int(ds, "NumberOfFrames", 1))
    except Malformed:
        if not is_native or held < 1:
            raise
        return attrs.evolve(layout, frames=held, notes=(*layout.notes, _COUNTED))
    counted = attrs.evolve(layout, frames=count)
    if is_native and held > count:
        return attrs.evolve(counted, notes=(*layout.notes, _MORE))
    return counted


def _with_own_sign(layout: PixelLayout, parsed: Parsed, place: PixelPlace) -> PixelLayout:
    """Take the codestream's word where it has negative values that the header denies."""
    codec = Codec(layout.codec)
    if codec not in (Codec.JPEG_2000, Codec.HTJ2K) or layout.is_signed or layout.is_colour:
        return layout
    first = first_bytes(parsed.body[place.start : place.start + place.length])
    if not look_at(codec, first).is_signed:
        return layout
    return attrs.evolve(layout, is_signed=True, notes=(*layout.notes, _SIGN))


def _extended_offsets(ds: Dataset) -> tuple[int, ...]:
    table = ds.get("ExtendedOffsetTable")
    if not isinstance(table, bytes) or len(table) > 8 * _MOST_OFFSETS:
        return ()
    return tuple(
        int.from_bytes(table[n : n + 8], "little") for n in range(0, len(table) // 8 * 8, 8)
    )


def _check(layout: PixelLayout) -> None:
    if layout.rows < 1 or layout.columns < 1:
        raise Malformed("The header does not say how large the picture is.")
    depths = (32, 64) if layout.is_float else _BIT_DEPTHS
    if layout.bits_allocated not in depths:
        raise Unsupported(f"Pictures of {layout.bits_allocated} bits are not shown yet.")
    if not 1 <= layout.bits_stored <= layout.bits_allocated:
        raise Malformed("The header contradicts itself about the depth of the grey values.")
    if not layout.bits_stored - 1 <= layout.high_bit < layout.bits_allocated:
        raise Malformed("The header contradicts itself about the depth of the grey values.")
    if layout.photometric not in _COLOURS | _GREYS:
        raise Unsupported("The picture's colours are coded in a way that is not read yet.")
    if layout.samples != _samples_of(layout.photometric):
        raise Malformed("The header contradicts itself about colour.")
    is_odd_kind = layout.bits_allocated == 1 or layout.is_float
    if is_odd_kind and (layout.is_colour or layout.codec != Codec.NATIVE.value):
        raise Unsupported(f"Pictures of {layout.bits_allocated} bits are not shown yet.")


def _check_budget(layout: PixelLayout) -> None:
    total = layout.frame_bytes * layout.frames
    if layout.frame_bytes > MAX_FRAME_BYTES or total > MAX_PICTURE_BYTES:
        raise Malformed("The header promises a picture larger than any real one.")
    codec = Codec(layout.codec)
    expected = -(-layout.native_frame_bits * layout.frames // 8)
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
