"""The operating system this process runs on."""

from __future__ import annotations

import sys

from viewer.ingest.hosts.port import Host


def _host() -> Host:
    if sys.platform == "win32":
        from viewer.ingest.hosts.machine import WindowsMachine
        from viewer.ingest.hosts.win32 import Win32
        from viewer.ingest.hosts.windows import WindowsHost

        return WindowsHost(Win32(WindowsMachine()))
    else:
        from viewer.ingest.hosts.posix import PosixHost

        return PosixHost()


HOST = _host()
"""How children are started and memory is made here."""
