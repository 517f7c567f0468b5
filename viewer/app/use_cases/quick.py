"""Quick ways back in, set and dropped by whoever is in: a PIN, or the tap of a security key."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Subject, use_case
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission


@attrs.frozen
class SetQuickPin:
    """The PIN, and the password where it was not given just now."""

    pin: str = attrs.field(repr=False)
    password: str = attrs.field(default="", repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.QUICK_PIN,
    subject=lambda clinic, request: Subject(why="PIN set for this shift"),
)
def set_quick_pin(clinic: Clinic, request: SetQuickPin, act: Act) -> None:
    """Let oneself back in by a PIN until the shift ends."""
    clinic.desk.set_quick_pin(request.pin, request.password)


@attrs.frozen
class SetQuickTap:
    """Which security key by its id ("": the account's own), and the password if not just given."""

    share_id: str = ""
    password: str = attrs.field(default="", repr=False)


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.QUICK_PIN,
    subject=lambda clinic, request: Subject(why="key tap set for this shift"),
)
def set_quick_tap(clinic: Clinic, request: SetQuickTap, act: Act) -> None:
    """Let oneself back in by a security key's tap until the shift ends."""
    clinic.desk.set_quick_tap(request.share_id, request.password)


@attrs.frozen
class DropQuick:
    """One's own."""


@use_case(
    permission=Permission.LOGGED_IN,
    event=EventKind.QUICK_PIN,
    subject=lambda clinic, request: Subject(why="dropped by oneself"),
)
def drop_quick(clinic: Clinic, request: DropQuick, act: Act) -> None:
    """Do without a quick way in from now on."""
    clinic.desk.drop_quick(act.session.user.id)
