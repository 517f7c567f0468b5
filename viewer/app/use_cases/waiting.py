"""The review list: arrivals of which it is not sure whose they are, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from viewer.app.charting import SAME_IDENTIFIER, match_in
from viewer.app.clinic import Clinic
from viewer.app.correcting import decided, keep_afterwards, put_in_chart, require_reason
from viewer.app.errors import NothingChosen, StillInConflict
from viewer.app.gate import Act, Entries, Subject, use_case
from viewer.app.review_list import Compared, Keep, NearChart, WaitingCase, WaitingImage
from viewer.dicom.differences import differences
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord, ImageState
from viewer.model.patient import Patient
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission
from viewer.vault.records import Aside
from viewer.vault.store import Vault

_THUMBNAILS_SHOWN = 8
_CHARTS_SHOWN = 4


@attrs.frozen
class CountWaiting:
    """Ask only how many wait."""


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=lambda clinic, request: Subject(why="how many wait for a decision"),
)
def count_waiting(clinic: Clinic, request: CountWaiting, act: Act) -> int:
    """Count who waits for a decision."""
    return clinic.vault.hidden.count_waiting()


@attrs.frozen
class ListWaiting:
    """List everybody who waits, with small pictures."""


def _list_subject(clinic: Clinic, request: ListWaiting) -> Subject:
    hidden = clinic.vault.hidden
    waiting = [each.patient.id for each in hidden.waiting()]
    shown = [image.id for each in waiting for image in hidden.images(each)[:_THUMBNAILS_SHOWN]]
    return Subject(objects=tuple(shown), why="review list")


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.LIST,
    entries=Entries.ONE_BEFORE,
    subject=_list_subject,
)
def list_waiting(clinic: Clinic, request: ListWaiting, act: Act) -> list[WaitingCase]:
    """List who waits for a decision, oldest first, each beside the charts that may be meant."""
    return [_case(clinic.vault, each) for each in clinic.vault.hidden.waiting()]


def _case(vault: Vault, waiting: Aside) -> WaitingCase:
    found = match_in(vault, waiting.patient, waiting.issuer)
    images = [
        WaitingImage(record, conflicts_of(vault, record))
        for record in vault.hidden.images(waiting.patient.id)
    ]
    doubts = [doubt.value for doubt in found.doubts]
    if any(each.conflicts for each in images):
        doubts.insert(0, SAME_IDENTIFIER)
    near = [NearChart(each.patient, each.doubts) for each in found.likenesses[:_CHARTS_SHOWN]]
    near = [_counted(vault, each) for each in _with_conflicting(vault, near, images)]
    shown = [each.record.id for each in images[:_THUMBNAILS_SHOWN]]
    return WaitingCase(
        waiting.patient,
        waiting.since,
        tuple(doubts),
        tuple(near),
        tuple(images),
        vault.hidden.thumbnails(shown),
    )


def _with_conflicting(
    vault: Vault, near: Sequence[NearChart], images: Sequence[WaitingImage]
) -> list[NearChart]:
    """Add the charts that hold an image with the same identifier."""
    known = {each.patient.id for each in near}
    holding = dict.fromkeys(stored.patient_id for image in images for stored in image.conflicts)
    more = [NearChart(vault.patient(each), ()) for each in holding if each not in known]
    return [*near, *more]


def _counted(vault: Vault, near: NearChart) -> NearChart:
    studies = vault.studies(near.patient.id)
    days = [each.study.date for each in studies if each.study.date is not None]
    count = sum(len(each.images) for each in studies)
    return attrs.evolve(near, image_count=count, last_study=max(days, default=None))


def conflicts_of(vault: Vault, record: ImageRecord) -> tuple[ImageRecord, ...]:
    """Return the images of charts that bear an identifier of an image that waits."""
    return tuple(vault.find_by_sop(record.sop_instance_uids))


@attrs.frozen
class AssignWaiting:
    """Who waits, into whose chart, why; without images all of them."""

    waiting: PatientId
    into: PatientId
    reason: str = attrs.field(repr=False)
    image_ids: tuple[ImageId, ...] = ()


def _chosen(clinic: Clinic, waiting: PatientId, image_ids: Sequence[ImageId]) -> list[ImageRecord]:
    """Return the images that are meant; all of them where none are named.

    Raises
    ------
    NotInStore
        Nobody of this id waits (any more).
    NothingChosen
        One of the images is not among them.
    """
    clinic.vault.hidden.one_waiting(waiting)
    there = {each.id: each for each in clinic.vault.hidden.images(waiting)}
    if not set(image_ids) <= there.keys():
        raise NothingChosen(
            "One of these images does not wait any more.", "Look at the list again."
        )
    return [there[each] for each in image_ids] if image_ids else list(there.values())


def _assign_subject(clinic: Clinic, request: AssignWaiting) -> Subject:
    chosen = _chosen(clinic, request.waiting, request.image_ids)
    why = f"from waiting {request.waiting} to {request.into}: {request.reason.strip()}"
    return _of(request.into, chosen, why)


def _of(patient_id: PatientId, chosen: Sequence[ImageRecord], why: str) -> Subject:
    return Subject(
        patient_id,
        tuple(each.id for each in chosen),
        why,
        tuple(each.pixel_sha256 for each in chosen),
        sum(each.size_bytes for each in chosen),
    )


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_assign_subject,
)
def assign_waiting(clinic: Clinic, request: AssignWaiting, act: Act) -> tuple[ImageRecord, ...]:
    """Put images that wait into a chart; the record keeps who the file says it is of.

    Raises
    ------
    NothingChosen
        No reason is given.
    NotInStore
        Nobody of these ids waits, or has a chart.
    StillInConflict
        An image bears the identifier of a stored one: `settle_conflict` comes first.
    """
    require_reason(request.reason)
    clinic.vault.patient(request.into)
    chosen = _chosen(clinic, request.waiting, request.image_ids)
    _require_no_conflict(clinic.vault, chosen)
    moved = put_in_chart(clinic, act, [each.id for each in chosen], request.into)
    keep_afterwards(clinic, act)
    return tuple(moved)


def _require_no_conflict(vault: Vault, chosen: Sequence[ImageRecord]) -> None:
    if any(conflicts_of(vault, each) for each in chosen):
        raise StillInConflict


@attrs.frozen
class ChartWaiting:
    """Who waits and is somebody new, why, and who it is where the files don't say (all of it)."""

    waiting: PatientId
    reason: str = attrs.field(repr=False)
    described: Patient | None = attrs.field(default=None, repr=False)


def _chart_subject(clinic: Clinic, request: ChartWaiting) -> Subject:
    chosen = _chosen(clinic, request.waiting, ())
    return _of(request.waiting, chosen, f"new chart: {request.reason.strip()}")


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_chart_subject,
)
def chart_waiting(clinic: Clinic, request: ChartWaiting, act: Act) -> Patient:
    """Make a chart of its own for somebody who waits.

    Where `described` says something else than the files, the images keep who those say it is of.

    Raises
    ------
    NothingChosen
        No reason is given, or nothing by which the person could be found.
    NotInStore
        Nobody of this id waits (any more).
    StillInConflict
        An image bears the identifier of a stored one: `settle_conflict` comes first.
    """
    require_reason(request.reason)
    hidden = clinic.vault.hidden
    before = hidden.one_waiting(request.waiting).patient
    described = attrs.evolve(request.described or before, id=before.id)
    if not (described.family_name.strip() or described.given_name.strip()):
        raise NothingChosen("A chart needs a name.", "Say who it is.")
    chosen = _chosen(clinic, request.waiting, ())
    _require_no_conflict(clinic.vault, chosen)
    if described != before:
        clinic.vault.update_patient(described)
    for record in chosen:
        said = None if described == before else before
        clinic.vault.update_record(decided(attrs.evolve(record, arrived_as=said)))
    patient = hidden.make_chart(request.waiting)
    keep_afterwards(clinic, act)
    return patient


@attrs.frozen
class RejectWaiting:
    """Who waits and is not wanted, and why; without images all of them."""

    waiting: PatientId
    reason: str = attrs.field(repr=False)
    image_ids: tuple[ImageId, ...] = ()


def _reject_subject(clinic: Clinic, request: RejectWaiting) -> Subject:
    chosen = _chosen(clinic, request.waiting, request.image_ids)
    return _of(request.waiting, chosen, f"rejected: {request.reason.strip()}")


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_reject_subject,
)
def reject_waiting(clinic: Clinic, request: RejectWaiting, act: Act) -> int:
    """Delete what waits, with its keys: it never was in a chart. Returns how many images.

    The files are where they were imported from. They are not written out again: that would be an
    export that nobody was asked for.

    Raises
    ------
    NothingChosen
        No reason is given.
    NotInStore
        Nobody of this id waits (any more).
    """
    require_reason(request.reason)
    chosen = _chosen(clinic, request.waiting, request.image_ids)
    _delete(clinic, request.waiting, chosen)
    keep_afterwards(clinic, act)
    return len(chosen)


def _delete(clinic: Clinic, waiting: PatientId, chosen: Sequence[ImageRecord]) -> None:
    """Delete images that wait; whoever has none left goes with his key."""
    if len(chosen) == len(clinic.vault.hidden.images(waiting)):
        clinic.vault.erase_patient(waiting)
        return
    for record in chosen:
        clinic.vault.delete_image(record.id)


REPLACED = "Replaced by another file with the same identifier."


@attrs.frozen
class SettleConflict:
    """Which image waits, which of the two is kept, and why."""

    image_id: ImageId
    keep: Keep
    reason: str = attrs.field(repr=False)


def _pair(clinic: Clinic, image_id: ImageId) -> tuple[ImageRecord, tuple[ImageRecord, ...]]:
    record = clinic.vault.hidden.record(image_id)
    clinic.vault.hidden.one_waiting(record.patient_id)
    stored = conflicts_of(clinic.vault, record)
    if not stored:
        raise NothingChosen("This image is in conflict with none.", "Assign it to a chart.")
    return record, stored


def _conflict_subject(clinic: Clinic, request: SettleConflict) -> Subject:
    record, stored = _pair(clinic, request.image_id)
    into = stored[0].patient_id
    words = f"conflict, {request.keep.value}: waiting {record.patient_id} and {into}"
    return _of(into, [record, *stored], f"{words}: {request.reason.strip()}")


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_conflict_subject,
)
def settle_conflict(clinic: Clinic, request: SettleConflict, act: Act) -> None:
    """Decide between an image that waits and a stored one with its identifier.

    The stored one is never removed: where the new one takes its place it stays, not shown.

    Raises
    ------
    NothingChosen
        No reason is given, or there is no conflict.
    NotInStore
        The image does not wait (any more).
    """
    require_reason(request.reason)
    record, stored = _pair(clinic, request.image_id)
    if request.keep is Keep.STORED:
        _delete(clinic, record.patient_id, [record])
    else:
        put_in_chart(clinic, act, [record.id], stored[0].patient_id)
    if request.keep is Keep.ARRIVED:
        for each in stored:
            clinic.vault.set_state(each.id, ImageState.KEPT, REPLACED)
    keep_afterwards(clinic, act)


@attrs.frozen
class CompareConflict:
    """Which image waits."""

    image_id: ImageId


def _compare_subject(clinic: Clinic, request: CompareConflict) -> Subject:
    record, stored = _pair(clinic, request.image_id)
    return Subject(stored[0].patient_id, (stored[0].id, record.id), "conflict, side by side")


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.VIEW,
    entries=Entries.ONE_BEFORE,
    subject=_compare_subject,
)
def compare_conflict(clinic: Clinic, request: CompareConflict, act: Act) -> Compared:
    """Show a stored image and the one that arrived with its identifier, side by side."""
    record, (stored, *_) = _pair(clinic, request.image_id)
    hidden = clinic.vault.hidden
    small = hidden.thumbnails([stored.id, record.id])
    fields = differences(hidden.headers(stored.id), hidden.headers(record.id))
    return Compared(
        stored,
        record,
        small.get(stored.id),
        small.get(record.id),
        fields,
        _pixels_differing(clinic, stored, record, act),
    )


def _pixels_differing(
    clinic: Clinic, stored: ImageRecord, record: ImageRecord, act: Act
) -> int | None:
    if (stored.shape, stored.dtype) != (record.shape, record.dtype):
        return None
    if stored.pixel_sha256 == record.pixel_sha256:
        return 0
    hidden, is_cancelled = clinic.vault.hidden, act.control.is_cancelled
    first = hidden.open_pixels(stored.id, is_cancelled)
    second = hidden.open_pixels(record.id, is_cancelled)
    try:
        return int(np.count_nonzero(first != second))
    finally:
        first.fill(0)
        second.fill(0)
