"""The sheet for documents, answered with use cases."""

from __future__ import annotations

from collections.abc import Callable

from viewer.app.jobs import Job
from viewer.app.use_cases import documents
from viewer.app.use_cases.documents import Shown
from viewer.model.ids import ImageId
from viewer.ui import ports
from viewer.wiring.workstation import Workstation


class ClinicDocuments:
    """Kept files of one workstation. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def look_at(
        self,
        image_id: ImageId,
        page: int,
        on_done: Callable[[Shown], None],
        on_fault: ports.OnFault,
    ) -> Job[Shown]:
        """Unseal a file and have one page, its text or its picture made."""
        clinic = self._workstation.clinic
        request = documents.LookAtDocument(image_id, page)
        return self._workstation.jobs.submit(
            lambda control: documents.look_at_document(clinic, request, control), on_done, on_fault
        )
