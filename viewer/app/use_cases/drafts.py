"""Unfinished work that a lock interrupted: looked at, brought back, or thrown away by its owner.

No request names an owner: whoever is in gets his own, and there is no way to ask for another's.
"""

from __future__ import annotations

from typing import Any

import attrs

from viewer.app.clinic import Clinic
from viewer.app.drafts import Draft
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.model.image import ImageRecord
from viewer.model.patient import Patient, Study
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission
from viewer.vault.errors import NotInStore


def _subject(why: str) -> Any:
    def of(clinic: Clinic, request: object) -> Subject:
        session = clinic.desk.session
        draft = clinic.drafts.of(session) if session is not None else None
        if draft is None:
            return Subject(why=f"{why}: there is none")
        return Subject(draft.patient_id, (draft.image_id,) if draft.image_id else (), why)

    return of


@attrs.frozen
class LookAtDraft:
    """One's own."""


@attrs.frozen
class DraftOffer:
    """A draft with what a person knows it by; `image` is None where it is gone or was none."""

    draft: Draft
    patient: Patient
    study: Study | None = None
    image: ImageRecord | None = None


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.DRAFT,
    entries=Entries.ONE_BEFORE,
    subject=_subject("offered"),
)
def look_at_draft(clinic: Clinic, request: LookAtDraft, act: Act) -> DraftOffer | None:
    """Say what was kept, to offer it; None where there is nothing, or its patient is gone."""
    draft = clinic.drafts.of(act.session)
    if draft is None:
        return None
    try:
        patient = clinic.vault.patient(draft.patient_id)
    except NotInStore:
        clinic.drafts.throw_away(act.session)
        return None
    for summary in clinic.vault.studies(patient.id):
        for image in summary.images:
            if image.id == draft.image_id:
                return DraftOffer(draft, patient, summary.study, image)
    return DraftOffer(draft, patient)


@attrs.frozen
class BringDraftBack:
    """One's own."""


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.DRAFT,
    entries=Entries.ONE_BEFORE,
    subject=_subject("brought back"),
)
def bring_draft_back(clinic: Clinic, request: BringDraftBack, act: Act) -> Draft | None:
    """Return what was kept, to go on with; None where there is nothing."""
    return clinic.drafts.of(act.session)


@attrs.frozen
class ThrowDraftAway:
    """One's own."""


@use_case(
    permission=Permission.VIEW_IMAGES,
    event=EventKind.DRAFT,
    entries=Entries.ONE_BEFORE,
    subject=_subject("thrown away"),
)
def throw_draft_away(clinic: Clinic, request: ThrowDraftAway, act: Act) -> None:
    """Remove what was kept."""
    clinic.drafts.throw_away(act.session)
