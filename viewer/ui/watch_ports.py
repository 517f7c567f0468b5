"""What the windows ask about the folders that capture devices write into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from viewer.model.image import ImageKind
from viewer.ui.ports import ImportSummary, OnFault, Running


@attrs.frozen
class WatchedRow:
    """A watched folder: whose, where, what becomes of its files, how it stands.

    `words` say how it stands; `is_well` is false where something keeps it from being watched.
    """

    id: str
    device: str
    folder: str
    removes: bool
    kind: ImageKind | None = None
    words: str = ""
    is_well: bool = True


@attrs.frozen
class WatchOrder:
    """A folder that is to be watched."""

    folder: Path
    device: str
    removes: bool = False
    kind: ImageKind | None = None


@attrs.frozen
class Taken:
    """What one device brought."""

    device: str
    summary: ImportSummary
    removed: int = 0


class WatchedFolders(Protocol):
    """Watched folders. Main thread only."""

    @property
    def has_any(self) -> bool:
        """Whether any folder is watched here, for whoever may import."""

    def rows(self, on_done: Callable[[Sequence[WatchedRow]], None], on_fault: OnFault) -> Running:
        """List them; the look is in the trail."""

    def words_of(self, row: WatchedRow) -> WatchedRow:
        """Return a row as the last look found it."""

    def add(self, order: WatchOrder, on_done: Callable[[None], None], on_fault: OnFault) -> Running:
        """Watch one more."""

    def stop(self, folder_id: str, on_done: Callable[[None], None], on_fault: OnFault) -> Running:
        """Watch one no more."""

    def go_round(self, on_taken: Callable[[Taken], None], on_look: Callable[[], None]) -> None:
        """Look at each folder and take in what lies whole in it, one folder after the other.

        Nothing happens while a round is under way. `on_look` is called after each look.
        """

    def troubles(self) -> Sequence[str]:
        """Say what keeps folders from being watched, as the last look found it."""


class NoWatched:
    """No folder is watched."""

    has_any = False

    def rows(self, on_done: Callable[[Sequence[WatchedRow]], None], on_fault: OnFault) -> Running:
        """Never asked for."""
        raise NotImplementedError

    def words_of(self, row: WatchedRow) -> WatchedRow:
        """Return it as it is."""
        return row

    def add(self, order: WatchOrder, on_done: Callable[[None], None], on_fault: OnFault) -> Running:
        """Never asked for."""
        raise NotImplementedError

    def stop(self, folder_id: str, on_done: Callable[[None], None], on_fault: OnFault) -> Running:
        """Never asked for."""
        raise NotImplementedError

    def go_round(self, on_taken: Callable[[Taken], None], on_look: Callable[[], None]) -> None:
        """Nothing to look at."""

    def troubles(self) -> Sequence[str]:
        """None."""
        return ()
