"""Processes of their own, where something is measured that a running program can't tell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import viewer
from viewer.bench.errors import ProcessEnded

_LONGEST_S = 120


def run_python(
    arguments: Sequence[str], what: str, *, secret: str = "", scratch: Path | None = None
) -> str:
    """Run this Python with arguments; return what it printed.

    Parameters
    ----------
    what : str
        What is measured, to begin a sentence with.
    secret : str
        Given on standard input: arguments are for everybody to see.
    scratch : Path, optional
        A throwaway folder for compiled modules and logs. Without it nothing is kept of a run.

    Raises
    ------
    ProcessEnded
        It failed, or never came to an end.
    """
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            input=secret,
            capture_output=True,
            text=True,
            env=_environment(scratch),
            timeout=_LONGEST_S,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as fault:
        raise ProcessEnded(what) from fault
    return done.stdout


def _environment(scratch: Path | None) -> dict[str, str]:
    """Return ours, with the program on the path and a platform that needs no display.

    With a scratch folder modules are compiled once, as on any machine where nothing forbids it.
    """
    ours = dict(os.environ)
    ours["PYTHONPATH"] = str(Path(viewer.__file__).resolve().parents[1])
    has_display = sys.platform != "linux" or "DISPLAY" in ours or "WAYLAND_DISPLAY" in ours
    if not has_display:
        ours.setdefault("QT_QPA_PLATFORM", "offscreen")
    if scratch is not None:
        ours.pop("PYTHONDONTWRITEBYTECODE", None)
        ours |= {"PYTHONPYCACHEPREFIX": str(scratch), "XDG_STATE_HOME": str(scratch)}
    return ours
