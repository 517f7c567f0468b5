"""Looking before something is done to the store: nothing here changes anything of patients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import attrs

from viewer.app import notes
from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.staleness import stale_since
from viewer.model.ids import PatientId
from viewer.model.patient import Patient
from viewer.session.audit.events import EventFilter, EventKind, Outcome
from viewer.session.permissions import KeyName, Permission
from viewer.vault.errors import NotInStore
from viewer.vault.keeping.records import Due, Hold
from viewer.vault.keeping.rules import Quota

__all__ = [
    "Due",
    "ErasurePlan",
    "EvictionPlan",
    "FindByNumber",
    "Hold",
    "KeyState",
    "NamePatients",
    "PlanErasure",
    "PlanEviction",
    "Quota",
    "ShowKeys",
    "find_by_number",
    "name_patients",
    "plan_erasure",
    "plan_eviction",
    "show_keys",
]

_BEGINNINGS = frozenset(
    {EventKind.KEYS_ROTATED, EventKind.PATIENT_ERASED, EventKind.PRACTICE_FOUNDED}
)


@attrs.frozen
class ShowKeys:
    """How the keys of the store stand."""


@attrs.frozen
class KeyState:
    """The epoch in force and since when (None where the trail does not say).

    `due` says which keys are to be changed; `is_unfinished`: a change was begun and not ended;
    `is_resealing`: so was sealing anew. `pending` backups need older epochs.
    """

    epoch: int
    since: datetime | None
    due: frozenset[KeyName]
    is_unfinished: bool
    is_resealing: bool
    older: tuple[int, ...]
    pending: tuple[str, ...]
    recovery_proved: datetime | None


@use_case(
    permission=Permission.MANAGE_KEYS,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="keys"),
)
def show_keys(clinic: Clinic, request: ShowKeys, act: Act) -> KeyState:
    """Say how the keys stand."""
    live = sorted(clinic.practice.live_epochs(KeyName.IMAGES))
    vault = clinic.vault
    return KeyState(
        live[-1],
        _since(clinic, act, live[-1]),
        clinic.practice.rotation_due,
        vault.keys.is_behind(live[-1]),
        vault.keys.needs_reseal,
        tuple(live[:-1]),
        clinic.destinations.pending(),
        clinic.practice.recovery_proved_at,
    )


def _since(clinic: Clinic, act: Act, epoch: int) -> datetime | None:
    """Return when an epoch began, from the note of it or, the first time, from the trail."""
    name = f"epoch {epoch}"
    known = notes.moment_of(notes.noted(clinic, name))
    if known is not None or not act.session.role.allows(Permission.READ_TRAIL):
        return known
    reader = clinic.open_trail_reader(act.session)
    for event in reader.page(EventFilter(kinds=_BEGINNINGS), 0, 1_000):
        is_done = event.entry.outcome is Outcome.DONE
        begins = event.entry.kind is EventKind.PRACTICE_FOUNDED or f"epoch {epoch}," in (
            event.entry.why
        )
        if is_done and begins and (epoch == 1 or event.entry.kind is EventKind.KEYS_ROTATED):
            notes.note(clinic, name, {"when": event.wall.isoformat()})
            return event.wall
    return None


@attrs.frozen
class FindByNumber:
    """The chart number, or the opaque id, of whom to find."""

    number: str = attrs.field(repr=False)


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="find a patient by number"),
)
def find_by_number(clinic: Clinic, request: FindByNumber, act: Act) -> list[Patient]:
    """Find whom a hold or an erasure is about, for roles that list no patients."""
    found = clinic.vault.keeping.patients_named(request.number)
    return [clinic.vault.patient(patient_id) for patient_id in found]


@attrs.frozen
class NamePatients:
    """Whose names to show beside holds and ended periods."""

    patient_ids: tuple[PatientId, ...]


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(
        objects=request.patient_ids, why="names beside holds and ended periods"
    ),
)
def name_patients(clinic: Clinic, request: NamePatients, act: Act) -> Mapping[PatientId, Patient]:
    """Return who they are; somebody who is gone is left out."""
    found = {}
    for patient_id in dict.fromkeys(request.patient_ids):
        try:
            found[patient_id] = clinic.vault.patient(patient_id)
        except NotInStore:
            continue
    return found


@attrs.frozen
class PlanEviction:
    """How many bytes would be freed."""

    wanted_bytes: int


@attrs.frozen
class EvictionPlan:
    """What would leave the store now, those unseen for longest.

    `stale_since`: backups were last looked at then, which is too long ago to count.
    """

    images: int
    patients: int
    size_bytes: int
    stale_since: datetime | None = None


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="what could leave"),
)
def plan_eviction(clinic: Clinic, request: PlanEviction, act: Act) -> EvictionPlan:
    """Say what would leave; nothing does.

    Raises
    ------
    ClockDoubtful
        The time cannot be believed, so nothing would.
    """
    leaving = clinic.vault.keeping.would_evict(request.wanted_bytes)
    return EvictionPlan(
        len(leaving),
        len({each.patient_id for each in leaving}),
        sum(each.size_bytes for each in leaving),
        stale_since(clinic),
    )


@attrs.frozen
class PlanErasure:
    """Whom to erase, by the opaque id."""

    patient_id: PatientId


@attrs.frozen
class ErasurePlan:
    """What erasing would destroy. `backups` are labels; those `out_of_reach` would stay pending."""

    patient: Patient
    images: int
    days: tuple[date, ...]
    visits: int
    holds: tuple[Hold, ...]
    backups: tuple[str, ...]
    out_of_reach: tuple[str, ...]


@use_case(
    permission=Permission.ERASE_PATIENTS,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(request.patient_id, why="before an erasure"),
)
def plan_erasure(clinic: Clinic, request: PlanErasure, act: Act) -> ErasurePlan:
    """Say what erasing a patient would destroy; nothing is.

    Raises
    ------
    NotInStore
        There is no such patient.
    """
    vault = clinic.vault
    patient = vault.patient(request.patient_id)
    studies = vault.studies(patient.id)
    known = [each for each in vault.backups.known() if not each.is_lost]
    return ErasurePlan(
        patient,
        len(vault.images(patient.id)),
        tuple(sorted(each.study.date for each in studies if each.study.date)),
        len(studies),
        tuple(vault.keeping.holds(patient.id)),
        tuple(each.label for each in known),
        tuple(each.label for each in known if not each.path.is_dir()),
    )
