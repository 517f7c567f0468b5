"""What can go wrong while files are read in.

::

    UserError
    └── FileRefused         this file is left out, with its reason; the rest goes on
    EnvironmentFault
    └── ChildUnavailable    the decoding process does not start on this machine
        └── ChildNotConfined    it starts, but this machine sets it no limits
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault, UserError


class FileRefused(UserError):
    """One file is left out; the message is the plain reason.

    `is_damage` says that the file broke off its reading, ran out of its budget or contradicts
    itself: its bytes are worth keeping aside, to be looked at or tried again.
    """

    def __init__(self, what: str, now: str = "", *, is_damage: bool = False) -> None:
        super().__init__(what, now)
        self.is_damage = is_damage


class ChildUnavailable(EnvironmentFault):
    """The decoding process does not start."""

    def __init__(
        self,
        what: str = "Pictures cannot be read: the reading process does not start.",
        now: str = "Restart the program; if it stays so, reinstall it.",
    ) -> None:
        super().__init__(what, now)


class ChildNotConfined(ChildUnavailable):
    """The decoding process cannot be given its limits, so it is given no file."""

    def __init__(self) -> None:
        super().__init__(
            "Pictures cannot be read: this computer does not let the reading process be confined.",
            "Start the program by itself, not from within another one; if it stays so, ask "
            "whoever looks after this computer.",
        )
