"""Images that go from one patient to another: sealed anew under that one's key, then listed there.

The copies are durable before one transaction lists them as the other patient's; until then the
image is the one's, from then on the other's, and at no moment both's or nobody's. Killed anywhere,
what no row lists is collected as any orphan. The old objects go only after the catalog's head was
kept outside: from there on an older catalog is no good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import attrs

from viewer.model.ids import ImageId, ObjectId, PatientId
from viewer.model.image import ImageRecord
from viewer.vault.catalog import aside, images, patients
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.images import StoredObject
from viewer.vault.catalog.legal import require_no_hold
from viewer.vault.errors import KeysBusy
from viewer.vault.records import IsCancelled, Standing, never
from viewer.vault.reseal import BeforeRemoval, nothing_first
from viewer.vault.sealed import SealedObjects
from viewer.vault.spare import Spare
from viewer.vault.v1.order import Pause

BringIn = Callable[[ImageId, IsCancelled], object]
"""Brings the pixels of an image back from an archive where they lie there only."""
Change = Callable[[ImageRecord], ImageRecord]
"""What else becomes of the record (a note, who the file says it is of); never its pixels."""
_TRIES = 5


def unchanged(record: ImageRecord) -> ImageRecord:
    """Change nothing else."""
    return record


def _nothing_else(cursor: Cursor) -> None:
    """Do nothing else in the transaction."""


class Moving:
    """Moves images of an open store between patients. Any thread."""

    def __init__(
        self, catalog: Catalog, sealed: SealedObjects, spare: Spare, bring_in: BringIn
    ) -> None:
        self._catalog = catalog
        self._sealed = sealed
        self._spare = spare
        self._bring_in = bring_in

    def move(
        self,
        image_ids: Sequence[ImageId],
        into: PatientId,
        change: Change = unchanged,
        *,
        is_cancelled: IsCancelled = never,
        before_removal: BeforeRemoval = nothing_first,
        also: Callable[[Cursor], object] = _nothing_else,
    ) -> list[ImageRecord]:
        """Move images to a patient, all in one transaction; return their records.

        `also` is done in that transaction. Whoever waited and has nothing left is removed.

        Raises
        ------
        NotInStore
            An image or the patient is not there.
        UnderLegalHold
            An image is of somebody under legal hold.
        Cancelled, StoreClosed, StoreFault, DiskFull, StoreDamaged, KeptElsewhere
            Nothing was moved.
        """
        for image_id in image_ids:
            self._bring_in(image_id, is_cancelled)
        with self._spare.without(), self._sealed.writing():
            for _ in range(_TRIES):
                moved = self._try(image_ids, into, change, is_cancelled, also)
                if moved is not None:
                    break
            else:
                raise KeysBusy
            records, old = moved
            self._remove(old, before_removal)
        return records

    def _try(
        self,
        image_ids: Sequence[ImageId],
        into: PatientId,
        change: Change,
        is_cancelled: IsCancelled,
        also: Callable[[Cursor], object],
    ) -> tuple[list[ImageRecord], list[ObjectId]] | None:
        """Copy, then list; None where something was sealed anew meanwhile."""
        with self._catalog.read() as cursor:
            patients.get(cursor, into)
            listed = {each: aside.objects_of(cursor, each) for each in image_ids}
        with self._copies(listed, into, self._sealed.pause(is_cancelled)) as copies:
            with self._catalog.write() as cursor:
                if any(aside.objects_of(cursor, each) != listed[each] for each in image_ids):
                    self._sealed.discard(_ids(copies.values()))
                    return None
                records, old = self._list(cursor, image_ids, into, change, copies)
                also(cursor)
            return records, old

    @contextmanager
    def _copies(
        self,
        listed: dict[ImageId, list[StoredObject]],
        into: PatientId,
        pause: Pause,
    ) -> Iterator[dict[ImageId, list[StoredObject]]]:
        copies: dict[ImageId, list[StoredObject]] = {image_id: [] for image_id in listed}
        number = self._sealed.number_to_seal(into)
        try:
            for image_id, parts in listed.items():
                if parts and parts[0].patient_id == into:
                    continue
                for old in parts:
                    copies[image_id].append(self._sealed.copy(old, into, number, pause))
            yield copies
        except BaseException:
            self._sealed.discard_unlisted(made for some in copies.values() for made in some)
            raise

    def _list(
        self,
        cursor: Cursor,
        image_ids: Sequence[ImageId],
        into: PatientId,
        change: Change,
        copies: dict[ImageId, list[StoredObject]],
    ) -> tuple[list[ImageRecord], list[ObjectId]]:
        records, old, left = list[ImageRecord](), list[ObjectId](), set[PatientId]()
        for image_id in image_ids:
            before = images.get(cursor, image_id)
            record = attrs.evolve(change(before), patient_id=into)
            if before.patient_id == into:
                images.update(cursor, record)
            else:
                self._catalog.prove(before.patient_id, is_new=False)
                require_no_hold(cursor, before.patient_id)
                old += aside.move(cursor, record, copies[image_id])
                left.add(before.patient_id)
            records.append(record)
        for patient_id in left:
            if aside.is_of(cursor, patient_id, Standing.WAITING):
                aside.remove_if_empty(cursor, patient_id)
        return records, old

    def _remove(self, old: Sequence[ObjectId], before_removal: BeforeRemoval) -> None:
        try:
            before_removal()
        except BaseException:
            self._sealed.leave_to_collect()
            raise
        free = [each for each in old if not self._sealed.is_being_read(each)]
        self._sealed.discard(free)
        if len(free) < len(old):
            self._sealed.leave_to_collect()

    def merge(
        self,
        source: PatientId,
        target: PatientId,
        now: datetime,
        change: Change = unchanged,
        *,
        is_cancelled: IsCancelled = never,
        before_removal: BeforeRemoval = nothing_first,
    ) -> list[ImageRecord]:
        """Move all that one chart has to another, and hide the empty one.

        Raises
        ------
        NotInStore
            One of them has no chart.
        ValueError
            They are one chart.
        UnderLegalHold
            The first is under legal hold: it keeps its images.
        """
        if source == target:
            raise ValueError("a chart cannot be merged with itself")
        with self._catalog.read() as cursor:
            patients.require_chart(cursor, source)
            patients.require_chart(cursor, target)
            require_no_hold(cursor, source)
            mine = [each.id for study in images.studies(cursor, source) for each in study.images]

        def hide(cursor: Cursor) -> None:
            patients.require_chart(cursor, source)
            patients.require_chart(cursor, target)
            about = aside.about_merged(now, target, mine)
            patients.set_standing(cursor, source, Standing.MERGED, about)
            aside.copy_pins(cursor, source, target)

        return self.move(
            mine,
            target,
            change,
            is_cancelled=is_cancelled,
            before_removal=before_removal,
            also=hide,
        )

    def take_apart(
        self,
        source: PatientId,
        change: Change = unchanged,
        *,
        is_cancelled: IsCancelled = never,
        before_removal: BeforeRemoval = nothing_first,
    ) -> list[ImageRecord]:
        """Undo a merge: the hidden chart is one again and gets back what is still with the other.

        Raises
        ------
        NotInStore
            No chart of this id was merged into another.
        """
        with self._catalog.read() as cursor:
            merged = aside.aside_of(cursor, source, Standing.MERGED)
            into = merged.into
            mine = images.those_of(cursor, into, merged.image_ids) if into else []

        def show(cursor: Cursor) -> None:
            aside.aside_of(cursor, source, Standing.MERGED)
            patients.set_standing(cursor, source, Standing.CHART, "")

        return self.move(
            mine,
            source,
            change,
            is_cancelled=is_cancelled,
            before_removal=before_removal,
            also=show,
        )


def _ids(copies: Iterable[Sequence[StoredObject]]) -> Iterator[ObjectId]:
    return (made.id for some in copies for made in some)
