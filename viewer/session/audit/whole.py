"""The trail's files as a whole: their sizes at one moment, and the public keys beside them."""

from __future__ import annotations

from pathlib import Path

from viewer.session.audit.note import PublicKey
from viewer.session.audit.segment import (
    public_key_path,
    segment_numbers,
    segment_path,
    trail_folder,
)

_SUFFIXES = {".trail", ".key", ".bin", ".note"}


def sizes_of(store_folder: Path) -> dict[int, int]:
    """Return each segment's size. Under the trail's lock it ends between two records.

    Raises
    ------
    OSError
        The files cannot be read.
    """
    numbers = segment_numbers(store_folder)
    return {number: segment_path(store_folder, number).stat().st_size for number in numbers}


def files_of(store_folder: Path) -> list[tuple[Path, int]]:
    """Return the trail's files, but for what can be made anew, with their sizes.

    Raises
    ------
    OSError
        The folder cannot be read.
    """
    folder = trail_folder(store_folder)
    names = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    return [(path, path.stat().st_size) for path in names]


def public_lines(store_folder: Path) -> str:
    """Return the public key lines beside the trail; what is none is left out."""
    try:
        lines = public_key_path(store_folder).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return "\n".join(line for line in lines if _is_public_key(line))


def _is_public_key(line: str) -> bool:
    try:
        return PublicKey.from_line(line).origin.rpartition("/")[2].isdigit()
    except ValueError:
        return False
