"""Archives in the decoding child: a job for an entry sees the entry as if it were the file."""

from __future__ import annotations

from typing import Any

from viewer.dicom.errors import Unsupported
from viewer.ingest.hosts.port import Handed


def unpacked(job: dict[str, Any], handed: Handed) -> Handed:
    """Return what a job is about: the file that came, or an entry in it."""
    if job.get("within"):
        raise Unsupported("Archives cannot be imported yet; unpack it first.")
    return handed


def list_contents(_job: dict[str, Any], _handed: Handed) -> dict[str, Any]:
    """Say what an archive holds."""
    raise Unsupported("Archives cannot be imported yet; unpack it first.")
