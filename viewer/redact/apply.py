"""The plan becomes finished DICOM files and previews, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from viewer.redact.plan import RedactionPlan, ShareSubject


@attrs.frozen
class SharedFile:
    """One finished file of a share: a neutral name and its bytes."""

    name: str
    content: bytes = attrs.field(repr=False)


def apply_plan(
    plan: RedactionPlan,
    subjects: Sequence[ShareSubject],
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[SharedFile, ...]:
    """Carry the plan out.

    Raises
    ------
    PlanUnconfirmed
        A person has not yet looked at every doubt.
    SourceUnreadable
        The subjects are not those that were planned.
    Cancelled
        `is_cancelled` said so.
    """
    raise NotImplementedError
