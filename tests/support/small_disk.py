"""A small disk in memory that a test mounts, fills and makes read-only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(place: Path, size: str = "24m") -> Iterator[Path]:
    """Mount a disk; who may not mount skips, and the injected faults cover the rest."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a disk takes root on Linux; injected faults cover the rest")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, text=True, check=False).returncode:
        pytest.skip("this machine mounts no disk, even for root; injected faults cover the rest")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free; return the file that takes them."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    assert os.statvfs(disk).f_bavail == 0
    return path


def make_read_only(disk: Path, *, yes: bool = True) -> None:
    """Let the disk be only read, as a system does after errors of the disk; or written again."""
    mode = "ro" if yes else "rw"
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)
