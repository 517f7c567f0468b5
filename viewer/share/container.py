"""The container inside the seal: a deterministic ZIP of stored (uncompressed) files.

Stored entries cannot grow when they are read, so there is no decompression bomb to guard against;
anything compressed, encrypted, doubled or oddly named is refused. Pure, any thread.
"""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Mapping
from io import BytesIO

from viewer.share.errors import BundleDamaged, BundleTooLarge

MAX_FILES = 20_000
MAX_BYTES = 4 << 30
_NAME = re.compile(r"(?:IMAGES/IM\d{6}|PREVIEWS/PV\d{6}\.PNG|manifest\.(?:json|sig))")
_MOMENT = (1980, 1, 1, 0, 0, 0)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP with the files in the order of their names; the same files, the same bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o600) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the files.

    Raises
    ------
    BundleDamaged
        It is no such ZIP, or holds a name or a method that a bundle never has.
    BundleTooLarge
        More files or bytes than this program takes.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            _refuse_odd_entries(entries, len(content))
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as fault:
        raise BundleDamaged from fault


def _refuse_odd_entries(entries: list[zipfile.ZipInfo], size_bytes: int) -> None:
    if len(entries) > MAX_FILES:
        raise BundleTooLarge("This share holds more files than can be opened here.")
    names = [entry.filename for entry in entries]
    is_plain = all(
        entry.compress_type == zipfile.ZIP_STORED
        and entry.compress_size == entry.file_size
        and not entry.flag_bits & 0x1
        and _NAME.fullmatch(entry.filename)
        for entry in entries
    )
    if not is_plain or len(set(names)) != len(names):
        raise BundleDamaged
    if sum(entry.file_size for entry in entries) > size_bytes:
        raise BundleDamaged
