"""What the windows ask about drafts and about quick ways in; as `ports`, for the main thread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import attrs

from viewer.app.drafts import Draft, Step
from viewer.model.ids import UserId
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient, Study
from viewer.ui.ports import OnFault, Running, UserTile

# --- drafts -----------------------------------------------------------------------------------


@attrs.frozen
class DraftOffer:
    """What was kept, with what a person knows it by; `image` is None where there is none."""

    draft: Draft
    patient: Patient
    study: Study | None = None
    image: ImageRecord | None = None


class DraftBox(Protocol):
    """The unfinished work of whoever is in: his own, and never another's."""

    def watch(self, source: Callable[[], Draft | None] | None) -> None:
        """Say whom to ask what is on screen at the last moment before the keys go."""

    def keep_soon(self, draft: Draft | None) -> None:
        """Store what is on screen now, elsewhere; what fails is tried with the next."""

    def keep_now(self) -> None:
        """Store it at once: the person leaves on purpose."""

    def look(self) -> DraftOffer | None:
        """Say what there is to come back to; the look is in the trail."""

    def bring_back(self) -> Draft | None:
        """Return it; that is in the trail, too."""

    def throw_away(self) -> None:
        """Forget it."""


class NoDrafts:
    """A box in which nothing is ever kept."""

    def watch(self, source: Callable[[], Draft | None] | None) -> None:
        """Ask nobody."""

    def keep_soon(self, draft: Draft | None) -> None:
        """Keep nothing."""

    def keep_now(self) -> None:
        """Keep nothing."""

    def look(self) -> DraftOffer | None:
        """There is nothing."""
        return None

    def bring_back(self) -> Draft | None:
        """There is nothing."""
        return None

    def throw_away(self) -> None:
        """There is nothing."""


class History(Protocol):
    """The undo history of what is on screen."""

    def kept(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """Return done steps and undone ones."""

    def put_back(
        self,
        pane: object,
        done: tuple[Step, ...],
        undone: tuple[Step, ...],
        pose: Callable[[], None],
    ) -> None:
        """Set the pose without noting it down, then take the steps over."""


class NoHistory:
    """A history in which nothing happens."""

    def kept(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """There is nothing."""
        return (), ()

    def put_back(
        self,
        pane: object,
        done: tuple[Step, ...],
        undone: tuple[Step, ...],
        pose: Callable[[], None],
    ) -> None:
        """Set the pose."""
        pose()


# --- quick ways in ----------------------------------------------------------------------------


@attrs.frozen
class QuickWays:
    """What somebody can get in by in this shift; `tap` is what the security key is called."""

    has_pin: bool = False
    tap: str = ""

    @property
    def is_any(self) -> bool:
        """Whether there is one."""
        return self.has_pin or bool(self.tap)


class QuickDoor(Protocol):
    """Quick PIN and key tap at the door and at the lock, and one's own inside."""

    def ways(self, user_id: UserId) -> QuickWays:
        """What this person can get in by now."""

    def wait_s(self, user_id: UserId) -> float:
        """Seconds until another PIN is taken from this person; 0 at once."""

    def log_in(
        self, user_id: UserId, pin: str, on_done: Callable[[UserTile], None], on_fault: OnFault
    ) -> Running:
        """Try a PIN (also unlocks)."""

    def tap(
        self, user_id: UserId, on_done: Callable[[UserTile], None], on_fault: OnFault
    ) -> Running:
        """Wait for the security key's tap (also unlocks)."""

    # inside

    @property
    def can_set(self) -> bool:
        """Whether whoever is in may set one: not in emergency access, nor with a first password."""

    @property
    def is_fresh(self) -> bool:
        """Whether the password was given just now, so that it is not asked again."""

    @property
    def own_key(self) -> str:
        """What one's own security key is called; "" where the account has none."""

    def ends_at(self) -> datetime | None:
        """When the quick way of whoever is in ends; None where there is none."""

    def fault_of(self, pin: str) -> str:
        """Say what is wrong with a new PIN; "" if nothing is."""

    def set_pin(
        self, pin: str, password: str, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Running:
        """Set one's own PIN for this shift."""

    def set_tap(self, password: str, on_done: Callable[[None], None], on_fault: OnFault) -> Running:
        """Let one's own security key's tap be enough for this shift; waits for it."""

    def drop(self) -> None:
        """Do without from now on."""
