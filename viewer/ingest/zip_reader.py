"""ZIP archives, read within bounds in the decoding child. Nothing is ever written to a disk.

The table of contents at the end counts; each entry's own header must agree with it, and no two
entries may share bytes (overlapping ones unpack to far more than there is). Names are read for the
eyes alone. Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5; overlaps: D. Fifield, "A better zip
bomb", USENIX WOOT 2019.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable, Iterator

import attrs

from viewer.dicom.errors import Malformed, Unsupported
from viewer.ingest.protocol import Contents, Entry
from viewer.ingest.sniff import START_BYTES, FileKind, sniff

ReadInto = Callable[[memoryview, int], int]

_END, _END64, _LOCATOR = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_CENTRAL, _LOCAL = b"PK\1\2", b"PK\3\4"
_END_BYTES, _COMMENT = 22, 0xFFFF
_STORED, _DEFLATED, _AES = 0, 8, 99
_ENCRYPTED, _UTF8 = 1 | 1 << 6 | 1 << 13, 1 << 11
_ZIP64 = 0x0001
_STEP = 1 << 20

_DAMAGED = "The archive is damaged."
_OVERLAP = "The archive's files overlap each other: it is made to do harm."
_BOMB = "The archive unpacks to far more than its size allows."
_TOO_MANY = "The archive holds more files than any real one."
_PARTS = "This is one part of an archive in several parts; join and unpack it first."
_LOCKED = "It is protected by a password; unpack it first."
_PACKING = "It is packed in a way that is not read; unpack it first."
_LINK = "This is a link to another place; links are not followed."
_LARGE = "It unpacks to more than a file may have."
_RATIO = "It unpacks to far more than its size allows."
_ODD = "It is not a plain file."
BOMBS = frozenset({_LARGE, _RATIO})
"""Reasons for which an archive is set aside whole."""


@attrs.frozen
class Limits:
    """What an archive may hold."""

    entries: int = 50_000
    table_bytes: int = 32 << 20
    entry_bytes: int = 1 << 30
    total_bytes: int = 32 << 30
    ratio: int = 200
    ratio_from_bytes: int = 16 << 20


LIMITS = Limits()


@attrs.frozen(eq=False)
class _Row:
    """One row of the table of contents."""

    name: bytes
    system: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    attributes: int
    start: int


class _File:
    """A file that is read at offsets, never beyond its end."""

    def __init__(self, read_into: ReadInto, size_bytes: int) -> None:
        self._read_into = read_into
        self.size_bytes = size_bytes

    def read(self, start: int, size: int) -> bytes:
        """Return bytes.

        Raises
        ------
        Malformed
            They are not all there.
        """
        if start < 0 or size < 0 or start + size > self.size_bytes:
            raise Malformed(_DAMAGED)
        content, done = bytearray(size), 0
        while done < size:
            count = self._read_into(memoryview(content)[done:], start + done)
            if count == 0:
                raise Malformed(_DAMAGED)
            done += count
        return bytes(content)


def contents(read_into: ReadInto, size_bytes: int, limits: Limits = LIMITS) -> Contents:
    """Read an archive's table of contents, and what each entry seems to be.

    Raises
    ------
    Malformed
        It contradicts itself, overlaps, or goes beyond a limit.
    Unsupported
        It is one of several parts.
    """
    file = _File(read_into, size_bytes)
    rows = list(_rows(file, limits))
    starts = _check_ranges(file, rows)
    if sum(row.size for row in rows) > _most_in_all(size_bytes, limits):
        raise Malformed(_BOMB)
    entries: list[Entry] = []
    refused: list[tuple[str, str]] = []
    for row, start in zip(rows, starts, strict=True):
        names = _names(row)
        if row.name.endswith((b"/", b"\\")) and row.size == 0:
            continue
        reason = _why_not(row, limits)
        if reason:
            refused.append((names[-1] if names else "?", reason))
            continue
        entry = Entry(names, FileKind.OTHER, start, row.packed, row.size, row.crc, row.method)
        entries.append(attrs.evolve(entry, kind=_kind(file, entry)))
    return Contents(tuple(entries), tuple(refused))


def unpack(read_into: ReadInto, size_bytes: int, entry: Entry) -> bytearray:
    """Return an entry's content, checked by its size and its checksum.

    Raises
    ------
    Malformed
    """
    content = bytearray(entry.size_bytes)
    done, crc = 0, 0
    for part in _parts(_File(read_into, size_bytes), entry, entry.size_bytes + 1):
        if done + len(part) > entry.size_bytes:
            raise Malformed(_RATIO)
        content[done : done + len(part)] = part
        crc = zlib.crc32(part, crc)
        done += len(part)
    if done != entry.size_bytes or crc != entry.crc:
        raise Malformed("The file in the archive is damaged.")
    return content


def start_of_entry(read_into: ReadInto, size_bytes: int, entry: Entry, most: int) -> bytes:
    """Return an entry's first bytes, unchecked.

    Raises
    ------
    Malformed
    """
    wanted = min(most, entry.size_bytes)
    content = b""
    for part in _parts(_File(read_into, size_bytes), entry, wanted, step=max(4096, most)):
        content += part
        if len(content) >= wanted:
            break
    return content[:wanted]


def _parts(file: _File, entry: Entry, most: int, step: int = _STEP) -> Iterator[bytes]:
    """Yield an entry's content in parts, of which no more is made than `most` and a little."""
    if entry.method == _STORED:
        for at in range(0, min(entry.packed_bytes, most), step):
            yield file.read(entry.start + at, min(step, entry.packed_bytes - at))
        return
    if entry.method != _DEFLATED:
        raise Unsupported(_PACKING)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    done = 0
    for at in range(0, entry.packed_bytes, step):
        packed = file.read(entry.start + at, min(step, entry.packed_bytes - at))
        while packed and not stream.eof:
            part = _inflated(stream, packed, most - done)
            done += len(part)
            yield part
            if done >= most:
                return
            packed = stream.unconsumed_tail
    yield stream.flush()


def _inflated(stream: zlib._Decompress, packed: bytes, most: int) -> bytes:
    try:
        return stream.decompress(packed, max(1, min(most, _STEP)))
    except zlib.error:
        raise Malformed("The file in the archive is damaged.") from None


def _rows(file: _File, limits: Limits) -> Iterator[_Row]:
    count, size, start = _table(file)
    if count > limits.entries or size > limits.table_bytes:
        raise Malformed(_TOO_MANY)
    table = file.read(start, size)
    at = 0
    for _ in range(count):
        row, at = _row(table, at)
        yield row
    if at != size:
        raise Malformed(_DAMAGED)


def _table(file: _File) -> tuple[int, int, int]:
    """Return how many entries the table of contents has, its size and where it starts."""
    tail_at = max(0, file.size_bytes - _END_BYTES - _COMMENT)
    tail = file.read(tail_at, file.size_bytes - tail_at)
    at = tail.rfind(_END)
    while at >= 0:
        if len(tail) >= at + _END_BYTES:
            fields = struct.unpack_from("<4xHHHHIIH", tail, at)
            if at + _END_BYTES + fields[6] <= len(tail):
                return _table_from(file, tail_at + at, fields)
        at = tail.rfind(_END, 0, at)
    raise Malformed("The archive is damaged: it has no table of contents.")


def _table_from(file: _File, end: int, fields: tuple[int, ...]) -> tuple[int, int, int]:
    disk, first_disk, here, count, size, start, _ = fields
    if end >= 20 and file.read(end - 20, 4) == _LOCATOR:
        disk, first_disk, here, count, size, start, end = _table64(file, end - 20)
    elif 0xFFFF in (here, count) or 0xFFFFFFFF in (size, start):
        raise Malformed(_DAMAGED)
    if disk != 0 or first_disk != 0 or here != count:
        raise Unsupported(_PARTS)
    if start + size != end:
        # Nothing may lie between, nor before: there an attacker shows others something else.
        raise Malformed(_DAMAGED)
    return count, size, start


def _table64(file: _File, locator: int) -> tuple[int, ...]:
    disk, at, disks = struct.unpack("<4xIQI", file.read(locator, 20))
    if disk != 0 or disks > 1:
        raise Unsupported(_PARTS)
    record = file.read(at, 56)
    if record[:4] != _END64 or at + 12 + struct.unpack_from("<Q", record, 4)[0] != locator:
        raise Malformed(_DAMAGED)
    return (*struct.unpack_from("<IIQQQQ", record, 16), at)


def _row(table: bytes, at: int) -> tuple[_Row, int]:
    if table[at : at + 4] != _CENTRAL or at + 46 > len(table):
        raise Malformed(_DAMAGED)
    fields = struct.unpack_from("<4xBBHHHHHIIIHHHHHII", table, at)
    _, system, _, flags, method, _, _, crc, packed, size = fields[:10]
    name_size, extra_size, comment_size, disk, _, attributes, start = fields[10:]
    end = at + 46 + name_size + extra_size + comment_size
    if end > len(table):
        raise Malformed(_DAMAGED)
    name = table[at + 46 : at + 46 + name_size]
    extra = table[at + 46 + name_size : at + 46 + name_size + extra_size]
    size, packed, start = _wide(extra, (size, packed, start))
    if disk not in (0, 0xFFFF):
        raise Unsupported(_PARTS)
    return _Row(name, system, flags, method, crc, packed, size, attributes, start), end


def _wide(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Replace the values that 32 bits cannot hold by those of the Zip64 field."""
    if 0xFFFFFFFF not in values:
        return values
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        if kind == _ZIP64:
            wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            try:
                first, second, third = (
                    next(wide) if value == 0xFFFFFFFF else value for value in values
                )
            except RuntimeError:
                break  # there are too few
            return first, second, third
        at += 4 + size
    raise Malformed(_DAMAGED)


def _check_ranges(file: _File, rows: list[_Row]) -> list[int]:
    """Return where each entry's content starts.

    Raises
    ------
    Malformed
        An entry's own header says otherwise, or two entries share bytes.
    """
    starts = [_content_start(file, row) for row in rows]
    ranges = sorted(
        (row.start, start + row.packed) for row, start in zip(rows, starts, strict=True)
    )
    end = 0
    for start, its_end in ranges:
        if start < end:
            raise Malformed(_OVERLAP)
        end = its_end
    if end > file.size_bytes:
        raise Malformed(_DAMAGED)
    return starts


def _content_start(file: _File, row: _Row) -> int:
    header = file.read(row.start, 30)
    name_size, extra_size = struct.unpack_from("<HH", header, 26)
    if header[:4] != _LOCAL or file.read(row.start + 30, name_size) != row.name:
        raise Malformed(_DAMAGED)
    return row.start + 30 + int(name_size) + int(extra_size)


def _most_in_all(size_bytes: int, limits: Limits) -> int:
    return min(limits.total_bytes, max(limits.entry_bytes, size_bytes * limits.ratio))


def _why_not(row: _Row, limits: Limits) -> str:
    """Return why an entry is not read, or nothing."""
    kind = stat.S_IFMT(row.attributes >> 16)
    if stat.S_ISLNK(kind):
        return _LINK
    if kind not in (0, stat.S_IFREG):
        return _ODD
    if row.flags & _ENCRYPTED or row.method == _AES:
        return _LOCKED
    if row.method not in (_STORED, _DEFLATED) or (row.method == _STORED and row.packed != row.size):
        return _PACKING
    if row.size > limits.entry_bytes:
        return _LARGE
    if row.size > max(limits.ratio_from_bytes, row.packed * limits.ratio):
        return _RATIO
    return ""


def _names(row: _Row) -> tuple[str, ...]:
    """Return an entry's folders and name as text; what is no letter is shown as a blank."""
    text = row.name.decode("utf-8" if row.flags & _UTF8 else "cp437", "replace")
    parts = text.replace("\\", "/").split("/")
    names = ("".join(c if c.isprintable() else " " for c in part)[:255] for part in parts)
    return tuple(name for name in names if name)[-32:]


def _kind(file: _File, entry: Entry) -> FileKind:
    try:
        parts = start_of_entry(
            lambda target, at: _copied(target, file, at), file.size_bytes, entry, START_BYTES
        )
    except Malformed:
        return FileKind.OTHER
    return sniff(parts, entry.names[-1] if entry.names else "", entry.size_bytes)


def _copied(target: memoryview, file: _File, at: int) -> int:
    content = file.read(at, len(target))
    target[:] = content
    return len(content)
