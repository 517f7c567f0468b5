"""An independent second look at the finished files: shares no code with the redactor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from viewer.redact.records import RedactionPlan
from viewer.redact.source import ShareSubject


@attrs.frozen
class VerifyReport:
    """What was checked, in numbers."""

    instances: int
    attributes: int
    identifiers: int
    searched_bytes: int
    compared_pixels: int


def verify_share(
    plan: RedactionPlan, subjects: Sequence[ShareSubject], files: Mapping[str, bytes]
) -> VerifyReport:
    """Check finished files against the plan, the sources and the standard's table.

    Raises
    ------
    VerifyFailed
        Anything is not as it must be: the share does not leave.
    """
    raise NotImplementedError
