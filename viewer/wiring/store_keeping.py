"""What is kept, held, freed and purged, for the windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from viewer.app.clinic import Clinic
from viewer.app.jobs import JobControl
from viewer.app.use_cases import keeping, library, outlook
from viewer.model.errors import BitewingError
from viewer.model.ids import PatientId
from viewer.model.image import ImageKind
from viewer.model.patient import Patient
from viewer.session.permissions import Permission
from viewer.ui import ports, store_ports
from viewer.ui.wording import kind_words
from viewer.wiring.asking import Asking
from viewer.wiring.store_people import found_patient, hold_of, named, names_of

_FOUND = 50


class StoreKeeping(Asking):
    """Room, quota, holds, periods, purging. Main thread only."""

    def room(
        self,
        on_done: Callable[[store_ports.RoomFacts], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Measure the store."""
        return self._submit(
            keeping.measure_store,
            keeping.MeasureStore(),
            lambda found: on_done(_room_facts(found)),
            on_fault,
            on_progress,
        )

    def set_quota(
        self,
        size_bytes: int | None,
        on_done: Callable[[int | None], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Set or drop the limit."""
        quota = outlook.Quota(size_bytes=size_bytes) if size_bytes else None
        return self._submit(
            keeping.set_quota,
            keeping.SetQuota(quota),
            lambda _: on_done(size_bytes),
            on_fault,
        )

    def plan_freeing(
        self,
        wanted_bytes: int,
        on_done: Callable[[store_ports.FreeingPlan], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Say what would leave; nothing does."""
        clinic = self._clinic

        def work(control: JobControl) -> store_ports.FreeingPlan:
            plan = outlook.plan_eviction(clinic, outlook.PlanEviction(wanted_bytes), control)
            places = _labels_of_archives(clinic)
            return store_ports.FreeingPlan(
                wanted_bytes, plan.images, plan.patients, plan.size_bytes, places
            )

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def free_up(
        self,
        wanted_bytes: int,
        on_done: Callable[[store_ports.Freed], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Send images away that another place verifiably holds."""
        return self._submit(
            keeping.evict_images,
            keeping.EvictImages(wanted_bytes),
            lambda gone: on_done(store_ports.Freed(len(gone.image_ids), gone.size_bytes)),
            on_fault,
            on_progress,
        )

    def find_patients(self, text: str) -> Sequence[store_ports.FoundPatient]:
        """Who has this chart number; also by name, for a role that may list patients."""
        clinic = self._clinic
        try:
            if self._workstation.may(Permission.LIST_PATIENTS):
                rows = library.find_patients(clinic, library.FindPatients(text, _FOUND))
                return [found_patient(row.patient) for row in rows]
            people = outlook.find_by_number(clinic, outlook.FindByNumber(text))
            return [found_patient(patient) for patient in people]
        except BitewingError:
            return ()

    def is_held(self, patient_id: PatientId) -> bool:
        """Whether a patient is under legal hold."""
        clinic = self._clinic
        return clinic.is_vault_open and clinic.vault.keeping.is_held(patient_id)

    def holds(
        self,
        on_done: Callable[[Sequence[store_ports.LegalHold]], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Say which holds stand."""
        clinic = self._clinic

        def work(control: JobControl) -> list[store_ports.LegalHold]:
            found = keeping.list_holds(clinic, keeping.ListHolds(), control)
            names = names_of(clinic, [hold.patient_id for hold in found], control)
            return [hold_of(clinic, hold, names) for hold in found]

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def put_hold(
        self,
        patient_id: PatientId,
        reason: str,
        on_done: Callable[[int], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Put a patient under hold."""
        request = keeping.PutHold(patient_id, reason)
        return self._submit(keeping.put_hold, request, lambda hold: on_done(hold.number), on_fault)

    def release_hold(
        self, number: int, reason: str, on_done: Callable[[int], None], on_fault: ports.OnFault
    ) -> ports.Running:
        """Release one hold."""
        request = keeping.ReleaseHold(number, reason)
        return self._submit(keeping.release_hold, request, lambda _: on_done(number), on_fault)

    def due(
        self,
        on_done: Callable[[Sequence[store_ports.DuePatient]], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Say whose images' periods have ended."""
        clinic = self._clinic

        def work(control: JobControl) -> list[store_ports.DuePatient]:
            found = keeping.list_due(clinic, keeping.ListDue(), control)
            names = names_of(clinic, [each.patient_id for each in found], control)
            return [_due_of(each, names) for each in found]

        return self._workstation.jobs.submit(work, on_done, on_fault, on_progress)

    def purge(
        self,
        patient_id: PatientId,
        code: str,
        reason: str,
        on_done: Callable[[int], None],
        on_fault: ports.OnFault,
    ) -> ports.Running:
        """Remove one patient's images that somebody has seen on the list."""
        request = keeping.PurgeImages(patient_id, reason, code)
        return self._submit(
            keeping.purge_images, request, lambda due: on_done(len(due.image_ids)), on_fault
        )


def _labels_of_archives(clinic: Clinic) -> tuple[str, ...]:
    archives = clinic.vault.keeping.archives()
    return tuple(each.label for each in archives if not each.is_lost and each.objects_held)


def _room_facts(found: keeping.Measured) -> store_ports.RoomFacts:
    usage = found.usage
    kinds = sorted(usage.kinds, key=lambda each: -each.here_bytes)
    return store_ports.RoomFacts(
        tuple(
            store_ports.KindRoom(
                kind_words(ImageKind(each.kind)),
                each.images,
                each.here_bytes,
                each.elsewhere_bytes,
                each.held_bytes,
                each.free_bytes,
            )
            for each in kinds
        ),
        usage.disk_bytes,
        usage.disk_free_bytes,
        usage.quota_bytes,
        tuple(each.label for each in usage.archives if not each.is_lost and each.objects_held),
        found.stale_since,
        found.rules.verified_days,
    )


def _due_of(due: outlook.Due, names: Mapping[PatientId, Patient]) -> store_ports.DuePatient:
    return store_ports.DuePatient(
        named(due.patient_id, names),
        len(due.image_ids),
        due.kept_until,
        due.last_visit,
        due.is_whole,
        due.is_held,
        due.code,
    )
