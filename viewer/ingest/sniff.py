"""What a file seems to be, from its first bytes; its name counts only where they cannot tell."""

from __future__ import annotations

import re
from enum import Enum

START_BYTES = 1024
"""How many bytes of a file are enough to tell."""

_PHOTOS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"GIF8")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif")
_ZIPS = (b"PK\3\4", b"PK\5\6", b"PK\7\x08PK\3\4")
_GROUP_TWO = (b"\0\0", b"\1\0")
_GROUP_EIGHT = (b"\0\0", b"\1\0", b"\5\0", b"\x08\0", b"\x16\0", b"\x18\0", b"\x20\0")
_DIRECTORY_CLASS = b"\2\0\2\0UI\x14\x001.2.840.10008.1.3.10"
_META_IMAGE = re.compile(rb"\s*(ObjectType|NDims)\s*=")
_OBJ = re.compile(rb"(^|\n)[ \t]*(v[ \t]+[-+.0-9]|mtllib[ \t]|[og][ \t]|f[ \t]+[0-9]|#)")
_STL_ASCII = re.compile(rb"\s*solid\b.*?\bfacet\s+normal\b", re.DOTALL)


class FileKind(Enum):
    """Which family of files it belongs to."""

    DICOM = "dicom"
    DICOMDIR = "dicomdir"
    ZIP = "zip"
    PHOTO = "photo"
    """PNG, JPEG, TIFF, BMP, GIF, WebP, HEIC."""
    MESH = "mesh"
    """STL, PLY, OBJ."""
    VOLUME = "volume"
    """NRRD, NIfTI, MetaImage: a header, with or without its values."""
    PDF = "pdf"
    OTHER = "other"


def sniff(start: bytes, name: str = "", size_bytes: int = -1) -> FileKind:
    """Tell the kind of a file.

    Parameters
    ----------
    start : bytes
        Its first `START_BYTES`.
    name : str
        Its bare name: a hint for what begins like anything else (OBJ, compressed NIfTI).
    size_bytes : int
        Its size; tells a binary STL. Negative where it is not known.

    >>> sniff(b"%PDF-1.7 and so on")
    <FileKind.PDF: 'pdf'>
    """
    suffix = name.lower().rpartition(".")[2]
    if start[128:132] == b"DICM" or _is_bare_dicom(start):
        is_directory = _DIRECTORY_CLASS in start or start[132:136] == b"\4\0\0\0"
        return FileKind.DICOMDIR if is_directory else FileKind.DICOM
    if start.startswith(_ZIPS):
        return FileKind.ZIP
    if _is_photo(start):
        return FileKind.PHOTO
    if _is_volume(start, name):
        return FileKind.VOLUME
    if _is_mesh(start, suffix, size_bytes):
        return FileKind.MESH
    return FileKind.PDF if b"%PDF-" in start[:START_BYTES] else FileKind.OTHER


def _is_photo(start: bytes) -> bool:
    if start.startswith(_PHOTOS):
        return True
    if start[:2] == b"BM" and start[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return True
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return True
    return start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS


def _is_volume(start: bytes, name: str) -> bool:
    if start.startswith(b"NRRD000") or _META_IMAGE.match(start):
        return True
    if start[344:348] in (b"n+1\0", b"ni1\0") or start[4:8] in (b"n+2\0", b"ni2\0"):
        return True
    return start[:2] == b"\x1f\x8b" and name.lower().endswith(".nii.gz")


def _is_mesh(start: bytes, suffix: str, size_bytes: int) -> bool:
    if start.startswith((b"ply\n", b"ply\r")) or _STL_ASCII.match(start):
        return True
    triangles = int.from_bytes(start[80:84], "little")
    if size_bytes >= 84 and size_bytes == 84 + 50 * triangles:
        return True
    if suffix == "stl":
        return size_bytes >= 84
    return suffix == "obj" and b"\0" not in start and _OBJ.search(start) is not None


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
