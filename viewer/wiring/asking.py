"""What the answers to the windows' ports share: a use case becomes a job."""

from __future__ import annotations

from collections.abc import Callable

from viewer.app.clinic import Clinic
from viewer.app.gate import Answer, Request, UseCase
from viewer.app.jobs import Job
from viewer.ui import ports
from viewer.wiring.workstation import Workstation


class Asking:
    """Answers a port with use cases of this workstation's clinic. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    @property
    def _clinic(self) -> Clinic:
        return self._workstation.clinic

    def _submit(
        self,
        case: UseCase[Request, Answer],
        request: Request,
        on_done: Callable[[Answer], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress = lambda _: None,
    ) -> Job[Answer]:
        clinic = self._clinic
        return self._workstation.jobs.submit(
            lambda control: case(clinic, request, control), on_done, on_fault, on_progress
        )
