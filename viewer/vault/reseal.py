"""Sealing everything anew under fresh patient keys, image by image, while people work.

Each patient gets a key of the next number; each image is then copied into new objects under it,
which are durable before one transaction lists them in the place of the old ones, which are removed
after. Both keys open until the last object of the old one is gone. Killed, cancelled or locked at
any moment, nothing is lost: the rows say what is under which key, `to_reseal` says whose turn is
still to come, and objects that no row lists are collected as any others.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

from viewer.model.ids import ImageId, ObjectId, PatientId
from viewer.vault.catalog import patients, resealing
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import StoredObject
from viewer.vault.errors import NotInStore, StoreDamaged
from viewer.vault.records import IsCancelled, Progress
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.order import Pause

_LONGEST_REST_S, _WAIT_S = 0.25, 0.02
_REMOVE_EVERY_S = 1.0

BeforeRemoval = Callable[[], None]
"""Keeps the catalog's head outside: what is removed next is listed by every older catalog."""


def nothing_first() -> None:
    """Keep no head."""


@attrs.frozen
class Resealed:
    """What was sealed anew; `left` patients still have objects under an older key.

    Those are images that lie elsewhere only, or that are damaged: their old key stays.
    """

    objects: int
    size_bytes: int
    left: tuple[PatientId, ...] = ()


def resting(pause: Pause, clock: Callable[[], float] = time.perf_counter) -> Pause:
    """Return a pause that rests as long as was worked, so that half the machine stays free."""
    began = clock()

    def rest() -> None:
        nonlocal began
        pause()
        time.sleep(min(_LONGEST_REST_S, max(0.0, clock() - began)))
        began = clock()

    return rest


class Resealing:
    """One pass over the store. One at a time; any thread."""

    def __init__(
        self,
        catalog: Catalog,
        sealed: SealedObjects,
        before_removal: BeforeRemoval = nothing_first,
    ) -> None:
        self._catalog = catalog
        self._sealed = sealed
        self._before_removal = before_removal
        self._removed_at = time.monotonic()
        self._removable: list[ObjectId] = []

    def run(self, progress: Progress, is_cancelled: IsCancelled) -> Resealed:
        """Go on with the pass that was interrupted, or begin one over everybody.

        Raises
        ------
        Cancelled, StoreClosed, StoreFault, DiskFull
            What is done stays done; the next call goes on.
        """
        pause = resting(self._sealed.pause(is_cancelled))
        with self._catalog.write() as cursor:
            waiting = resealing.waiting(cursor) or resealing.begin(cursor)
        count, size, left = 0, 0, list[PatientId]()
        try:
            for done, patient_id in enumerate(waiting):
                progress(done, len(waiting))
                more, is_whole = self._patient(patient_id, pause)
                count, size = count + len(more), size + sum(part.plain_bytes for part in more)
                if not is_whole:
                    left.append(patient_id)
            progress(len(waiting), len(waiting))
        finally:
            self._remove(is_last=True)
        return Resealed(count, size, tuple(left))

    def _patient(self, patient_id: PatientId, pause: Pause) -> tuple[list[StoredObject], bool]:
        """Seal one patient's images anew; return the new objects and whether none is left."""
        try:
            number = self._new_key(patient_id)
        except NotInStore:  # erased meanwhile
            return [], True
        older = self._sealed.writers()
        made: list[StoredObject] = []
        while True:
            with self._catalog.read() as cursor:
                image_ids = resealing.images_under_older_keys(cursor, patient_id, number)
            for image_id in image_ids:
                made += self._image(image_id, number, pause)
            if not older & self._sealed.writers():
                break
            pause()
            time.sleep(_WAIT_S)  # somebody is still sealing a picture under the key before
        with self._catalog.write() as cursor:
            return made, resealing.finish(cursor, patient_id, number)

    def _new_key(self, patient_id: PatientId) -> int:
        with self._catalog.write() as cursor:
            begun = resealing.number_of(cursor, patient_id)
            if begun is not None:
                return begun
            number = patients.get_key(cursor, patient_id)[0] + 1
            epoch, wrapped = self._sealed.new_patient_key(patient_id, number)
            patients.put_key(cursor, patient_id, number, epoch, wrapped)
            resealing.set_number(cursor, patient_id, number)
            return number

    def _image(self, image_id: ImageId, number: int, pause: Pause) -> list[StoredObject]:
        """Seal what is here of one image anew; a part that is damaged or gone stays as it is."""
        with self._catalog.read() as cursor:
            parts = resealing.parts_under_older_keys(cursor, image_id, number)
        made: list[tuple[StoredObject, StoredObject]] = []
        with self._sealed.writing():
            try:
                for old in parts:
                    try:
                        made.append((old, self._sealed.copy(old, old.patient_id, number, pause)))
                    except (StoreDamaged, NotInStore):
                        continue
            except BaseException:
                self._sealed.discard(new.id for _, new in made)
                raise
            self._take_their_places(made)
        self._remove()
        return [new for _, new in made]

    def _take_their_places(self, made: list[tuple[StoredObject, StoredObject]]) -> None:
        try:
            with self._catalog.write() as cursor:
                passed_over = [new for old, new in made if not resealing.swap(cursor, old, new)]
        except BaseException:
            self._sealed.discard_unlisted(new for _, new in made)
            raise
        self._sealed.discard(part.id for part in passed_over)
        unlisted = {part.id for part in passed_over}
        self._removable += [old.id for old, new in made if new.id not in unlisted]

    def _remove(self, *, is_last: bool = False) -> None:
        """Remove old objects that nobody reads; at the end those, too, are left to be collected."""
        if not self._removable or not (is_last or self._is_time()):
            return
        try:
            self._before_removal()
        except BaseException:
            self._sealed.leave_to_collect()
            raise
        free = [each for each in self._removable if not self._sealed.is_being_read(each)]
        kept = [each for each in self._removable if each not in set(free)]
        self._sealed.discard(free)
        if is_last and kept:
            self._sealed.leave_to_collect()
        self._removable = kept

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._removed_at < _REMOVE_EVERY_S:
            return False
        self._removed_at = now
        return True


def is_under_way(catalog: Catalog) -> bool:
    """Whether a pass was begun and not ended."""
    with catalog.read() as cursor:
        return bool(resealing.waiting(cursor))
