"""Keeping other programs from taking a window into a picture, a film or a shared screen.

Windows and macOS have a switch for it; Linux has none, neither under X11, where any program reads
the screen, nor as a promise of Wayland. Written, never run on Windows or macOS.

Source: Microsoft Learn, SetWindowDisplayAffinity; Apple, NSWindow.sharingType.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Protocol

from viewer.app.hosts.mac import Runtime
from viewer.app.hosts.windows import Calls

_AFFINITY_NONE, _MONITOR, _EXCLUDE = 0x0, 0x1, 0x11
_SHARING_NONE, _SHARING_READ_ONLY = 0, 1


class Shield(Protocol):
    """The system's switch."""

    can_shield: bool
    """Whether this system has one."""

    def cover(self, window: int, *, on: bool) -> bool:
        """Refuse or allow capture of a native window; whether the system took it."""


class NoShield:
    """Linux."""

    can_shield = False

    def cover(self, window: int, *, on: bool) -> bool:
        """Do nothing."""
        del window, on
        return False


class WindowsShield:
    """Windows: the window is left out of a capture; before Windows 10 2004 it is black in it."""

    can_shield = True

    def __init__(self, calls: Calls) -> None:
        arguments = [ctypes.c_void_p, ctypes.c_uint32]
        self._set = calls.function("user32", "SetWindowDisplayAffinity", ctypes.c_int, arguments)

    def cover(self, window: int, *, on: bool) -> bool:
        """Refuse or allow capture of a window by its handle."""
        if not on:
            return bool(self._set(window, _AFFINITY_NONE))
        return bool(self._set(window, _EXCLUDE)) or bool(self._set(window, _MONITOR))


class MacShield:
    """macOS: the window's content is not shared; a service of the system may still read it."""

    can_shield = True

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def cover(self, window: int, *, on: bool) -> bool:
        """Refuse or allow capture of the window that a view lies in."""
        owner = self._runtime.send(window, "window")
        if not owner:
            return False
        kind = _SHARING_NONE if on else _SHARING_READ_ONLY
        self._runtime.send(owner, "setSharingType:", kind)
        return True


def shield_here() -> Shield:
    """Return the switch of this system."""
    if sys.platform == "win32":
        from viewer.ingest.hosts.machine import WindowsMachine

        return WindowsShield(WindowsMachine())
    elif sys.platform == "darwin":
        from viewer.app.hosts.mac import MacRuntime

        return MacShield(MacRuntime())
    else:
        return NoShield()
