"""The policies of this workstation for its page."""

from __future__ import annotations

from collections.abc import Callable

from viewer.app.hosts.capture import shield_here
from viewer.app.use_cases import policies
from viewer.model.errors import BitewingError
from viewer.session.errors import PolicyRefused
from viewer.session.idle import IdlePolicy
from viewer.session.policy import (
    LONGEST_LOCK_S,
    USUAL_TIMES,
    CaptureRule,
    Policies,
    WorkstationKind,
    require_sound_times,
)
from viewer.ui.lock_ports import RoleChoice, Station, StationKind
from viewer.ui.wording import tr
from viewer.wiring.workstation import Workstation


def _words() -> dict[WorkstationKind, tuple[str, str]]:
    return {
        WorkstationKind.OPERATORY: (
            tr("Operatory"),
            tr("Beside the chair; patients are left alone with it."),
        ),
        WorkstationKind.FRONT_DESK: (
            tr("Front desk"),
            tr("People who wait can read it: it locks soonest."),
        ),
        WorkstationKind.OFFICE: (
            tr("Private office"),
            tr("Behind a door, for consultations and reports."),
        ),
        WorkstationKind.CUSTOM: (tr("Elsewhere"), tr("Say yourself how long it waits.")),
    }


def station_of(found: Policies) -> Station:
    """Return policies as the page shows them."""
    return Station(
        found.kind.name,
        found.idle.lock_after_s,
        found.idle.countdown_s,
        found.idle.log_off_after_s,
        found.capture is CaptureRule.EVERYWHERE,
        found.factor_roles,
        found.every_role_needs_factor,
        found.is_damaged,
    )


class ClinicStations:
    """Satisfies the port `Stations`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def station(self) -> Station:
        """What holds now; the look is in the trail."""
        return station_of(policies.show_policies(self._workstation.clinic, policies.ShowPolicies()))

    def kinds(self) -> tuple[StationKind, ...]:
        """Where a workstation may stand."""
        return tuple(
            StationKind(kind.name, *words, USUAL_TIMES[kind].lock_after_s, LONGEST_LOCK_S[kind])
            for kind, words in _words().items()
        )

    def roles(self) -> tuple[RoleChoice, ...]:
        """Every role of the practice."""
        known = self._workstation.clinic.practice.roles()
        return tuple(RoleChoice(role.id, role.title) for role in known.values())

    def fault_of(self, wanted: Station) -> str:
        """Say why these may not be set, or ""."""
        try:
            require_sound_times(WorkstationKind[wanted.kind], _times(wanted))
        except PolicyRefused as fault:
            return f"{fault.what} {fault.now}"
        return ""

    def set_station(
        self,
        wanted: Station,
        on_done: Callable[[Station], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        """Set them; they hold at once."""
        times = _times(wanted)
        request = policies.SetPolicies(
            WorkstationKind[wanted.kind],
            times.lock_after_s,
            times.countdown_s,
            times.log_off_after_s,
            CaptureRule.EVERYWHERE if wanted.capture_everywhere else CaptureRule.LOGIN_AND_LOCK,
            wanted.factor_roles,
        )
        try:
            done = policies.set_policies(self._workstation.clinic, request)
        except BitewingError as fault:
            on_fault(fault)
            return
        self._workstation.policies_changed()
        on_done(station_of(done.now))

    @property
    def hears_the_computer(self) -> bool:
        """Whether the computer's own lock and sleep would be heard now."""
        return self._workstation.hears_the_computer()

    @property
    def can_refuse_capture(self) -> bool:
        """Whether this system can keep other programs from taking the screen."""
        return shield_here().can_shield


def _times(wanted: Station) -> IdlePolicy:
    return IdlePolicy(wanted.lock_after_s, wanted.countdown_s, wanted.log_off_after_s)
