"""Pixels leave the store: which may, and how they go without anything being lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from threading import Lock

from viewer.model.ids import ImageId, ObjectId, PatientId
from viewer.vault.catalog import keeping
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.keeping import clock
from viewer.vault.keeping.records import Evictable, Evicted, Leaving, Witness
from viewer.vault.keeping.rules import rules_from
from viewer.vault.keeping.uses import Uses
from viewer.vault.records import IsCancelled, Progress
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.order import Pause

_ROUND = 4096
"""Candidates read at once; each patient of a round is one transaction and one entry."""
_AHEAD_ALLOWED = timedelta(hours=1)
_ID = re.compile(rb"[0-9a-f]{32}")
RULES = "rules"


def verified_span(cursor: Cursor, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a verification must be to count; one from the future does not."""
    days = rules_from(keeping.rule(cursor, RULES)).verified_days
    return now - timedelta(days=days), now + _AHEAD_ALLOWED


class Eviction:
    """Sends pixels away. Any thread; one eviction at a time is the caller's affair."""

    def __init__(self, catalog: Catalog, sealed: SealedObjects, uses: Uses, turn: Lock) -> None:
        self._catalog = catalog
        self._sealed = sealed
        self._uses = uses
        self._turn = turn

    def evict(
        self,
        wanted_bytes: int,
        now: datetime,
        today: date,
        witness: Witness,
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> Evicted:
        """Send away the least recently looked at until enough is freed, or nothing more may go.

        For each patient: one transaction in which every condition is asked again, the witness
        writes down what leaves, and the rows say that it is not here; then the files go. A crash
        between leaves files that are collected, or that count again when the image is opened.

        Raises
        ------
        ClockDoubtful
            The time cannot be believed; nothing left.
        BitewingError
            The witness could not write it down; nothing more left.
        """
        self._uses.write_quietly()
        gone: list[ImageId] = []
        freed = 0
        pause = self._sealed.pause(is_cancelled)
        while freed < wanted_bytes:
            batches = self._next_batches(wanted_bytes - freed, now, today, pause)
            if not batches:
                break
            before = len(gone)
            for batch in batches:
                pause()
                progress(min(freed, wanted_bytes), wanted_bytes)
                left = self._evict_batch(batch, now, today, witness)
                gone += [each.image_id for each in left]
                freed += sum(each.size_bytes for each in left)
                if freed >= wanted_bytes:
                    break
            if len(gone) == before:
                break
        progress(min(freed, wanted_bytes), wanted_bytes)
        return Evicted(tuple(gone), freed, wanted_bytes)

    def plan(self, wanted_bytes: int, now: datetime, today: date) -> list[Evictable]:
        """Return what `evict` would send away now; nothing leaves.

        Raises
        ------
        ClockDoubtful
            The time cannot be believed: nothing would.
        """
        self._uses.write_quietly()
        if wanted_bytes <= 0:
            return []
        batches = self._next_batches(wanted_bytes, now, today, self._sealed.pause())
        return [each for batch in batches for each in batch]

    def _next_batches(
        self, wanted_bytes: int, now: datetime, today: date, pause: Pause
    ) -> list[list[Evictable]]:
        number: int | None = 0
        found: list[Evictable] = []
        while number is not None:
            pause()
            with self._catalog.read() as cursor:
                clock.require_sound(cursor, now)
                span = verified_span(cursor, now)
                kept = self._kept(cursor)
                number, more = keeping.evictable_after(
                    cursor, number, span, today, _ROUND + len(kept)
                )
            found += [each for each in more if each.image_id not in kept]
            if len(found) > 2 * _ROUND:
                found = sorted(found, key=_turn)[:_ROUND]
        return _by_patient(_enough(sorted(found, key=_turn)[:_ROUND], wanted_bytes))

    def _kept(self, cursor: Cursor) -> frozenset[ImageId]:
        # What may be on screen, and drafts: few, so they are read past instead of asked for.
        return self._uses.since_open() | drafted(cursor)

    def _evict_batch(
        self, batch: Sequence[Evictable], now: datetime, today: date, witness: Witness
    ) -> list[Evictable]:
        with self._sealed.writing(), self._turn:
            with self._catalog.write() as cursor:
                clock.require_sound(cursor, now)
                wanted = [each.image_id for each in batch]
                kept = self._kept(cursor)
                span = verified_span(cursor, now)
                rows = keeping.evictable(cursor, span, today, wanted)
                left = [each for each in rows if each.image_id not in kept]
                if left:
                    witness(_leaving(left))
                    keeping.set_here(cursor, [each.object_id for each in left], is_here=False)
            self._sealed.discard(each.object_id for each in left)
        return left

    def finish(self, now: datetime) -> int:
        """Remove files that an interrupted eviction left behind; return how many.

        Only once the catalog is known to be the newest. A file stays if its archive has not been
        verified lately: it may be the better copy.
        """
        with self._catalog.read() as cursor:
            span = verified_span(cursor, now)
            left = [
                part.id
                for part, _ in keeping.objects_elsewhere(cursor)
                if self._sealed.folder.path(part.id).exists()
                and any(
                    archive.verified_at is not None and span[0] <= archive.verified_at <= span[1]
                    for archive in keeping.holders(cursor, part.id)
                )
            ]
        self._sealed.discard(left)
        return len(left)


def drafted(cursor: Cursor) -> frozenset[ImageId]:
    """Return every id that somebody's unfinished work names, whatever form the work has."""
    blobs = keeping.draft_blobs(cursor)
    return frozenset(ImageId(name.decode()) for blob in blobs for name in _ID.findall(blob))


def _turn(each: Evictable) -> tuple[int, int]:
    return each.turn


def _enough(found: Iterable[Evictable], wanted_bytes: int) -> Iterator[Evictable]:
    for each in found:
        if wanted_bytes <= 0:
            return
        yield each
        wanted_bytes -= each.size_bytes


def _by_patient(found: Iterable[Evictable]) -> list[list[Evictable]]:
    patients: dict[PatientId, list[Evictable]] = {}
    for each in found:
        patients.setdefault(each.patient_id, []).append(each)
    return list(patients.values())


def _leaving(batch: Sequence[Evictable]) -> Leaving:
    return Leaving(
        batch[0].patient_id,
        tuple(each.image_id for each in batch),
        tuple(ObjectId(each.object_id) for each in batch),
        tuple(each.pixel_sha256 for each in batch),
        sum(each.size_bytes for each in batch),
    )
