"""What the windows ask about emergency access; as `ports`, for the main thread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import attrs

from viewer.model.ids import UserId

OnFault = Callable[[Exception], None]

CODE_GROUPS = 6
"""Groups of four letters in the sealed code."""


@attrs.frozen
class EmergencyState:
    """An emergency access under way.

    `is_alone`: the session is nothing else and ends with it. `is_waiting`: the trail cannot be
    written, so what is seen is recorded elsewhere until it can.
    """

    left_s: float
    reason: str
    is_alone: bool = False
    is_waiting: bool = False


@attrs.frozen
class CodePaper:
    """A sealed code as it is printed, this once."""

    groups: tuple[str, ...] = attrs.field(repr=False)
    practice_name: str
    workstation: str
    made_on: date


class Work(Protocol):
    """Work under way, as `ports.Running`."""

    def cancel(self) -> None:
        """Ask it to stop."""

    def drop(self) -> None:
        """Ask it to stop and never hear of it again."""


class EmergencyDoor(Protocol):
    """The two ways in at the door."""

    @property
    def has_code(self) -> bool:
        """Whether there is a sealed code in force."""

    def wrong_group(self, place: int, group: str) -> bool:
        """Whether a whole group of the code, by its place from 0, has a slip in it."""

    def log_in(
        self,
        user_id: UserId,
        password: str,
        reason: str,
        on_done: Callable[[object], None],
        on_fault: OnFault,
    ) -> Work:
        """Let a named person in with the password alone, to see images."""

    def use_code(
        self,
        typed: str,
        name: str,
        reason: str,
        on_done: Callable[[object], None],
        on_fault: OnFault,
    ) -> Work:
        """Let somebody in with the sealed code, which is used up by that."""


class Emergencies(Protocol):
    """What somebody who is logged in sees and does of it."""

    def state(self) -> EmergencyState | None:
        """What is under way; None: nothing."""

    def begin(self, reason: str) -> None:
        """See patients and images for half an hour. A refusal is a `BitewingError`."""

    def end(self) -> None:
        """End it now."""

    def load_open(
        self, on_done: Callable[[tuple[str, ...]], None], on_fault: OnFault
    ) -> Work | None:
        """Tell what nobody reviewed yet, one line each; None where this person reviews nothing."""

    def code_since(self) -> datetime | None:
        """Since when there is a sealed code; None: there is none."""

    def make_code(self, on_done: Callable[[CodePaper], None], on_fault: OnFault) -> Work:
        """Make a sealed code; the one before opens nothing any more."""

    def destroy_code(self, on_done: Callable[[bool], None], on_fault: OnFault) -> Work:
        """Do without a sealed code."""

    def save_sheet(self, paper: CodePaper, path: Path) -> None:
        """Write the sheet to print. A refusal is a `BitewingError`."""
