"""The keeping of an open store: what is held elsewhere, what may leave, what must stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from threading import Lock

import attrs

from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, ObjectId, PatientId, UserId
from viewer.vault.catalog import images, keeping, legal
from viewer.vault.catalog.connection import Catalog, Cursor
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.errors import KeepingRefused
from viewer.vault.keeping import clock
from viewer.vault.keeping.eviction import RULES, Eviction
from viewer.vault.keeping.measure import Measure
from viewer.vault.keeping.purge import Erase, Purge, due_now
from viewer.vault.keeping.records import (
    Archive,
    Due,
    Evictable,
    Evicted,
    Hold,
    HoldRequest,
    ObjectSource,
    Room,
    Usage,
    Witness,
)
from viewer.vault.keeping.rules import Quota, Rules, rules_from, rules_text
from viewer.vault.keeping.source import Return
from viewer.vault.keeping.uses import Uses
from viewer.vault.records import IsCancelled, Progress, never, no_progress
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.order import Pause

_MARKS_AT_ONCE = 5_000
_FARTHEST_PIN = timedelta(days=366)


class Keeping:
    """What belongs to an open `Vault` as `vault.keeping`. Any thread.

    `now` gives the time; tests put another in its place.
    """

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        sealed: SealedObjects,
        erase: Erase,
        find_sources: Callable[[], Iterable[ObjectSource]] = tuple,
    ) -> None:
        self.now: clock.Now = clock.wall_clock
        self._catalog = catalog
        self._sealed = sealed
        self._uses = Uses(catalog)
        turn = Lock()
        self._eviction = Eviction(catalog, sealed, self._uses, turn)
        self._return = Return(catalog, sealed, turn)
        self._purge = Purge(catalog, sealed, erase)
        self._measure = Measure(folder, catalog)
        self._find_sources = find_sources
        self._sources: tuple[ObjectSource, ...] = ()

    @property
    def today(self) -> date:
        """The day where this computer stands."""
        return self.now().astimezone().date()

    def before_close(self) -> None:
        """Write what was looked at, and the time once a day; never stops a close."""
        try:
            with self._catalog.read() as cursor:
                newest = clock.newest_seen(cursor)
            is_new_day = newest is None or newest.date() < self.now().date()
            if self._uses.has_news or is_new_day:
                with self._catalog.write() as cursor:
                    self._uses.write(cursor)
                    clock.note(cursor, self.now())
        except BitewingError:
            return

    def finish_evictions(self) -> int:
        """Remove files that an interrupted eviction left; only in the newest catalog."""
        return self._eviction.finish(self.now())

    # archives

    def know_archive(self, archive_id: str, label: str) -> None:
        """Know an archive by a label that a person recognises ("USB 1").

        Raises
        ------
        KeepingRefused
            It has no id or label.
        """
        if not archive_id or not label.strip():
            raise KeepingRefused("An archive needs a name.", "Give it one.")
        with self._catalog.write() as cursor:
            keeping.put_archive(cursor, archive_id, label.strip())

    def archives(self) -> list[Archive]:
        """Return the archives that the store knows, lost ones too."""
        with self._catalog.read() as cursor:
            return keeping.archives(cursor)

    def mark_held(
        self,
        archive_id: str,
        object_ids: Iterable[ObjectId],
        verified_at: datetime | None = None,
    ) -> int:
        """Note that an archive was just seen to hold these objects whole.

        Objects that the store does not list, and parts that never leave it (all but `pixels`),
        are passed over. Returns how many were noted.

        Raises
        ------
        ArchiveUnknown
            `know_archive` was not called for it, or it was declared lost.
        KeepingRefused
            The verification lies in the future.
        """
        moment = verified_at or self.now()
        latest = self.now() + clock.BACKWARDS_ALLOWED
        if moment > latest:
            raise KeepingRefused("A verification cannot lie in the future.")
        noted = 0
        rest = iter(object_ids)
        while batch := list(islice(rest, _MARKS_AT_ONCE)):
            with self._catalog.write() as cursor:
                archive = keeping.archive_number(cursor, archive_id)
                noted += keeping.mark_held(cursor, archive, batch, moment, latest)
                clock.note(cursor, self.now())
        return noted

    def forget_held(self, archive_id: str) -> None:
        """Take an archive off the list.

        Raises
        ------
        ArchiveUnknown
            It is not on the list.
        KeepingRefused
            Pictures that are not here lie there and nowhere else.
        """
        with self._catalog.write() as cursor:
            archive = keeping.archive_number(cursor, archive_id)
            only = keeping.only_copies_in(cursor, archive)
            if only:
                raise KeepingRefused(
                    f"{only} pictures lie in this archive and nowhere else.",
                    "Bring them back first, or declare the archive lost.",
                )
            keeping.unmark_held(cursor, archive, None)
            keeping.remove_archive(cursor, archive, is_lost=False)

    def declare_lost(self, archive_id: str, object_ids: Sequence[ObjectId] | None = None) -> int:
        """Say what an archive no longer holds, or that all of it is gone.

        It is the truth, so it is never refused. Returns how many pictures now lie nowhere.
        """
        with self._catalog.write() as cursor:
            before = _nowhere(cursor)
            archive = keeping.archive_number(cursor, archive_id)
            keeping.unmark_held(cursor, archive, object_ids)
            if object_ids is None:
                keeping.remove_archive(cursor, archive, is_lost=True)
            return _nowhere(cursor) - before

    def held_by(self, archive_id: str) -> frozenset[ObjectId]:
        """Return what an archive is believed to hold; nothing for one that is not known."""
        with self._catalog.read() as cursor:
            return frozenset(keeping.held_by(cursor, archive_id))

    def connect(self, source: ObjectSource) -> None:
        """Have an archive at hand from which evicted pictures come back when they are opened."""
        others = (each for each in self._sources if each.archive_id != source.archive_id)
        self._sources = (*others, source)

    def disconnect(self, archive_id: str) -> None:
        """No longer ask an archive."""
        self._sources = tuple(each for each in self._sources if each.archive_id != archive_id)

    def bring_back(self, part: StoredObject, pause: Pause) -> None:
        """Bring a damaged or missing object back from an archive that is connected.

        Raises
        ------
        ObjectMissing
            None of them has it whole.
        """
        self._return.bring_from_any(part, self._sources, pause)

    def is_here(self, image_id: ImageId) -> bool:
        """Whether an image's pixels lie in the store's own folder.

        Raises
        ------
        NotInStore
            There is no such image.
        """
        with self._catalog.read() as cursor:
            return images.stored_object(cursor, image_id, Role.PIXELS).is_here

    def looked_at(self, image_id: ImageId) -> None:
        """Note that an image is being looked at; it stays until the store is closed."""
        self._uses.looked_at(image_id, self.today)

    def bring_in(self, image_id: ImageId, is_cancelled: IsCancelled = never) -> None:
        """Note the look, and bring the pixels back if they are not here.

        Raises
        ------
        KeptElsewhere
            They lie in an archive that is not connected; the message says in which.
        ObjectMissing, ObjectDamaged, StoreFault, NotInStore, Cancelled
            They cannot be brought back.
        """
        self.looked_at(image_id)  # first, so that no eviction begins after the next line
        with self._catalog.read() as cursor:
            part = images.stored_object(cursor, image_id, Role.PIXELS)
        if not part.is_here:
            sources = chain(self._sources, self._find_sources())
            self._return.bring(part, sources, self._sealed.pause(is_cancelled))

    # rules, usage, eviction

    def rules(self) -> Rules:
        """Return what the practice decided."""
        with self._catalog.read() as cursor:
            return rules_from(keeping.rule(cursor, RULES))

    def set_quota(self, quota: Quota | None) -> Rules:
        """Set or drop the quota. Nothing leaves by that alone."""
        return self._change(lambda rules: attrs.evolve(rules, quota=quota))

    def set_verified_days(self, days: int) -> Rules:
        """Set how many days a verification counts."""
        return self._change(lambda rules: attrs.evolve(rules, verified_days=days))

    def set_retention(
        self, years: Mapping[str, int], minor_extra_years: int | None = None
    ) -> Rules:
        """Change periods.

        Raises
        ------
        KeepingRefused
            An unknown kind, or a period below the floor.
        """
        return self._change(
            lambda rules: attrs.evolve(
                rules, retention=rules.retention.changed(years, minor_extra_years)
            )
        )

    def _change(self, change: Callable[[Rules], Rules]) -> Rules:
        with self._catalog.write() as cursor:
            changed = change(rules_from(keeping.rule(cursor, RULES)))
            keeping.put_rule(cursor, RULES, rules_text(changed))
        return changed

    def usage(self, progress: Progress = no_progress, is_cancelled: IsCancelled = never) -> Usage:
        """Return what the store takes by kind, what is held elsewhere, what could be freed."""
        pause = self._sealed.pause(is_cancelled)
        return self._measure.usage(self.now(), self.today, progress, pause)

    def last_verified(self) -> datetime | None:
        """Return when an archive was last seen to hold anything; None where none ever was."""
        with self._catalog.read() as cursor:
            return keeping.last_verified(cursor)

    def room(self, needed_bytes: int = 0) -> Room:
        """Return whether the disk is tight for so much more, and what could be freed then."""
        return self._measure.room(needed_bytes, self.now(), self.today, self._sealed.pause())

    def evict(
        self,
        wanted_bytes: int,
        witness: Witness,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
    ) -> Evicted:
        """Send pixels away that an archive also holds, least recently looked at first.

        Never: what no archive was seen to hold within `rules().verified_days`; previews,
        thumbnails and headers; patients pinned for today or later, or under legal hold; images
        opened since the store was opened, and those of drafts. `witness` writes down each
        patient's part before it leaves; if it raises, that part stays and it ends there.

        Raises
        ------
        ClockDoubtful
            The time cannot be believed; nothing left.
        """
        return self._eviction.evict(
            wanted_bytes, self.now(), self.today, witness, progress, is_cancelled
        )

    def would_evict(self, wanted_bytes: int) -> list[Evictable]:
        """Return what `evict` would send away now; nothing leaves.

        Raises
        ------
        ClockDoubtful
            The time cannot be believed: nothing would.
        """
        return self._eviction.plan(wanted_bytes, self.now(), self.today)

    # pins

    def pin(self, patient_id: PatientId, day: date) -> None:
        """Keep a patient's images here until a day is over; older pins expire.

        Raises
        ------
        KeepingRefused
            The day is past, or more than a year away.
        NotInStore
            There is no such patient.
        """
        if not self.today <= day <= self.today + _FARTHEST_PIN:
            raise KeepingRefused("A pin is for a day from today to a year ahead.")
        with self._catalog.write() as cursor:
            keeping.put_pin(cursor, patient_id, day)
            keeping.drop_old_pins(cursor, self.today)

    def pinned(self) -> list[tuple[PatientId, date]]:
        """Return who is pinned for today or later, and for when."""
        with self._catalog.read() as cursor:
            return keeping.pinned(cursor, self.today)

    # legal holds

    def put_hold(self, patient_id: PatientId, reason: str, by: UserId) -> int:
        """Put a patient under legal hold; return the hold's number.

        From then on nothing of the patient can be erased, purged, deleted or evicted by anybody,
        whatever is under way: each removal asks in its own transaction, and the catalog's
        triggers refuse besides. Several holds may stand at once.

        Raises
        ------
        KeepingRefused
            No reason is given.
        NotInStore
            There is no such patient.
        """
        _require_reason(reason)
        with self._catalog.write() as cursor:
            request = HoldRequest(patient_id, reason.strip(), by)
            return legal.put_hold(cursor, request, self.now())

    def release_hold(self, number: int, reason: str, by: UserId) -> None:
        """Release one hold, with the reason.

        Raises
        ------
        KeepingRefused
            No reason is given, or no such hold stands.
        """
        _require_reason(reason)
        with self._catalog.write() as cursor:
            if not legal.release_hold(cursor, number, reason.strip(), by, self.now()):
                raise KeepingRefused("No hold of this number stands.", "List the holds.")

    def holds(self, patient_id: PatientId | None = None, *, standing: bool = True) -> list[Hold]:
        """Return the holds of a patient, or all; with `standing` only those not released."""
        with self._catalog.read() as cursor:
            return legal.holds(cursor, patient_id, standing=standing)

    def is_held(self, patient_id: PatientId) -> bool:
        """Whether a patient is under legal hold."""
        return bool(self.holds(patient_id))

    def patients_named(self, name: str) -> list[PatientId]:
        """Return the patients with this id or chart number."""
        with self._catalog.read() as cursor:
            return keeping.patients_named(cursor, name)

    # periods

    def due(
        self,
        today: date | None = None,
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never,
    ) -> list[Due]:
        """Return whose images' periods have ended, held patients too; nothing is removed.

        `today` looks ahead or back; a purge goes by this computer's own day alone.
        """
        return self._purge.due(today or self.today, progress, self._sealed.pause(is_cancelled))

    def due_of(self, patient_id: PatientId) -> Due | None:
        """Return one patient's images whose periods have ended, or None."""
        with self._catalog.read() as cursor:
            return due_now(cursor, patient_id, self.today)

    def purge(self, patient_id: PatientId, code: str, witness: Witness) -> Due:
        """Remove one patient's images whose periods have ended, all at once, for ever.

        If the patient has no others, the patient is erased with all keys; copies of the store
        open with the older epoch until the keys are rotated, as after any erasure.

        `code` is that of the `Due` that somebody has seen; `witness` writes down what goes.

        Raises
        ------
        UnderLegalHold, ClockDoubtful, KeysBusy
            Nothing is removed.
        KeepingRefused
            Nothing is due, or no longer what was seen.
        """
        return self._purge.purge(patient_id, code, self.now(), self.today, witness)

    # time

    def accept_clock(self) -> datetime:
        """Say that the time of this computer is right; return it."""
        with self._catalog.write() as cursor:
            clock.accept(cursor, self.now())
        return self.now()


def _nowhere(cursor: Cursor) -> int:
    return sum(holders == 0 for _, holders in keeping.objects_elsewhere(cursor))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise KeepingRefused("A reason is missing.", "Say why.")
