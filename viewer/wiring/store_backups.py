"""Backups for the windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from viewer.app import notes
from viewer.app.clinic import Clinic
from viewer.app.jobs import JobControl
from viewer.app.use_cases import backups
from viewer.session.permissions import KeyName
from viewer.ui import ports, store_ports
from viewer.wiring.asking import Asking


class StoreBackups(Asking):
    """Backups: where, when, proved, given up. Main thread only."""

    def backups(
        self,
        on_done: Callable[[Sequence[store_ports.BackupPlace]], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Say which places there are, and which are connected."""
        clinic = self._clinic

        def work(control: JobControl) -> list[store_ports.BackupPlace]:
            known = backups.list_backups(clinic, backups.ListBackups(), control).known
            current = max(clinic.practice.live_epochs(KeyName.IMAGES))
            places = [_place_of(each, clinic, current) for each in known if not each.is_lost]
            aside = backups.stores_set_aside(clinic)
            return places + [
                store_ports.BackupPlace(
                    name, name, is_pending=True, is_connected=False, is_set_aside=True
                )
                for name in aside
            ]

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def back_up(
        self,
        folder: Path,
        label: str,
        on_done: Callable[[store_ports.BackupDone], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Make a snapshot in a folder."""
        clinic = self._clinic

        def work(control: JobControl) -> store_ports.BackupDone:
            return _backed_up(clinic, folder, label, control)

        return self._workstation.jobs.submit(work, on_done, on_fault, on_progress)

    def back_up_again(
        self,
        place_id: str,
        on_done: Callable[[store_ports.BackupDone], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Make a snapshot at a place that is known."""
        clinic = self._clinic

        def work(control: JobControl) -> store_ports.BackupDone:
            known = _known(clinic, place_id)
            return _backed_up(clinic, known.path, known.label, control)

        return self._workstation.jobs.submit(work, on_done, on_fault, on_progress)

    def verify_backup(
        self,
        place_id: str,
        on_done: Callable[[store_ports.BackupProof], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Open every snapshot and every object in it."""
        clinic = self._clinic

        def work(control: JobControl) -> store_ports.BackupProof:
            known = _known(clinic, place_id)
            report = backups.verify_backup(clinic, backups.VerifyBackup(known.path), control)
            if report.is_sound:
                notes.note(clinic, _verified(place_id), {"when": clinic.clock.wall().isoformat()})
            flaws = tuple(flaw.words for flaw in report.flaws)
            return store_ports.BackupProof(
                known.label, report.snapshots, report.objects_checked, flaws
            )

        return self._workstation.jobs.submit(work, on_done, on_fault, on_progress)

    def give_up_backup(
        self,
        place_id: str,
        reason: str,
        on_done: Callable[[str], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Declare a place lost."""
        clinic = self._clinic

        def work(control: JobControl) -> str:
            is_aside = place_id in backups.stores_set_aside(clinic)
            label = place_id if is_aside else _known(clinic, place_id).label
            backups.lose_backup(clinic, backups.LoseBackup(place_id, reason), control)
            return label

        return self._workstation.jobs.submit(work, on_done, on_fault)


def _verified(place_id: str) -> str:
    return f"verified {place_id}"


def _place_of(
    known: backups.Destination, clinic: Clinic, current_epoch: int
) -> store_ports.BackupPlace:
    return store_ports.BackupPlace(
        known.id,
        known.label,
        known.made if known.is_finished else None,
        notes.moment_of(notes.noted(clinic, _verified(known.id))),
        is_pending=known.epoch < current_epoch,
        is_connected=known.path.is_dir(),
    )


def _backed_up(
    clinic: Clinic, folder: Path, label: str, control: JobControl
) -> store_ports.BackupDone:
    report = backups.back_up(clinic, backups.BackUp(folder, label), control).report
    manifest = report.manifest
    return store_ports.BackupDone(
        label, manifest.object_count, report.copied_bytes, len(manifest.damaged)
    )


def _known(clinic: Clinic, place_id: str) -> backups.Destination:
    found = backups.list_backups(clinic, backups.ListBackups()).known
    return next(each for each in found if each.id == place_id)
