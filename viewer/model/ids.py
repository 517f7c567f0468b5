"""Identities. Ids made here are opaque 32-digit hex strings and say nothing about anybody."""

from __future__ import annotations

import secrets
from typing import NewType

PatientId = NewType("PatientId", str)
ImageId = NewType("ImageId", str)
UserId = NewType("UserId", str)
ObjectId = NewType("ObjectId", str)
StudyUid = NewType("StudyUid", str)
SeriesUid = NewType("SeriesUid", str)
SopUid = NewType("SopUid", str)


def new_id() -> str:
    """Return a fresh random id: 128 bits as 32 lower-case hex digits."""
    return secrets.token_hex(16)
