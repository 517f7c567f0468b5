"""An open store as a backup sees it, and the files that go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import attrs

from viewer.vault.catalog.connection import Catalog
from viewer.vault.records import VaultKeys
from viewer.vault.sealed import SealedObjects


@attrs.frozen
class StoreFile:
    """A file beside the catalog that goes with it: the accounts, the trail, the marker.

    Of `path` the first `size_bytes` count, so that one that grows meanwhile is taken as it was;
    without a path `content` is the file.
    """

    name: str
    path: Path | None
    size_bytes: int
    content: bytes = attrs.field(default=b"", repr=False)

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> StoreFile:
        """Return a file that is only in memory."""
        return cls(name, None, len(content), content)


@attrs.frozen(eq=False)
class Source:
    """An open store. The keys are copies: whoever made it wipes them."""

    folder: Path
    catalog: Catalog
    sealed: SealedObjects
    keys: VaultKeys


@attrs.frozen
class Surroundings:
    """What the caller adds, asked for once the catalog has been copied.

    `key_sheet` must hold every epoch in use by then, sealed to the recovery key; `is_ours` says
    whether a sheet that lies on the medium may be replaced by it.
    """

    key_sheet: Callable[[], str]
    files: Callable[[], Sequence[StoreFile]]
    made: datetime
    workstation: str = ""
    is_ours: Callable[[str], bool] = lambda _: True
