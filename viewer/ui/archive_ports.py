"""What the page of the trail's archive asks of the program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Protocol

import attrs

from viewer.ui.ports import OnFault, OnProgress, Running


@attrs.frozen
class OldPart:
    """A part of the trail that was moved into an archive.

    `is_sound` is None where nobody looked for it, `is_over` says that it may be deleted.
    """

    number: int
    first_day: date
    last_day: date
    entries: int
    archived: date
    keep_until: date
    is_deleted: bool = False
    is_over: bool = False
    is_sound: bool | None = None


@attrs.frozen
class Parts:
    """All archived parts, oldest first, and how many more are closed and could be archived."""

    archived: tuple[OldPart, ...] = ()
    closed: int = 0


class TrailArchives(Protocol):
    """Older parts of the trail in folders of the practice's choice."""

    @property
    def years(self) -> tuple[int, int]:
        """For how many years parts are kept at least, and usually."""

    def parts(
        self, folder: Path | None, on_done: Callable[[Parts], None], on_fault: OnFault
    ) -> Running:
        """List the parts; with a folder, look whether they lie in it as they were archived."""

    def archive(
        self,
        folder: Path,
        years: int,
        on_done: Callable[[int], None],
        on_fault: OnFault,
        on_progress: OnProgress,
        *,
        close: bool,
    ) -> Running:
        """Move closed parts into a folder, with `close` the open one too; how many went."""

    def delete(
        self, number: int, folder: Path, on_done: Callable[[int], None], on_fault: OnFault
    ) -> Running:
        """Delete a part whose time is over from the folder it lies in."""
