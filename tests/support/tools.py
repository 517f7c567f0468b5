"""External programs that judge our files from outside."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def require_tool(name: str) -> str:
    """Return the path of a program; where it is missing, fail in CI and skip elsewhere."""
    path = shutil.which(name)
    if path is not None:
        return path
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and CI must have it")
    pytest.skip(f"{name} is not installed")


def dicom_errors(path: Path) -> list[str]:
    """Return the lines in which dciodvfy finds an error in a DICOM file."""
    tool = require_tool("dciodvfy")
    done = subprocess.run(
        [tool, "-new", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith("Error")]
