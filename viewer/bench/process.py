"""Processes of their own, where something is measured that a running program can't tell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import viewer
from viewer.bench.errors import ProcessEnded

_LONGEST_S = 120


def run_python(arguments: Sequence[str], what: str, secret: str = "") -> tuple[str, float]:
    """Run this Python with arguments; return what it printed and the milliseconds it took.

    Parameters
    ----------
    what : str
        What is measured, to begin a sentence with.
    secret : str
        Given on standard input: arguments are for everybody to see.

    Raises
    ------
    ProcessEnded
        It failed, or never came to an end.
    """
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            input=secret,
            capture_output=True,
            text=True,
            env=_environment(),
            timeout=_LONGEST_S,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as fault:
        raise ProcessEnded(what) from fault
    return done.stdout, (time.perf_counter() - start) * 1e3


def _environment() -> dict[str, str]:
    """Return ours, with the program on the path and a platform that needs no display."""
    ours = dict(os.environ)
    ours["PYTHONPATH"] = str(Path(viewer.__file__).resolve().parents[1])
    has_display = sys.platform != "linux" or "DISPLAY" in ours or "WAYLAND_DISPLAY" in ours
    if not has_display:
        ours.setdefault("QT_QPA_PLATFORM", "offscreen")
    return ours
