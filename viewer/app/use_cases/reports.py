"""What the review hands out: the monthly report, and an accounting of disclosures."""

from __future__ import annotations

import os
from datetime import date, datetime, time
from pathlib import Path

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import DestinationFault, DestinationRefused
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.review.disclosures import Accounting, accounting, six_years_before
from viewer.app.review.leaving import leavings, of_patient
from viewer.app.review.material import seen_in
from viewer.app.reviewing import Review
from viewer.app.use_cases.exporting import refuse_destination
from viewer.app.use_cases.review import events_of, label_in, make_review
from viewer.crypto.derive import digest
from viewer.model.ids import PatientId
from viewer.redact.profiles import profiles
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.permissions import Permission


@attrs.frozen
class WriteReport:
    """Which days, both included, and the PDF to write."""

    since: date
    until: date
    destination: Path = attrs.field(repr=False)
    replace: bool = False


@attrs.frozen(eq=False)
class WrittenReport:
    """What was written: its SHA-256 stands in the trail, in the entry of this number."""

    review: Review
    is_whole: bool
    sha256: str
    size_bytes: int
    trail_number: int


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.REPORT,
    subject=lambda clinic, request: Subject(why=f"review of {request.since} to {request.until}"),
)
def write_report(clinic: Clinic, request: WriteReport, act: Act) -> WrittenReport:
    """Verify the trail, look through a period, and write the review as a PDF.

    Raises
    ------
    DestinationRefused, DestinationFault
        Nothing was written.
    """
    from viewer.app.review.report_pdf import Report, report_pdf  # what prints takes its time

    refuse_destination(request.destination, replace=request.replace)
    act.control.progress(0, 0, "Verifying the trail")
    verdict = clinic.trail.verify()
    review = make_review(clinic, request.since, request.until, act)
    act.control.progress(0, 0, "Writing")
    actor = act.session.actor
    content = report_pdf(Report(clinic.practice.name, review, verdict, actor.name, actor.role))
    act.still_here()
    _write(request.destination, content)
    sha256 = digest(content).hex()
    whole = "the trail is whole" if verdict.is_whole else "THE TRAIL IS DAMAGED"
    act.outcome = Subject(
        why=f"{act.outcome.why}: {review.open_findings} findings open, {whole}",
        digests=(sha256, verdict.head.digest),
        size_bytes=len(content),
    )
    return WrittenReport(review, verdict.is_whole, sha256, len(content), act.number)


@attrs.frozen
class ShowDisclosures:
    """Whose disclosures, by the opaque id; asked for on a day."""

    patient_id: PatientId
    day: date


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.TRAIL_READ,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(request.patient_id, why="disclosures"),
)
def show_disclosures(clinic: Clinic, request: ShowDisclosures, act: Act) -> Accounting:
    """List what left of one patient within six years."""
    return _accounting(clinic, request.patient_id, request.day, act)


@attrs.frozen
class AccountDisclosures:
    """Whose disclosures, asked for on a day; the PDF to write, and beside it the same as CSV."""

    patient_id: PatientId
    day: date
    destination: Path = attrs.field(repr=False)
    replace: bool = False


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.REPORT,
    subject=lambda clinic, request: Subject(
        request.patient_id, why="accounting of disclosures", purpose="45 CFR 164.528"
    ),
)
def account_disclosures(clinic: Clinic, request: AccountDisclosures, act: Act) -> Accounting:
    """Write the accounting of one patient's disclosures (45 CFR 164.528).

    Raises
    ------
    DestinationRefused, DestinationFault
        Nothing was written.
    """
    from viewer.app.review.disclosures_paper import accounting_csv, accounting_pdf

    table = request.destination.with_suffix(".csv")
    if table == request.destination:
        raise DestinationRefused(
            "The table beside the accounting would take its place.", "Name a file ending in .pdf."
        )
    for destination in (request.destination, table):
        refuse_destination(destination, replace=request.replace)
    made = _accounting(clinic, request.patient_id, request.day, act)
    printed, rows = accounting_pdf(made), accounting_csv(made).encode("utf-8-sig")
    act.still_here()
    _write(request.destination, printed)
    _write(table, rows)
    act.outcome = attrs.evolve(
        act.outcome,
        why=f"accounting of disclosures: {len(made.required)} of {len(made.lines)} required",
        digests=(digest(printed).hex(), digest(rows).hex()),
        size_bytes=len(printed) + len(rows),
    )
    return made


def _accounting(clinic: Clinic, patient_id: PatientId, day: date, act: Act) -> Accounting:
    since = six_years_before(day)
    start = datetime.combine(since, time()).astimezone()
    label = label_in(clinic, patient_id, act)
    seen = seen_in(events_of(clinic, patient_id, act))
    left = [each for each in of_patient(leavings(seen), patient_id) if each.when >= start]
    rules = {profile.purpose: profile.accounting for profile in profiles().values()}
    first = next(iter(clinic.open_trail_reader(act.session).scan(EventFilter())), None)
    return Accounting(
        clinic.practice.name,
        patient_id,
        label.name,
        label.chart_number,
        label.birth_date,
        since,
        day,
        clinic.clock.wall(),
        act.session.actor.name,
        first.wall.astimezone() if first else None,
        accounting(left, rules),
    )


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as fault:
        part.unlink(missing_ok=True)
        raise DestinationFault from fault
