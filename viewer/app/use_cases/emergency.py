"""Emergency access in an open session, and the sealed code for the days when nobody can log in."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.emergencies import OpenEmergency, open_emergencies
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.session.audit.events import EventKind
from viewer.session.emergency import EmergencyCode
from viewer.session.permissions import Permission


@attrs.frozen
class BeginEmergency:
    """Why it cannot wait."""

    reason: str


@use_case(
    permission=Permission.EMERGENCY_ACCESS,
    event=EventKind.EMERGENCY,
    entries=Entries.BY_ITSELF,
)
def begin_emergency(clinic: Clinic, request: BeginEmergency, act: Act) -> float:
    """See patients and images for half an hour; returns for how many seconds.

    Raises
    ------
    EmergencyRefused
        There is no reason, one is under way, or the role sees them anyway.
    TrailUnwritable
        Neither the trail nor any other place takes the entry.
    """
    return clinic.desk.break_glass.begin(request.reason).left_s


@attrs.frozen
class MakeEmergencyCode:
    """Make a sealed code; the one before opens nothing any more."""


@use_case(
    permission=Permission.MANAGE_KEYS,
    event=EventKind.EMERGENCY_CODE,
    subject=lambda clinic, request: Subject(why="make"),
)
def make_emergency_code(clinic: Clinic, request: MakeEmergencyCode, act: Act) -> EmergencyCode:
    """Return the code, to be printed once and shown to nobody."""
    had_one = clinic.practice.emergency_since is not None
    with act.session.lent_keys() as ring:
        code = clinic.practice.make_emergency(ring, clinic.clock)
    act.outcome = Subject(why="made; the one before opens nothing any more" if had_one else "made")
    return code


@attrs.frozen
class DestroyEmergencyCode:
    """Do without a sealed code."""


@use_case(
    permission=Permission.MANAGE_KEYS,
    event=EventKind.EMERGENCY_CODE,
    subject=lambda clinic, request: Subject(why="destroy"),
)
def destroy_emergency_code(clinic: Clinic, request: DestroyEmergencyCode, act: Act) -> bool:
    """Destroy the code that is in force; whether there was one."""
    was_there = clinic.practice.drop_emergency()
    act.outcome = Subject(why="destroyed" if was_there else "there was none")
    return was_there


@attrs.frozen
class ListEmergencies:
    """The emergency accesses that nobody signed off."""


@use_case(
    permission=Permission.REVIEW_TRAIL,
    event=EventKind.TRAIL_READ,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="emergency accesses to review"),
)
def list_emergencies(
    clinic: Clinic, request: ListEmergencies, act: Act
) -> tuple[OpenEmergency, ...]:
    """Return what waits for a review, oldest first."""
    return open_emergencies(clinic.open_trail_reader(act.session))
