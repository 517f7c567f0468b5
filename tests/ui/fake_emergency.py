"""Emergency access that a test grants, refuses and ends: fakes of `viewer.ui.emergency_ports`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from viewer.model.errors import UserError
from viewer.ui.emergency_ports import CodePaper, EmergencyState

GROUPS = ("K5EH", "HDQX", "5J4M", "RVX1", "7CHK", "FJ29")


class Nothing:
    """Work that is over."""

    def cancel(self) -> None:
        """Nothing to cancel."""

    def drop(self) -> None:
        """Nothing to drop."""


class FakeEmergencyDoor:
    """Takes what it is given; a group with a Z in it has a slip."""

    def __init__(self) -> None:
        self.has_code = True
        self.refuses = ""
        self.given: list[tuple[str, ...]] = []

    def wrong_group(self, place: int, group: str) -> bool:
        return "Z" in group

    def log_in(
        self, user_id: str, password: str, reason: str, on_done: Any, on_fault: Any
    ) -> Nothing:
        return self._answer((user_id, password, reason), on_done, on_fault)

    def use_code(self, typed: str, name: str, reason: str, on_done: Any, on_fault: Any) -> Nothing:
        return self._answer((typed, name, reason), on_done, on_fault)

    def _answer(self, given: tuple[str, ...], on_done: Any, on_fault: Any) -> Nothing:
        self.given.append(given)
        if self.refuses:
            on_fault(UserError(self.refuses, "Try again."))
        else:
            on_done(given)
        return Nothing()


class FakeEmergencies:
    """An emergency that a test begins and ends, and a code."""

    def __init__(self) -> None:
        self.now: EmergencyState | None = None
        self.waiting: tuple[str, ...] = ()
        self.since: datetime | None = None
        self.refuses = ""
        self.saved: list[Path] = []

    def state(self) -> EmergencyState | None:
        return self.now

    def begin(self, reason: str) -> None:
        if self.refuses:
            raise UserError(self.refuses)
        self.now = EmergencyState(1800, reason)

    def end(self) -> None:
        self.now = None

    def load_open(self, on_done: Callable[[tuple[str, ...]], None], on_fault: Any) -> Nothing:
        on_done(self.waiting)
        return Nothing()

    def code_since(self) -> datetime | None:
        return self.since

    def make_code(self, on_done: Callable[[CodePaper], None], on_fault: Any) -> Nothing:
        self.since = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        on_done(CodePaper(GROUPS, "Zahnarztpraxis Rosengarten", "operatory-2", date(2026, 11, 23)))
        return Nothing()

    def destroy_code(self, on_done: Callable[[bool], None], on_fault: Any) -> Nothing:
        was_there, self.since = self.since is not None, None
        on_done(was_there)
        return Nothing()

    def save_sheet(self, paper: CodePaper, path: Path) -> None:
        self.saved.append(path)
