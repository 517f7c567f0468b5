"""What can go wrong between a request and the rooms that carry it out.

::

    UserError
    ├── NothingChosen       there is nothing to work on
    ├── StillInConflict     an image with the same identifier is stored, and is not the same
    ├── ImageNotShown       the image is kept, but cannot be shown
    ├── NotExported         an image cannot leave as the files it came as
    ├── NotConfirmed        nobody was told that what leaves is not sealed
    └── DestinationRefused  the destination cannot be written
    EnvironmentFault
    └── DestinationFault    the disk failed while writing what leaves
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault, UserError


class NothingChosen(UserError):
    """There is nothing to work on."""


class StillInConflict(UserError):
    """An image that is to go into a chart bears the identifier of one that is not the same."""

    def __init__(self) -> None:
        super().__init__(
            "An image with the same identifier is stored, and it is not the same.",
            "Compare both and decide which to keep.",
        )


class ImageNotShown(UserError):
    """The image is kept, but cannot be shown."""


class NotExported(UserError):
    """An image cannot leave as the files it came as."""


class NotConfirmed(UserError):
    """Nobody was told that what leaves is not sealed."""

    def __init__(self) -> None:
        super().__init__(
            "The files leave without protection: whoever gets hold of them can read them.",
            "Confirm that, or share a sealed bundle instead.",
        )


class DestinationRefused(UserError):
    """The destination cannot be written to."""


class DestinationFault(EnvironmentFault):
    """The disk failed while something was written that leaves the store."""

    def __init__(self) -> None:
        super().__init__(
            "The file could not be written; nothing of it was kept.",
            "Check the destination and its free space, then try again.",
        )
