"""What the windows ask about one's own sign-in; as `ports`, for the main thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import attrs

from viewer.ui.ports import OnFault, PasswordAdvice, Running

OnCodes = Callable[[tuple[str, ...]], None]


@attrs.frozen
class Standing:
    """What a login of whoever is in takes. `key_label` is "" where there is no security key."""

    has_app: bool
    key_label: str
    codes_left: int

    @property
    def has_second_factor(self) -> bool:
        """Whether it takes more than the password."""
        return self.has_app or bool(self.key_label)


@attrs.frozen
class AppSecret:
    """What goes into an authenticator app: by its camera (dark is True), or typed."""

    picture: tuple[tuple[bool, ...], ...] = attrs.field(repr=False)
    text: str = attrs.field(repr=False)


class KeyDoor(Protocol):
    """What a security key wants while a login or a change waits for it."""

    def listen(self, on_touch: Callable[[], None], on_pin: Callable[[], None]) -> None:
        """Say who is told that the key blinks, and that it asks for its PIN."""

    def leave(self) -> None:
        """Tell nobody any more: a key that asks for its PIN then fails with a message."""

    def give_pin(self, pin: str) -> None:
        """Answer with the PIN."""

    def cancel(self) -> None:
        """Stop waiting; the work fails with a message."""


class MySecurity(Protocol):
    """One's own password and second factors."""

    @property
    def keys(self) -> KeyDoor:
        """What the security key wants meanwhile."""

    def standing(self) -> Standing:
        """How it stands now."""

    def password_advice(self, password: str, name: str) -> PasswordAdvice:
        """Say how good a new password is."""

    def change_password(
        self, old: str, new: str, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Running:
        """Change it."""

    def begin_app(self) -> AppSecret:
        """Make a secret; nothing counts before `confirm_app`."""

    def forget_app(self) -> None:
        """Let go of the secret that was not confirmed."""

    def confirm_app(self, password: str, code: str, on_done: OnCodes, on_fault: OnFault) -> Running:
        """Enrol the app that shows this code; fresh recovery codes, or none if there were some."""

    def remove_app(
        self, password: str, code: str, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Running:
        """Do without it."""

    def add_key(self, password: str, label: str, on_done: OnCodes, on_fault: OnFault) -> Running:
        """Add the security key that is plugged in; waits for its touch."""

    def remove_key(
        self, password: str, code: str, on_done: Callable[[None], None], on_fault: OnFault
    ) -> Running:
        """Do without it; `code` is a recovery code where it is lost."""

    def renew_codes(self, password: str, code: str, on_done: OnCodes, on_fault: OnFault) -> Running:
        """Make ten fresh recovery codes."""

    def save_codes(
        self,
        codes: tuple[str, ...],
        path: Path,
        on_done: Callable[[None], None],
        on_fault: OnFault,
    ) -> Running:
        """Write a page to print."""
