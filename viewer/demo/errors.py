"""What can go wrong while the demo practice is made.

::

    EnvironmentFault
    └── DemoNotWritten   no room or no right to write the demo's images
"""

from __future__ import annotations

from viewer.model.errors import EnvironmentFault


class DemoNotWritten(EnvironmentFault):
    """The demo's images cannot be written."""

    def __init__(self) -> None:
        super().__init__(
            "The demo's images cannot be written to this computer's cache.",
            "Free 500 MB of disk space, or check that the cache folder may be written to.",
        )
