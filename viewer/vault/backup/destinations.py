"""The destinations a store knows: where they are, what they hold, which are to be caught up.

A destination that was not connected when a patient was erased still opens with the old epoch. It
is *pending* until it was connected and moved to the current epoch, or a person declared it lost;
until then the old epoch is not retired.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs

from viewer.model.ids import ObjectId, PatientId
from viewer.vault.backup.aside import set_aside
from viewer.vault.backup.errors import (
    BackupInUse,
    BackupParted,
    BackupTooNew,
    MediumFault,
    NotABackup,
    OtherPractice,
)
from viewer.vault.backup.forgetting import Replacement, forget
from viewer.vault.backup.manifest import Manifest
from viewer.vault.backup.reading import RepositorySource
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.source import Source
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.errors import NotInStore
from viewer.vault.records import IsCancelled, Progress, VaultKeys
from viewer.vault.sealed import SealedObjects


@attrs.frozen
class Destination:
    """A repository as the store remembers it. `epoch` is the oldest that its sheet of keys opens;
    `snapshot_number` the newest snapshot that was made there, 0 before the first was finished.
    """

    id: str
    label: str
    path: Path = attrs.field(repr=False)
    epoch: int
    snapshot_number: int
    snapshot_id: ObjectId
    made: datetime
    is_lost: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether a snapshot was ever finished there; `made` says nothing before."""
        return self.snapshot_number > 0


def destinations(cursor: Cursor) -> list[Destination]:
    """Return what the store remembers, lost ones too."""
    rows = cursor.execute(
        "SELECT id, label, path, epoch, snapshot_number, snapshot_id, made, is_lost"
        " FROM backup_destinations ORDER BY label, id"
    ).fetchall()
    return [
        Destination(
            str(row[0]),
            str(row[1]),
            Path(row[2]),
            int(row[3]),
            int(row[4]),
            ObjectId(row[5]),
            datetime.fromisoformat(row[6]),
            bool(row[7]),
        )
        for row in rows
    ]


def remember(cursor: Cursor, destination: Destination) -> None:
    """Keep a destination as it is now; the caller asks before one that was lost is used again."""
    cursor.execute(
        "INSERT OR REPLACE INTO backup_destinations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            destination.id,
            destination.label,
            str(destination.path),
            destination.epoch,
            destination.snapshot_number,
            destination.snapshot_id,
            destination.made.isoformat(),
            destination.is_lost,
        ),
    )


def declare_lost(cursor: Cursor, destination_id: str) -> Destination:
    """Give a destination up: nothing waits for it any more. Returns what was known of it.

    Raises
    ------
    NotInStore
        The store knows no such destination.
    """
    for each in destinations(cursor):
        if each.id == destination_id:
            lost = attrs.evolve(each, is_lost=True)
            remember(cursor, lost)
            return lost
    raise NotInStore("The store knows no such backup.")


def remembered(
    repository: Repository, path: Path, label: str, oldest: int, newest: Manifest
) -> Destination:
    """Return what to remember of a repository after a snapshot was made in it.

    `oldest` is the oldest epoch that its sheet of keys opens, whatever the snapshots need.
    """
    return Destination(
        repository.id, label, path.absolute(), oldest, newest.number, newest.id, newest.made
    )


def begun(repository: Repository, path: Path, label: str, oldest: int) -> Destination:
    """Return what to remember of a repository before the first snapshot is made in it."""
    never_made = datetime.fromtimestamp(0, UTC)
    return Destination(repository.id, label, path.absolute(), oldest, 0, ObjectId(""), never_made)


class Backups:
    """What an open store has to do with backups. Any thread."""

    def __init__(self, folder: Path, catalog: Catalog, sealed: SealedObjects) -> None:
        self._folder = folder
        self._catalog = catalog
        self._sealed = sealed

    def source(self, keys: VaultKeys) -> Source:
        """Return the store as a backup sees it, while it stays in use; `keys` as at `open`."""
        return Source(self._folder, self._catalog, self._sealed, keys)

    def known(self) -> list[Destination]:
        """Return the destinations that the store remembers, lost ones too."""
        with self._catalog.read() as cursor:
            return destinations(cursor)

    def remember(self, destination: Destination) -> None:
        """Keep a destination as it is now."""
        with self._catalog.write() as cursor:
            remember(cursor, destination)

    def declare_lost(self, destination_id: str) -> Destination:
        """Give a destination up: nothing waits for it any more.

        Raises
        ------
        NotInStore
            The store knows no such destination.
        """
        with self._catalog.write() as cursor:
            return declare_lost(cursor, destination_id)

    def sources(self, practice_id: str) -> list[RepositorySource]:
        """Return the known destinations as places that evicted objects come back from."""
        known = [each for each in self.known() if not each.is_lost]
        return [RepositorySource(each.path, each.id, practice_id) for each in known]

    def only_there(self) -> frozenset[ObjectId]:
        """Return the objects that a pruned backup may not lose: not here, or under legal hold."""
        with self._catalog.read() as cursor:
            rows = cursor.execute(
                "SELECT objects.id FROM objects WHERE is_here = 0 UNION SELECT objects.id"
                " FROM objects JOIN images ON images.id = objects.image_id JOIN holds"
                " ON holds.patient_id = images.patient_id WHERE holds.released_at IS NULL"
            ).fetchall()
        return frozenset(ObjectId(row[0]) for row in rows)

    def erasure(
        self, replacement: Callable[[], Replacement], epoch: Callable[[], int]
    ) -> KnownDestinations:
        """Return the way of erasing and rotation to the known destinations.

        Parameters
        ----------
        replacement : callable
            Gives the sheets of keys and the accounts when they are needed.
        epoch : callable
            Gives the current epoch.
        """
        return KnownDestinations(self, self._folder, replacement, epoch)


class KnownDestinations:
    """The way to the backups that the store knows (`ErasureDestinations`)."""

    def __init__(
        self,
        backups: Backups,
        work: Path,
        replacement: Callable[[], Replacement],
        epoch: Callable[[], int],
    ) -> None:
        self._backups = backups
        self._work = work
        self._replacement = replacement
        self._epoch = epoch

    def forget(
        self,
        patient_ids: Sequence[PatientId],
        keys: VaultKeys,
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Erase patients from every backup within reach and move it to the current epoch.

        A backup that is out of reach, in use or fails stays pending; the others go on.

        Raises
        ------
        Cancelled
            It was stopped; what was moved is done.
        """
        for destination in self._known():
            try:
                repository = Repository.open(destination.path, keys.practice_id)
                if repository.id == destination.id:
                    self.catch_up(
                        repository, destination, patient_ids, keys, progress, is_cancelled
                    )
            except (
                MediumFault,
                NotABackup,
                OtherPractice,
                BackupInUse,
                BackupParted,
                BackupTooNew,
            ):
                continue

    def catch_up(
        self,
        repository: Repository,
        destination: Destination,
        patient_ids: Sequence[PatientId],
        keys: VaultKeys,
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Erase patients from one backup and move it to the current epoch.

        Raises
        ------
        MediumFault, BackupInUse, BackupParted, BackupTooNew, Cancelled
            It stays pending.
        """
        replacement = self._replacement()
        needed = self._backups.only_there()
        forget(
            repository, keys, patient_ids, replacement, self._work, progress, is_cancelled, needed
        )
        self._backups.remember(attrs.evolve(destination, epoch=keys.current_epoch))

    def done(self) -> tuple[str, ...]:
        """Return the labels of the backups that need no older epoch any more."""
        return tuple(each.label for each in self._known() if each.epoch >= self._epoch())

    def pending(self) -> tuple[str, ...]:
        """Return the labels of the backups that still open with an older epoch.

        And the names of stores that a restore set aside: they hold older keys, too.
        """
        late = (each.label for each in self._known() if each.epoch < self._epoch())
        return (*late, *set_aside(self._work))

    def _known(self) -> list[Destination]:
        return [each for each in self._backups.known() if not each.is_lost]
