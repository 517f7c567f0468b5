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

    Of `path` the first `size_bytes` count, so that one that grows meanwhile is taken as it was.
    """

    name: str
    path: Path
    size_bytes: int


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

    `key_sheet` must hold every epoch in use by then, sealed to the recovery key.
    """

    key_sheet: Callable[[], str]
    files: Callable[[], Sequence[StoreFile]]
    made: datetime
    workstation: str = ""
