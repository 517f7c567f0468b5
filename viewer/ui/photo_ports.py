"""What the sheet for photos and files asks of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from viewer.app.use_cases.photos import Chosen, Label, Looked, NewPatient
from viewer.model.ids import PatientId
from viewer.ui.ports import ImportSummary, OnFault, OnProgress, PatientRow, Refusal, Running

__all__ = ["Chosen", "Label", "Looked", "NewPatient", "NothingSeen", "PhotoDesk"]


@attrs.frozen
class NothingSeen:
    """Files that could not be taken, each with its reason."""

    refusals: tuple[Refusal, ...] = ()


class PhotoDesk(Protocol):
    """Looks at photos and files, and stores them. Main thread only."""

    @property
    def remembered(self) -> Label:
        """Kind and view that were said last."""

    def look_at(
        self,
        paths: Sequence[Path],
        on_found: Callable[[Looked], None],
        on_done: Callable[[NothingSeen], None],
        on_fault: OnFault,
    ) -> Running:
        """Look at files; `on_found` comes for each as soon as it has been looked at."""

    def find_charts(self, text: str) -> Sequence[PatientRow]:
        """Find charts by name or number."""

    def store(
        self,
        patient: PatientId | NewPatient,
        chosen: Sequence[Chosen],
        on_done: Callable[[ImportSummary], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Seal what was chosen into one chart."""
