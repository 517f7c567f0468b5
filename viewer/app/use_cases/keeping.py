"""What the store keeps here, for how long, and what nobody may remove.

Nothing leaves the store and nothing is purged without its entry in the trail: the gate commits the
intent, and what leaves is written down patient by patient before it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.staleness import stale_since
from viewer.model.ids import PatientId
from viewer.session.audit.events import Entry, EventKind, Outcome
from viewer.session.permissions import Permission
from viewer.vault.errors import KeepingRefused
from viewer.vault.keeping.records import Due, Evicted, Hold, Leaving, Usage
from viewer.vault.keeping.rules import Quota, Rules, Source, sources


def patient_named(clinic: Clinic, name: str) -> PatientId:
    """Return the patient with this id or chart number.

    Raises
    ------
    NothingChosen
        There is none, or more than one has this chart number.
    """
    found = clinic.vault.keeping.patients_named(name)
    if not found:
        raise NothingChosen("There is no such patient.", "Use the id or the chart number.")
    if len(found) > 1:
        raise NothingChosen("More than one patient has this chart number.", "Use the id.")
    return found[0]


# what there is


@attrs.frozen
class MeasureStore:
    """What the store takes, by kind of image."""


@attrs.frozen
class Measured:
    """The usage, and the rules that it is measured by.

    `stale_since`: backups were last looked at then, which is too long ago for anything to leave.
    """

    usage: Usage
    rules: Rules
    stale_since: datetime | None = None


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="keeping: usage"),
)
def measure_store(clinic: Clinic, request: MeasureStore, act: Act) -> Measured:
    """Say what the store takes, what is held elsewhere too and what could be freed."""
    usage = clinic.vault.keeping.usage(
        lambda done, total: act.control.progress(done, total, "Measuring"),
        act.control.is_cancelled,
    )
    return Measured(usage, clinic.vault.keeping.rules(), stale_since(clinic))


@attrs.frozen
class SetQuota:
    """The quota (None: none), and for how many days a verification counts (None: as it is)."""

    quota: Quota | None = None
    verified_days: int | None = None


def _quota_words(request: SetQuota) -> Subject:
    quota = request.quota
    if quota is None:
        words = "no quota"
    elif quota.percent is not None:
        words = f"quota {quota.percent} % of the disk"
    else:
        words = f"quota {quota.size_bytes} bytes"
    days = request.verified_days
    return Subject(why=words + (f", verified within {days} days" if days else ""))


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.KEEPING_CHANGED,
    subject=lambda clinic, request: _quota_words(request),
)
def set_quota(clinic: Clinic, request: SetQuota, act: Act) -> Rules:
    """Set the quota; nothing leaves by that alone."""
    if request.verified_days is not None:
        clinic.vault.keeping.set_verified_days(request.verified_days)
    return clinic.vault.keeping.set_quota(request.quota)


@attrs.frozen
class EvictImages:
    """How many bytes to free; None: down to the quota."""

    free_bytes: int | None = None


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.EVICTED,
    subject=lambda clinic, request: Subject(
        why="down to the quota" if request.free_bytes is None else f"free {request.free_bytes}"
    ),
)
def evict_images(clinic: Clinic, request: EvictImages, act: Act) -> Evicted:
    """Send pixels away that an archive also holds, least recently looked at first.

    Raises
    ------
    NothingChosen
        No amount is given and there is no quota.
    ClockDoubtful
        The date cannot be believed.
    """
    wanted = request.free_bytes
    if wanted is None:
        usage = clinic.vault.keeping.usage(is_cancelled=act.control.is_cancelled)
        if usage.quota_bytes is None:
            raise NothingChosen("There is no quota.", "Say how much to free, or set one.")
        wanted = usage.over_quota_bytes

    def witness(leaving: Leaving) -> None:
        act.still_here()
        _write_down(clinic, act, EventKind.EVICTED, leaving)

    gone = clinic.vault.keeping.evict(
        wanted,
        witness,
        lambda done, total: act.control.progress(done, total, "Freeing"),
        act.control.is_cancelled,
    )
    clinic.keep_catalog_head(clinic.vault)
    act.outcome = attrs.evolve(
        act.outcome,
        why=f"{act.outcome.why}: {len(gone.image_ids)} images",
        size_bytes=gone.size_bytes,
    )
    return gone


def _write_down(clinic: Clinic, act: Act, kind: EventKind, leaving: Leaving) -> None:
    clinic.trail.append(
        Entry(
            kind,
            act.session.actor,
            Outcome.INTENT,
            patient_id=leaving.patient_id,
            objects=leaving.object_ids,
            digests=leaving.digests,
            size_bytes=leaving.size_bytes,
            refers_to=act.number,
            refers_in=act.segment,
        )
    )


# pins


@attrs.frozen
class PinPatients:
    """Whose images stay here for a day (None: today): ids or chart numbers."""

    patients: tuple[str, ...] = attrs.field(repr=False)
    day: date | None = None


@attrs.frozen
class Pinned:
    """Who stays here, and until the end of which day."""

    patient_ids: tuple[PatientId, ...]
    day: date


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.KEEPING_CHANGED,
    subject=lambda clinic, request: Subject(
        objects=tuple(patient_named(clinic, name) for name in request.patients),
        why=f"pinned for {request.day or 'today'}",
    ),
)
def pin_patients(clinic: Clinic, request: PinPatients, act: Act) -> Pinned:
    """Keep the images of the day's patients here."""
    day = request.day or clinic.vault.keeping.today
    pinned = tuple(patient_named(clinic, name) for name in request.patients)
    for patient_id in pinned:
        clinic.vault.keeping.pin(patient_id, day)
    return Pinned(pinned, day)


# legal holds


@attrs.frozen
class PutHold:
    """Whom to put under legal hold (id or chart number), and why."""

    patient: str = attrs.field(repr=False)
    reason: str = attrs.field(repr=False)


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.KEEPING_CHANGED,
    subject=lambda clinic, request: Subject(
        patient_named(clinic, request.patient), why=f"legal hold: {request.reason}"
    ),
)
def put_hold(clinic: Clinic, request: PutHold, act: Act) -> Hold:
    """Put a patient under legal hold: from now on nothing is removed, by anybody."""
    patient_id = patient_named(clinic, request.patient)
    number = clinic.vault.keeping.put_hold(patient_id, request.reason, act.session.user.id)
    clinic.keep_catalog_head(clinic.vault)
    return next(hold for hold in clinic.vault.keeping.holds(patient_id) if hold.number == number)


@attrs.frozen
class ReleaseHold:
    """Which hold, and why it is released."""

    number: int
    reason: str = attrs.field(repr=False)


def _release_subject(clinic: Clinic, request: ReleaseHold) -> Subject:
    found = [hold for hold in clinic.vault.keeping.holds() if hold.number == request.number]
    if not found:
        raise KeepingRefused("No hold of this number stands.", "List the holds.")
    return Subject(found[0].patient_id, why=f"hold released: {request.reason}")


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.KEEPING_CHANGED,
    subject=_release_subject,
)
def release_hold(clinic: Clinic, request: ReleaseHold, act: Act) -> None:
    """Release one legal hold."""
    clinic.vault.keeping.release_hold(request.number, request.reason, act.session.user.id)
    clinic.keep_catalog_head(clinic.vault)


@attrs.frozen
class ListHolds:
    """The standing holds, of one patient (id or chart number) or all; with the released ones."""

    patient: str | None = attrs.field(default=None, repr=False)
    standing_only: bool = True


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="legal holds"),
)
def list_holds(clinic: Clinic, request: ListHolds, act: Act) -> list[Hold]:
    """List legal holds."""
    patient_id = None if request.patient is None else patient_named(clinic, request.patient)
    return clinic.vault.keeping.holds(patient_id, standing=request.standing_only)


# periods


@attrs.frozen
class SetRetention:
    """Periods in years by kind of image; for minors the years after coming of age."""

    years: Mapping[str, int] = attrs.field(factory=dict)
    minor_extra_years: int | None = None


def _retention_words(request: SetRetention) -> str:
    parts = [f"{kind} {years} years" for kind, years in sorted(request.years.items())]
    if request.minor_extra_years is not None:
        parts.append(f"minors {request.minor_extra_years} years more")
    return "periods: " + (", ".join(parts) or "none changed")


@attrs.frozen
class Periods:
    """The periods in force and the rules behind the defaults."""

    rules: Rules
    sources: tuple[Source, ...]


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.KEEPING_CHANGED,
    subject=lambda clinic, request: Subject(why=_retention_words(request)),
)
def set_retention(clinic: Clinic, request: SetRetention, act: Act) -> Periods:
    """Change how long images are kept; never below the floor.

    Raises
    ------
    KeepingRefused
        An unknown kind, or a period that is too short.
    """
    rules = clinic.vault.keeping.set_retention(request.years, request.minor_extra_years)
    return Periods(rules, sources())


@attrs.frozen
class ShowRetention:
    """How long images are kept."""


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="periods"),
)
def show_retention(clinic: Clinic, request: ShowRetention, act: Act) -> Periods:
    """Say how long images are kept, and what stands behind the defaults."""
    return Periods(clinic.vault.keeping.rules(), sources())


@attrs.frozen
class ListDue:
    """Whose periods have ended, by a day (None: today)."""

    day: date | None = None


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="due for purge"),
)
def list_due(clinic: Clinic, request: ListDue, act: Act) -> list[Due]:
    """List what could be purged; nothing is removed."""
    return clinic.vault.keeping.due(
        request.day,
        lambda done, total: act.control.progress(done, total, "Looking"),
        act.control.is_cancelled,
    )


@attrs.frozen
class PurgeImages:
    """Whose images (id or chart number), why, and the code of the list that was confirmed."""

    patient: str = attrs.field(repr=False)
    reason: str = attrs.field(repr=False)
    code: str


def _purge_subject(clinic: Clinic, request: PurgeImages) -> Subject:
    patient_id = patient_named(clinic, request.patient)
    due = clinic.vault.keeping.due_of(patient_id)
    if due is None:
        return Subject(patient_id, why=request.reason)
    records = [clinic.vault.record(image_id) for image_id in due.image_ids]
    return Subject(
        patient_id,
        due.image_ids,
        request.reason,
        tuple(record.pixel_sha256 for record in records),
        sum(record.size_bytes for record in records),
    )


@use_case(permission=Permission.MANAGE_KEEPING, event=EventKind.PURGED, subject=_purge_subject)
def purge_images(clinic: Clinic, request: PurgeImages, act: Act) -> Due:
    """Remove one patient's images whose periods have ended; all of them, for ever.

    If those are all, the patient is erased with all keys; older copies and backups follow with the
    next rotation of the keys.

    Raises
    ------
    NothingChosen
        No reason is given.
    UnderLegalHold, ClockDoubtful, KeepingRefused
        Nothing is removed.
    """
    if not request.reason.strip():
        raise NothingChosen("A purge needs a reason.", "Say why.")
    listed = act.outcome.objects

    def witness(leaving: Leaving) -> None:
        act.still_here()
        if leaving.image_ids != listed:  # the entry that was committed speaks of other images
            raise KeepingRefused("What is due has changed.", "Look at the list again.")

    patient_id = patient_named(clinic, request.patient)
    due = clinic.vault.keeping.purge(patient_id, request.code, witness)
    clinic.keep_catalog_head(clinic.vault)
    return due


# time


@attrs.frozen
class ConfirmClock:
    """The date of this computer is right, whatever the store has seen."""


@use_case(
    permission=Permission.MANAGE_KEEPING,
    event=EventKind.KEEPING_CHANGED,
    subject=lambda clinic, request: Subject(why="date of this computer confirmed"),
)
def confirm_clock(clinic: Clinic, request: ConfirmClock, act: Act) -> date:
    """Say that this computer's date is right."""
    return clinic.vault.keeping.accept_clock().date()
