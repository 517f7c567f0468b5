"""The recovery sheet while the practice works: is it still right, and a new one."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.gate import Act, Subject, use_case
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission
from viewer.session.recovery import RecoveryKey


@attrs.frozen
class ProveRecovery:
    """What was typed from the sheet."""

    typed: str = attrs.field(repr=False)


@use_case(
    permission=Permission.MANAGE_KEYS,
    event=EventKind.STORE_CHECKED,
    subject=lambda clinic, request: Subject(why="recovery sheet: drill"),
)
def prove_recovery(clinic: Clinic, request: ProveRecovery, act: Act) -> bool:
    """Say whether the typed key opens every key of the practice; a yes is remembered.

    Raises
    ------
    RecoveryKeyMistyped
        Its checksum is wrong.
    """
    recovery = RecoveryKey.from_text(request.typed)
    try:
        with act.session.lent_keys() as ring:
            proves = clinic.practice.proves_recovery(recovery, ring, clinic.clock)
    finally:
        recovery.wipe()
    words = "it opens every key" if proves else "not this practice's sheet"
    act.outcome = Subject(why=f"recovery sheet: drill, {words}")
    return proves


@attrs.frozen
class ReplaceRecovery:
    """Make a new recovery key; the old sheet opens nothing here any more."""


@use_case(
    permission=Permission.MANAGE_KEYS,
    event=EventKind.KEYS_ROTATED,
    subject=lambda clinic, request: Subject(why="recovery sheet: replaced"),
)
def replace_recovery(clinic: Clinic, request: ReplaceRecovery, act: Act) -> RecoveryKey:
    """Return the new key, to be shown once; the caller wipes it. A change of keys becomes due."""
    with act.session.lent_keys() as ring:
        return clinic.practice.replace_recovery(ring)
