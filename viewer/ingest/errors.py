"""What can go wrong while files are read in.

::

    UserError
    └── FileRefused         this file is left out, with its reason; the rest goes on
    EnvironmentFault
    └── ChildUnavailable    the decoding process does not start on this machine
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault, UserError


class FileRefused(UserError):
    """One file is left out; the message is the plain reason."""


class ChildUnavailable(EnvironmentFault):
    """The decoding process does not start."""

    def __init__(self) -> None:
        super().__init__(
            "Pictures cannot be read: the reading process does not start.",
            "Restart the program; if it stays so, reinstall it.",
        )
