"""What the windows ask of the computer's session and of the policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs


class Shield(Protocol):
    """Keeps other programs from taking a window into a picture."""

    @property
    def can_shield(self) -> bool:
        """Whether this system can."""

    def cover(self, window: int, *, on: bool) -> bool:
        """Refuse or allow capture of a native window; whether the system took it."""


@attrs.frozen
class Station:
    """What holds at this workstation. `kind` is the id of a `StationKind`."""

    kind: str
    lock_after_s: float
    countdown_s: float
    log_off_after_s: float
    capture_everywhere: bool
    factor_roles: frozenset[str]
    every_role_needs_factor: bool = False
    is_damaged: bool = False


@attrs.frozen
class StationKind:
    """Where a workstation may stand, with its usual and its longest time until the lock."""

    id: str
    title: str
    words: str
    usual_lock_s: float
    longest_lock_s: float


@attrs.frozen
class RoleChoice:
    """A role that may be asked for a second factor."""

    id: str
    title: str


class Stations(Protocol):
    """The policies of this workstation. Main thread only."""

    def station(self) -> Station:
        """What holds now; the look is in the trail."""

    def kinds(self) -> tuple[StationKind, ...]:
        """Where a workstation may stand."""

    def roles(self) -> tuple[RoleChoice, ...]:
        """Every role of the practice."""

    def fault_of(self, wanted: Station) -> str:
        """Say why these may not be set, or "": for what is typed, never for the gate."""

    def set_station(
        self,
        wanted: Station,
        on_done: Callable[[Station], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        """Set them; they hold at once."""

    @property
    def hears_the_computer(self) -> bool:
        """Whether the computer's own lock and sleep would be heard now."""

    @property
    def can_refuse_capture(self) -> bool:
        """Whether this system can keep other programs from taking the screen."""
