"""A review desk over made-up trails, that a test lets answer, fail or wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import attrs

from tests.support.trails import NAMES, a_review
from tests.ui.fakes import FakeRunning
from viewer.app.jobs import Progress
from viewer.app.review.disclosures import Accounting, accounting, six_years_before
from viewer.app.review.findings import Finding, SignedOff
from viewer.app.review.leaving import leavings, of_patient
from viewer.app.review.settings import Hours
from viewer.app.reviewing import PatientLabel, Review
from viewer.model.ids import PatientId
from viewer.ui.ports import OnFault, OnProgress
from viewer.ui.review_ports import PatientView, ReportDone

RULES = {"Referral": "exempt: treatment (45 CFR 164.528(a)(1)(i))"}


class FakeDesk:
    """Answers at once unless `holds_work`; `done` notes what was asked for."""

    def __init__(self, review: Review | None = None) -> None:
        self.review = review or a_review()
        self.done: list[tuple[object, ...]] = []
        self.fault: Exception | None = None
        self.holds_work = False
        self.running: FakeRunning | None = None
        self.choices: dict[str, str] = {}
        self.may_set = True

    @property
    def reviewer(self) -> str:
        return "Sven Officer"

    @property
    def may_set_hours(self) -> bool:
        return self.may_set

    def _answer(
        self,
        call: Callable[[], None],
        on_fault: OnFault,
        on_progress: OnProgress = lambda _: None,
    ) -> FakeRunning:
        self.running = FakeRunning(call, on_fault, on_progress)
        if self.holds_work:
            on_progress(Progress(1, 4, "Looking"))
        elif self.fault is not None:
            on_fault(self.fault)
        else:
            call()
        return self.running

    def look(
        self,
        since: date,
        until: date,
        on_done: Callable[[Review], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> FakeRunning:
        self.done.append(("look", since, until))
        return self._answer(lambda: on_done(self.review), on_fault, on_progress)

    def sign_off(
        self, finding: Finding, note: str, on_done: Callable[[Finding], None], on_fault: OnFault
    ) -> FakeRunning:
        self.done.append(("sign off", finding.id, note))
        signed = SignedOff(self.reviewer, datetime(2026, 11, 22, 9, tzinfo=UTC), note)
        return self._answer(lambda: on_done(attrs.evolve(finding, signed=signed)), on_fault)

    def find_patient(
        self, text: str, on_done: Callable[[Sequence[PatientLabel]], None], on_fault: OnFault
    ) -> FakeRunning:
        found = [
            each
            for each in NAMES.values()
            if text.casefold() in each.name.casefold() or text == each.chart_number
        ]
        return self._answer(lambda: on_done(found[:20]), on_fault)

    def who_saw(
        self,
        patient_id: PatientId,
        on_done: Callable[[PatientView], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> FakeRunning:
        self.done.append(("who saw", patient_id))
        seen = [e for e in reversed(self.review.seen) if e.entry.patient_id == patient_id]
        view = PatientView(NAMES[patient_id], seen, self._accounting(patient_id))
        return self._answer(lambda: on_done(view), on_fault, on_progress)

    def _accounting(self, patient_id: PatientId) -> Accounting:
        label, day = NAMES[patient_id], self.review.until
        left = of_patient(leavings(self.review.seen), patient_id)
        return Accounting(
            "Test Practice", patient_id, label.name, label.chart_number, label.birth_date,
            six_years_before(day), day, self.review.made, self.reviewer, None,
            accounting(left, RULES),
        )  # fmt: skip

    def account(
        self,
        patient_id: PatientId,
        path: Path,
        on_done: Callable[[Accounting], None],
        on_fault: OnFault,
    ) -> FakeRunning:
        self.done.append(("account", patient_id, path))
        return self._answer(lambda: on_done(self._accounting(patient_id)), on_fault)

    def report(
        self,
        since: date,
        until: date,
        path: Path,
        on_done: Callable[[ReportDone], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> FakeRunning:
        self.done.append(("report", since, until, path))
        made = ReportDone(path.name, is_whole=True, sha256="ab" * 32, trail_number=812)
        return self._answer(lambda: on_done(made), on_fault, on_progress)

    def set_hours(
        self, hours: Hours, on_done: Callable[[Hours], None], on_fault: OnFault
    ) -> FakeRunning:
        self.done.append(("hours", hours))
        return self._answer(lambda: on_done(hours), on_fault)

    def remembered(self) -> Mapping[str, str]:
        return self.choices

    def remember(self, choices: Mapping[str, str]) -> None:
        self.choices = dict(choices)
