"""A store, its medium, and what surrounds them, for the tests of backups."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.model.ids import ImageId
from viewer.model.patient import Patient
from viewer.vault.backup.repository import Repository
from viewer.vault.backup.restorer import Restoration, RestoreReport
from viewer.vault.backup.source import Source, StoreFile, Surroundings
from viewer.vault.backup.writer import BackupReport, back_up
from viewer.vault.records import IsCancelled, Progress, VaultKeys, never, no_progress
from viewer.vault.store import Vault

PRACTICE = "a" * 32
MADE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def pixels_of(number: int, shape: tuple[int, ...] = (40, 50)) -> NDArray[np.uint16]:
    """Return noise that is the same for the same number."""
    return np.random.default_rng(number).integers(0, 4000, shape).astype(np.uint16)


@attrs.define(eq=False)
class Desk:
    """An open store and the folder it is backed up into."""

    folder: Path
    medium: Path
    keys: VaultKeys
    vault: Vault
    patient: Patient = attrs.field(factory=new_patient)
    stored: dict[ImageId, NDArray[np.generic]] = attrs.field(factory=dict)

    @classmethod
    def new(cls, folder: Path, medium: Path) -> Desk:
        """Make a store."""
        Vault.create(folder, new_keys())
        (folder / "accounts.json").write_text('{"made": "up"}')
        (folder / "trail").mkdir()
        (folder / "trail" / "0001.trail").write_bytes(b"trail" * 1000)
        return cls(folder, medium, new_keys(), Vault.open(folder, new_keys()))

    def put(self, number: int, patient: Patient | None = None) -> ImageId:
        """Store a picture and remember its pixels."""
        pixels = pixels_of(number)
        who = patient or self.patient
        kept = new_picture(who.id, pixels, number=number).put(self.vault)
        self.stored[kept.id] = pixels
        return kept.id

    def source(self) -> Source:
        """Return the store as a backup sees it."""
        return self.vault.backups.source(self.keys)

    def around(self, sheet: str = "sheet 1") -> Surroundings:
        """Return what the rest of the house adds."""
        names = ("vault.json", "accounts.json", "trail/0001.trail")
        return Surroundings(
            lambda: sheet,
            lambda: [
                StoreFile(name, self.folder / name, (self.folder / name).stat().st_size)
                for name in names
            ],
            MADE,
            "desk 1",
        )

    def repository(self) -> Repository:
        """Open the repository, or make it."""
        return Repository.open_or_make(self.medium, PRACTICE)

    def back_up(
        self,
        is_cancelled: IsCancelled = never,
        progress: Progress = no_progress,
        *,
        proves_all: bool = False,
    ) -> BackupReport:
        """Make a snapshot."""
        return back_up(
            self.repository(),
            self.source(),
            self.around(),
            progress,
            is_cancelled,
            proves_all=proves_all,
        )

    def close(self) -> None:
        """Close the store."""
        self.vault.close()


def restored(
    medium: Path,
    folder: Path,
    keys: VaultKeys | None = None,
    number: int | None = None,
    *,
    replaces: bool = False,
) -> RestoreReport:
    """Restore a snapshot into a folder, all the way."""
    keys = keys or new_keys()
    repository = Repository.open(medium, PRACTICE)
    with Restoration(folder, replaces=replaces) as restoration:
        report = restoration.bring_back(repository, repository.choose(keys, number), keys)
        restoration.install()
        restoration.finish()
    return report
