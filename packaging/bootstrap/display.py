"""A screen for the viewer: the one that is there, or a virtual one (Xvfb) on Linux."""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bootstrap.messages import Stop

_START_TIMEOUT_S = 30.0
_SCREEN = "1920x1080x24"
_PR_SET_PDEATHSIG = 1


def has_display() -> bool:
    """Return whether a window can be shown here; other systems than Linux always have one."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def virtual_screen() -> Iterator[dict[str, str]]:
    """Lend a virtual screen on a free display number, and end it afterwards.

    Yields
    ------
    dict[str, str]
        The environment for programs that shall use it.

    Raises
    ------
    Stop
        Xvfb is not installed or does not start.
    """
    if shutil.which("Xvfb") is None:
        raise Stop("There is no display and no Xvfb. Install Xvfb and start again.", code=2)
    read_end, write_end = os.pipe()
    try:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", _SCREEN, "-nolisten", "tcp"],
            pass_fds=[write_end],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C is for the tests, which still need their screen
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - there are no threads here
        )
    finally:
        os.close(write_end)
    try:
        yield _environment(_display_number(read_end))
    finally:
        os.close(read_end)
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _end_with_parent() -> None:
    """Ask Linux to end the server should this process be killed without a chance to do it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _display_number(read_end: int) -> str:
    """Return the number that Xvfb chose; it writes it in one go once it is ready."""
    ready, _, _ = select.select([read_end], [], [], _START_TIMEOUT_S)
    number = os.read(read_end, 16).decode("ascii").strip() if ready else ""
    if not number.isdigit():
        raise Stop("The virtual screen (Xvfb) did not start.")
    return number


def _environment(number: str) -> dict[str, str]:
    env = {**os.environ, "DISPLAY": f":{number}"}
    env.pop("WAYLAND_DISPLAY", None)  # Qt would prefer the desktop's own screen
    env.pop("XAUTHORITY", None)
    env.pop("QT_QPA_PLATFORM", None)
    return env
