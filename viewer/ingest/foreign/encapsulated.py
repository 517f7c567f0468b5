"""Files that DICOM carries whole: PDF, STL, OBJ (PS3.3 C.24.2). In the decoding child."""

from __future__ import annotations

from viewer.dicom.parse import parse


def inner_of(content: bytes) -> bytes:
    """Return what a DICOM file encapsulates; any other file is returned as it is."""
    if content[128:132] != b"DICM":
        return content
    inner = parse(memoryview(content)).header.get("EncapsulatedDocument")
    return inner if isinstance(inner, bytes) else b""
