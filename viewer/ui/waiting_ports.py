"""What the review list and the corrections of a chart ask of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from viewer.app.review_list import Compared, Keep, WaitingCase
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.model.tooth import Tooth
from viewer.ui.ports import OnFault, PatientRow, Running

Done = Callable[[], None]
"""Called on the main thread once it is done."""


class ReviewList(Protocol):
    """Who waits for a decision, and what can be decided. Main thread only."""

    def load(self, on_done: Callable[[Sequence[WaitingCase]], None], on_fault: OnFault) -> Running:
        """List who waits, with small pictures."""

    def compare(
        self, image_id: ImageId, on_done: Callable[[Compared], None], on_fault: OnFault
    ) -> Running:
        """Show an image beside the stored one with its identifier."""

    def find_charts(self, text: str) -> Sequence[PatientRow]:
        """Find charts by name or number."""

    def assign(
        self,
        waits: PatientId,
        into: PatientId,
        image_ids: Sequence[ImageId],
        reason: str,
        on_done: Done,
        on_fault: OnFault,
    ) -> Running:
        """Put images into a chart; without images all of them."""

    def make_chart(
        self,
        waits: PatientId,
        described: Patient | None,
        reason: str,
        on_done: Done,
        on_fault: OnFault,
    ) -> Running:
        """Make a chart of its own."""

    def reject(
        self,
        waits: PatientId,
        image_ids: Sequence[ImageId],
        reason: str,
        on_done: Done,
        on_fault: OnFault,
    ) -> Running:
        """Delete what waits; without images all of it."""

    def settle(
        self, image_id: ImageId, keep: Keep, reason: str, on_done: Done, on_fault: OnFault
    ) -> Running:
        """Decide which of two images with one identifier is kept."""


class Corrections(Protocol):
    """Corrections of a chart that is open. Main thread only."""

    def find_charts(self, text: str) -> Sequence[PatientRow]:
        """Find charts by name or number."""

    def move(
        self,
        image_ids: Sequence[ImageId],
        into: PatientId,
        reason: str,
        on_done: Done,
        on_fault: OnFault,
    ) -> Running:
        """Move images into another chart."""

    def merge(
        self, source: PatientId, into: PatientId, reason: str, on_done: Done, on_fault: OnFault
    ) -> Running:
        """Move all of a chart into another of the same person."""

    def unmerge(self, source: PatientId, reason: str, on_done: Done, on_fault: OnFault) -> Running:
        """Undo a merge."""

    def set_teeth(
        self,
        image_ids: Sequence[ImageId],
        teeth: tuple[Tooth, ...] | None,
        laterality: str | None,
        on_done: Callable[[Sequence[ImageRecord]], None],
        on_fault: OnFault,
    ) -> Running:
        """Say which teeth and side images show; hands back the records of before."""

    def put_back(self, records: Sequence[ImageRecord], on_done: Done, on_fault: OnFault) -> Running:
        """Give images the teeth and sides of these records again."""
