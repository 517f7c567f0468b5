"""Removing a device's file once what it held is sealed and was read back.

Only the very file that was read goes: it is looked at and removed through its open folder where the
system allows that, so that nothing that takes its place meanwhile is touched. Deleting takes the
name away and no more: what lay on that disk may be found until it is written over.
"""

from __future__ import annotations

import os
from pathlib import Path

from viewer.ingest.source import Source


def remove_if_same(path: Path, token: str) -> bool:
    """Remove a file if it is still the one of this token; whether it is gone."""
    if os.unlink not in os.supports_dir_fd:
        return _remove_by_name(path, token)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        about = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        if _token(path, about) != token:
            return False
        os.unlink(path.name, dir_fd=folder)
    except OSError:
        return False
    finally:
        os.close(folder)
    return True


def _remove_by_name(path: Path, token: str) -> bool:
    try:
        if path.is_symlink() or Source(path).token != token:
            return False
        path.unlink()
    except OSError:
        return False
    return True


def _token(path: Path, about: os.stat_result) -> str:
    return "\0".join(map(str, (path, about.st_size, about.st_mtime_ns)))
