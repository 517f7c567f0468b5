"""Look-up tables in headers: modality, VOI and presentation LUTs, palettes whole or in segments.

Source: PS3.3 C.11.1.1.1 (LUT descriptor and data), C.7.6.3.1.5-6 (palette), C.7.9.2 (segmented).
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.dicom.errors import Malformed, Unsupported

_MOST_ENTRIES = 65536
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
_COLOURS = ("Red", "Green", "Blue")
_SHORT = "The picture's look-up table is shorter than it says."
_DAMAGED = "The picture's look-up table is damaged."

Words = NDArray[np.uint16]


@attrs.frozen
class Table:
    """A look-up table: `first` is the stored value that its entry 0 belongs to."""

    first: int
    bits: int
    entries: tuple[int, ...]

    @property
    def most(self) -> int:
        """The largest value its bits hold."""
        return (1 << self.bits) - 1


def modality_table(ds: Dataset) -> Table | None:
    """Read the modality LUT of a header; None where there is none.

    Raises
    ------
    Malformed, Unsupported
    """
    sequence = ds.get("ModalityLUTSequence")
    return table_of(sequence[0], ds) if sequence else None


def table_of(item: Dataset, ds: Dataset) -> Table:
    """Read the table in an item of a LUT sequence; the data set tells how values are signed.

    Raises
    ------
    Malformed, Unsupported
    """
    count, first, bits = _descriptor(item.get("LUTDescriptor"))
    raw = _words(item.get("LUTData"), count, bits, is_big=is_big_endian(ds))
    return Table(first, bits, tuple(raw[:count].tolist()))


def palette_of(ds: Dataset) -> tuple[Table, Table, Table]:
    """Read the palette of a PALETTE COLOR picture.

    Raises
    ------
    Malformed, Unsupported
    """
    red, green, blue = (_channel(ds, colour) for colour in _COLOURS)
    return red, green, blue


def _channel(ds: Dataset, colour: str) -> Table:
    count, first, bits = _descriptor(ds.get(f"{colour}PaletteColorLookupTableDescriptor"))
    segments = ds.get(f"Segmented{colour}PaletteColorLookupTableData")
    whole = ds.get(f"{colour}PaletteColorLookupTableData")
    if whole is None and segments is not None:
        words = _raw_words(segments, bits, is_big=is_big_endian(ds))
        entries = expand(words, count, is_bytes=bits == 8)
        return Table(first, bits, tuple(entries.tolist()))
    raw = _words(whole, count, bits, is_big=is_big_endian(ds))
    return Table(first, bits, tuple(raw[:count].tolist()))


def expand(words: Words, count: int, *, is_bytes: bool = False) -> Words:
    """Expand a segmented palette to `count` entries (C.7.9.2).

    Raises
    ------
    Malformed
        A segment ends early, points outside or the whole is not `count` long.

    Examples
    --------
    >>> expand(np.array([0, 1, 10, 1, 2, 14], np.uint16), 3).tolist()
    [10, 12, 14]
    """
    out: list[int] = []
    _expand(words.tolist(), 0, len(words), out, count, is_bytes=is_bytes, is_inner=False)
    if len(out) < count:
        raise Malformed(_SHORT)
    return np.array(out[:count], np.uint16)


def _expand(
    words: list[int],
    at: int,
    end: int,
    out: list[int],
    count: int,
    *,
    is_bytes: bool,
    is_inner: bool,
    segments: int | None = None,
) -> None:
    """Append the entries of the segments from `at` on; never more than there is room for."""
    done = 0
    while at + 1 < end and len(out) < count and (segments is None or done < segments):
        opcode, length = words[at], words[at + 1]
        at, done = at + 2, done + 1
        if opcode == _DISCRETE:
            if at + length > end:
                raise Malformed(_DAMAGED)
            out += words[at : at + length]
            at += length
        elif opcode == _LINEAR:
            if at >= end or not out:
                raise Malformed(_DAMAGED)
            out += _line(out[-1], words[at], length)
            at += 1
        elif opcode == _INDIRECT and not is_inner:
            step = _offset_words(words, at, is_bytes=is_bytes)
            start = _offset(words, at, is_bytes=is_bytes)
            if start >= at:
                raise Malformed(_DAMAGED)
            _expand(
                words, start, end, out, count, is_bytes=is_bytes, is_inner=True, segments=length
            )
            at += step
        else:
            raise Malformed(_DAMAGED)


def _line(before: int, last: int, length: int) -> list[int]:
    steps = np.arange(1, length + 1)
    rounded: list[int] = (
        (before + np.floor((last - before) * steps / max(length, 1) + 0.5))
        .astype(np.int64)
        .tolist()
    )
    return rounded


def _offset_words(words: list[int], at: int, *, is_bytes: bool) -> int:
    wanted = 4 if is_bytes else 2
    if at + wanted > len(words):
        raise Malformed(_DAMAGED)
    return wanted


def _offset(words: list[int], at: int, *, is_bytes: bool) -> int:
    """Return where an indirect segment points, in words; least significant part first."""
    if is_bytes:
        return sum(words[at + n] << (8 * n) for n in range(4))
    return (words[at] | words[at + 1] << 16) // 2


def _descriptor(value: object) -> tuple[int, int, int]:
    if not isinstance(value, (list, MultiValue)) or len(value) != 3:
        raise Unsupported("The picture's look-up table is of a kind that is not read yet.")
    count, first, bits = (int(x) for x in value)
    count = count & 0xFFFF or _MOST_ENTRIES
    if not 1 <= bits <= 16:
        raise Malformed(_DAMAGED)
    return count, first, bits


def _words(content: object, count: int, bits: int, *, is_big: bool) -> Words:
    """Return at least `count` entries; 8-bit ones may be packed two to a word."""
    if isinstance(content, bytes):
        if bits <= 8 and len(content) < 2 * count:
            raw: Words = np.frombuffer(content, "u1").astype(np.uint16)
        else:
            raw = _raw_words(content, 16, is_big=is_big)
    elif isinstance(content, (list, MultiValue)):
        raw = np.array([int(x) & 0xFFFF for x in content], np.uint16)
        if bits <= 8 and raw.size < count <= 2 * raw.size:
            raw = raw.astype("<u2").view("u1").astype(np.uint16)
    elif isinstance(content, int) and count == 1:
        raw = np.array([content & 0xFFFF], np.uint16)
    else:
        raise Malformed("The picture's look-up table is missing.")
    if raw.size < count:
        raise Malformed(_SHORT)
    return raw


def _raw_words(content: object, bits: int, *, is_big: bool) -> Words:
    if not isinstance(content, bytes):
        raise Malformed(_DAMAGED)
    if bits == 8:
        return np.frombuffer(content, "u1").astype(np.uint16)
    order = ">u2" if is_big else "<u2"
    return np.frombuffer(content[: len(content) // 2 * 2], order).astype(np.uint16)


def is_big_endian(ds: Dataset) -> bool:
    """Whether words in the data set were written most significant byte first."""
    encoding = ds.original_encoding
    return encoding[1] is False
