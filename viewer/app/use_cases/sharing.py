"""Sharing: plan what would leave, look at it, seal it, and say in the trail what left."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.app.clinic import Clinic
from viewer.app.errors import ImageNotShown, NothingChosen
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.use_cases.exporting import refuse_destination
from viewer.app.use_cases.library import say_of_others
from viewer.model.errors import UserError
from viewer.model.ids import ImageId, PatientId, new_id
from viewer.model.image import ImageRecord, ImageState
from viewer.redact.plan import RedactionPlan, ShareFacts, ShareSubject, make_plan, preview_pixels
from viewer.redact.profiles import profile_named
from viewer.session.audit.events import EventKind
from viewer.session.permissions import KeyName, Permission
from viewer.share.formats.age_bundle import (
    BundleReceipt,
    ToPassphrase,
    ToRecipients,
    write_bundle,
)


@attrs.frozen
class PlanShare:
    """Which images, under which profile, to whom."""

    image_ids: tuple[ImageId, ...]
    profile: str
    recipient: str = attrs.field(default="", repr=False)
    reference: str = ""


@attrs.frozen(eq=False)
class PlannedShare:
    """A plan with the pictures it was made from; in memory only, dropped at lock."""

    plan: RedactionPlan
    subjects: tuple[ShareSubject, ...]

    def for_recipient(self, recipient: str) -> RedactionPlan:
        """Return the plan with the recipient's name in mark and manifest."""
        facts = attrs.evolve(self.plan.facts, recipient=recipient.strip())
        return make_plan(self.subjects, self.plan.profile, facts)

    def preview(
        self, image_id: ImageId, recipient: str
    ) -> tuple[ShareSubject, NDArray[np.generic]]:
        """Return an image as it is and its stored values as they would leave."""
        plan = self.for_recipient(recipient)
        for subject, image in zip(self.subjects, plan.images, strict=True):
            if subject.record.id == image_id:
                return subject, preview_pixels(subject, image)
        raise NothingChosen("This image is not part of the share.")


def _records(clinic: Clinic, image_ids: Collection[ImageId]) -> list[ImageRecord]:
    if not image_ids:
        raise NothingChosen("No images are selected.", "Select the images to share.")
    records = [clinic.vault.record(image_id) for image_id in dict.fromkeys(image_ids)]
    if any(record.state is not ImageState.SHOWN for record in records):
        raise ImageNotShown(
            "A file that is kept and not shown cannot be shared: nobody sees what is on it.",
            "Share the images without it.",
        )
    return records


def _only_patient(records: list[ImageRecord]) -> PatientId | None:
    patients = {record.patient_id for record in records}
    return next(iter(patients)) if len(patients) == 1 else None


def _several_patients(records: list[ImageRecord]) -> tuple[PatientId, ...]:
    """Return whose images these are where they are not one patient's: each accounting asks."""
    patients = tuple(dict.fromkeys(record.patient_id for record in records))
    return patients if len(patients) > 1 else ()


def _images_of(records: list[ImageRecord], patient_id: PatientId) -> tuple[str, ...]:
    return tuple(record.id for record in records if record.patient_id == patient_id)


def _plan_subject(clinic: Clinic, request: PlanShare) -> Subject:
    records = _records(clinic, request.image_ids)
    return Subject(
        _only_patient(records),
        tuple(record.id for record in records),
        f"share preview, {request.profile}",
    )


@use_case(
    permission=Permission.SHARE_IMAGES,
    event=EventKind.VIEW,
    entries=Entries.ONE_BEFORE,
    subject=_plan_subject,
)
def plan_share(clinic: Clinic, request: PlanShare, act: Act) -> PlannedShare:
    """Work out what would leave; nothing leaves yet."""
    profile = profile_named(request.profile)
    made = datetime.now(UTC)
    facts = ShareFacts(
        number=new_id()[:8].upper(),
        purpose=profile.purpose,
        recipient=request.recipient,
        practice=clinic.practice.name,
        made=made,
        expires=(made + timedelta(days=profile.expiry_days)).date()
        if profile.expiry_days
        else None,
        reference=request.reference,
    )
    subjects = []
    records = _records(clinic, request.image_ids)
    of = {patient: _images_of(records, patient) for patient in _several_patients(records)}
    say_of_others(clinic, act, EventKind.VIEW, of)
    for number, record in enumerate(records):
        act.still_here()
        act.control.progress(number, len(records), "Preparing")
        pixels = clinic.vault.open_pixels(record.id, act.control.is_cancelled)
        subjects.append(ShareSubject(record, pixels, clinic.vault.headers(record.id)))
    return PlannedShare(make_plan(subjects, profile, facts), tuple(subjects))


@attrs.frozen
class SealShare:
    """A plan as a person confirmed it, and where the bundle goes."""

    planned: PlannedShare = attrs.field(repr=False)
    recipient: str = attrs.field(repr=False)
    destination: Path = attrs.field(repr=False)
    confirmed: frozenset[str] = frozenset()
    seal: ToPassphrase | ToRecipients = attrs.field(factory=ToPassphrase, repr=False)
    replace: bool = False


@attrs.frozen
class SealedShare:
    """What left, with the number of its entry in the trail."""

    receipt: BundleReceipt
    trail_number: int


def _seal_subject(clinic: Clinic, request: SealShare) -> Subject:
    records = [subject.record for subject in request.planned.subjects]
    plan = request.planned.plan
    recipient = request.recipient.strip()
    return Subject(
        _only_patient(records),
        (*(record.id for record in records), *_several_patients(records)),
        f"{plan.facts.purpose}, to {recipient}, profile {plan.profile.name}, "
        f"share {plan.facts.number}",
        tuple(record.pixel_sha256 for record in records),
        purpose=plan.facts.purpose,
        recipient=recipient,
    )


@use_case(permission=Permission.SHARE_IMAGES, event=EventKind.SHARE, subject=_seal_subject)
def seal_share(clinic: Clinic, request: SealShare, act: Act) -> SealedShare:
    """Redact, seal, verify and write the bundle. A cancelled or failed one leaves no file.

    Raises
    ------
    UserError
        No recipient, or a doubt that nobody looked at.
    DestinationRefused
        There is a file already, or no such folder.
    VerifyFailed
        The finished bundle is not what the plan says; it does not leave.
    """
    if not request.recipient.strip():
        raise UserError("Nobody is named as recipient.", "Say for whom the images are.")
    refuse_destination(request.destination, replace=request.replace)
    planned = request.planned
    plan = planned.for_recipient(request.recipient).confirmed(request.confirmed)
    key = act.session.key(KeyName.SHARE)
    try:
        receipt = write_bundle(
            request.destination,
            plan,
            planned.subjects,
            key,
            request.seal,
            on_progress=lambda part, words: act.control.progress(round(part * 100), 100, words),
            is_cancelled=act.control.is_cancelled,
        )
    finally:
        key.wipe()
    act.outcome = attrs.evolve(
        act.outcome,
        digests=(receipt.sha256, receipt.manifest_sha256),
        size_bytes=receipt.size_bytes,
    )
    return SealedShare(receipt, act.number)
