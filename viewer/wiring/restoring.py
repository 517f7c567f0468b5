"""Bringing a store back, and going on with one that was set back, before anybody can log in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from viewer.app import backup_look
from viewer.app.jobs import JobControl
from viewer.app.restoring import RestoreRequest, restore
from viewer.model.ids import UserId
from viewer.session.recovery import RecoveryKey
from viewer.ui import ports, store_ports
from viewer.wiring.workstation import Workstation


class WorkstationRestoring:
    """Satisfies the port `Restoring`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    @property
    def is_unfinished(self) -> bool:
        """Whether one was begun and not finished."""
        return backup_look.is_restore_unfinished(self._workstation.folder)

    def look_at_backup(
        self,
        folder: Path,
        on_done: Callable[[store_ports.BackupFolder], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Say what a folder holds."""

        def work(_: JobControl) -> store_ports.BackupFolder:
            return store_ports.BackupFolder(folder, backup_look.count_snapshots(folder))

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def open_backup(
        self,
        folder: Path,
        recovery: str,
        on_done: Callable[[store_ports.OpenedBackup], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Open it with a typed recovery key."""

        def work(_: JobControl) -> store_ports.OpenedBackup:
            found = backup_look.look_inside(folder, recovery)
            snapshots = tuple(
                store_ports.Snapshot(each.number, each.made, each.object_count, each.object_bytes)
                for each in found.snapshots
            )
            return store_ports.OpenedBackup(found.practice_name, snapshots, found.officers)

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def restore(
        self,
        order: store_ports.RestoreOrder,
        on_done: Callable[[store_ports.Restored], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Bring a snapshot back; the practice that was here is let go of first."""
        station = self._workstation
        station.leave_practice()
        request = RestoreRequest(
            order.folder,
            station.folder,
            order.officer,
            order.password,
            order.snapshot,
            replaces=order.replaces,
        )

        def work(control: JobControl) -> store_ports.Restored:
            recovery = RecoveryKey.from_text(order.recovery)
            try:
                report = restore(station.keystore, request, recovery, control=control)
            finally:
                recovery.wipe()
            return store_ports.Restored(report.objects, report.size_bytes, len(report.lost))

        def done(restored: store_ports.Restored) -> None:
            station.enter_practice()
            on_done(restored)

        def failed(fault: Exception) -> None:
            station.enter_practice()
            on_fault(fault)

        return station.jobs.submit(work, done, failed, on_progress)

    def accept_older(
        self,
        user_id: UserId,
        password: str,
        reason: str,
        on_done: Callable[[], None],
        on_fault: ports.OnFault,
        code: str = "",
    ) -> ports.Running:
        """Go on with a store that was set back, by right."""
        clinic = self._workstation.clinic
        self._workstation.keys.renew()
        return self._workstation.jobs.submit(
            lambda _: clinic.accept_fork(user_id, password, reason, code),
            lambda _: on_done(),
            on_fault,
        )
