"""What the page for DICOM files asks of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from viewer.model.ids import ImageId, PatientId
from viewer.ui.ports import OnFault, OnProgress, Running


@attrs.frozen
class ExportOrder:
    """Which images (none: all of the patient), where the folder is made, what for, for whom."""

    patient_id: PatientId
    image_ids: Sequence[ImageId]
    folder: Path = attrs.field(repr=False)
    purpose: str
    recipient: str = attrs.field(repr=False)


@attrs.frozen
class Exported:
    """What was written: the new folder, how much, what stayed and why, and its entry's number."""

    folder: Path = attrs.field(repr=False)
    files: int
    size_bytes: int
    left_out: Sequence[str]
    trail_number: int


class DicomExport(Protocol):
    """Images out as the files they came as."""

    def export(
        self,
        order: ExportOrder,
        on_done: Callable[[Exported], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Write a new folder in the chosen one; the person was told that it is not sealed."""
