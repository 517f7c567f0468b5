"""The review list and the corrections of a chart, answered with use cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from viewer.app.gate import Answer, Request, UseCase
from viewer.app.jobs import Job, JobControl
from viewer.app.review_list import Compared, Keep, WaitingCase
from viewer.app.use_cases import charts, library, waiting
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient
from viewer.model.tooth import Tooth
from viewer.session.permissions import Permission
from viewer.ui import ports
from viewer.ui.waiting_ports import Done
from viewer.wiring.workstation import Workstation

_CHARTS_SHOWN = 6


class _Desk:
    """What both ports share. Main thread only."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation

    def find_charts(self, text: str) -> Sequence[ports.PatientRow]:
        """Find charts by name or number."""
        if not text.strip() or not self._workstation.may(Permission.LIST_PATIENTS):
            return ()
        request = library.FindPatients(text, _CHARTS_SHOWN)
        found = library.find_patients(self._workstation.clinic, request)
        return [
            ports.PatientRow(each.patient, each.image_count, each.last_study_date) for each in found
        ]

    def _submit(
        self,
        case: UseCase[Request, Answer],
        request: Request,
        on_done: Callable[[Answer], None],
        on_fault: ports.OnFault,
    ) -> Job[Answer]:
        clinic = self._workstation.clinic
        return self._workstation.jobs.submit(
            lambda control: case(clinic, request, control), on_done, on_fault
        )

    def _do(
        self,
        case: UseCase[Request, Answer],
        request: Request,
        on_done: Done,
        on_fault: ports.OnFault,
    ) -> Job[Answer]:
        return self._submit(case, request, lambda _: on_done(), on_fault)


class ClinicReviewList(_Desk):
    """Satisfies the port `ReviewList`."""

    def load(
        self, on_done: Callable[[Sequence[WaitingCase]], None], on_fault: ports.OnFault
    ) -> Job[list[WaitingCase]]:
        """List who waits, with small pictures."""
        return self._submit(waiting.list_waiting, waiting.ListWaiting(), on_done, on_fault)

    def compare(
        self, image_id: ImageId, on_done: Callable[[Compared], None], on_fault: ports.OnFault
    ) -> Job[Compared]:
        """Show an image beside the stored one with its identifier."""
        request = waiting.CompareConflict(image_id)
        return self._submit(waiting.compare_conflict, request, on_done, on_fault)

    def assign(
        self,
        waits: PatientId,
        into: PatientId,
        image_ids: Sequence[ImageId],
        reason: str,
        on_done: Done,
        on_fault: ports.OnFault,
    ) -> Job[tuple[ImageRecord, ...]]:
        """Put images into a chart; without images all of them."""
        request = waiting.AssignWaiting(waits, into, reason, tuple(image_ids))
        return self._do(waiting.assign_waiting, request, on_done, on_fault)

    def make_chart(
        self,
        waits: PatientId,
        described: Patient | None,
        reason: str,
        on_done: Done,
        on_fault: ports.OnFault,
    ) -> Job[Patient]:
        """Make a chart of its own."""
        request = waiting.ChartWaiting(waits, reason, described)
        return self._do(waiting.chart_waiting, request, on_done, on_fault)

    def reject(
        self,
        waits: PatientId,
        image_ids: Sequence[ImageId],
        reason: str,
        on_done: Done,
        on_fault: ports.OnFault,
    ) -> Job[int]:
        """Delete what waits; without images all of it."""
        request = waiting.RejectWaiting(waits, reason, tuple(image_ids))
        return self._do(waiting.reject_waiting, request, on_done, on_fault)

    def settle(
        self, image_id: ImageId, keep: Keep, reason: str, on_done: Done, on_fault: ports.OnFault
    ) -> Job[None]:
        """Decide which of two images with one identifier is kept."""
        request = waiting.SettleConflict(image_id, keep, reason)
        return self._do(waiting.settle_conflict, request, on_done, on_fault)


class ClinicCorrections(_Desk):
    """Satisfies the port `Corrections`."""

    def move(
        self,
        image_ids: Sequence[ImageId],
        into: PatientId,
        reason: str,
        on_done: Done,
        on_fault: ports.OnFault,
    ) -> Job[tuple[ImageRecord, ...]]:
        """Move images into another chart."""
        request = charts.MoveImages(tuple(image_ids), into, reason)
        return self._do(charts.move_images, request, on_done, on_fault)

    def merge(
        self,
        source: PatientId,
        into: PatientId,
        reason: str,
        on_done: Done,
        on_fault: ports.OnFault,
    ) -> Job[tuple[ImageRecord, ...]]:
        """Move all of a chart into another of the same person."""
        request = charts.MergeCharts(source, into, reason)
        return self._do(charts.merge_charts, request, on_done, on_fault)

    def unmerge(
        self, source: PatientId, reason: str, on_done: Done, on_fault: ports.OnFault
    ) -> Job[tuple[ImageRecord, ...]]:
        """Undo a merge."""
        request = charts.UnmergeCharts(source, reason)
        return self._do(charts.unmerge_charts, request, on_done, on_fault)

    def set_teeth(
        self,
        image_ids: Sequence[ImageId],
        teeth: tuple[Tooth, ...] | None,
        laterality: str | None,
        on_done: Callable[[Sequence[ImageRecord]], None],
        on_fault: ports.OnFault,
    ) -> Job[tuple[ImageRecord, ...]]:
        """Say which teeth and side images show; hands back the records of before."""
        request = charts.SetTeeth(tuple(image_ids), teeth, laterality)
        return self._submit(charts.set_teeth, request, on_done, on_fault)

    def put_back(
        self, records: Sequence[ImageRecord], on_done: Done, on_fault: ports.OnFault
    ) -> Job[None]:
        """Give images the teeth and sides of these records again."""
        clinic = self._workstation.clinic

        def work(control: JobControl) -> None:
            for each in records:
                request = charts.SetTeeth((each.id,), each.teeth, each.laterality)
                charts.set_teeth(clinic, request, control)

        return self._workstation.jobs.submit(work, lambda _: on_done(), on_fault)
