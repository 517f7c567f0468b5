"""On the way from a right password to an open session: the computer may be locked meanwhile."""

from __future__ import annotations

from viewer.app.jobs import JobControl
from viewer.session.desk import Admission


def unless_gone(control: JobControl, admission: Admission) -> Admission:
    """Return an admission, or wipe it if the computer was locked meanwhile: nobody comes in.

    Raises
    ------
    Cancelled
        It was.
    """
    if control.is_cancelled():
        admission.keys.wipe()
        control.stop_if_cancelled()
    return admission
