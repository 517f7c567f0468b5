"""Which sheets there are besides those that the shell makes itself: a row for each action."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from viewer.model.ids import PatientId
from viewer.session.permissions import Permission
from viewer.ui.shell_pages import Pages, SheetPage
from viewer.wiring.corrections import correction_pages
from viewer.wiring.workstation import Workstation

if TYPE_CHECKING:
    from viewer.ui.archive_panel import ArchivePanel
    from viewer.ui.document_sheet import DocumentSheet
    from viewer.ui.emergency_code import CodePanel
    from viewer.ui.export_panel import ExportPanel
    from viewer.ui.my_security import MySecurityPanel
    from viewer.ui.parts.words import Words
    from viewer.ui.photo_sheet import PhotoSheet
    from viewer.ui.quarantine_page import QuarantinePanel
    from viewer.ui.relay_panel import RelayPanel
    from viewer.ui.review_window import ReviewPanel
    from viewer.ui.shell import Shell
    from viewer.ui.shell_emergency import BeginEmergency
    from viewer.ui.station_page import StationPanel
    from viewer.ui.watch_page import WatchPanel


def pages_of(workstation: Workstation) -> Pages:
    """Return the pages of one workstation; what they need is imported when they open."""

    def audit_server(_: Shell) -> RelayPanel:
        from viewer.ui.relay_panel import RelayPanel
        from viewer.wiring.relay import ClinicAuditServer

        return RelayPanel(
            ClinicAuditServer(workstation),
            can_set=workstation.may(Permission.MANAGE_POLICIES),
            can_send=workstation.may(Permission.READ_TRAIL),
        )

    def trail_archive(shell: Shell) -> ArchivePanel:
        from viewer.ui.archive_panel import ArchivePanel
        from viewer.wiring.archives import ClinicTrailArchives

        return ArchivePanel(ClinicTrailArchives(workstation), shell.open_sheet)

    def review(_: Shell) -> ReviewPanel:
        from viewer.ui.review_window import ReviewPanel
        from viewer.wiring.review import ClinicReview

        return ReviewPanel(ClinicReview(workstation))

    def begin_emergency(shell: Shell) -> BeginEmergency:
        from viewer.ui.shell_emergency import BeginEmergency
        from viewer.wiring.emergency import ClinicEmergencies

        return BeginEmergency(ClinicEmergencies(workstation), shell.emergency)

    def sealed_code(_: Shell) -> CodePanel:
        from viewer.ui.emergency_code import CodePanel
        from viewer.wiring.emergency import ClinicEmergencies

        return CodePanel(ClinicEmergencies(workstation))

    def my_sign_in(shell: Shell) -> MySecurityPanel:
        from viewer.ui.my_security import MySecurityPanel

        return MySecurityPanel(workstation.security, shell.user)

    def this_workstation(_: Shell) -> StationPanel:
        from viewer.ui.station_page import StationPanel
        from viewer.wiring.stations import ClinicStations

        return StationPanel(ClinicStations(workstation))

    def add_photos(shell: Shell) -> PhotoSheet:
        from viewer.ui.shell_photos import make_photo_sheet
        from viewer.wiring.photos import ClinicPhotos

        return make_photo_sheet(shell, ClinicPhotos(workstation))

    def watched(shell: Shell) -> WatchPanel:
        from viewer.ui.watch_page import WatchPanel

        may_set = workstation.may(Permission.MANAGE_KEEPING)
        panel = WatchPanel(shell.practice.watched, can_set=may_set)
        panel.changed.connect(shell.watching.begin)
        return panel

    return {
        "export_dicom": SheetPage("DICOM files", partial(_dicom_files, workstation)),
        "watched": SheetPage("Watched folders", watched),
        "document": SheetPage("Document", partial(_document, workstation)),
        "photos": SheetPage("Photos and files", add_photos),
        "quarantine": SheetPage("Files set aside", partial(_set_aside, workstation)),
        **correction_pages(workstation),
        "workstation": SheetPage("This workstation", this_workstation),
        "my_sign_in": SheetPage("My sign-in", my_sign_in),
        "emergency": SheetPage("Emergency access", begin_emergency, wide=False),
        "emergency_code": SheetPage("Sealed emergency code", sealed_code, wide=False),
        "archive": SheetPage("Trail archive", trail_archive),
        "relay": SheetPage("Audit server", audit_server),
        "review": SheetPage("Review", review),
    }


def _dicom_files(workstation: Workstation, shell: Shell) -> ExportPanel:
    from viewer.ui.export_panel import ExportPanel
    from viewer.wiring.exporting import ClinicDicomExport

    images = shell.visit.images if shell.visit is not None else ()
    chosen = {shell.image.id} if shell.image is not None else {each.id for each in images}
    patient_id = shell.patient.id if shell.patient is not None else PatientId("")
    export = ClinicDicomExport(workstation)
    return ExportPanel(export, patient_id, images, chosen, shell.thumbnails)


def _set_aside(workstation: Workstation, _: Shell) -> QuarantinePanel:
    from viewer.ui.quarantine_page import QuarantinePanel
    from viewer.wiring.incoming import ClinicQuarantine

    return QuarantinePanel(ClinicQuarantine(workstation))


def _document(workstation: Workstation, shell: Shell) -> DocumentSheet | Words:
    from viewer.ui.document_sheet import document_of
    from viewer.wiring.documents import ClinicDocuments

    return document_of(shell.image, ClinicDocuments(workstation))
