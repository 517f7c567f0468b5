"""Patients, visits, thumbnails, pictures and imports for the shell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from viewer.app.clinic import Clinic
from viewer.app.gate import Answer, Request, UseCase
from viewer.app.jobs import Job, JobControl
from viewer.app.use_cases import importing, library, waiting
from viewer.model.errors import BitewingError, UserError
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord, Picture
from viewer.model.patient import Patient
from viewer.session.permissions import Permission
from viewer.ui import ports
from viewer.wiring.incoming import run_import
from viewer.wiring.workstation import Workstation


class ClinicChart:
    """Satisfies the port `Chart`. Main thread only."""

    def __init__(
        self,
        workstation: Workstation,
        more: Callable[[], Sequence[ports.Protection]] = tuple,
    ) -> None:
        """Serve one workstation; `more` says what else stands in the status line."""
        self._workstation = workstation
        self._more = more

    def find_patients(
        self, text: str, *, first: int = 0, count: int = 200
    ) -> Sequence[ports.PatientRow]:
        """List patients by name; nobody for a role that looks at no patients."""
        if not self._workstation.may(Permission.LIST_PATIENTS):
            return ()
        request = library.FindPatients(text, first + count)
        rows = library.find_patients(self._workstation.clinic, request)
        return [
            ports.PatientRow(row.patient, row.image_count, row.last_study_date)
            for row in rows[first:]
        ]

    def patient(self, patient_id: PatientId) -> Patient | None:
        """Who has this id, from the chart that is about to be opened."""
        try:
            return library.open_chart(
                self._workstation.clinic, library.OpenChart(patient_id)
            ).patient
        except UserError:
            return None

    def visits(self, patient_id: PatientId) -> Sequence[ports.Visit]:
        """Open a chart."""
        chart = library.open_chart(self._workstation.clinic, library.OpenChart(patient_id))
        return [ports.Visit(study.study, study.images) for study in chart.studies]

    def fetch_thumbnail(
        self,
        image_id: ImageId,
        on_done: Callable[[ports.Thumbnail], None],
        on_fault: ports.OnFault,
    ) -> Job[ports.Thumbnail]:
        """Unseal a small picture of the open chart."""
        clinic = self._workstation.clinic

        def work(control: JobControl) -> ports.Thumbnail:
            request = library.ShowThumbnails(None, (image_id,))
            return ports.Thumbnail(
                image_id, library.show_thumbnails(clinic, request, control)[image_id]
            )

        return self._workstation.jobs.submit(work, on_done, on_fault)

    def open_image(
        self,
        image_id: ImageId,
        on_done: Callable[[Picture], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
        on_arriving: ports.OnArriving = ports.ignore_arriving,
    ) -> Job[Picture]:
        """Write the view into the trail, then unseal the image; a volume is seen as it comes."""
        keep = self._workstation.wipe_at_lock
        arrivals = _Arrivals(self._workstation, on_arriving)
        job = arrivals.job = self._submit(
            library.open_image,
            library.OpenImage(image_id, library.Watcher(arrivals.overview, arrivals.planes)),
            lambda picture: on_done(keep(picture)),
            on_fault,
            on_progress,
        )
        return job

    def prepare_to_import(self) -> None:
        """Start the reading processes while the person still chooses a folder."""
        if self._workstation.may(Permission.IMPORT_IMAGES):
            importing.prepare_to_import()

    def import_paths(
        self,
        paths: Sequence[Path],
        on_done: Callable[[ports.ImportSummary], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[importing.ImportReport]:
        """Read files and folders in a disposable child and seal what is whole."""
        request, case = importing.ImportPaths(tuple(paths)), importing.import_paths
        return run_import(self._workstation, case, request, on_done, on_fault, on_progress)

    def protections(self) -> Sequence[ports.Protection]:
        """What protects the user now."""
        clinic = self._workstation.clinic
        good, warning = ports.ProtectionState.GOOD, ports.ProtectionState.WARNING
        sealed = ports.Protection(
            "sealed store",
            good,
            "Every image and name is encrypted on this disk (AES-256-GCM).",
            "check",
        )
        trail = ports.Protection(
            "trail", good, "Every access is recorded in a chain that shows tampering.", "trail"
        )
        if clinic.desk.break_glass.is_trail_waiting:
            words = "The trail cannot be written: what is seen is recorded elsewhere until it can."
            trail = ports.Protection("trail waits", ports.ProtectionState.BROKEN, words)
        if clinic.keystore.protects_a_copied_disk:
            keys = ports.Protection(
                "key store",
                good,
                "The key of this workstation is in the key store of the operating system.",
            )
        else:
            keys = ports.Protection("file key store", warning, clinic.keystore.label)
        elsewhere = _copy_elsewhere(clinic)
        waiting = _waiting(self._workstation)
        others = [elsewhere] if elsewhere else []
        return [*waiting, sealed, trail, keys, *others, *self._more()]

    def _submit(
        self,
        case: UseCase[Request, Answer],
        request: Request,
        on_done: Callable[[Answer], None],
        on_fault: ports.OnFault,
        on_progress: ports.OnProgress,
    ) -> Job[Answer]:
        clinic = self._workstation.clinic
        return self._workstation.jobs.submit(
            lambda control: case(clinic, request, control), on_done, on_fault, on_progress
        )


def _waiting(workstation: Workstation) -> list[ports.Protection]:
    """Say that arrivals wait for somebody to tell whose they are, to whoever may tell."""
    if not workstation.may(Permission.CORRECT_CHARTS):
        return []
    try:
        count = waiting.count_waiting(workstation.clinic, waiting.CountWaiting())
    except BitewingError:  # locked meanwhile, or the trail takes no entry: others say so
        return []
    if not count:
        return []
    label = "1 arrival: whose is it?" if count == 1 else f"{count} arrivals: whose are they?"
    words = "They are in no chart until somebody decides. Click to compare and decide."
    return [ports.Protection(label, ports.ProtectionState.WARNING, words, "waiting")]


def _copy_elsewhere(clinic: Clinic) -> ports.Protection | None:
    """How the trail's copy on the audit server stands; nothing where none was asked for."""
    good, warning = ports.ProtectionState.GOOD, ports.ProtectionState.WARNING
    if clinic.relay_fault is not None:
        words = f"The trail is not sent off: {clinic.relay_fault}"
        return ports.Protection("audit copy off", ports.ProtectionState.BROKEN, words, "relay")
    if not clinic.relay.is_on:
        return None
    if clinic.relay.fault:
        words = f"{clinic.relay.fault} What happens here waits and is sent later."
        return ports.Protection("audit copy waits", warning, words, "relay")
    words = "Another machine keeps a copy of the trail, entry by entry."
    return ports.Protection("audit copy", good, words, "relay")


class _Arrivals:
    """Passes what has come of a volume on to the main thread, as long as anybody waits for it."""

    def __init__(self, workstation: Workstation, on_arriving: ports.OnArriving) -> None:
        self._workstation = workstation
        self._on_arriving = on_arriving
        self.job: Job[Picture] | None = None

    def overview(self, record: ImageRecord, picture: Picture) -> None:
        """On a worker: the overview is there."""
        self._pass(ports.Arriving(record, picture))

    def planes(self, picture: Picture, planes: range) -> None:
        """On a worker: some planes are in place."""
        self._pass(ports.Arriving(picture.record, picture, planes))

    def _pass(self, arriving: ports.Arriving) -> None:
        self._workstation.jobs.soon(lambda: self._show(arriving))

    def _show(self, arriving: ports.Arriving) -> None:
        if self.job is not None and self.job.is_current:
            self._workstation.wipe_at_lock(arriving.picture)
            self._on_arriving(arriving)
            if arriving.is_overview:
                self._workstation.hold_overview(arriving.picture.pixels)
        elif arriving.is_overview:  # nobody else holds it; the array is overwritten by its opening
            arriving.picture.pixels.fill(0)
