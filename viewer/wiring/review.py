"""The review desk for its window."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import attrs

from viewer.app.jobs import Job, JobControl
from viewer.app.notes import keep_own_setting, own_setting
from viewer.app.review.disclosures import Accounting
from viewer.app.review.findings import Finding, SignedOff
from viewer.app.review.settings import Hours
from viewer.app.reviewing import PatientLabel, Review
from viewer.app.use_cases import reports, review
from viewer.model.errors import BitewingError
from viewer.model.ids import PatientId
from viewer.session.permissions import Permission
from viewer.ui import ports
from viewer.ui.review_ports import PatientView, ReportDone
from viewer.wiring.workstation import Workstation

_CHOICES = "review desk"


class ClinicReview:
    """Satisfies the port `ReviewDesk`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._choices: dict[str, str] = {}

    @property
    def reviewer(self) -> str:
        """Who reviews."""
        user = self._workstation.current_user
        return user.display_name if user is not None else ""

    @property
    def may_set_hours(self) -> bool:
        """Whether the role may change the hours."""
        return self._workstation.may(Permission.MANAGE_POLICIES)

    def look(
        self,
        since: date,
        until: date,
        on_done: Callable[[Review], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[Review]:
        """Look through the days."""
        clinic = self._workstation.clinic
        request = review.ReviewTrail(since, until)
        return self._workstation.jobs.submit(
            lambda control: review.review_trail(clinic, request, control),
            on_done,
            on_fault,
            on_progress,
        )

    def sign_off(
        self,
        finding: Finding,
        note: str,
        on_done: Callable[[Finding], None],
        on_fault: ports.OnFault,
    ) -> Job[Finding]:
        """Sign a finding off."""
        clinic = self._workstation.clinic

        def work(control: JobControl) -> Finding:
            is_own = clinic.desk.session is not None and (
                finding.user_id == clinic.desk.session.user.id
            )
            review.sign_off(clinic, review.SignOff(finding, note), control)
            when = clinic.clock.wall().astimezone()
            signed = SignedOff(self.reviewer, when, " ".join(note.split()), is_own)
            return attrs.evolve(finding, signed=signed)

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def find_patient(
        self,
        text: str,
        on_done: Callable[[Sequence[PatientLabel]], None],
        on_fault: ports.OnFault,
    ) -> Job[list[PatientLabel]]:
        """Find somebody."""
        clinic = self._workstation.clinic
        request = review.FindReviewed(text)
        return self._workstation.jobs.submit(
            lambda control: review.find_reviewed(clinic, request, control), on_done, on_fault
        )

    def who_saw(
        self,
        patient_id: PatientId,
        on_done: Callable[[PatientView], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[PatientView]:
        """Read all of one patient's events, and what left."""
        clinic = self._workstation.clinic

        def work(control: JobControl) -> PatientView:
            access = review.who_saw(clinic, review.WhoSaw(patient_id), control)
            day = clinic.clock.wall().astimezone().date()
            request = reports.ShowDisclosures(patient_id, day)
            accounting = reports.show_disclosures(clinic, request, control)
            return PatientView(access.label, access.seen, accounting)

        return self._workstation.jobs.submit(work, on_done, on_fault, on_progress)

    def account(
        self,
        patient_id: PatientId,
        path: Path,
        on_done: Callable[[Accounting], None],
        on_fault: ports.OnFault,
    ) -> Job[Accounting]:
        """Write the accounting of disclosures; the file dialog asked before it replaces one."""
        clinic = self._workstation.clinic
        day = clinic.clock.wall().astimezone().date()
        request = reports.AccountDisclosures(patient_id, day, path, replace=True)
        return self._workstation.jobs.submit(
            lambda control: reports.account_disclosures(clinic, request, control),
            on_done,
            on_fault,
        )

    def report(
        self,
        since: date,
        until: date,
        path: Path,
        on_done: Callable[[ReportDone], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[ReportDone]:
        """Write the review as a PDF; the file dialog asked before it replaces one."""
        clinic = self._workstation.clinic
        request = reports.WriteReport(since, until, path, replace=True)

        def work(control: JobControl) -> ReportDone:
            written = reports.write_report(clinic, request, control)
            return ReportDone(path.name, written.is_whole, written.sha256, written.trail_number)

        return self._workstation.jobs.submit(work, on_done, on_fault, on_progress)

    def set_hours(
        self, hours: Hours, on_done: Callable[[Hours], None], on_fault: ports.OnFault
    ) -> Job[Hours]:
        """Say when the practice is open."""
        clinic = self._workstation.clinic
        request = review.SetHours(hours)
        return self._workstation.jobs.submit(
            lambda control: review.set_hours(clinic, request, control), on_done, on_fault
        )

    def remembered(self) -> Mapping[str, str]:
        """What this person chose; for a role that opens no store, since the program started."""
        try:
            text = own_setting(self._workstation.clinic, _CHOICES)
            found = json.loads(text) if text else self._choices
        except (BitewingError, ValueError):
            return self._choices
        return found if isinstance(found, dict) else self._choices

    def remember(self, choices: Mapping[str, str]) -> None:
        """Keep what this person chose."""
        self._choices = dict(choices)
        keep_own_setting(self._workstation.clinic, _CHOICES, json.dumps(self._choices))
