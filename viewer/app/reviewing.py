"""Gathering what a review looks at: events of the trail, accounts, and names where the role may.

Names are read only for a role that may know them (`may_name`), compared in memory, and never
written into the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act
from viewer.app.review.breaking import EmergencyAccess, accesses
from viewer.app.review.findings import Finding
from viewer.app.review.leaving import Leaving
from viewer.app.review.material import Named, Person, Ref, Seen, seen_in
from viewer.app.review.people import PersonFacts
from viewer.app.review.settings import Hours
from viewer.model.ids import PatientId, UserId
from viewer.model.patient import Patient
from viewer.session.audit.events import Event, EventFilter, EventKind
from viewer.session.audit.reader import TrailReader
from viewer.session.permissions import Permission, Role
from viewer.vault.errors import NotInStore

_EVERYBODY = 10_000_000
_LOOK_UP_EVERY = 5_000
_LASTING = frozenset(
    {EventKind.EMERGENCY, EventKind.EMERGENCY_CODE, EventKind.REVIEWED, EventKind.REPORT}
)
_AFTER_EMERGENCY = timedelta(minutes=45)
SHORT_ID = 8


@attrs.frozen
class PatientLabel:
    """What a reviewer may know of a patient: without a name, a part of the opaque id."""

    id: PatientId
    name: str = attrs.field(default="", repr=False)
    chart_number: str = attrs.field(default="", repr=False)
    birth_date: date | None = attrs.field(default=None, repr=False)

    @property
    def words(self) -> str:
        """The name, else the beginning of the id."""
        return self.name or self.id[:SHORT_ID]


@attrs.frozen(eq=False)
class Review:
    """A period of the trail, looked through. `seen` is the period alone, oldest first.

    `last` is when somebody last signed anything off or made a report; `not_looked_at` says in
    sentences which rules could not be used, and why. `labels` has the patients that anything in it
    is about, for a role that may know them.
    """

    since: date
    until: date
    made: datetime
    seen: Sequence[Seen]
    findings: Sequence[Finding]
    people: Sequence[PersonFacts]
    leavings: Sequence[Leaving]
    emergencies: Sequence[EmergencyAccess]
    hours: Hours
    last: datetime | None
    knows_names: bool
    not_looked_at: tuple[str, ...]
    labels: Mapping[PatientId, PatientLabel] = attrs.field(repr=False)

    @property
    def open_findings(self) -> int:
        """How many findings nobody signed off."""
        return sum(1 for each in self.findings if each.is_open)

    @property
    def open_emergencies(self) -> int:
        """How many emergency accesses nobody reviewed."""
        return sum(1 for each in self.emergencies if each.signed is None)

    def label(self, patient_id: PatientId) -> PatientLabel:
        """Return what may be known of a patient."""
        return self.labels.get(patient_id, PatientLabel(patient_id))


def may_name(role: Role) -> bool:
    """Whether a role may know whose images an event was about."""
    return role.allows(Permission.LIST_PATIENTS) or role.allows(Permission.MANAGE_KEEPING)


def knows_names(clinic: Clinic, act: Act) -> bool:
    """Whether whoever reviews may know names, and the store is open to read them."""
    return may_name(act.session.role) and clinic.is_vault_open


def whole_days(since: date, until: date) -> tuple[datetime, datetime]:
    """Return the first moment of a day and the first after another, in this computer's time."""
    start = datetime.combine(since, time()).astimezone()
    return start, datetime.combine(until + timedelta(days=1), time()).astimezone()


def gathered(
    reader: TrailReader, since: datetime, until: datetime, past: timedelta, act: Act
) -> list[Seen]:
    """Return the events of a period and of what came before it, oldest first.

    Emergency accesses, what was opened in them, sign-offs and reports come from any time.
    """
    act.control.progress(0, 0, "Reading the trail")
    events = {Ref.of(e): e for e in read(reader, EventFilter(since=since - past, until=until), act)}
    lasting = read(reader, EventFilter(kinds=_LASTING), act)
    older = [event for event in lasting if Ref.of(event) not in events]
    events.update((Ref.of(event), event) for event in older)
    for access in accesses(seen_in(lasting)):
        if access.signed is None and access.began < since - past:
            began = access.began
            meanwhile = EventFilter(since=began, until=began + _AFTER_EMERGENCY)
            events.update((Ref.of(event), event) for event in read(reader, meanwhile, act))
    return seen_in(events.values())


def read(reader: TrailReader, wanted: EventFilter, act: Act) -> list[Event]:
    """Return all events that match, oldest first."""
    found: list[Event] = []
    for event in reader.scan(wanted):
        found.append(event)
        if len(found) % _LOOK_UP_EVERY == 0:
            act.still_here()
    act.still_here()
    return found


def people_of(clinic: Clinic) -> dict[UserId, Person]:
    """Return everybody with an account."""
    return {
        user.id: Person(
            user.display_name,
            user.role.title,
            user.is_enabled and user.is_ready,
            user.role.allows(Permission.REVIEW_TRAIL),
        )
        for user in clinic.practice.users()
    }


def all_patients(clinic: Clinic) -> dict[PatientId, Patient]:
    """Return every patient, whose name is compared in memory."""
    return {row.patient.id: row.patient for row in clinic.vault.patients("", _EVERYBODY)}


def names_of(patients: Mapping[PatientId, Patient]) -> dict[PatientId, Named]:
    """Return patients' names for the rules."""
    return {key: Named(each.family_name, each.given_name) for key, each in patients.items()}


def labels_of(clinic: Clinic, patient_ids: Iterable[PatientId]) -> dict[PatientId, PatientLabel]:
    """Return who they are; somebody who is gone is left out."""
    found = {}
    for patient_id in dict.fromkeys(patient_ids):
        try:
            found[patient_id] = label_of(clinic.vault.patient(patient_id))
        except NotInStore:
            continue
    return found


def label_of(patient: Patient) -> PatientLabel:
    """Return a patient's label."""
    return PatientLabel(patient.id, patient.display_name, patient.chart_number, patient.birth_date)
