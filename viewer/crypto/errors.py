"""What can go wrong in the recipes.

::

    BitewingError
    └── IntegrityError
        └── NotAuthentic   the bytes, the key or the context are not those that were sealed
"""

from __future__ import annotations

from viewer.model.errors import IntegrityError


class NotAuthentic(IntegrityError):
    """The bytes, the key or the context are not those that were sealed."""

    def __init__(self, what: str = "Protected data did not authenticate.", now: str = "") -> None:
        super().__init__(what, now)
