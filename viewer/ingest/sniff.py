"""What a file seems to be, from its first bytes alone."""

from __future__ import annotations

from enum import Enum

START_BYTES = 264
"""How many bytes of a file are enough to tell."""

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM", b"GIF8")
_GROUP_TWO = (b"\0\0", b"\1\0")
_GROUP_EIGHT = (b"\0\0", b"\1\0", b"\5\0", b"\x08\0", b"\x16\0", b"\x18\0", b"\x20\0")


class FileKind(Enum):
    """What is done with a file."""

    DICOM = "dicom"
    PICTURE = "picture"
    ARCHIVE = "archive"
    OTHER = "other"


def sniff(start: bytes) -> FileKind:
    """Tell the kind of a file.

    >>> sniff(b"%PDF-1.7 and so on")
    <FileKind.OTHER: 'other'>
    """
    if start[128:132] == b"DICM" or _is_bare_dicom(start):
        return FileKind.DICOM
    if start.startswith(_PICTURES):
        return FileKind.PICTURE
    if start.startswith(b"PK\3\4"):
        return FileKind.ARCHIVE
    return FileKind.OTHER


def _is_bare_dicom(start: bytes) -> bool:
    """Whether it begins with an element, as files without a preamble do."""
    if len(start) < 16:
        return False
    if start[:2] == b"\0\x08" and start[4:6].isalpha() and start[4:6].isupper():
        return True
    known = {b"\2\0": _GROUP_TWO, b"\x08\0": _GROUP_EIGHT}.get(start[:2], ())
    if start[2:4] not in known:
        return False
    is_explicit = start[4:6].isalpha() and start[4:6].isupper()
    return is_explicit or int.from_bytes(start[4:8], "little") < 1024
