"""Looking into a backup before anything is restored: nobody is logged in, the sheet is the key."""

from __future__ import annotations

from pathlib import Path

import attrs

from viewer.crypto.errors import NotAuthentic
from viewer.model.errors import UserError
from viewer.session.keysheet import open_sheet
from viewer.session.ledger import FILE
from viewer.session.permissions import KeyName
from viewer.session.recovered import opened_copy
from viewer.session.recovery import RecoveryKey
from viewer.vault.backup.errors import NoSuchSnapshot, OtherPractice
from viewer.vault.backup.manifest import Manifest
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.restorer import SIGN
from viewer.vault.errors import RolledBack
from viewer.vault.records import VaultKeys


class WrongSheet(UserError):
    """The recovery key is another practice's, or of a sheet that was replaced."""

    def __init__(self) -> None:
        super().__init__(
            "This recovery sheet does not open this backup.",
            "Take the sheet that was in force when the backup was made.",
        )


@attrs.frozen
class BackupLook:
    """What the recovery key opens: the practice, its snapshots (oldest first), its officers."""

    practice_name: str
    snapshots: tuple[Manifest, ...]
    officers: tuple[str, ...]


def count_snapshots(folder: Path) -> int:
    """Return how many snapshots a folder holds, without any key.

    Raises
    ------
    NotABackup, BackupTooNew, MediumFault
        There is no backup that can be read.
    """
    return len(Repository.open(folder).snapshots())


def look_inside(folder: Path, typed: str) -> BackupLook:
    """Open a backup with the groups of the sheet.

    Raises
    ------
    RecoveryKeyMistyped, WrongSheet, OtherPractice
        It does not open.
    NoSuchSnapshot, NotABackup, BackupTooNew, BackupDamaged, MediumFault
        There is nothing to restore.
    """
    repository = Repository.open(folder)
    recovery = RecoveryKey.from_text(typed)
    try:
        sheet = open_sheet(repository.key_sheet(), recovery)
        with sheet.keys as ring:
            if sheet.practice_id != repository.practice_id:
                raise OtherPractice
            epochs = ring.keys[KeyName.IMAGES]
            keys = VaultKeys(sheet.practice_id, epochs, max(epochs))
            snapshots = tuple(repository.manifests(keys)[0])
            if not snapshots:
                raise NoSuchSnapshot
            newest = snapshots[-1].file(FILE)
            copy = b"".join(map(bytes, repository.stretches(newest, keys)))
        opened = opened_copy(copy, recovery)
        opened.keys.wipe()
    except NotAuthentic:
        raise WrongSheet from None
    finally:
        recovery.wipe()
    return BackupLook(opened.practice_name, snapshots, tuple(opened.officers))


def was_set_back(fault: Exception) -> bool:
    """Whether a store was refused because it is older than it was."""
    return isinstance(fault, RolledBack)


def is_restore_unfinished(folder: Path) -> bool:
    """Whether a restore into a store's folder was begun and not finished."""
    return (folder / SIGN).exists()
