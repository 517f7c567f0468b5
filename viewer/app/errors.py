"""What can go wrong between a request and the rooms that carry it out.

::

    UserError
    ├── NothingChosen       there is nothing to work on
    ├── ImageNotShown       the image is kept, but cannot be shown
    └── DestinationRefused  the destination cannot be written
    EnvironmentFault
    └── DestinationFault    the disk failed while writing what leaves
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault, UserError


class NothingChosen(UserError):
    """There is nothing to work on."""


class ImageNotShown(UserError):
    """The image is kept, but cannot be shown."""


class DestinationRefused(UserError):
    """The destination cannot be written to."""


class DestinationFault(EnvironmentFault):
    """The disk failed while something was written that leaves the store."""

    def __init__(self) -> None:
        super().__init__(
            "The file could not be written; nothing of it was kept.",
            "Check the destination and its free space, then try again.",
        )
