"""Errors of the imaging room.

::

    ImagingError (UserError)
    └── BadPreset      a preset file cannot be used
"""

from __future__ import annotations

from viewer.model.errors import UserError


class ImagingError(UserError):
    """A picture cannot be prepared as asked."""


class BadPreset(ImagingError):
    """A 3D preset file is missing something or holds a value out of range."""
