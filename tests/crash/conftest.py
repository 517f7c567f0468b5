"""A place to shoot at stores, and the program that does it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.syscalls import IS_POSSIBLE

_ROOT = Path(__file__).resolve().parents[2]
_MEMORY_DISK = Path("/dev/shm")

Exercise = Callable[..., dict[str, Any]]


@pytest.fixture
def memory_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk in memory where there is one: SIGKILL asks nothing of the disk."""
    if not os.access(_MEMORY_DISK, os.W_OK):
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="bitewing-crash-", dir=_MEMORY_DISK))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def exercise() -> Exercise:
    """Run an exercise of `tests.crash.range` and return its report."""
    if not IS_POSSIBLE:
        pytest.skip("system calls are watched on Linux alone")

    def run(what: str, root: Path, *arguments: object) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.crash.range", what, str(root / what)]
        done = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=_ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        # Seen with `pytest -s` or -rP: an exercise without figures proves nothing.
        print(json.dumps(report, indent=1))  # noqa: T201
        return report

    return run
