"""Whose trail a segment's file is."""

from __future__ import annotations

from viewer.session.audit.frames import MAGIC, Bytes, FrameKind, frames_from
from viewer.session.audit.segment import Genesis


def origin_of(file: Bytes) -> str:
    """Return the origin that a segment names in its first record; "" where it has none."""
    frame = next(frames_from(file, len(MAGIC)), None)
    if frame is None or frame.kind != FrameKind.GENESIS:
        return ""
    try:
        return Genesis.from_body(frame.body).origin
    except ValueError:
        return ""
