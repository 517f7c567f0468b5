"""What can be wrong with a bundle.

::

    UserError
    ├── BundleExpired      past its date: ask the sender for a new one
    ├── BundleUnknown      not a bundle of this program, or of a later version
    └── BundleTooLarge     more than this program will take into memory
    IntegrityError
    ├── BundleDamaged      changed, cut short or put together from several
    └── BundleForged       the signature does not fit
    EnvironmentFault
    ├── BundleNotWritten   the disk or the destination failed
    └── BundleNotRead      the file could not be read
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault, IntegrityError, UserError

_ASK = "Ask the sender for it again."


class BundleExpired(UserError):
    """The bundle's date has passed."""

    def __init__(self, expired_on: str) -> None:
        super().__init__(
            f"This share was meant to be opened until {expired_on}.",
            "Ask the sender for a new one.",
        )


class BundleUnknown(UserError):
    """Not a bundle that this version reads."""


class BundleTooLarge(UserError):
    """More than this program will take into memory."""


class BundleDamaged(IntegrityError):
    """The bundle was changed, cut short or put together from several."""

    def __init__(
        self, what: str = "This share is damaged: not all of it is as it was sent."
    ) -> None:
        super().__init__(what, _ASK)


class BundleForged(IntegrityError):
    """The manifest was not signed by the key it names."""

    def __init__(self) -> None:
        super().__init__(
            "This share's signature does not fit its content.", f"Do not use it. {_ASK}"
        )


class BundleNotWritten(EnvironmentFault):
    """The disk or the destination failed while a bundle was written."""


class BundleNotRead(EnvironmentFault):
    """The file could not be read from its disk."""
