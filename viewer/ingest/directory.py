"""A disc's table of contents (DICOMDIR), read in the decoding child."""

from __future__ import annotations

from typing import Any

from viewer.dicom.errors import NotAnImage
from viewer.ingest.hosts.port import Handed


def read_directory(_job: dict[str, Any], _handed: Handed) -> dict[str, Any]:
    """Say which files a table of contents names."""
    raise NotAnImage("This is a disc's table of contents;", "its files are read directly.")
