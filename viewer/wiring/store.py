"""The store for whoever looks after it: checks, backups, keys, keeping, erasing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from viewer.app import notes
from viewer.app.clinic import Clinic
from viewer.app.errors import DestinationFault
from viewer.app.gate import Answer, Request, UseCase
from viewer.app.jobs import Job, JobControl
from viewer.app.use_cases import backups, keeping, keys, library, outlook, recovery, store
from viewer.model.errors import BitewingError
from viewer.model.ids import PatientId
from viewer.model.image import ImageKind
from viewer.model.patient import Patient
from viewer.session.permissions import KeyName, Permission
from viewer.ui import ports, store_ports
from viewer.ui.wording import kind_words
from viewer.wiring.workstation import Workstation

_CHECK = "check"
_FOUND = 50


class ClinicStore:
    """Satisfies the port `Store`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._checked: store_ports.StoreCheck | None = None

    @property
    def _clinic(self) -> Clinic:
        return self._workstation.clinic

    # --- health ------------------------------------------------------------------------------

    def last_check(self) -> store_ports.StoreCheck | None:
        """The last check; after a restart without what it found in detail."""
        if self._checked is not None or not self._clinic.is_vault_open:
            return self._checked
        facts = notes.noted(self._clinic, _CHECK)
        when = notes.moment_of(facts)
        if when is None:
            return None
        return store_ports.StoreCheck(
            when, bool(facts.get("deep")), bool(facts.get("whole")), int(facts.get("objects", 0))
        )

    def check(
        self,
        deep: bool,  # noqa: FBT001 - the port is called by position
        on_done: Callable[[store_ports.StoreCheck], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Look at every object, or open each to its last byte."""
        clinic = self._clinic

        def work(control: JobControl) -> store_ports.StoreCheck:
            report = store.check_store(clinic, store.CheckStore(deep), control)
            found = _check_of(report, clinic)
            facts = {"when": found.when.isoformat(), "deep": deep, "whole": found.is_whole}
            notes.note(clinic, _CHECK, {**facts, "objects": found.objects})
            return found

        def done(found: store_ports.StoreCheck) -> None:
            self._checked = found
            on_done(found)

        return self._workstation.jobs.submit(work, done, on_fault, on_progress)

    def repair(
        self,
        on_done: Callable[[store_ports.StoreRepair], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Mend what there is a second place for."""

        def done(repaired: store.RepairedStore) -> None:
            self._checked = None
            on_done(store_ports.StoreRepair(repaired.done, repaired.lost))

        request = store.RepairStore(deep=True)
        return self._submit(store.repair_store, request, done, on_fault, on_progress)

    # --- backups -----------------------------------------------------------------------------

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

    # --- keys --------------------------------------------------------------------------------

    def key_facts(
        self, on_done: Callable[[store_ports.KeyFacts], None], on_fault: ports.OnFault
    ) -> ports.Running:
        """Say how the keys stand."""
        return self._submit(
            outlook.show_keys,
            outlook.ShowKeys(),
            lambda state: on_done(_key_facts(state)),
            on_fault,
        )

    def change_keys(
        self,
        on_done: Callable[[store_ports.KeysChanged], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Begin new keys and bring the store and its backups to them."""
        return self._submit(
            keys.rotate_keys,
            keys.RotateKeys(),
            lambda done: on_done(
                store_ports.KeysChanged(
                    done.rotated.epoch,
                    done.rotated.keys,
                    len(done.retired),
                    done.pending,
                    len(done.rotated.damaged),
                )
            ),
            on_fault,
            on_progress,
        )

    def seal_anew(
        self,
        on_done: Callable[[store_ports.SealedAnew], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> ports.Running:
        """Seal every image anew under fresh keys, or go on with it."""
        return self._submit(
            keys.seal_anew,
            keys.SealAnew(),
            lambda done: on_done(
                store_ports.SealedAnew(done.objects, done.size_bytes, len(done.left))
            ),
            on_fault,
            on_progress,
        )

    def prove_recovery(
        self, typed: str, on_done: Callable[[bool], None], on_fault: ports.OnFault
    ) -> ports.Running:
        """Say whether what was typed opens every key."""
        return self._submit(
            recovery.prove_recovery, recovery.ProveRecovery(typed), on_done, on_fault
        )

    def replace_recovery(
        self, on_done: Callable[[ports.RecoveryKey], None], on_fault: ports.OnFault
    ) -> ports.Running:
        """Make a new recovery key."""
        clinic = self._clinic

        def work(control: JobControl) -> ports.RecoveryKey:
            fresh = recovery.replace_recovery(clinic, recovery.ReplaceRecovery(), control)
            groups = fresh.groups
            fresh.wipe()
            return ports.RecoveryKey(groups, clinic.practice.name)

        return self._workstation.jobs.submit(work, on_done, on_fault)

    # --- keeping -----------------------------------------------------------------------------

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
                return [_found(row.patient) for row in rows]
            people = outlook.find_by_number(clinic, outlook.FindByNumber(text))
            return [_found(patient) for patient in people]
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
            names = _names(clinic, [hold.patient_id for hold in found], control)
            return [_hold_of(clinic, hold, names) for hold in found]

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
            names = _names(clinic, [each.patient_id for each in found], control)
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

    # --- erasing -----------------------------------------------------------------------------

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
                _found(plan.patient),
                plan.images,
                plan.visits,
                plan.days[0] if plan.days else None,
                plan.days[-1] if plan.days else None,
                tuple(_hold_of(clinic, hold, names) for hold in plan.holds),
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

    def _submit(
        self,
        case: UseCase[Request, Answer],
        request: Request,
        on_done: Callable[[Answer], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress = lambda _: None,
    ) -> Job[Answer]:
        clinic = self._clinic
        return self._workstation.jobs.submit(
            lambda control: case(clinic, request, control), on_done, on_fault, on_progress
        )


# --- records for the windows ------------------------------------------------------------------


def _check_of(report: store.CheckReport, clinic: Clinic) -> store_ports.StoreCheck:
    return store_ports.StoreCheck(
        clinic.clock.wall(),
        report.is_deep,
        report.is_sound,
        report.objects_checked,
        report.bytes_checked,
        tuple(
            store_ports.StoreFinding(each.words, each.now, each.is_harmless)
            for each in report.findings
        ),
    )


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


def _labels_of_archives(clinic: Clinic) -> tuple[str, ...]:
    archives = clinic.vault.keeping.archives()
    return tuple(each.label for each in archives if not each.is_lost and each.objects_held)


def _key_facts(state: outlook.KeyState) -> store_ports.KeyFacts:
    why = ""
    if KeyName.IMAGES in state.due:
        why = "somebody lost access or the recovery sheet was replaced since."
    return store_ports.KeyFacts(
        state.epoch,
        state.since,
        why,
        state.is_unfinished,
        len(state.older),
        state.pending,
        state.recovery_proved,
    )


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


def _found(patient: Patient) -> store_ports.FoundPatient:
    return store_ports.FoundPatient(
        patient.id, patient.chart_number, patient.display_name, patient.birth_date
    )


def _names(
    clinic: Clinic, patient_ids: Sequence[PatientId], control: JobControl
) -> Mapping[PatientId, Patient]:
    if not patient_ids:
        return {}
    return outlook.name_patients(clinic, outlook.NamePatients(tuple(patient_ids)), control)


def _named(patient_id: PatientId, names: Mapping[PatientId, Patient]) -> store_ports.FoundPatient:
    patient = names.get(patient_id)
    if patient is None:
        return store_ports.FoundPatient(patient_id, patient_id[:8])
    return _found(patient)


def _hold_of(
    clinic: Clinic, hold: outlook.Hold, names: Mapping[PatientId, Patient]
) -> store_ports.LegalHold:
    people = {user.id: user.display_name for user in clinic.practice.users()}
    return store_ports.LegalHold(
        hold.number,
        _named(hold.patient_id, names),
        hold.reason,
        people.get(hold.placed_by, "somebody"),
        hold.placed_at,
    )


def _due_of(due: outlook.Due, names: Mapping[PatientId, Patient]) -> store_ports.DuePatient:
    return store_ports.DuePatient(
        _named(due.patient_id, names),
        len(due.image_ids),
        due.kept_until,
        due.last_visit,
        due.is_whole,
        due.is_held,
        due.code,
    )
