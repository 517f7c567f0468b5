"""Looking at what is kept whole: pages of a document, a report's text, a model's picture."""

from __future__ import annotations

import attrs

from viewer.app.clinic import Clinic
from viewer.app.errors import ImageNotShown
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.ingest.documents import Shown, show_kept
from viewer.ingest.foreign.document_facts import Line, Report
from viewer.model.ids import ImageId
from viewer.model.image import ImageKind, ImageRecord, ImageState
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission

__all__ = ["Line", "Report", "Shown"]

_REPORTS = frozenset(("SR", "KO"))


def can_be_looked_at(record: ImageRecord) -> bool:
    """Whether there is more to see of a kept file than its small picture."""
    if record.state is not ImageState.KEPT or not record.is_file:
        return False
    is_shown = record.kind in (ImageKind.DOCUMENT, ImageKind.MODEL)
    return is_shown or record.modality in _REPORTS


@attrs.frozen
class LookAtDocument:
    """Which file, and which page of it, from 0."""

    image_id: ImageId
    page: int = 0


def _subject(clinic: Clinic, request: LookAtDocument) -> Subject:
    record = clinic.vault.record(request.image_id)
    why = f"document, page {request.page + 1}"
    return Subject(record.patient_id, (record.id,), why, (record.pixel_sha256,))


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.VIEW,
    entries=Entries.ONE_BEFORE,
    subject=_subject,
)
def look_at_document(clinic: Clinic, request: LookAtDocument, act: Act) -> Shown:
    """Unseal a kept file and have what can be looked at read once more, in a fresh child.

    Raises
    ------
    ImageNotShown
        There is nothing to look at in it.
    FileRefused, NotInStore, Cancelled
    """
    record = clinic.vault.record(request.image_id)
    if not can_be_looked_at(record):
        raise ImageNotShown("This file is kept and cannot be shown.", record.reason)
    content = clinic.vault.open_pixels(record.id)
    try:
        return show_kept(
            content.reshape(-1).view("u1"),
            record.kind,
            record.modality,
            request.page,
            act.control.is_cancelled,
        )
    finally:
        content.fill(0)
