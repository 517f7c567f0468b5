"""Archives that Python's own writer makes, and such as it refuses to make."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import attrs


def ordinary(files: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive as Python's `zipfile` writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@attrs.frozen
class Member:
    """One entry of an archive made by hand. `at` lets it point at another one's header."""

    name: bytes
    content: bytes
    method: int = 8
    flags: int = 0
    attributes: int = 0
    size: int | None = None
    crc: int | None = None
    at: int | None = None
    local_name: bytes | None = None
    extra: bytes = b""

    @property
    def packed(self) -> bytes:
        """The content as it lies in the archive."""
        if self.method != 8:
            return self.content
        stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return stream.compress(self.content) + stream.flush()

    @property
    def facts(self) -> tuple[int, int, int]:
        """Checksum, packed and unpacked size as both headers tell them."""
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        size = len(self.content) if self.size is None else self.size
        return crc, len(self.packed), size


def by_hand(members: Sequence[Member], count: int | None = None, comment: bytes = b"") -> bytes:
    """Return an archive that says what the members say, true or not."""
    body, table = b"", b""
    for member in members:
        start = len(body) if member.at is None else member.at
        head = (20, member.flags, member.method, 0, 0, *member.facts)
        if member.at is None:
            name = member.name if member.local_name is None else member.local_name
            body += b"PK\3\4" + struct.pack("<HHHHHIIIHH", *head, len(name), 0)
            body += name + member.packed
        sizes = (len(member.name), len(member.extra), 0, 0, 0, member.attributes, start)
        table += b"PK\1\2" + struct.pack("<BBHHHHHIIIHHHHHII", 20, 3, *head, *sizes)
        table += member.name + member.extra
    number = len(members) if count is None else count
    end = struct.pack("<HHHHIIH", 0, 0, number, number, len(table), len(body), len(comment))
    return body + table + b"PK\5\6" + end + comment
