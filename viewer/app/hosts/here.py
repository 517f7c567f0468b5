"""The session of the computer that this process runs on."""

from __future__ import annotations

import os
import sys

from viewer.session.away import DeafWatch, SessionWatch, Watches


def watch_here() -> SessionWatch:
    """Return what hears of this computer's lock and sleep; nothing is listened to yet."""
    if sys.platform == "win32":
        from viewer.app.hosts.windows import WindowsWatch
        from viewer.ingest.hosts.machine import WindowsMachine

        return WindowsWatch(WindowsMachine())
    elif sys.platform == "darwin":
        from viewer.app.hosts.mac import MacRuntime, MacWatch

        return MacWatch(MacRuntime())
    elif sys.platform == "linux":
        from viewer.app.hosts.logind import LogindWatch, SaverWatch

        session_bus = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
        return Watches([LogindWatch(), *([SaverWatch(session_bus)] if session_bus else [])])
    else:
        return DeafWatch()
