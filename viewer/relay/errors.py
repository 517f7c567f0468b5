"""What can go wrong between this workstation and the machine that holds a copy of its trail.

::

    UserError
    └── RelayRefused      a destination, certificate or file that cannot be used
    EnvironmentFault
    └── RelayFault        the other machine was not reached, or did not confirm
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault, UserError


class RelayRefused(UserError):
    """A destination, certificate, key or received file cannot be used."""


class RelayFault(EnvironmentFault):
    """The other machine was not reached, was not who it should be, or did not confirm."""

    def __init__(
        self,
        what: str = "The audit server did not confirm what was sent.",
        now: str = "Nothing is lost: it is sent again until it is confirmed.",
    ) -> None:
        super().__init__(what, now)
