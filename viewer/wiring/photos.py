"""The sheet for photos and files, answered with use cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from viewer.app.jobs import Job, JobControl
from viewer.app.use_cases import library, photos
from viewer.app.use_cases.photos import Chosen, ImportPhotos, ImportReport, Label, Looked
from viewer.model.ids import PatientId
from viewer.model.image import ImageKind
from viewer.session.permissions import Permission
from viewer.ui import ports
from viewer.ui.photo_ports import NewPatient, NothingSeen
from viewer.wiring.incoming import run_import
from viewer.wiring.workstation import Workstation

_CHARTS_SHOWN = 6


class ClinicPhotos:
    """Photos and files of one workstation. Main thread only."""

    _last = Label(ImageKind.PHOTO, photos.VIEWS[0])
    """What was said last in this program: a kind and a view, nothing of anybody."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    @property
    def remembered(self) -> Label:
        """Kind and view that were said last."""
        return ClinicPhotos._last

    def look_at(
        self,
        paths: Sequence[Path],
        on_found: Callable[[Looked], None],
        on_done: Callable[[NothingSeen], None],
        on_fault: ports.OnFault,
    ) -> Job[NothingSeen]:
        """Look at files in the decoding child, one after the other."""
        jobs = self._workstation.jobs

        def tell(looked: Looked) -> None:
            if job.is_current:
                on_found(looked)

        def work(control: JobControl) -> NothingSeen:
            refused = []
            for found in photos.look_at(paths, control.progress, control.is_cancelled):
                if isinstance(found, Looked):
                    jobs.soon(lambda looked=found: tell(looked))  # type: ignore[misc]
                else:
                    refused.append(ports.Refusal(found.name_hint, found.reason))
            return NothingSeen(tuple(refused))

        job = jobs.submit(work, on_done, on_fault)
        return job

    def find_charts(self, text: str) -> Sequence[ports.PatientRow]:
        """Find charts by name or number."""
        if not text.strip() or not self._workstation.may(Permission.LIST_PATIENTS):
            return ()
        request = library.FindPatients(text, _CHARTS_SHOWN)
        found = library.find_patients(self._workstation.clinic, request)
        return [
            ports.PatientRow(each.patient, each.image_count, each.last_study_date) for each in found
        ]

    def store(
        self,
        patient: PatientId | NewPatient,
        chosen: Sequence[Chosen],
        on_done: Callable[[ports.ImportSummary], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[ImportReport]:
        """Seal what was chosen into one chart."""
        request = ImportPhotos(patient, tuple(chosen))
        if chosen:
            ClinicPhotos._last = Label(chosen[-1].label.kind, chosen[-1].label.view)
        case = photos.import_photos
        return run_import(self._workstation, case, request, on_done, on_fault, on_progress)
