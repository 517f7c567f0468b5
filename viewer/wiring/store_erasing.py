"""Erasing a patient, for the windows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from viewer.app.errors import DestinationFault
from viewer.app.jobs import JobControl
from viewer.app.use_cases import keys, outlook
from viewer.model.ids import PatientId
from viewer.ui import ports, store_ports
from viewer.wiring.asking import Asking
from viewer.wiring.store_people import found_patient, hold_of


class StoreErasing(Asking):
    """Erasing a patient for good. Main thread only."""

    def plan_erasure(
        self,
        patient_id: PatientId,
        on_done: Callable[[store_ports.ErasurePlan], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Say what would be destroyed; nothing is."""
        clinic = self._clinic

        def work(control: JobControl) -> store_ports.ErasurePlan:
            plan = outlook.plan_erasure(clinic, outlook.PlanErasure(patient_id), control)
            names = {plan.patient.id: plan.patient}
            return store_ports.ErasurePlan(
                found_patient(plan.patient),
                plan.images,
                plan.visits,
                plan.days[0] if plan.days else None,
                plan.days[-1] if plan.days else None,
                tuple(hold_of(clinic, hold, names) for hold in plan.holds),
                plan.backups,
                plan.out_of_reach,
            )

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def erase(
        self,
        patient_id: PatientId,
        reason: str,
        on_done: Callable[[store_ports.ErasureDone], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Destroy a patient's images and keys."""
        return self._submit(
            keys.erase_patient,
            keys.ErasePatient(patient_id, reason),
            lambda done: on_done(
                store_ports.ErasureDone(
                    done.erased.image_count,
                    done.erased.object_count,
                    done.file,
                    done.certificate.backups_done,
                    done.certificate.backups_pending,
                )
            ),
            on_fault,
            on_progress,
        )

    def save_certificate(self, certificate: bytes, path: Path) -> None:
        """Write a certificate to a file.

        Raises
        ------
        DestinationFault
            It cannot be written.
        """
        try:
            path.write_bytes(certificate)
        except OSError as fault:
            raise DestinationFault from fault
