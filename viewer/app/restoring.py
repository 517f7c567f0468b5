"""Restore: a store from a backup and the recovery sheet alone, on an empty machine or on this one.

There is no store yet to pass a gate of: the recovery key is the authority. What happened is the
first thing in the new segment of the restored trail, signed at once. On a machine that knows a
newer state of the same practice, a restore is a fork: it is signed and in the trail before the head
outside is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from viewer.app import forking
from viewer.app.jobs import JobControl, SilentControl
from viewer.app.recovering import open_or_begin_trail
from viewer.app.since import known_since
from viewer.crypto.derive import digest
from viewer.crypto.errors import NotAuthentic
from viewer.session.accounts import Practice
from viewer.session.audit.events import Actor, Entry, EventKind
from viewer.session.audit.segment import trail_folder
from viewer.session.audit.trail import Trail
from viewer.session.clock import Clock, SystemClock
from viewer.session.fork import TRAIL
from viewer.session.keysheet import open_sheet
from viewer.session.keystore import KeyStore
from viewer.session.ledger import FILE
from viewer.session.permissions import KeyName
from viewer.session.recovered import opened_copy
from viewer.session.recovery import RecoveryKey
from viewer.vault.backup.errors import OtherPractice
from viewer.vault.backup.manifest import Manifest, to_bytes
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.restorer import Restoration, RestoreReport
from viewer.vault.errors import store_fault
from viewer.vault.records import VaultKeys

__all__ = ["RestoreReport", "RestoreRequest", "accept_folder", "list_snapshots", "restore"]


@attrs.frozen
class RestoreRequest:
    """From where to where, by whom, and of which snapshot (None: the newest whole one).

    With `replaces` a store that is in the folder is set aside first; it is not deleted.
    """

    source: Path = attrs.field(repr=False)
    store: Path = attrs.field(repr=False)
    officer: str
    password: str = attrs.field(repr=False)
    snapshot: int | None = None
    replaces: bool = False
    why: str = "restore"


def list_snapshots(source: Path, recovery: RecoveryKey) -> tuple[Manifest, ...]:
    """Return the snapshots that can be restored, oldest first.

    Raises
    ------
    NotABackup, BackupDamaged, NotAuthentic, MediumFault
        It cannot be told.
    """
    repository = Repository.open(source)
    with _opened(repository, recovery) as keys:
        return tuple(repository.manifests(keys)[0])


def restore(
    keystore: KeyStore,
    request: RestoreRequest,
    recovery: RecoveryKey,
    clock: Clock | None = None,
    control: JobControl | None = None,
) -> RestoreReport:
    """Restore a snapshot. Killed or cancelled anywhere, a second call goes on.

    In place, patients who were erased since the snapshot are not brought back, and holds that were
    put since stand; the report says so, or that nothing is known here of the time since.
    The officer's account gets the new password; all others one from the officer. A damaged object
    is reported as lost and the rest is restored.

    Raises
    ------
    NotAuthentic
        This recovery key is not this backup's.
    NotABackup, NoSuchSnapshot, BackupDamaged, StoreExists, StoreInUse, AccountRefused, WeakPassword
        Nothing was restored.
    MediumFault, StoreFault, NoKeyStore, TrailUnwritable, Cancelled
        It is not finished.
    """
    clock, control = clock or SystemClock(), control or SilentControl()
    repository = Repository.open(request.source)
    with _opened(repository, recovery) as keys:
        manifest = repository.choose(keys, request.snapshot)
        copy = _accounts(repository, manifest, keys, recovery)
        in_force = _with_epoch_of(keys, copy, recovery)
        with Restoration(request.store, replaces=request.replaces) as restoration:
            report = restoration.bring_back(
                repository,
                manifest,
                in_force,
                lambda done, total: control.progress(done, total, "Restoring"),
                control.is_cancelled,
                known_since(request.store, restoration.asides(), recovery),
            )
            _bring_trail(restoration, repository, manifest, keys, request.store)
            practice = _practice(keystore, request, copy, recovery)
            _finish(restoration, keystore, practice, request, report, clock)
    return report


@contextmanager
def _opened(repository: Repository, recovery: RecoveryKey) -> Iterator[VaultKeys]:
    sheet = open_sheet(repository.key_sheet(), recovery)
    epochs = sheet.keys.keys[KeyName.IMAGES]
    try:
        if sheet.practice_id != repository.practice_id:
            raise OtherPractice
        yield VaultKeys(sheet.practice_id, epochs, max(epochs))
    finally:
        sheet.keys.wipe()


def _accounts(
    repository: Repository, manifest: Manifest, keys: VaultKeys, recovery: RecoveryKey
) -> bytes:
    """Return a snapshot's accounts, or the next newer ones where the sheet was replaced since."""
    newer = [each for each in repository.manifests(keys)[0] if each.number > manifest.number]
    for each in (manifest, *newer):
        copy = b"".join(map(bytes, repository.stretches(each.file(FILE), keys)))
        with suppress(NotAuthentic):
            opened_copy(copy, recovery).keys.wipe()
            return copy
    raise NotAuthentic


def _with_epoch_of(keys: VaultKeys, copy: bytes, recovery: RecoveryKey) -> VaultKeys:
    """Return the keys with the epoch as current that the snapshot's accounts end with."""
    opened = opened_copy(copy, recovery)
    with opened.keys as ring:
        current = max(ring.keys[KeyName.IMAGES])
    return attrs.evolve(keys, current_epoch=current)


def _bring_trail(
    restoration: Restoration,
    repository: Repository,
    manifest: Manifest,
    keys: VaultKeys,
    store: Path,
) -> None:
    """Restore the trail's files; one that is here and goes on from the backup's is the newer."""
    folder = trail_folder(store)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as fault:
        raise store_fault(fault) from fault
    for file in manifest.files:
        place, _, name = file.name.partition("/")
        if place != folder.name or Path(name).name != name or not name:
            continue
        target = folder / name
        if target.exists():
            if _goes_on(target, repository.stretches(file, keys)):
                continue
            target.rename(_free_name(target))
        restoration.fetch(repository, manifest, file.name, keys, target)


def _goes_on(target: Path, stretches: Iterator[bytearray]) -> bool:
    """Whether a file here begins with what the backup holds."""
    try:
        with target.open("rb") as file:
            return all(file.read(len(plain)) == plain for plain in stretches)
    except OSError as fault:
        raise store_fault(fault) from fault


def _free_name(path: Path) -> Path:
    numbers = range(1, 10_000)
    return next(
        free for n in numbers if not (free := path.with_name(f"{path.name}.aside-{n}")).exists()
    )


def _practice(
    keystore: KeyStore, request: RestoreRequest, copy: bytes, recovery: RecoveryKey
) -> Practice:
    who = request.officer, request.password
    accounts = request.store / FILE
    if Practice.is_founded(request.store):  # an earlier run came as far as this
        if _epochs_of(copy, recovery) <= _epochs_of(accounts.read_bytes(), recovery):
            return Practice.recover(request.store, keystore, recovery, *who)
        accounts.unlink()  # that run was about a snapshot of before a rotation: the copy is newer
    return Practice.restored(request.store, keystore, copy, recovery, *who)


def _epochs_of(accounts: bytes, recovery: RecoveryKey) -> set[int]:
    with opened_copy(accounts, recovery).keys as ring:
        return set(ring.keys[KeyName.IMAGES])


def _finish(
    restoration: Restoration,
    keystore: KeyStore,
    practice: Practice,
    request: RestoreRequest,
    report: RestoreReport,
    clock: Clock,
) -> None:
    user = practice.user(request.officer)
    actor = Actor(user.id, user.display_name, user.role.title)
    grounds = forking.Grounds(actor, request.why, clock.wall())
    trail = _trail(request.store, keystore, practice, grounds, clock)
    try:
        outside = forking.outside_head(keystore, practice.id)
        if outside is not None and outside != report.head:
            steps = forking.head_of(outside), forking.head_of(report.head)
            forking.authorise(
                request.store, keystore, trail, practice.id, forking.CATALOG_HEAD, steps, grounds
            )
        restoration.install()
        trail.append(_entry(report, actor))
        head = forking.head_of(report.head)
        keystore.write_head(practice.id, forking.CATALOG_HEAD, head)
        restoration.finish()
    finally:
        trail.close()


def _trail(
    store: Path, keystore: KeyStore, practice: Practice, grounds: forking.Grounds, clock: Clock
) -> Trail:
    trail = open_or_begin_trail(store, keystore, practice, grounds, clock)
    trail.append(Entry(EventKind.PRACTICE_RECOVERED, grounds.actor, why=grounds.why))
    return trail


def _entry(report: RestoreReport, actor: Actor) -> Entry:
    manifest = report.manifest
    why = f"snapshot {manifest.number} of {manifest.made.date()}: {report.objects} objects"
    again = report.again
    if again.is_known:
        why += f", {len(again.erased)} patients erased again, {again.holds} holds put again"
    else:
        why += ", erasures and holds since then are not known"
    return Entry(
        EventKind.RESTORED,
        actor,
        objects=tuple(part.id for part in report.lost),
        why=why + (f", {len(report.lost)} lost" if report.lost else ""),
        digests=(digest(to_bytes(manifest)).hex(),),
        size_bytes=report.size_bytes,
    )


@attrs.frozen
class Accepted:
    """What was authorised: which histories go on from an older state than was last seen."""

    histories: tuple[str, ...]


def accept_folder(
    store: Path,
    keystore: KeyStore,
    recovery: RecoveryKey,
    officer: str,
    password: str,
    why: str,
    clock: Clock | None = None,
) -> Accepted:
    """Authorise a store's folder as it lies there, all of it, by right of the recovery key.

    For a folder that was put back as a whole (a disk image, another backup program): accounts,
    trail and catalog are older than the heads outside. The officer gets a new password, the trail
    its next segment, and each history that was set back a signed fork.

    Raises
    ------
    NotAuthentic
        This recovery key is not this practice's.
    BitewingError
        As the parts say; what was authorised until then is in the trail.
    """
    clock = clock or SystemClock()
    practice = Practice.recover(store, keystore, recovery, officer, password)
    user = practice.user(officer)
    grounds = forking.Grounds(Actor(user.id, user.display_name, user.role.title), why, clock.wall())
    before = keystore.read_head(practice.id, forking.TRAIL_HEAD)
    trail = _trail(store, keystore, practice, grounds, clock)
    try:
        after = keystore.read_head(practice.id, forking.TRAIL_HEAD)
        is_forked = before is not None and after is not None and _jumped(before.size, after.size)
        with practice.open_keys(user.id, password) as ring:
            epochs = ring.keys[KeyName.IMAGES]
            keys = VaultKeys(practice.id, epochs, max(epochs))
            signed = forking.go_on_from_here(store, keystore, trail, keys, grounds)
    finally:
        trail.close()
    found = ((TRAIL, is_forked), (forking.CATALOG_HEAD, signed is not None))
    return Accepted(tuple(name for name, is_there in found if is_there))


def _jumped(before: int, after: int) -> bool:
    return before >> 40 != after >> 40
