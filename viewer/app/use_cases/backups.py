"""Backups: made, checked, listed, pruned, caught up after an erasure, or given up as lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.app.destinations import current_epoch, replacement_of
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.crypto.derive import digest
from viewer.session.audit.events import EventKind
from viewer.session.audit.segment import trail_folder
from viewer.session.device import workstation_name
from viewer.session.keysheet import goes_with, is_in_force, sheet_of
from viewer.session.keystore import Head
from viewer.session.ledger import FILE
from viewer.session.permissions import KeyName, Permission
from viewer.vault.backup.aside import give_up, set_aside
from viewer.vault.backup.destinations import Destination, begun, remembered
from viewer.vault.backup.errors import BackupFoundAgain, DestinationUnfit
from viewer.vault.backup.forgetting import PruneReport, prune
from viewer.vault.backup.manifest import Manifest, to_bytes
from viewer.vault.backup.proving import FlawKind, RepositoryReport, prove
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.source import StoreFile, Surroundings
from viewer.vault.backup.writer import BackupReport
from viewer.vault.backup.writer import back_up as write_snapshot
from viewer.vault.keeping.records import Archive
from viewer.vault.records import VaultKeys

__all__ = ["BackupReport", "Destination", "PruneReport", "RepositoryReport"]

_MARKER = "vault.json"
_NOT_HELD = {FlawKind.MISSING, FlawKind.DAMAGED}


@attrs.frozen
class BackUp:
    """Make a snapshot in a folder. `keep` prunes all but the last so many afterwards; with
    `proves_all` every object that lies there is opened again; `takes_back` a backup that was
    declared lost and turned up.
    """

    destination: Path = attrs.field(repr=False)
    label: str = ""
    keep: int | None = None
    proves_all: bool = False
    takes_back: bool = False


@attrs.frozen
class BackedUp:
    """What a backup did.

    `was_set_back`: the medium holds an older snapshot than the last that was made there; `retired`
    epochs were destroyed since no backup needs them any more; `pending` backups still do.
    """

    report: BackupReport
    pruned: PruneReport | None
    was_set_back: bool
    retired: tuple[int, ...]
    pending: tuple[str, ...]


@use_case(
    permission=Permission.BACK_UP,
    event=EventKind.BACKUP,
    subject=lambda clinic, request: Subject(
        why="make a snapshot; take back a lost backup" if request.takes_back else "make a snapshot"
    ),
)
def back_up(clinic: Clinic, request: BackUp, act: Act) -> BackedUp:
    """Make one more snapshot; the store stays in use.

    A destination that missed an erasure is caught up first.

    Raises
    ------
    BackupFoundAgain
        It was declared lost, and nobody says that it may be used again.
    DestinationUnfit, NotABackup, OtherPractice, BackupInUse, MediumFault, Cancelled
        No snapshot was made; what was copied is used by the next run.
    """
    _require_apart(clinic.folder, request.destination)
    repository = Repository.open_or_make(request.destination, clinic.practice.id)
    if not request.takes_back and _is_given_up(clinic, repository):
        raise BackupFoundAgain
    with _keys_of(clinic, act) as keys:
        was_set_back = _is_set_back(clinic, repository)
        _catch_up(clinic, repository, request.destination, keys, act)
        label = request.label or _label_of(clinic, repository, request.destination)
        oldest = _oldest_needed(clinic, repository, keys)
        backups = clinic.vault.backups
        if repository.id not in {each.id for each in backups.known()}:
            # Before anything of the store lies there: an erasure must know where to look.
            backups.remember(begun(repository, request.destination, label, oldest))
        report = write_snapshot(
            repository,
            clinic.vault.backups.source(keys),
            _surroundings(clinic, oldest),
            lambda done, total: act.control.progress(done, total, "Backing up"),
            act.control.is_cancelled,
            proves_all=request.proves_all,
        )
        newest = report.manifest
        backups.remember(remembered(repository, request.destination, label, oldest, newest))
        _keep_head(clinic, report.manifest)
        clinic.vault.keeping.know_archive(repository.id, label)
        clinic.vault.mark_held(repository.id, sorted(report.verified))
        for source in backups.sources(clinic.practice.id):
            clinic.vault.keeping.connect(source)
        pruned = None
        if request.keep is not None:
            pruned = prune(repository, keys, request.keep, backups.only_there())
    clinic.keep_catalog_head(clinic.vault)
    act.outcome = _outcome(report)
    return BackedUp(
        report, pruned, was_set_back, _retire(clinic, act), clinic.destinations.pending()
    )


def _outcome(report: BackupReport) -> Subject:
    manifest = report.manifest
    bad = len(manifest.damaged)
    words = (
        f"snapshot {manifest.number} in {manifest.repository_id[:8]}: {manifest.object_count}"
        f" objects, {report.copied_objects} copied"
    )
    return Subject(
        why=words + (f", {bad} damaged in the store" if bad else ""),
        digests=(digest(to_bytes(manifest)).hex(),),
        size_bytes=report.copied_bytes,
    )


@attrs.frozen
class VerifyBackup:
    """Check a whole repository; `deep` opens every object in it."""

    destination: Path = attrs.field(repr=False)
    deep: bool = True


@use_case(
    permission=Permission.BACK_UP,
    event=EventKind.BACKUP,
    subject=lambda clinic, request: Subject(why="verify"),
)
def verify_backup(clinic: Clinic, request: VerifyBackup, act: Act) -> RepositoryReport:
    """Prove that every snapshot could be restored whole."""
    repository = Repository.open(request.destination, clinic.practice.id)
    with _keys_of(clinic, act) as keys:
        report = prove(
            repository,
            keys,
            clinic.folder,
            deep=request.deep,
            progress=lambda done, total: act.control.progress(done, total, "Verifying"),
            is_cancelled=act.control.is_cancelled,
            is_in_force=_is_in_force(clinic),
        )
    if any(each.id == repository.id and not each.is_lost for each in _archives(clinic)):
        clinic.vault.mark_held(repository.id, sorted(report.verified))
    held = clinic.vault.keeping.held_by(repository.id)
    flawed = {flaw.object_id for flaw in report.flaws if flaw.kind in _NOT_HELD}
    gone = {each for each in held if each in flawed} | (held - repository.names())
    if gone:
        clinic.vault.keeping.declare_lost(repository.id, sorted(gone))
    words = "sound" if report.is_sound else f"{len(report.flaws)} flaws"
    why = f"verify: {report.snapshots} snapshots, {report.objects_checked} objects, {words}"
    act.outcome = Subject(why=why, size_bytes=report.bytes_checked)
    return report


@attrs.frozen
class ListBackups:
    """List the snapshots in a folder; without one, the destinations that the store knows."""

    destination: Path | None = attrs.field(default=None, repr=False)


@attrs.frozen
class BackupList:
    """Snapshots, oldest first, the numbers of those that do not open, and known destinations."""

    snapshots: tuple[Manifest, ...]
    damaged: tuple[int, ...]
    known: tuple[Destination, ...]


@use_case(
    permission=Permission.BACK_UP,
    event=EventKind.BACKUP,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="list"),
)
def list_backups(clinic: Clinic, request: ListBackups, act: Act) -> BackupList:
    """List what there is to restore."""
    known = tuple(clinic.vault.backups.known())
    if request.destination is None:
        return BackupList((), (), known)
    repository = Repository.open(request.destination, clinic.practice.id)
    with _keys_of(clinic, act) as keys:
        whole, bad = repository.manifests(keys)
    return BackupList(tuple(whole), tuple(name.number for name in bad), known)


@attrs.frozen
class PruneBackup:
    """Keep the last `keep` snapshots, and those that alone hold what the store needs."""

    destination: Path = attrs.field(repr=False)
    keep: int


@use_case(
    permission=Permission.BACK_UP,
    event=EventKind.BACKUP,
    subject=lambda clinic, request: Subject(why=f"prune to {request.keep}"),
)
def prune_backup(clinic: Clinic, request: PruneBackup, act: Act) -> PruneReport:
    """Remove older snapshots."""
    repository = Repository.open(request.destination, clinic.practice.id)
    if request.keep < 1:
        raise DestinationUnfit("A backup keeps one snapshot at least.", "Keep one or more.")
    with _keys_of(clinic, act) as keys:
        report = prune(repository, keys, request.keep, clinic.vault.backups.only_there())
    why = f"prune: {len(report.removed)} removed, {len(report.kept)} kept"
    act.outcome = Subject(why=why)
    return report


@attrs.frozen
class LoseBackup:
    """Give a destination up, by its id: it was lost, broken or destroyed.

    Or a store that a restore set aside, by its name (“set-aside-1”): its keys are destroyed.
    """

    destination_id: str
    reason: str = ""


@use_case(
    permission=Permission.MANAGE_KEYS,
    event=EventKind.BACKUP,
    subject=lambda clinic, request: Subject(why=f"declare lost: {request.reason}"),
)
def lose_backup(clinic: Clinic, request: LoseBackup, act: Act) -> tuple[str, ...]:
    """Stop waiting for a destination; return the labels of those that are still pending.

    Whoever finds it and has the recovery sheet can still open what is in it.
    """
    if request.destination_id in set_aside(clinic.folder):
        label = request.destination_id
        give_up(clinic.folder, label)
    else:
        label = _lost(clinic, request.destination_id)
    clinic.keep_catalog_head(clinic.vault)
    retired = _retire(clinic, act)
    act.outcome = Subject(why=f"declared lost: {label}; {len(retired)} epochs retired")
    return clinic.destinations.pending()


def stores_set_aside(clinic: Clinic) -> tuple[str, ...]:
    """Return the names of stores that a restore set aside and that still hold keys; no entry."""
    return set_aside(clinic.folder)


def _lost(clinic: Clinic, destination_id: str) -> str:
    lost = clinic.vault.backups.declare_lost(destination_id)
    if any(archive.id == lost.id for archive in clinic.vault.keeping.archives()):
        clinic.vault.keeping.declare_lost(lost.id)
    return lost.label


# --- inside --------------------------------------------------------------------------------


@contextmanager
def _keys_of(clinic: Clinic, act: Act) -> Iterator[VaultKeys]:
    epochs = act.session.epochs(KeyName.IMAGES)
    keys = VaultKeys(clinic.practice.id, epochs, max(epochs))
    try:
        yield keys
    finally:
        keys.wipe()


def _oldest_needed(clinic: Clinic, repository: Repository, keys: VaultKeys) -> int:
    """Return the oldest epoch that a backup's sheet has to open; one it need not, it shall not."""
    under = {repository.epoch_of(name) for name in repository.snapshots()} - {None}
    if clinic.vault.keys.needs_rotation or not under <= {keys.current_epoch}:
        return min(keys.epochs)
    return keys.current_epoch


def _surroundings(clinic: Clinic, oldest: int) -> Surroundings:
    def sheet() -> str:
        return sheet_of(clinic.practice.copy_for_backup(images_from=oldest))

    def files() -> list[StoreFile]:
        folder = clinic.folder
        marker = StoreFile.of_bytes(_MARKER, (folder / _MARKER).read_bytes())
        accounts = StoreFile.of_bytes(FILE, clinic.practice.copy_for_backup(images_from=oldest))
        name = trail_folder(folder).name
        trail = [
            StoreFile(f"{name}/{path.name}", path, size)
            for path, size in clinic.trail.settled_files()
        ]
        return [marker, accounts, *trail]

    def is_ours(sheet: str) -> bool:
        return goes_with(sheet, clinic.practice.copy_for_backup())

    return Surroundings(sheet, files, datetime.now(UTC), workstation_name(), is_ours)


def _archives(clinic: Clinic) -> list[Archive]:
    return clinic.vault.keeping.archives()


def _is_in_force(clinic: Clinic) -> Callable[[str], bool]:
    copy, current = clinic.practice.copy_for_backup(), current_epoch(clinic.practice)
    return lambda sheet: is_in_force(sheet, copy, current)


def _require_apart(folder: Path, destination: Path) -> None:
    """Refuse a destination inside the store, or around it."""
    store, there = folder.resolve(), destination.resolve()
    if there.is_relative_to(store) or store.is_relative_to(there):
        raise DestinationUnfit(
            "A backup cannot lie in the store's own folder, nor around it.",
            "Choose a folder on another disk.",
        )
    if not there.parent.is_dir():
        raise DestinationUnfit(
            "There is no such place for a backup.", "Connect the medium, or check the name."
        )


def _label_of(clinic: Clinic, repository: Repository, destination: Path) -> str:
    known = {each.id: each.label for each in clinic.vault.backups.known()}
    return known.get(repository.id) or destination.absolute().name or "Backup"


def _is_given_up(clinic: Clinic, repository: Repository) -> bool:
    known = clinic.vault.backups.known()
    return any(each.id == repository.id and each.is_lost for each in known)


def _head_name(repository_id: str) -> str:
    return f"backup {repository_id[:16]}"


def _is_set_back(clinic: Clinic, repository: Repository) -> bool:
    """Whether the medium lacks the last snapshot that was made there."""
    outside = clinic.keystore.read_head(clinic.practice.id, _head_name(repository.id))
    newest = max((name.number for name in repository.snapshots()), default=0)
    return outside is not None and newest < outside.size


def _keep_head(clinic: Clinic, manifest: Manifest) -> None:
    head = Head(manifest.number, digest(to_bytes(manifest)).hex())
    clinic.keystore.write_head(clinic.practice.id, _head_name(manifest.repository_id), head)


def _catch_up(
    clinic: Clinic, repository: Repository, destination: Path, keys: VaultKeys, act: Act
) -> None:
    """Move a backup that still opens with older keys to the current epoch, without the erased."""
    known = {each.id: each for each in clinic.vault.backups.known()}.get(repository.id)
    if known is None or known.epoch >= keys.current_epoch:
        return
    practice = clinic.practice
    way = clinic.vault.backups.erasure(
        lambda: replacement_of(practice), lambda: current_epoch(practice)
    )
    way.catch_up(
        repository,
        attrs.evolve(known, path=destination.absolute(), is_lost=False),
        clinic.vault.keys.erased(),
        keys,
        lambda done, total: act.control.progress(done, total, "Erasing from the backup"),
        act.control.is_cancelled,
    )


def _retire(clinic: Clinic, act: Act) -> tuple[int, ...]:
    """Destroy epochs that neither the store nor any backup needs any more."""
    current = current_epoch(clinic.practice)
    older = sorted(n for n in clinic.practice.live_epochs(KeyName.IMAGES) if n < current)
    if not older or clinic.destinations.pending() or clinic.vault.keys.needs_rotation:
        return ()
    act.session.retire_epochs(KeyName.IMAGES, current)
    return tuple(older)
