"""How much memory this process holds, and held at most."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from viewer.bench.errors import MachineSilent, PeerMissing

_PLATFORM: str = sys.platform
_STATUS = Path("/proc/self/status")
_FORGET_PEAK = "5"


def resident_bytes() -> int:
    """Return the memory that this process holds now.

    Raises
    ------
    PeerMissing
        Away from Linux psutil tells, and it is not installed.
    """
    if _PLATFORM == "linux":
        return _status("VmRSS")
    return int(_psutil().memory_info().rss)


def peak_bytes() -> int:
    """Return the most memory that this process held since its start, or since `forget_peak`.

    On Linux it is not asked of `getrusage`, which hands a parent's peak on to its children.

    Raises
    ------
    MachineSilent, PeerMissing
        Nobody tells.
    """
    if _PLATFORM == "linux":
        return _status("VmHWM")
    if _PLATFORM == "win32":
        return int(_psutil().memory_info().peak_wset)
    import resource

    most: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most


def forget_peak() -> None:
    """Let the peak begin anew, where the system can (Linux, most containers)."""
    if _PLATFORM == "linux":
        with suppress(OSError):  # the peak since the start is then told: more, never less
            Path("/proc/self/clear_refs").write_text(_FORGET_PEAK, encoding="ascii")


def _status(name: str) -> int:
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise MachineSilent("This machine does not tell how much memory a process takes.")


def _psutil() -> Any:
    if find_spec("psutil") is None:
        raise PeerMissing("psutil")
    import psutil

    return psutil.Process()
