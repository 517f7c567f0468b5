"""Erasing patients from a repository by key, moving it to a new epoch, and pruning snapshots.

A snapshot is never changed: another takes its number, under the newer epoch and without the
patient, and the old manifest goes. Last the sheet of keys is replaced by one without the old
epochs, and what no snapshot names any more is removed. Killed anywhere, it is begun again and goes
on: until the end the sheet opens both, and of two snapshots of a number the newer is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import attrs

from viewer.model.errors import Cancelled
from viewer.model.ids import ObjectId, PatientId, new_id
from viewer.vault.backup.errors import BackupDamaged, BackupTooNew
from viewer.vault.backup.manifest import (
    CATALOG,
    OBJECT_LIST,
    Manifest,
    SealedFile,
    SnapshotName,
    pack_ids,
    snapshot_key,
)
from viewer.vault.backup.reading import opened
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.writer import FileSealer, cut, read_stretches
from viewer.vault.catalog import patients
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.erasing import remove_patient
from viewer.vault.errors import StoreDamaged, StoreTooNew
from viewer.vault.layout import backup_copy, mark_epoch
from viewer.vault.records import IsCancelled, Progress, VaultKeys, never, no_progress
from viewer.vault.rotation import rewrap


@attrs.frozen
class Replacement:
    """What takes the place of what names the old epochs.

    `both` opens old and new epochs, `after` only the new; `files` replace those of the same name
    in every snapshot (the accounts, in which users hold the old epochs too).
    """

    both: str = attrs.field(repr=False)
    after: str = attrs.field(repr=False)
    files: Mapping[str, bytes] = attrs.field(repr=False)
    is_ours: Callable[[str], bool] = lambda _: True
    """Whether a sheet that lies on a medium may be replaced: its keys are all the store's."""


@attrs.frozen
class ForgetReport:
    """What was done: snapshots made anew, those that could not be opened and went, objects gone."""

    rewritten: int
    dropped: int
    objects_removed: int


@attrs.frozen
class PruneReport:
    """What was removed, and the numbers of the snapshots that stay."""

    removed: tuple[int, ...]
    kept: tuple[int, ...]
    objects_removed: int


def forget(
    repository: Repository,
    keys: VaultKeys,
    patient_ids: Collection[PatientId],
    replacement: Replacement,
    work: Path,
    progress: Progress = no_progress,
    is_cancelled: IsCancelled = never,
    needed: Collection[ObjectId] = (),
) -> ForgetReport:
    """Move every snapshot to the current epoch, without these patients, and drop the old keys.

    Parameters
    ----------
    keys : VaultKeys
        The epochs that the snapshots are under, and the current one, which alone is left.
    work : Path
        A folder on the store's disk for the catalogs meanwhile; they are encrypted there.
    needed : collection of ids
        Objects that the store lists and has not here: they stay whatever the snapshots name.

    Raises
    ------
    BackupParted
        The medium holds keys that the store never had; nothing was changed.
    MediumFault, BackupInUse, BackupTooNew, StoreFault, Cancelled
        It is not done yet; the next call goes on. Nothing may count the old epoch as gone.
    """
    with repository.lock():
        repository.require_ours(replacement.is_ours)
        repository.remove_leftovers()
        return _Forgetting(repository, keys, frozenset(patient_ids), replacement, work).run(
            progress, is_cancelled, needed
        )


class _Forgetting:
    def __init__(
        self,
        repository: Repository,
        keys: VaultKeys,
        patient_ids: frozenset[PatientId],
        replacement: Replacement,
        work: Path,
    ) -> None:
        self._repository = repository
        self._keys = keys
        self._patients = patient_ids
        self._replacement = replacement
        self._work = work

    def run(
        self, progress: Progress, is_cancelled: IsCancelled, needed: Collection[ObjectId]
    ) -> ForgetReport:
        self._repository.put_key_sheet(self._replacement.both)
        # What an earlier call finished comes first: it takes the place of those of its number.
        newest = self._repository.snapshots()[::-1]
        names = sorted(newest, key=lambda name: not self._is_current(name))
        done: list[Manifest] = []
        rewritten = dropped = 0
        for count, name in enumerate(names):
            if is_cancelled():
                raise Cancelled
            progress(count, len(names))
            fresh = self._renewed(name, done, is_cancelled)
            if fresh is None:
                dropped += 1
                self._repository.remove_snapshot(name)
            elif fresh.name != name:
                rewritten += 1
                self._repository.remove_snapshot(name)
            if fresh is not None:
                done.append(fresh)
        self._repository.medium.sync()
        self._repository.put_key_sheet(self._replacement.after)
        gone = collect(self._repository, self._keys, needed)
        progress(len(names), len(names))
        return ForgetReport(rewritten, dropped, gone)

    def _is_current(self, name: SnapshotName) -> bool:
        return self._repository.epoch_of(name) == self._keys.current_epoch

    def _renewed(
        self, name: SnapshotName, done: list[Manifest], is_cancelled: IsCancelled
    ) -> Manifest | None:
        """Return the snapshot that takes a name's place, perhaps itself; None: it never opens."""
        try:
            manifest = self._repository.manifest(name, self._keys)
            with opened(self._repository, manifest, self._keys, self._work) as snapshot:
                if (
                    not _holds_any(snapshot.catalog, self._patients)
                    and manifest.epoch == self._keys.current_epoch
                ):
                    return manifest
                twin = next((each for each in done if each.number == manifest.number), None)
                if twin is not None:
                    return twin
                return self._rewrite(snapshot.catalog, manifest, done, is_cancelled)
        except (BackupDamaged, StoreDamaged):
            return None
        except StoreTooNew:
            raise BackupTooNew from None

    def _rewrite(
        self,
        catalog: Catalog,
        manifest: Manifest,
        done: list[Manifest],
        is_cancelled: IsCancelled,
    ) -> Manifest:
        keys, epoch, catalog_id = self._keys, self._keys.current_epoch, new_id()
        rewrap(catalog, keys, no_progress, lambda: None)
        with catalog.write() as cursor:
            mark_epoch(cursor, epoch)
            lists = [remove_patient(cursor, each) for each in sorted(self._patients)]
        gone = frozenset(object_id for each in lists for object_id in each)
        path = backup_copy(self._work)
        try:
            with snapshot_key(keys, self._repository.id, epoch, catalog_id) as key:
                head = catalog.export_to(path, key, is_cancelled)
            files = tuple(self._files(manifest, path, gone, done))
        finally:
            path.unlink(missing_ok=True)
        held = self._repository.object_list(manifest, keys) - gone
        fresh = attrs.evolve(
            manifest,
            id=ObjectId(new_id()),
            epoch=epoch,
            generation=head.generation,
            head_digest=head.digest,
            catalog_id=catalog_id,
            files=files,
            object_count=len(held),
            damaged=tuple(each for each in manifest.damaged if each not in gone),
            elsewhere=tuple(each for each in manifest.elsewhere if each not in gone),
        )
        self._repository.put_manifest(fresh, keys)
        return fresh

    def _files(
        self, manifest: Manifest, path: Path, gone: frozenset[ObjectId], done: list[Manifest]
    ) -> Iterator[SealedFile]:
        keys = self._keys
        sealer = FileSealer(self._repository, keys, keys.current_epoch, done)
        held = self._repository.object_list(manifest, keys) - gone
        yield sealer.seal(CATALOG, read_stretches(path, path.stat().st_size))
        yield sealer.seal(OBJECT_LIST, cut(pack_ids(held)))
        for file in manifest.files:
            if file.name in {CATALOG, OBJECT_LIST}:
                continue
            other = self._replacement.files.get(file.name)
            plain = map(bytes, self._repository.stretches(file, keys))
            yield sealer.seal(file.name, plain if other is None else cut(other))


def prune(
    repository: Repository,
    keys: VaultKeys,
    keep_last: int,
    needed: Collection[ObjectId] = (),
) -> PruneReport:
    """Remove all but the last snapshots, and what no snapshot names any more.

    An older one stays while it alone holds one of the `needed` objects: those that have left the
    store, or are under legal hold. Damaged snapshots stay until a person has looked at them, and
    as long as there are some no object is removed.

    Raises
    ------
    ValueError
        None would be kept.
    MediumFault, BackupInUse
        It is not done; the next call goes on.
    """
    if keep_last < 1:
        raise ValueError("a backup keeps a snapshot at least")
    with repository.lock():
        whole, _ = repository.manifests(keys)
        kept, older = whole[-keep_last:], whole[:-keep_last]
        covered = {each for one in kept for each in repository.object_list(one, keys)}
        wanted = frozenset(needed)
        removed = []
        for manifest in reversed(older):
            alone = (repository.object_list(manifest, keys) & wanted) - covered
            if alone:
                covered |= alone
                kept.append(manifest)
            else:
                repository.remove_snapshot(manifest.name)
                removed.append(manifest.number)
        repository.medium.sync()
        gone = collect(repository, keys, needed)
    numbers = sorted(each.number for each in kept)
    return PruneReport(tuple(sorted(removed)), tuple(numbers), gone)


def collect(repository: Repository, keys: VaultKeys, needed: Collection[ObjectId] = ()) -> int:
    """Remove objects and parts that no snapshot names; return how many. The caller has the lock.

    What is `needed` stays: the store lists it, and may have it nowhere else. Where a snapshot does
    not open nothing is removed: it might be the one that needs them.
    """
    whole, bad = repository.manifests(keys)
    if bad:
        return 0
    named = {part.id for each in whole for part in each.parts} | set(needed)
    for manifest in whole:
        named |= repository.object_list(manifest, keys)
    spare = repository.names() - named
    for object_id in spare:
        repository.medium.remove(repository.medium.objects.path(object_id))
    repository.medium.sync()
    return len(spare)


def _holds_any(catalog: Catalog, patient_ids: frozenset[PatientId]) -> bool:
    with catalog.read() as cursor:
        return not patient_ids.isdisjoint(patients.ids(cursor))
