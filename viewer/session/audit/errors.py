"""What can go wrong with archives of the trail.

::

    UserError
    └── ArchiveRefused      not this part, not this folder, or not yet
    EnvironmentFault
    └── ArchiveFault        a disk refused
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault, UserError


class ArchiveRefused(UserError):
    """A part of the trail is not archived or purged."""


class ArchiveFault(EnvironmentFault):
    """A disk refused while a part of the trail was archived or read from an archive."""

    def __init__(self) -> None:
        super().__init__(
            "The archive of the trail cannot be read or written; the trail is as before.",
            "Check the folder, its disk and its free space, then try again.",
        )
