"""The check of a whole repository: every snapshot, every file in it, every object."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

import attrs

from viewer.model.errors import Cancelled
from viewer.model.ids import ObjectId
from viewer.vault.backup.errors import BackupDamaged, BackupTooNew
from viewer.vault.backup.manifest import Manifest, SnapshotName
from viewer.vault.backup.reading import OpenSnapshot, opened
from viewer.vault.backup.repository import Repository
from viewer.vault.catalog.images import StoredObject
from viewer.vault.errors import ObjectDamaged, ObjectMissing, StoreDamaged, StoreTooNew
from viewer.vault.records import IsCancelled, Progress, VaultKeys, never, no_progress


class FlawKind(Enum):
    """What a check of a backup can find."""

    SNAPSHOT = "snapshot"
    MISSING = "missing"
    DAMAGED = "damaged"
    KEYS = "keys"
    """The sheet of keys: without it a machine that was lost does not come back."""
    INCOMPLETE = "incomplete"
    """Was not whole in the store when the snapshot was made."""


@attrs.frozen
class Flaw:
    """One thing that is not as it should be, in plain words without names, paths or keys."""

    kind: FlawKind
    words: str
    snapshot: int
    object_id: ObjectId | None = None


@attrs.frozen
class RepositoryReport:
    """What a check of a repository looked at and found.

    `spare`: files that no snapshot names; `verified`: objects that were opened to their last byte.
    """

    snapshots: int
    objects_checked: int
    bytes_checked: int
    is_deep: bool
    spare: int
    flaws: tuple[Flaw, ...] = ()
    verified: frozenset[ObjectId] = attrs.field(repr=False, factory=frozenset)

    @property
    def is_sound(self) -> bool:
        """Whether every snapshot can be restored whole."""
        return not self.flaws


def prove(
    repository: Repository,
    keys: VaultKeys,
    work: Path,
    *,
    deep: bool = True,
    progress: Progress = no_progress,
    is_cancelled: IsCancelled = never,
    is_in_force: Callable[[str], bool] = lambda _: True,
) -> RepositoryReport:
    """Check every snapshot; `deep` opens each object to its last byte, once. Changes nothing.

    `is_in_force` says whether a sheet is the one that the recovery key of today opens.

    Raises
    ------
    MediumFault, StoreFault, Cancelled
        It could not be checked to its end.
    """
    report = _Proof(repository, keys, work, deep=deep).run(progress, is_cancelled)
    flaws = _sheet_flaws(repository, is_in_force)
    return attrs.evolve(report, flaws=(*flaws, *report.flaws))


class _Proof:
    def __init__(self, repository: Repository, keys: VaultKeys, work: Path, *, deep: bool) -> None:
        self._repository = repository
        self._keys = keys
        self._work = work
        self._deep = deep
        self._flaws: list[Flaw] = []
        self._bad: dict[ObjectId, FlawKind] = {}
        self._good: set[ObjectId] = set()
        self._named: set[ObjectId] = set()
        self._bytes = 0

    def run(self, progress: Progress, is_cancelled: IsCancelled) -> RepositoryReport:
        def pause() -> None:
            if is_cancelled():
                raise Cancelled

        whole, bad = self._repository.manifests(self._keys)
        self._flaws += map(_unreadable, bad)
        there = self._repository.names()
        total = sum(each.object_count for each in whole)
        done = 0
        for manifest in reversed(whole):
            self._named |= {part.id for part in manifest.parts}
            try:
                with opened(self._repository, manifest, self._keys, self._work) as snapshot:
                    self._files(manifest)
                    for done, part in enumerate(snapshot.objects(), start=done + 1):  # noqa: B020
                        pause()
                        progress(min(done, total), total)
                        self._object(snapshot, part, there)
            except (BackupDamaged, BackupTooNew, StoreDamaged, StoreTooNew):
                self._flaws.append(_unreadable(manifest.name))
        checked = len(self._good) + len(self._bad)
        spare = len(there - self._named)
        verified = frozenset(self._good) if self._deep else frozenset[ObjectId]()
        return RepositoryReport(
            len(whole), checked, self._bytes, self._deep, spare, tuple(self._flaws), verified
        )

    def _files(self, manifest: Manifest) -> None:
        for file in manifest.files:
            for plain in self._repository.stretches(file, self._keys):
                self._bytes += len(plain)

    def _object(self, snapshot: OpenSnapshot, part: StoredObject, there: set[ObjectId]) -> None:
        number = snapshot.manifest.number
        self._named.add(part.id)
        if part.id in snapshot.manifest.elsewhere:
            return
        if part.id in snapshot.manifest.damaged:
            words = f"Object {part.id} was damaged in the store already."
            self._flaws.append(Flaw(FlawKind.INCOMPLETE, words, number, part.id))
            return
        if part.id not in self._good | self._bad.keys():
            self._look(snapshot, part, there)
        kind = self._bad.get(part.id)
        if kind is not None:
            words = f"Object {part.id} of snapshot {number} is {kind.value}."
            self._flaws.append(Flaw(kind, words, number, part.id))

    def _look(self, snapshot: OpenSnapshot, part: StoredObject, there: set[ObjectId]) -> None:
        if part.id not in there:
            self._bad[part.id] = FlawKind.MISSING
            return
        try:
            if self._deep:
                snapshot.check(part, _never)
                self._bytes += part.plain_bytes
            else:
                snapshot.reader_of(part)
        except ObjectMissing:
            self._bad[part.id] = FlawKind.MISSING
        except ObjectDamaged:
            self._bad[part.id] = FlawKind.DAMAGED
        else:
            self._good.add(part.id)


def _sheet_flaws(repository: Repository, is_in_force: Callable[[str], bool]) -> tuple[Flaw, ...]:
    try:
        sheet = repository.key_sheet()
    except BackupDamaged:
        words = "Both copies of the sheet of keys are damaged: make a backup, which writes it anew."
        return (Flaw(FlawKind.KEYS, words, 0),)
    if is_in_force(sheet):
        return ()
    words = "The sheet of keys is an older one: make a backup, which brings it up to date."
    return (Flaw(FlawKind.KEYS, words, 0),)


def _never() -> None:
    """Checked between objects, which is often enough."""


def _unreadable(name: SnapshotName) -> Flaw:
    words = f"Snapshot {name.number} is damaged and cannot be restored."
    return Flaw(FlawKind.SNAPSHOT, words, name.number)
