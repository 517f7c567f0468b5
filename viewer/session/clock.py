"""Clocks: one that counts suspend and nobody can set, and the wall clock."""

from __future__ import annotations

import ctypes
import sys
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time for locks, delays and the trail."""

    def boot_s(self) -> float:
        """Seconds since the machine started, suspend included; setting the time changes nothing."""

    def wall(self) -> datetime:
        """The time on the wall, in UTC; anybody with the right to may set it."""


class SystemClock:
    """The machine's clocks. `CLOCK_MONOTONIC` is not used on Linux: it stops in suspend."""

    def boot_s(self) -> float:
        """Seconds since the machine started, suspend included."""
        if sys.platform == "win32":
            ticks = ctypes.windll.kernel32.GetTickCount64
            ticks.restype = ctypes.c_uint64
            return float(ticks()) / 1000
        if sys.platform == "darwin":  # there CLOCK_MONOTONIC counts sleep
            return time.clock_gettime(time.CLOCK_MONOTONIC)
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)
