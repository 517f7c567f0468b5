"""What can be wrong with a DICOM data set.

::

    UserError
    └── DicomRefused        this data set cannot be shown: say why, go on with the rest
        ├── NotAnImage      a DICOM object that is no picture (report, presentation state)
        ├── Unsupported     a kind or transfer syntax that is not read
        └── Malformed       the data set contradicts itself or the standard
"""

from __future__ import annotations

from viewer.model.errors import UserError


class DicomRefused(UserError):
    """A data set cannot be shown; the message is the plain reason."""


class NotAnImage(DicomRefused):
    """A DICOM object without pixels of its own to show."""


class Unsupported(DicomRefused):
    """A kind of object or a transfer syntax that this version does not read."""


class Malformed(DicomRefused):
    """The data set contradicts itself or the standard."""
