"""What imports that were cut off, and files that were set aside, ask of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import attrs

from viewer.model.ids import ImageId
from viewer.ui.ports import ImportSummary, OnFault, OnProgress, Running


@attrs.frozen
class CutOff:
    """An import that was cut off: whose, when it began, and how many of its files it had done.

    `total` is 0 where it had not got so far as to know.
    """

    id: str
    by: str
    began: datetime
    done: int
    total: int


class Incoming(Protocol):
    """Imports that were cut off. Main thread only."""

    def last_folder(self) -> Path | None:
        """Return where whoever is in chose files or a folder last."""

    def keep_folder(self, folder: Path) -> None:
        """Keep where files or a folder were chosen, sealed and for whoever is in alone."""

    def cut_off(self) -> CutOff | None:
        """The newest one; None where there is none, or for a role that imports nothing."""

    def go_on(
        self,
        import_id: str,
        on_done: Callable[[ImportSummary], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Go on with it; what it had done is not read again."""

    def forget(self, import_id: str) -> None:
        """Do not go on with it; what it sealed stays."""


class NoIncoming:
    """Nothing was ever cut off."""

    def last_folder(self) -> Path | None:
        """None."""
        return None

    def keep_folder(self, folder: Path) -> None:
        """Forget it."""

    def cut_off(self) -> CutOff | None:
        """None."""
        return None

    def go_on(
        self,
        import_id: str,
        on_done: Callable[[ImportSummary], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Never asked for."""
        raise NotImplementedError

    def forget(self, import_id: str) -> None:
        """Never asked for."""


@attrs.frozen
class AsideRow:
    """One file that is set aside.

    `file_name` is its bare name, `code` what confirms that it is thrown away, `origin` where it
    came from in words; without `is_whole` only its digest was kept.
    """

    image_id: ImageId
    file_name: str
    reason: str
    when: datetime | None
    by: str
    origin: str
    size_bytes: int
    code: str
    is_whole: bool = True


@attrs.frozen
class RetryOutcome:
    """What a second reading brought: how many images, or why it still cannot be read."""

    images: int
    reason: str = ""


class Quarantine(Protocol):
    """Files that were set aside. Main thread only."""

    @property
    def can_retry(self) -> bool:
        """Whether whoever is in may have files read again, and this computer can."""

    def load(self, on_done: Callable[[Sequence[AsideRow]], None], on_fault: OnFault) -> Running:
        """List them, newest first."""

    def retry(
        self, image_id: ImageId, on_done: Callable[[RetryOutcome], None], on_fault: OnFault
    ) -> Running:
        """Read one again in a fresh child."""

    def discard(self, row: AsideRow, on_done: Callable[[None], None], on_fault: OnFault) -> Running:
        """Throw one away for good."""
