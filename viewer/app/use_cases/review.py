"""The review desk: what is unusual, signing it off, who saw a patient, and the practice's hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import attrs

from viewer.app import opening_hours
from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.opening_hours import keep_hours
from viewer.app.review.breaking import ABOUT_ONESELF, EmergencyAccess, accesses
from viewer.app.review.findings import Finding
from viewer.app.review.leaving import leavings
from viewer.app.review.material import Material, Ref, Seen, seen_in
from viewer.app.review.people import people_facts
from viewer.app.review.ranking import ranked
from viewer.app.review.settings import Hours
from viewer.app.reviewing import (
    PatientLabel,
    Review,
    all_patients,
    gathered,
    knows_names,
    label_of,
    labels_of,
    may_name,
    names_of,
    people_of,
    read,
    whole_days,
)
from viewer.model.errors import UserError
from viewer.model.ids import PatientId
from viewer.session.audit.events import Event, EventFilter, EventKind, Outcome
from viewer.session.permissions import Permission

_REFS_TOLD = 200
_SHORTEST_NOTE = 3
_SHORTEST_ID = 4
_NO_MARKS = "No patient can carry a mark for special care yet, so nobody was looked for by it."
_NO_NAMES = (
    "This role may not know patients' names, so nobody was looked for by name: own charts, "
    "co-workers' charts and same surnames."
)
_HOURS_DAMAGED = (
    "The practice's hours were changed outside the program: those that come with it were used. "
    "Set them anew."
)


@attrs.frozen
class ReviewTrail:
    """Which days to look through, both included."""

    since: date
    until: date


def _review_subject(clinic: Clinic, request: ReviewTrail) -> Subject:
    if request.since > request.until:
        raise UserError("The period ends before it begins.", "Choose its first day first.")
    session = clinic.desk.session
    named = session is not None and may_name(session.role) and clinic.is_vault_open
    names = ", with patients' names" if named else ""
    return Subject(why=f"review of {request.since} to {request.until}{names}")


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.TRAIL_READ,
    entries=Entries.ONE_BEFORE,
    subject=_review_subject,
)
def review_trail(clinic: Clinic, request: ReviewTrail, act: Act) -> Review:
    """Look through a period for what is unusual, ranked, with the reason in words."""
    return make_review(clinic, request.since, request.until, act)


def make_review(clinic: Clinic, since: date, until: date, act: Act) -> Review:
    """Gather and look: for the desk, and for the monthly report."""
    start, end = whole_days(since, until)
    known = opening_hours.settings_in_force(clinic)
    reader = clinic.open_trail_reader(act.session)
    seen = gathered(reader, start, end, known.settings.past, act)
    people = people_of(clinic)
    act.still_here()
    named = knows_names(clinic, act)
    patients = all_patients(clinic) if named else {}
    material = Material(
        seen,
        start,
        clinic.clock.wall(),
        known.settings,
        people,
        names_of(patients) if named else None,
        unreadable=[Ref(*place) for place in reader.unreadable],
    )

    def on_rule(done: int, total: int) -> None:
        act.still_here()
        act.control.progress(done, total, "Looking")

    # What lasts was gathered from any time, what came after the period, too.
    findings = [each for each in ranked(material, on_rule) if each.first < end]
    period = [each for each in seen if start <= each.local < end]
    made = Review(
        since,
        until,
        material.now,
        period,
        findings,
        people_facts(period, people, findings, start),
        leavings(period),
        _emergencies(seen, start, end),
        known.settings.hours,
        _last_review(seen),
        named,
        _not_looked_at(named=named, hours_damaged=known.is_damaged),
        {},
    )
    shown = _patients_in(made)
    labels = {key: label_of(each) for key, each in patients.items() if key in shown}
    return attrs.evolve(made, labels=labels)


def _emergencies(seen: Sequence[Seen], start: datetime, end: datetime) -> list[EmergencyAccess]:
    """Return those of the period and what is open from before, newest first."""
    began = [each for each in reversed(accesses(seen)) if each.began < end]
    return [each for each in began if each.signed is None or each.began >= start]


def _patients_in(made: Review) -> set[PatientId | None]:
    shown = {each.entry.patient_id for each in made.seen}
    shown.update(p for each in made.findings for p in each.patients)
    shown.update(p for access in made.emergencies for p in access.patients)
    return shown


def _not_looked_at(*, named: bool, hours_damaged: bool) -> tuple[str, ...]:
    said = [_NO_MARKS]
    if not named:
        said.append(_NO_NAMES)
    if hours_damaged:
        said.append(_HOURS_DAMAGED)
    return tuple(said)


def _last_review(seen: Sequence[Seen]) -> datetime | None:
    looks = {EventKind.REVIEWED, EventKind.REPORT}
    moments = [e.local for e in seen if e.kind in looks and e.entry.outcome is Outcome.DONE]
    return max(moments, default=None)


# --- signing off ------------------------------------------------------------------------------


@attrs.frozen
class SignOff:
    """A finding that somebody looked at, and what they say of it."""

    finding: Finding
    note: str = attrs.field(repr=False)


def other_reviewers(clinic: Clinic) -> list[str]:
    """Return who else may sign off, by name."""
    me = clinic.desk.session.user.id if clinic.desk.session else None
    return [
        user.display_name
        for user in clinic.practice.users()
        if user.id != me
        and user.is_enabled
        and user.is_ready
        and user.role.allows(Permission.REVIEW_TRAIL)
    ]


def _sign_subject(clinic: Clinic, request: SignOff) -> Subject:
    finding, note = request.finding, " ".join(request.note.split())
    if sum(letter.isalnum() for letter in note) < _SHORTEST_NOTE:
        raise UserError("A sign-off needs a note.", "Say in a few words what you found out.")
    session = clinic.desk.session
    own = ""
    if session is not None and finding.user_id == session.user.id:
        others = other_reviewers(clinic)
        if others:
            raise UserError(
                "Nobody signs off what is about themselves.", f"Ask {' or '.join(others)}."
            )
        own = f" {ABOUT_ONESELF}"
    return Subject(
        finding.patients[0] if len(finding.patients) == 1 else None,
        tuple(str(ref) for ref in finding.refs[:_REFS_TOLD]),
        f"{finding.rule.value}: {note}{own}",
        (finding.id,),
        refers_to=finding.refs[0].seq,
        refers_in=finding.refs[0].segment,
    )


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.REVIEWED,
    entries=Entries.ONE_BEFORE,
    subject=_sign_subject,
)
def sign_off(clinic: Clinic, request: SignOff, act: Act) -> Finding:
    """Sign a finding off: the entry is the sign-off, and refers to the events it is about.

    Raises
    ------
    UserError
        There is no note; or it is about whoever signs, and somebody else may.
    """
    return request.finding


# --- who saw whom -----------------------------------------------------------------------------


@attrs.frozen
class FindReviewed:
    """A name or chart number; for a role that may not know them, the beginning of an id."""

    text: str = attrs.field(repr=False)


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="find a patient for the review"),
)
def find_reviewed(clinic: Clinic, request: FindReviewed, act: Act) -> list[PatientLabel]:
    """Find somebody whose events to look at."""
    text = request.text.strip()
    if not text:
        return []
    if knows_names(clinic, act):
        named = [label_of(patient) for patient in clinic.vault.patients_named(text)]
        rows = clinic.vault.patients(text, 50)
        labels = named + [label_of(row.patient) for row in rows]
        return list({label.id: label for label in labels}.values())
    if len(text) < _SHORTEST_ID:
        return []
    ids = clinic.open_trail_reader(act.session).facts().patients
    return [PatientLabel(each) for each in sorted(ids) if each.startswith(text.lower())]


@attrs.frozen
class WhoSaw:
    """Whose events, by the opaque id."""

    patient_id: PatientId


@attrs.frozen(eq=False)
class PatientAccess:
    """Everything that was done with one patient's images, newest first."""

    label: PatientLabel
    seen: Sequence[Seen]


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.TRAIL_READ,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(request.patient_id, why="who saw this patient"),
)
def who_saw(clinic: Clinic, request: WhoSaw, act: Act) -> PatientAccess:
    """List who did what with one patient's images, when and from where."""
    return PatientAccess(
        label_in(clinic, request.patient_id, act),
        list(reversed(seen_in(events_of(clinic, request.patient_id, act)))),
    )


def label_in(clinic: Clinic, patient_id: PatientId, act: Act) -> PatientLabel:
    """Return a patient's label as far as whoever reviews may know it."""
    known = labels_of(clinic, [patient_id]) if knows_names(clinic, act) else {}
    return known.get(patient_id, PatientLabel(patient_id))


def events_of(clinic: Clinic, patient_id: PatientId, act: Act) -> list[Event]:
    """Return a patient's events; also where the patient was one of several."""
    act.control.progress(0, 0, "Reading the trail")
    reader = clinic.open_trail_reader(act.session)
    alone = read(reader, EventFilter(patient_id=patient_id), act)
    kinds = frozenset({EventKind.SHARE, EventKind.EXPORT})
    shared = read(reader, EventFilter(kinds=kinds), act)
    return alone + [
        e for e in shared if e.entry.patient_id is None and patient_id in e.entry.objects
    ]


# --- names beside the trail -------------------------------------------------------------------


@attrs.frozen
class NamesBeside:
    """Whose names to show beside entries of the trail."""

    patient_ids: tuple[PatientId, ...]


@use_case(
    permission=Permission.READ_TRAIL,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(
        objects=request.patient_ids, why="names beside the trail"
    ),
)
def names_beside(
    clinic: Clinic, request: NamesBeside, act: Act
) -> Mapping[PatientId, PatientLabel]:
    """Return who they are, for a role that may know it; for another, nobody."""
    if not knows_names(clinic, act):
        return {}
    return labels_of(clinic, request.patient_ids)


# --- hours ------------------------------------------------------------------------------------


@attrs.frozen
class SetHours:
    """When the practice is open."""

    hours: Hours


@use_case(
    permission=Permission.MANAGE_POLICIES,
    event=EventKind.POLICY_CHANGED,
    subject=lambda clinic, request: Subject(why=f"hours of the practice: {request.hours.words}"),
)
def set_hours(clinic: Clinic, request: SetHours, act: Act) -> Hours:
    """Say when the practice is open: the review looks at what happens at other times."""
    keep_hours(clinic, request.hours)
    return request.hours
