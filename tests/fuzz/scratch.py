"""Where fuzzed files lie: in memory where there is such a place."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path


@cache
def scratch() -> Path:
    """Return a folder of this process's own."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="bitewing-fuzz-", dir=place))
