"""DICOM files out for their page."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from viewer.app.use_cases import dicom_out
from viewer.ui.export_ports import Exported, ExportOrder
from viewer.ui.ports import OnFault, OnProgress, Running
from viewer.wiring.asking import Asking


class ClinicDicomExport(Asking):
    """Satisfies the port `DicomExport`. Main thread only."""

    def export(
        self,
        order: ExportOrder,
        on_done: Callable[[Exported], None],
        on_fault: OnFault,
        on_progress: OnProgress,
    ) -> Running:
        """Write a new folder whose name tells nothing of anybody."""
        destination = order.folder / f"DICOM-{secrets.token_hex(4).upper()}"
        request = dicom_out.ExportDicom(
            destination,
            order.purpose,
            order.recipient,
            tuple(order.image_ids),
            "" if order.image_ids else order.patient_id,
            leaves_unsealed=True,
        )

        def done(exported: dicom_out.ExportedDicom) -> None:
            written = exported.written
            reasons = tuple(why for _, why in exported.left_out)
            number = exported.trail_number
            on_done(Exported(destination, written.files, written.size_bytes, reasons, number))

        return self._submit(dicom_out.export_dicom, request, done, on_fault, on_progress)
