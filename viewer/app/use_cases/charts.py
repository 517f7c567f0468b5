"""Corrections of charts by hand: whose an image is, which side and teeth, two charts of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs

from viewer.app.clinic import Clinic
from viewer.app.correcting import described_as, keep_afterwards, put_in_chart, require_reason
from viewer.app.errors import NothingChosen
from viewer.app.gate import Act, Subject, use_case
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord
from viewer.model.tooth import Tooth, parse_tooth
from viewer.session.audit.events import EventKind
from viewer.session.permissions import Permission

LATERALITIES = ("", "L", "R", "B", "U")
"""Nothing said, left, right, both, unpaired: PS3.3 C.7.3.1 and C.8.3.1 (Image Laterality)."""


@attrs.frozen
class MoveImages:
    """Which images of one chart, into whose, and why."""

    image_ids: tuple[ImageId, ...]
    into: PatientId
    reason: str = attrs.field(repr=False)


def _of_one_chart(clinic: Clinic, image_ids: Sequence[ImageId]) -> list[ImageRecord]:
    """Return the images' records.

    Raises
    ------
    NothingChosen
        There are none, or they are of several patients.
    NotInStore
        One is in no chart.
    """
    records = [clinic.vault.record(each) for each in image_ids]
    if len({each.patient_id for each in records}) != 1:
        raise NothingChosen("Choose images of one patient.", "Correct one chart at a time.")
    return records


def _subject(patient_id: PatientId, records: Sequence[ImageRecord], why: str) -> Subject:
    return Subject(
        patient_id,
        tuple(each.id for each in records),
        why,
        tuple(each.pixel_sha256 for each in records),
        sum(each.size_bytes for each in records),
    )


def _move_subject(clinic: Clinic, request: MoveImages) -> Subject:
    records = _of_one_chart(clinic, request.image_ids)
    before = records[0].patient_id
    why = f"images from {before} to {request.into}: {request.reason.strip()}"
    return _subject(request.into, records, why)


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_move_subject,
)
def move_images(clinic: Clinic, request: MoveImages, act: Act) -> tuple[ImageRecord, ...]:
    """Move images that lie in the wrong chart; each keeps who its file says it is of.

    Raises
    ------
    NothingChosen
        No reason is given, or the images are of several patients.
    NotInStore
        An image or a patient is in no chart.
    UnderLegalHold
        The chart they are in is under legal hold.
    """
    require_reason(request.reason)
    moved = put_in_chart(clinic, act, request.image_ids, request.into)
    keep_afterwards(clinic, act)
    return tuple(moved)


@attrs.frozen
class MergeCharts:
    """Which chart is of the same person as which other, that stays, and why."""

    source: PatientId
    into: PatientId
    reason: str = attrs.field(repr=False)


def _merge_subject(clinic: Clinic, request: MergeCharts) -> Subject:
    clinic.vault.patient(request.into)
    clinic.vault.patient(request.source)
    why = f"chart {request.source} merged into {request.into}: {request.reason.strip()}"
    return _subject(request.into, clinic.vault.images(request.source), why)


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_merge_subject,
)
def merge_charts(clinic: Clinic, request: MergeCharts, act: Act) -> tuple[ImageRecord, ...]:
    """Move all of one chart into another of the same person; the empty one is hidden.

    Raises
    ------
    NothingChosen
        No reason is given, or both are one chart.
    NotInStore
        One of them is no chart.
    UnderLegalHold
        The chart that would be emptied is under legal hold.
    """
    require_reason(request.reason)
    if request.source == request.into:
        raise NothingChosen("Both are the same chart.", "Choose another.")
    vault = clinic.vault
    before = vault.patient(request.source)
    moved = vault.moving.merge(
        request.source,
        request.into,
        clinic.clock.wall(),
        lambda record: described_as(record, before),
        is_cancelled=act.control.is_cancelled,
        before_removal=partial(clinic.keep_catalog_head, vault),
    )
    keep_afterwards(clinic, act)
    return tuple(moved)


@attrs.frozen
class UnmergeCharts:
    """Which chart was merged into another and is to be one again, and why."""

    source: PatientId
    reason: str = attrs.field(repr=False)


def _unmerge_subject(clinic: Clinic, request: UnmergeCharts) -> Subject:
    why = f"chart {request.source} taken apart again: {request.reason.strip()}"
    return Subject(request.source, why=why)


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_unmerge_subject,
)
def unmerge_charts(clinic: Clinic, request: UnmergeCharts, act: Act) -> tuple[ImageRecord, ...]:
    """Undo a merge: the hidden chart is one again, with what of it is still in the other.

    Raises
    ------
    NothingChosen
        No reason is given.
    NotInStore
        No chart of this id was merged.
    """
    require_reason(request.reason)
    vault = clinic.vault
    patient = vault.hidden.patient(request.source)

    def change(record: ImageRecord) -> ImageRecord:
        is_mine = record.arrived_as == patient
        return attrs.evolve(record, arrived_as=None) if is_mine else record

    moved = vault.moving.take_apart(
        request.source,
        change,
        is_cancelled=act.control.is_cancelled,
        before_removal=partial(clinic.keep_catalog_head, vault),
    )
    keep_afterwards(clinic, act)
    act.outcome = _subject(request.source, moved, act.outcome.why)
    return tuple(moved)


@attrs.frozen
class SetTeeth:
    """Which images of one patient, which teeth (None: as they are), which side (None: as it is)."""

    image_ids: tuple[ImageId, ...]
    teeth: tuple[Tooth, ...] | None = None
    laterality: str | None = None


def _teeth_subject(clinic: Clinic, request: SetTeeth) -> Subject:
    records = _of_one_chart(clinic, request.image_ids)
    before = "; ".join(dict.fromkeys(place_words(each) for each in records))
    after = _changed(request)(records[0])
    why = f"from {before} to {place_words(after)}"
    return Subject(records[0].patient_id, tuple(each.id for each in records), why)


def place_words(record: ImageRecord) -> str:
    """Say which teeth and side a record names, as the trail does."""
    teeth = ", ".join(str(tooth) for tooth in record.teeth) or "no teeth"
    return f"{teeth}, side {record.laterality or 'not said'}"


def _changed(request: SetTeeth) -> Callable[[ImageRecord], ImageRecord]:
    def change(record: ImageRecord) -> ImageRecord:
        teeth = record.teeth if request.teeth is None else request.teeth
        side = record.laterality if request.laterality is None else request.laterality
        return attrs.evolve(record, teeth=teeth, laterality=side)

    return change


@use_case(
    permission=Permission.CORRECT_CHARTS,
    event=EventKind.CHART_CORRECTED,
    subject=_teeth_subject,
)
def set_teeth(clinic: Clinic, request: SetTeeth, act: Act) -> tuple[ImageRecord, ...]:
    """Say which teeth and which side images show; returns the records of before.

    The stored headers stay as they came; what leaves the store says what was set.

    Raises
    ------
    NothingChosen
        Nothing is to be changed, the images are of several patients, or the side is none.
    UserError
        A number designates no tooth.
    NotInStore
        An image is in no chart.
    """
    if request.teeth is None and request.laterality is None:
        raise NothingChosen("Nothing was chosen.", "Choose teeth or a side.")
    if request.laterality is not None and request.laterality not in LATERALITIES:
        raise NothingChosen("This is no side.", "Choose left, right, both or none.")
    for tooth in request.teeth or ():
        parse_tooth(tooth)
    before = _of_one_chart(clinic, request.image_ids)
    change = _changed(request)
    for record in before:
        clinic.vault.update_record(change(record))
    clinic.keep_catalog_head(clinic.vault)
    return tuple(before)
