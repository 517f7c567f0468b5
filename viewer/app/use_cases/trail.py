"""Reading and verifying the trail."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.session.audit.events import EventKind
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.verdict import Verdict
from viewer.session.permissions import Permission


@attrs.frozen
class OpenTrail:
    """Read the trail; `why` is shown in it."""

    why: str = "list"


@use_case(
    permission=Permission.READ_TRAIL,
    event=EventKind.TRAIL_READ,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why=request.why),
)
def open_trail(clinic: Clinic, request: OpenTrail, act: Act) -> TrailReader:
    """Open the trail for reading until lock or logoff."""
    return clinic.open_trail_reader(act.session)


@attrs.frozen
class VerifyTrail:
    """Check the whole chain against its signatures and the head kept outside."""


@use_case(permission=Permission.VERIFY_TRAIL, event=EventKind.TRAIL_VERIFIED)
def verify(clinic: Clinic, request: VerifyTrail, act: Act) -> Verdict:
    """Verify the trail."""
    verdict = clinic.trail.verify()
    words = "whole" if verdict.finding is None else verdict.finding.damage.value
    act.outcome = attrs.evolve(act.outcome, why=f"{verdict.records} entries, {words}")
    return verdict
