"""What the page of the audit server asks of the program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import attrs

from viewer.ui.ports import OnFault, Running


@attrs.frozen
class RelayFacts:
    """How the copy of the trail on the audit server stands.

    `where` is empty where nothing is sent off. `without_words` counts records that arrived by
    their marks alone. `fault` is what went wrong last, `since` when it began.
    """

    where: str = ""
    waiting: int = 0
    without_words: int = 0
    fault: str = ""
    since: datetime | None = None


@attrs.frozen
class RelayOrder:
    """An audit server as a person names it; `certificate` and `key` are None without."""

    host: str
    port: int
    authority: Path
    name: str = ""
    certificate: Path | None = None
    key: Path | None = None
    key_password: str = attrs.field(default="", repr=False)


class AuditServer(Protocol):
    """Sending the trail to another machine."""

    def facts(self, on_done: Callable[[RelayFacts], None], on_fault: OnFault) -> Running:
        """Say how it stands."""

    def set_server(
        self, order: RelayOrder, on_done: Callable[[RelayFacts], None], on_fault: OnFault
    ) -> Running:
        """Try the server and, if it answers as it should, send the trail there from now on."""

    def stop_sending(self, on_done: Callable[[RelayFacts], None], on_fault: OnFault) -> Running:
        """Send nothing off any more."""

    def send_now(self, on_done: Callable[[int], None], on_fault: OnFault) -> Running:
        """Send what waits, with the words that are missing there; how many messages went."""
