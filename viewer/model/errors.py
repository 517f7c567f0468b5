"""The error tree every room hangs its own errors on.

::

    BitewingError
    ├── UserError          a person can do something about it: show it
    ├── EnvironmentFault   disk, network, device: show it, offer to try again
    └── IntegrityError     what is stored is not what was written: stop, quarantine, audit

Anything else is a bug and goes to the crash dialog. A message says what happened and what to do
now; it never holds patient data, a path or a key.
"""

from __future__ import annotations


class BitewingError(Exception):
    """Base of every error that a person may meet.

    Parameters
    ----------
    what : str
        What happened, one plain sentence.
    now : str
        What to do now, one plain sentence; may be empty.
    """

    def __init__(self, what: str, now: str = "") -> None:
        super().__init__(f"{what} {now}".strip())
        self.what = what
        self.now = now


class UserError(BitewingError):
    """A person can do something about it: show the message in place."""


class EnvironmentFault(BitewingError):
    """The disk, the network or a device failed: show the message and offer to try again."""


class IntegrityError(BitewingError):
    """Stored bytes are not what was written: stop, quarantine and audit."""


class Cancelled(UserError):
    """The person cancelled a job; nothing half-done is kept."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")
