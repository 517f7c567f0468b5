"""What the review desk needs from the program.

The rules are those of `viewer.ui.ports`: main thread only; a method with `on_done` returns at once
and calls exactly one of `on_done` and `on_fault` later; the others answer within 50 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

import attrs

from viewer.app.review.disclosures import Accounting
from viewer.app.review.findings import Finding
from viewer.app.review.material import Seen
from viewer.app.review.settings import Hours
from viewer.app.reviewing import PatientLabel, Review
from viewer.model.ids import PatientId
from viewer.ui.ports import OnFault, OnProgress, Running


@attrs.frozen(eq=False)
class PatientView:
    """Everything done with one patient's images, newest first, and what of them left."""

    label: PatientLabel
    seen: Sequence[Seen]
    accounting: Accounting = attrs.field(repr=False)


@attrs.frozen
class ReportDone:
    """A report that was written. `sha256` stands in the trail's entry `trail_number`."""

    name: str
    is_whole: bool
    sha256: str
    trail_number: int


class ReviewDesk(Protocol):
    """Looking through the trail, signing off, and what is handed out of it."""

    @property
    def reviewer(self) -> str:
        """Who reviews, by name."""

    @property
    def may_set_hours(self) -> bool:
        """Whether the role may change the practice's hours."""

    def look(
        self,
        since: date,
        until: date,
        on_done: Callable[[Review], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Look through the days, both included."""

    def sign_off(
        self, finding: Finding, note: str, on_done: Callable[[Finding], None], on_fault: OnFault
    ) -> Running:
        """Sign a finding off; answers with it, signed."""

    def find_patient(
        self, text: str, on_done: Callable[[Sequence[PatientLabel]], None], on_fault: OnFault
    ) -> Running:
        """Find by name or chart number; for a role that may not know them, by the id."""

    def who_saw(
        self,
        patient_id: PatientId,
        on_done: Callable[[PatientView], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Read all of one patient's events."""

    def account(
        self,
        patient_id: PatientId,
        path: Path,
        on_done: Callable[[Accounting], None],
        on_fault: OnFault,
    ) -> Running:
        """Write the accounting of disclosures as a PDF, and beside it as CSV."""

    def report(
        self,
        since: date,
        until: date,
        path: Path,
        on_done: Callable[[ReportDone], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Verify the trail and write the review of these days as a PDF."""

    def set_hours(
        self, hours: Hours, on_done: Callable[[Hours], None], on_fault: OnFault
    ) -> Running:
        """Say when the practice is open."""

    def remembered(self) -> Mapping[str, str]:
        """What this person chose the last time: period, page, filters."""

    def remember(self, choices: Mapping[str, str]) -> None:
        """Keep what this person chose."""
