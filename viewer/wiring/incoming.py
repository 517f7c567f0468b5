"""Imports, cut off or not, and files set aside, for the windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from viewer.app.clinic import Clinic
from viewer.app.gate import Request, UseCase
from viewer.app.incoming.aside import Quarantined
from viewer.app.incoming.report import ImportReport, ImportStopped
from viewer.app.jobs import Job, JobControl
from viewer.app.notes import keep_own_setting, own_setting
from viewer.app.use_cases import importing, quarantine
from viewer.ingest.again import CAN_HOLD
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, UserId
from viewer.session.permissions import Permission
from viewer.ui import ports
from viewer.ui.incoming_ports import AsideRow, CutOff, RetryOutcome
from viewer.wiring.workstation import Workstation

_LAST_FOLDER = "import: last folder"
_LEFT = "somebody who left"


class ClinicIncoming:
    """Satisfies the port `Incoming`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def last_folder(self) -> Path | None:
        """Return where whoever is in chose files or a folder last."""
        try:
            kept = own_setting(self._workstation.clinic, _LAST_FOLDER)
        except BitewingError:  # a store that cannot be read now says so elsewhere
            return None
        return Path(kept) if kept else None

    def keep_folder(self, folder: Path) -> None:
        """Keep where files or a folder were chosen: in the encrypted catalog."""
        keep_own_setting(self._workstation.clinic, _LAST_FOLDER, str(folder))

    def cut_off(self) -> CutOff | None:
        """Return the newest import that was cut off, for whoever may go on with it."""
        clinic = self._workstation.clinic
        if not self._workstation.may(Permission.IMPORT_IMAGES):
            return None
        try:
            if not importing.has_interrupted(clinic):
                return None
            listed = importing.list_interrupted(clinic, importing.ListInterrupted())
        except BitewingError:  # a store that cannot be read now says so elsewhere
            return None
        if not listed:  # of a newer program
            return None
        found = listed[-1]
        began, by = found.began.astimezone(), _name(clinic, found.owner)
        return CutOff(found.id, by, began, len(found.done), found.total)

    def go_on(
        self,
        import_id: str,
        on_done: Callable[[ports.ImportSummary], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[ImportReport]:
        """Go on with it."""
        request = importing.GoOn(import_id)
        case = importing.go_on_importing
        return run_import(self._workstation, case, request, on_done, on_fault, on_progress)

    def forget(self, import_id: str) -> None:
        """Do not go on with it."""
        request = importing.ForgetInterrupted(import_id)
        importing.forget_interrupted(self._workstation.clinic, request)


def run_import(
    workstation: Workstation,
    case: UseCase[Request, ImportReport],
    request: Request,
    on_done: Callable[[ports.ImportSummary], None],
    on_fault: ports.OnFault,
    on_progress: ports.OnProgress,
) -> Job[ImportReport]:
    """Run an import; one that somebody cancelled says what stays."""
    clinic = workstation.clinic

    def ended(fault: Exception) -> None:
        if isinstance(fault, ImportStopped):
            on_done(summary_of(fault.report, is_cancelled=True))
        else:
            on_fault(fault)

    return workstation.jobs.submit(
        lambda control: case(clinic, request, control),
        lambda report: on_done(summary_of(report)),
        ended,
        on_progress,
    )


def summary_of(report: ImportReport, *, is_cancelled: bool = False) -> ports.ImportSummary:
    """Return what the window tells of an import."""
    patients = report.patient_ids
    return ports.ImportSummary(
        images=len(report.shown),
        patients=len(patients),
        already_there=len(report.stored) - len(report.new),
        refusals=tuple(ports.Refusal(each.name_hint, each.reason) for each in report.refusals),
        first_patient=patients[0] if patients else None,
        kept=tuple(
            ports.Refusal(each.record.description or each.record.modality, each.record.reason)
            for each in report.kept
        ),
        waiting=len(report.waiting),
        set_aside=tuple(ports.Refusal(each.file_name, each.reason) for each in report.set_aside),
        done_before=report.skipped,
        is_cancelled=is_cancelled,
    )


class ClinicQuarantine:
    """Satisfies the port `Quarantine`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    @property
    def can_retry(self) -> bool:
        """Whether whoever is in may have files read again, and this computer can."""
        return CAN_HOLD and self._workstation.may(Permission.IMPORT_IMAGES)

    def load(
        self, on_done: Callable[[Sequence[AsideRow]], None], on_fault: ports.OnFault
    ) -> Job[Sequence[AsideRow]]:
        """List them."""
        clinic = self._workstation.clinic

        def work(control: JobControl) -> Sequence[AsideRow]:
            request = quarantine.ListQuarantine()
            found = quarantine.list_quarantine(clinic, request, control)
            return [_row(each, found.names) for each in found.files]

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def retry(
        self, image_id: ImageId, on_done: Callable[[RetryOutcome], None], on_fault: ports.OnFault
    ) -> Job[RetryOutcome]:
        """Read one again."""
        clinic = self._workstation.clinic

        def work(control: JobControl) -> RetryOutcome:
            request = quarantine.RetryQuarantined(image_id)
            report = quarantine.retry_quarantined(clinic, request, control)
            reason = report.refusals[0].reason if report.refusals else ""
            return RetryOutcome(len(report.stored), reason)

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def discard(
        self, row: AsideRow, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> Job[None]:
        """Throw one away."""
        clinic = self._workstation.clinic
        request = quarantine.DiscardQuarantined(row.image_id, row.code)
        return self._workstation.jobs.submit(
            lambda control: quarantine.discard_quarantined(clinic, request, control),
            on_done,
            on_fault,
        )


def _row(each: Quarantined, names: Mapping[UserId, str]) -> AsideRow:
    return AsideRow(
        each.image_id,
        each.file_name,
        each.reason,
        each.when,
        names.get(each.by, _LEFT) if each.by else "—",
        each.origin,
        each.size_bytes,
        quarantine.confirmation(each),
        each.is_whole,
    )


def _name(clinic: Clinic, user_id: UserId) -> str:
    names = {user.id: user.display_name for user in clinic.practice.users()}
    return names.get(user_id, _LEFT)
