"""What the practice asks of this workstation: lock times, second factors, screen capture."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.session.audit.events import EventKind
from viewer.session.idle import IdlePolicy
from viewer.session.permissions import Permission
from viewer.session.policy import USUAL_TIMES, CaptureRule, Policies, WorkstationKind, words_of


@attrs.frozen
class ShowPolicies:
    """What holds at this workstation."""


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="policies"),
)
def show_policies(clinic: Clinic, request: ShowPolicies, act: Act) -> Policies:
    """Show what holds: everybody may know when this workstation locks."""
    clinic.policies.refresh()
    return clinic.policies.now


@attrs.frozen
class SetPolicies:
    """Other policies for this workstation; None leaves one as it is.

    Another kind without times brings that kind's usual times. `factor_roles` holds for the
    whole practice.
    """

    kind: WorkstationKind | None = None
    lock_after_s: float | None = None
    countdown_s: float | None = None
    log_off_after_s: float | None = None
    capture: CaptureRule | None = None
    factor_roles: frozenset[str] | None = None

    def applied_to(self, now: Policies) -> Policies:
        """Return what would hold then."""
        kind = self.kind or now.kind
        times = now.idle if kind is now.kind and not now.is_damaged else USUAL_TIMES[kind]
        given = (self.lock_after_s, self.countdown_s, self.log_off_after_s)
        had = (times.lock_after_s, times.countdown_s, times.log_off_after_s)
        wanted = [had[n] if given[n] is None else given[n] for n in range(3)]
        return Policies(
            kind,
            IdlePolicy(*(float(each or 0) for each in wanted)),
            self.capture or now.capture,
            now.factor_roles if self.factor_roles is None else self.factor_roles,
        )


@attrs.frozen
class PoliciesSet:
    """What held before, and what holds now."""

    before: Policies
    now: Policies


@use_case(
    permission=Permission.MANAGE_POLICIES,
    event=EventKind.POLICY_CHANGED,
    subject=lambda clinic, request: Subject(
        why=f"to: {words_of(request.applied_to(clinic.policies.now))}"
    ),
)
def set_policies(clinic: Clinic, request: SetPolicies, act: Act) -> PoliciesSet:
    """Set them; they hold at once, in every window of this workstation.

    Raises
    ------
    PolicyRefused
        One is out of bounds, with the reason.
    """
    clinic.policies.refresh()
    wanted = request.applied_to(clinic.policies.now)
    before = clinic.keep_policies(wanted)
    act.outcome = Subject(why=f"from: {words_of(before)}; to: {words_of(wanted)}")
    return PoliciesSet(before, clinic.policies.now)
