"""Quick PIN and key tap: at the door, at the lock, and for whoever is in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from viewer.app.jobs import Job
from viewer.app.use_cases import quick
from viewer.model.ids import UserId
from viewer.session.desk import Admission
from viewer.session.errors import NotLoggedIn
from viewer.session.pins import fault_of
from viewer.session.session import Session
from viewer.ui import ports
from viewer.ui.shift_ports import QuickWays

if TYPE_CHECKING:
    from viewer.wiring.workstation import Workstation


class ClinicQuick:
    """Satisfies the port `QuickDoor`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def ways(self, user_id: UserId) -> QuickWays:
        """What this person can get in by now; what has ended is forgotten by the look."""
        if not self._workstation.is_founded:
            return QuickWays()
        desk = self._workstation.clinic.desk
        desk.shift.keep_up()
        ways = desk.quick_ways(user_id)
        return QuickWays(ways.has_pin, ways.tap)

    def wait_s(self, user_id: UserId) -> float:
        """Seconds until another PIN is taken."""
        return self._workstation.clinic.desk.quick_wait_s(user_id)

    def log_in(
        self,
        user_id: UserId,
        pin: str,
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
    ) -> Job[Admission]:
        """Try a PIN (also unlocks)."""
        clinic = self._workstation.clinic
        return self._workstation.let_in(lambda: clinic.check_quick(user_id, pin), on_done, on_fault)

    def tap(
        self,
        user_id: UserId,
        on_done: Callable[[ports.UserTile], None],
        on_fault: ports.OnFault,
    ) -> Job[Admission]:
        """Wait for the security key's tap (also unlocks)."""
        clinic = self._workstation.clinic
        return self._workstation.let_in(lambda: clinic.check_tap(user_id), on_done, on_fault)

    @property
    def can_set(self) -> bool:
        """Whether whoever is in may set one."""
        return self._workstation.clinic.desk.can_set_quick()

    @property
    def is_fresh(self) -> bool:
        """Whether the password was given just now."""
        return self._workstation.clinic.desk.is_fresh()

    @property
    def own_key(self) -> str:
        """What one's own security key is called; "" where the account has none."""
        return self._session.user.third_share

    def ends_at(self) -> datetime | None:
        """When the quick way of whoever is in ends."""
        return self._workstation.clinic.desk.shift.ends_at(self._session.user.id)

    def fault_of(self, pin: str) -> str:
        """Say what is wrong with a new PIN."""
        return fault_of(pin)

    def set_pin(
        self,
        pin: str,
        password: str,
        on_done: Callable[[None], None],
        on_fault: ports.OnFault,
    ) -> Job[None]:
        """Set one's own PIN for this shift."""
        clinic, request = self._workstation.clinic, quick.SetQuickPin(pin, password)
        return self._workstation.jobs.submit(
            lambda control: quick.set_quick_pin(clinic, request, control), on_done, on_fault
        )

    def set_tap(
        self, password: str, on_done: Callable[[None], None], on_fault: ports.OnFault
    ) -> Job[None]:
        """Let one's own security key's tap be enough for this shift."""
        clinic, request = self._workstation.clinic, quick.SetQuickTap("", password)
        return self._workstation.jobs.submit(
            lambda control: quick.set_quick_tap(clinic, request, control), on_done, on_fault
        )

    def drop(self) -> None:
        """Do without from now on."""
        quick.drop_quick(self._workstation.clinic, quick.DropQuick())

    @property
    def _session(self) -> Session:
        session = self._workstation.clinic.desk.session
        if session is None:
            raise NotLoggedIn
        return session
