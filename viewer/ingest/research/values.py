"""Values of a volume file into shared memory, unpacked as they come and never further than wanted.

Runs in the decoding child.
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.errors import Malformed, Unsupported
from viewer.ingest.hosts.port import Handed
from viewer.ingest.research.facts import Packing, VolumeFacts

_STEP = 1 << 20
_ENDS = "The file ends before the volume does."
_TOO_LARGE = "The volume holds numbers that are too large to be shown."
_BLANK = b" \t\r\n,"


def fill(facts: VolumeFacts, handed: Handed, room: NDArray[np.uint8]) -> None:
    """Read all values into `room`, in the stored type.

    Raises
    ------
    Malformed
        There are fewer.
    Unsupported
        They do not fit.
    """
    target = room[: facts.size_bytes].view(facts.stored_dtype)
    done = 0
    for values in _values(facts, handed):
        count = min(values.size, target.size - done)
        target[done : done + count] = _fitting(values[:count], target.dtype)
        done += count
        if done == target.size:
            return
    raise Malformed(_ENDS)


def _fitting(values: NDArray[np.generic], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8 and values.size:
        limits = np.iinfo(np.int32)
        if int(values.min()) < limits.min or int(values.max()) > limits.max:
            raise Unsupported(_TOO_LARGE)
    with np.errstate(over="ignore"):
        return values.astype(dtype)


def _values(facts: VolumeFacts, handed: Handed) -> Iterator[NDArray[np.generic]]:
    parts = _unpacked(facts, handed)
    if facts.packing is Packing.TEXT:
        yield from _from_text(parts, facts)
        return
    size = facts.source_dtype.itemsize
    left = b""
    for part in parts:
        joined = left + part
        whole = len(joined) // size * size
        left = joined[whole:]
        yield np.frombuffer(joined[:whole], facts.source_dtype)


def _from_text(parts: Iterator[bytes], facts: VolumeFacts) -> Iterator[NDArray[np.generic]]:
    left = b""
    for part in parts:
        words = (left + part).replace(b",", b" ").split()
        is_cut = part[-1:] not in _BLANK
        left = words.pop() if is_cut and words else b""
        if len(left) > 64:
            raise Malformed(_ENDS)
        yield _numbers(words, facts)
    yield _numbers([left] if left else [], facts)


def _numbers(words: list[bytes], facts: VolumeFacts) -> NDArray[np.generic]:
    try:
        return np.array(words, dtype="S64").astype(np.float64).astype(facts.source_dtype)
    except ValueError:
        raise Malformed("The volume holds a number that is none.") from None


def _unpacked(facts: VolumeFacts, handed: Handed) -> Iterator[bytes]:
    """Yield the bytes of the values, in steps, from the first on."""
    if facts.is_wrapped:
        yield from _skipped(_inflated(_read(handed, 0)), facts.start)
        return
    start = facts.start
    if start < 0:
        start = handed.file_size() - facts.count * facts.source_dtype.itemsize
    if start < 0:
        raise Malformed(_ENDS)
    start += _after_lines(handed, facts.skip_lines)
    parts = _read(handed, start)
    if facts.packing is Packing.ZLIB:
        parts = _inflated(parts)
    elif facts.packing is Packing.BZIP2:
        parts = _bunzipped(parts)
    elif facts.packing is Packing.HEX:
        parts = _from_hex(parts)
    yield from parts


def _read(handed: Handed, at: int) -> Iterator[bytes]:
    buffer = bytearray(_STEP)
    while count := handed.read_into(memoryview(buffer), at):
        at += count
        yield bytes(buffer[:count])


def _after_lines(handed: Handed, lines: int) -> int:
    at = 0
    if lines:
        for part in _read(handed, 0):
            found = -1
            while lines and (found := part.find(b"\n", found + 1)) >= 0:
                lines -= 1
            if not lines:
                return at + found + 1
            at += len(part)
        raise Malformed(_ENDS)
    return at


def _skipped(parts: Iterator[bytes], count: int) -> Iterator[bytes]:
    for part in parts:
        if count >= len(part):
            count -= len(part)
        else:
            yield part[count:]
            count = 0


def _inflated(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate zlib or gzip, members one after the other; a bomb yields one small step at a time."""
    stream = zlib.decompressobj(47)
    for part in parts:
        packed = part
        while packed:
            try:
                yield stream.decompress(packed, _STEP)
            except zlib.error:
                raise Malformed("The volume's packed values are damaged.") from None
            packed = stream.unconsumed_tail
            if stream.eof:
                packed = stream.unused_data
                stream = zlib.decompressobj(47)
                if not packed.startswith(b"\x1f\x8b"):
                    packed = b""
    yield stream.flush()


def _bunzipped(parts: Iterator[bytes]) -> Iterator[bytes]:
    stream = bz2.BZ2Decompressor()
    for part in parts:
        packed = part
        while packed or not stream.needs_input:
            try:
                yield stream.decompress(packed, _STEP)
            except (OSError, EOFError):
                raise Malformed("The volume's packed values are damaged.") from None
            packed = b""
            if stream.eof:
                packed, stream = stream.unused_data, bz2.BZ2Decompressor()
                if not packed.startswith(b"BZh"):
                    break


def _from_hex(parts: Iterator[bytes]) -> Iterator[bytes]:
    left = b""
    for part in parts:
        digits = left + b"".join(part.split())
        whole = len(digits) // 2 * 2
        left = digits[whole:]
        try:
            yield bytes.fromhex(digits[:whole].decode("ascii"))
        except ValueError:
            raise Malformed("The volume holds a number that is none.") from None
