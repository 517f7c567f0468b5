"""Emergency access for the windows: at the door, in the shell, and the sealed code."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.app.jobs import Job
from viewer.app.use_cases import emergency
from viewer.model.errors import EnvironmentFault
from viewer.model.ids import UserId
from viewer.session.desk import Admission
from viewer.session.device import workstation_name
from viewer.session.emergency import group_is_right
from viewer.session.errors import FactorMissing
from viewer.session.permissions import Permission
from viewer.ui.emergency_ports import CodePaper, EmergencyState, OnFault

if TYPE_CHECKING:
    from viewer.wiring.workstation import Workstation


class ClinicEmergencyDoor:
    """Satisfies the port `EmergencyDoor`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    @property
    def has_code(self) -> bool:
        """Whether there is a sealed code in force."""
        clinic = self._workstation.clinic
        return clinic.practice.emergency_since is not None

    def wrong_group(self, place: int, group: str) -> bool:
        """Whether a whole group has a slip in it."""
        return not group_is_right(place, group)

    def log_in(
        self,
        user_id: UserId,
        password: str,
        reason: str,
        on_done: Callable[[object], None],
        on_fault: OnFault,
    ) -> Job[Admission]:
        """Let a named person in with the password alone."""
        clinic = self._workstation.clinic
        return self._workstation.let_in(
            lambda: clinic.check_in_emergency(user_id, password, reason), on_done, on_fault
        )

    def use_code(
        self,
        typed: str,
        name: str,
        reason: str,
        on_done: Callable[[object], None],
        on_fault: OnFault,
    ) -> Job[Admission]:
        """Let somebody in with the sealed code."""
        clinic = self._workstation.clinic
        return self._workstation.let_in(
            lambda: clinic.check_emergency_code(typed, name, reason), on_done, on_fault
        )


class ClinicEmergencies:
    """Satisfies the port `Emergencies`. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def state(self) -> EmergencyState | None:
        """What is under way."""
        glass = self._workstation.clinic.desk.break_glass
        now = glass.emergency
        if now is None:
            return None
        return EmergencyState(now.left_s, now.reason, now.is_alone, glass.is_trail_waiting)

    def begin(self, reason: str) -> None:
        """See patients and images for half an hour."""
        emergency.begin_emergency(self._workstation.clinic, emergency.BeginEmergency(reason))

    def end(self) -> None:
        """End it now."""
        self._workstation.clinic.desk.break_glass.end()

    def load_open(
        self, on_done: Callable[[tuple[str, ...]], None], on_fault: OnFault
    ) -> Job[tuple[str, ...]] | None:
        """Tell what nobody reviewed yet."""
        clinic = self._workstation.clinic
        if clinic.desk.lacks_factor(Permission.VIEW_IMAGES):  # the same place says so
            return self._workstation.jobs.submit(_say_what_is_missing, on_done, on_fault)
        if not self._workstation.may(Permission.REVIEW_TRAIL):
            return None

        def work(_: object) -> tuple[str, ...]:
            waiting = emergency.list_emergencies(clinic, emergency.ListEmergencies())
            return tuple(each.words for each in waiting)

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def code_since(self) -> datetime | None:
        """Since when there is a sealed code."""
        return self._workstation.clinic.practice.emergency_since

    def make_code(self, on_done: Callable[[CodePaper], None], on_fault: OnFault) -> Job[CodePaper]:
        """Make a sealed code."""
        clinic = self._workstation.clinic

        def work(_: object) -> CodePaper:
            code = emergency.make_emergency_code(clinic, emergency.MakeEmergencyCode())
            made_on = clinic.clock.wall().astimezone().date()
            return CodePaper(code.groups, clinic.practice.name, workstation_name(), made_on)

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def destroy_code(self, on_done: Callable[[bool], None], on_fault: OnFault) -> Job[bool]:
        """Do without a sealed code."""
        clinic = self._workstation.clinic
        request = emergency.DestroyEmergencyCode()
        return self._workstation.jobs.submit(
            lambda _: emergency.destroy_emergency_code(clinic, request), on_done, on_fault
        )

    def save_sheet(self, paper: CodePaper, path: Path) -> None:
        """Write the sheet to print, readable by this account alone."""
        from viewer.app.emergency_sheet import EmergencySheet, emergency_pdf

        sheet = EmergencySheet(paper.practice_name, paper.workstation, paper.groups, paper.made_on)
        try:
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(made, "wb") as file:
                file.write(emergency_pdf(sheet))
        except OSError as fault:
            raise EnvironmentFault(
                "The sheet cannot be written there.", "Choose another place."
            ) from fault


def _say_what_is_missing(_: object) -> tuple[str, ...]:
    raise FactorMissing
