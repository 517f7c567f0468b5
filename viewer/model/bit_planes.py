"""What a file has to be drawn over its picture, one bit a pixel (PS3.3 C.9.2), as it is stored.

Stored form: zlib of: u32 length (big endian) of an index, the index (JSON), then for each plane of
it, in order, its frames' bits, row by row, the first pixel in the lowest bit, padded to a byte.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 64 << 20
_MOST_PLANES, _MOST_SIDE, _MOST_FRAMES = 16, 65535, 65535


class BadBitPlanes(Exception):
    """The stored form does not hold what it says."""


@attrs.frozen(eq=False)
class BitPlane:
    """One overlay: `rows` x `columns` bits whose first lies at image pixel (`top`, `left`), from 0.

    `frames` of them belong to the image's frames from `first_frame` (from 0) on; 0 means that the
    only one belongs to every frame. `packed` has shape (bytes,), uint8. `is_region` says that it
    marks a region and not a drawing.
    """

    rows: int
    columns: int
    top: int
    left: int
    packed: NDArray[np.uint8] = attrs.field(repr=False)
    frames: int = 0
    first_frame: int = 0
    is_region: bool = False
    label: str = attrs.field(default="", repr=False)

    @property
    def bits(self) -> int:
        """How many bits there are."""
        return self.rows * self.columns * max(self.frames, 1)

    def mask(self, frame: int, rows: int, columns: int) -> NDArray[np.bool_]:
        """Return where it lies on a frame of an image: shape (rows, columns), bool."""
        out = np.zeros((rows, columns), bool)
        number = frame - self.first_frame if self.frames else 0
        if not 0 <= number < max(self.frames, 1):
            return out
        size = self.rows * self.columns
        first = number * size
        part = self.packed[first // 8 : -(-(first + size) // 8)]
        bits = np.unpackbits(part, bitorder="little")[first % 8 :][:size]
        plane = bits.reshape(self.rows, self.columns).astype(bool)
        top, left = max(self.top, 0), max(self.left, 0)
        seen = plane[top - self.top :, left - self.left :][: max(rows - top, 0)]
        seen = seen[:, : max(columns - left, 0)]
        out[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
        return out


def pack(planes: Iterable[BitPlane]) -> bytes:
    """Return the stored form; nothing for no planes."""
    kept = list(planes)
    if not kept:
        return b""
    index = json.dumps([_entry(plane) for plane in kept], separators=(",", ":")).encode()
    body = b"".join(plane.packed.tobytes() for plane in kept)
    return zlib.compress(len(index).to_bytes(4, "big") + index + body, 6)


def unpack(content: bytes | bytearray | memoryview) -> tuple[BitPlane, ...]:
    """Read the stored form.

    Raises
    ------
    BadBitPlanes
    """
    if not len(content):
        return ()
    stream = zlib.decompressobj()
    try:
        whole = stream.decompress(content, MAX_BYTES)
        size = int.from_bytes(whole[:4], "big")
        entries = json.loads(whole[4 : 4 + size])
    except (zlib.error, ValueError, RecursionError) as fault:
        raise BadBitPlanes from fault
    if stream.unconsumed_tail or not isinstance(entries, list) or len(entries) > _MOST_PLANES:
        raise BadBitPlanes
    return _planes(entries, np.frombuffer(whole, np.uint8), 4 + size)


def _planes(entries: list[Any], whole: NDArray[np.uint8], at: int) -> tuple[BitPlane, ...]:
    planes = []
    for entry in entries:
        plane = _checked(entry)
        size = -(-plane.bits // 8)
        planes.append(attrs.evolve(plane, packed=whole[at : at + size].copy()))
        at += size
    if at != whole.size:
        raise BadBitPlanes
    return tuple(planes)


def _entry(plane: BitPlane) -> dict[str, Any]:
    return attrs.asdict(plane, filter=lambda field, _: field.name != "packed")


def _checked(entry: Any) -> BitPlane:
    try:
        plane = BitPlane(packed=np.zeros(0, np.uint8), **entry)
    except TypeError as fault:
        raise BadBitPlanes from fault
    if not _is_sane(attrs.asdict(plane)) or plane.bits > MAX_BYTES * 8:
        raise BadBitPlanes
    return plane


def _is_sane(fields: dict[str, Any]) -> bool:
    whole = (fields[name] for name in ("rows", "columns", "top", "left", "frames", "first_frame"))
    return (
        all(type(number) is int for number in whole)
        and 1 <= fields["rows"] <= _MOST_SIDE
        and 1 <= fields["columns"] <= _MOST_SIDE
        and 0 <= fields["frames"] <= _MOST_FRAMES
        and isinstance(fields["label"], str)
        and isinstance(fields["is_region"], bool)
    )
