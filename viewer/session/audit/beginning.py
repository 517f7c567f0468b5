"""Beginning a segment: its public key line and its first record are on disk before it counts."""

from __future__ import annotations

from pathlib import Path

from viewer.session.audit.note import Checkpoint
from viewer.session.audit.segment import (
    SegmentKeys,
    first_bytes,
    public_key_path,
    segment_path,
    trail_folder,
)
from viewer.session.files import write_atomically


def begin_segment_file(
    folder: Path,
    keys: SegmentKeys,
    trail_public: bytes,
    previous: Checkpoint | None,
    begun: str,
) -> Checkpoint:
    """Write a segment, begun on a day, that follows `previous`; return its first checkpoint.

    The line of its public key comes first: a line without a segment says nothing, but a segment
    without its line could not be verified by others. A crash in between leaves such a line, and
    the next attempt finds it there.

    Raises
    ------
    OSError
        The disk refused; there is no new segment.
    """
    content, signed = first_bytes(keys, trail_public, previous, begun)
    trail_folder(folder).mkdir(parents=True, exist_ok=True)
    path = public_key_path(folder)
    lines = path.read_bytes() if keys.number > 1 and path.exists() else b""
    line = keys.signer.line.encode()
    if line not in lines.splitlines():
        write_atomically(path, lines + line + b"\n")
    write_atomically(segment_path(folder, keys.number), content)
    return signed
