"""The backups that the store remembers, as sources of what was evicted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import attrs

from viewer.model.errors import BitewingError
from viewer.model.ids import ObjectId
from viewer.vault.backup.destinations import Destination
from viewer.vault.backup.repository import Repository
from viewer.vault.errors import ObjectMissing, store_fault


@attrs.frozen
class BackupSource:
    """A backup's repository that is connected now."""

    archive_id: str
    repository: Repository = attrs.field(repr=False)

    def fetch(self, object_id: ObjectId) -> BinaryIO:
        """Return the sealed file, open for reading.

        Raises
        ------
        ObjectMissing, StoreFault
            The backup does not hold it, or cannot be read now.
        """
        path: Path = self.repository.medium.objects.path(object_id)
        try:
            return path.open("rb")
        except FileNotFoundError:
            raise ObjectMissing from None
        except OSError as fault:
            raise store_fault(fault) from fault


def connected(known: Iterable[Destination]) -> Iterator[BackupSource]:
    """Yield the backups that are where they were last, and are still the same."""
    for destination in known:
        if destination.is_lost:
            continue
        try:
            repository = Repository.open(destination.path)
        except BitewingError:  # not connected, or something else lies there now
            continue
        if repository.id == destination.id:
            yield BackupSource(repository.id, repository)
