"""Copying objects to a medium, byte for byte, and reading each back with the patient's key."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path

from viewer.model.ids import ObjectId
from viewer.vault.backup.errors import MediumFault, MediumGone, medium_faults
from viewer.vault.backup.medium import Medium, Pause, SourceUnreadable
from viewer.vault.backup.source import Source
from viewer.vault.catalog import images
from viewer.vault.catalog.images import StoredObject
from viewer.vault.errors import NotInStore, ObjectDamaged, ObjectMissing, StoreTooNew, store_fault
from viewer.vault.records import Progress
from viewer.vault.v1.container import ContainerReader

_COPIES_AT_ONCE = 4
_SUBMITTED = 1024
_SPARE_BYTES = 32 << 20
_BIG_BYTES = 64 << 20
"""From here on one at a time: more would only make the head of a disk jump."""


class Found(Enum):
    """What became of one object."""

    THERE = "there"
    COPIED = "copied"
    VANISHED = "vanished"
    DAMAGED = "damaged"
    ELSEWHERE = "elsewhere"


class ObjectCopier:
    """Brings the objects of an open store to a medium. `found` says what became of each.

    `there` are the ids that lie on the medium, `proved` those that a whole snapshot names; the
    rest is opened to its last byte before it counts.
    """

    def __init__(
        self,
        medium: Medium,
        source: Source,
        there: set[ObjectId],
        proved: frozenset[ObjectId],
        pause: Pause,
        progress: Progress,
    ) -> None:
        self._medium = medium
        self._source = source
        self._there = there
        self._proved = proved
        self._pause = pause
        self._progress = progress
        self._turn = threading.Lock()
        self._done_bytes = self._total_bytes = 0
        self.found: dict[ObjectId, Found] = {}
        self.verified: set[ObjectId] = set()
        """Those that were opened on the medium to their last byte."""
        self.copied_bytes = self.proved_again = 0

    def ids(self, *kinds: Found) -> frozenset[ObjectId]:
        """Return the objects of which this became."""
        return frozenset(each for each, found in self.found.items() if found in kinds)

    def copy(self, listed: Sequence[StoredObject], more_bytes: int = 0) -> bool:
        """Bring what is listed; return whether none of it was removed from the store meanwhile.

        Raises
        ------
        MediumFull
            There is no room for it, and for `more_bytes`; nothing was begun.
        MediumFault, StoreFault, Cancelled, StoreClosed
            It was stopped; what was copied stays.
        """
        to_do = [part for part in listed if not self._settle_quickly(part)]
        sizes = {part.id: self._size_of(part) for part in to_do}
        missing = sum(size for each, size in sizes.items() if each not in self._there)
        self._medium.require_room(
            missing + more_bytes + _SPARE_BYTES if missing + more_bytes else 0
        )
        self._total_bytes += sum(sizes.values())
        self._progress(self._done_bytes, self._total_bytes)
        big = [part for part in to_do if sizes[part.id] >= _BIG_BYTES]
        small = [part for part in to_do if sizes[part.id] < _BIG_BYTES]
        for part in big:
            self._bring(part)
        with ThreadPoolExecutor(_COPIES_AT_ONCE, "backup") as crew:
            self._bring_all(crew, small)
        return all(self.found[part.id] is not Found.VANISHED for part in listed)

    def _bring_all(self, crew: ThreadPoolExecutor, parts: list[StoredObject]) -> None:
        for start in range(0, len(parts), _SUBMITTED):
            waiting = [crew.submit(self._bring, part) for part in parts[start : start + _SUBMITTED]]
            try:
                for each in waiting:
                    each.result()
            except BaseException:
                crew.shutdown(wait=False, cancel_futures=True)
                raise

    def _settle_quickly(self, part: StoredObject) -> bool:
        """Whether nothing is to be done for an object."""
        if part.id in self.found:
            return self.found[part.id] is not Found.VANISHED
        if part.id in self._there and part.id in self._proved:
            self.found[part.id] = Found.THERE
            return True
        return False

    def _size_of(self, part: StoredObject) -> int:
        try:
            return self._source.sealed.folder.path(part.id).stat().st_size
        except OSError:
            return 0

    def _bring(self, part: StoredObject) -> None:
        self._pause()
        found = self._brought(part)
        with self._turn:
            self.found[part.id] = found
            self._done_bytes += self._size_of(part)
            self._progress(min(self._done_bytes, self._total_bytes), self._total_bytes)

    def _brought(self, part: StoredObject) -> Found:
        path = self._medium.objects.path(part.id)
        if part.id in self._there:
            if self._is_whole(part, path):
                self.proved_again += 1
                return Found.THERE
            self._medium.remove(path)
        source = self._source.sealed.folder.path(part.id)
        try:
            size = self._medium.copy_in(source, path, self._pause)
        except FileNotFoundError:
            return self._why_missing(part)
        except (SourceUnreadable, OSError):
            found = self._why_missing(part)
            return found if found is Found.VANISHED else Found.DAMAGED
        if self._is_whole(part, path):
            with self._turn:
                self.copied_bytes += size
            return Found.COPIED
        return self._blame(part, source, path)

    def _is_whole(self, part: StoredObject, path: Path) -> bool:
        """Whether the copy opens to its last byte with the patient's key."""
        try:
            key = self._source.sealed.patient_key(part.patient_id, part.key_number)
            with key, medium_faults(self._medium.root):
                reader = ContainerReader(path, part.id, key)
                reader.check(self._pause)
        except (ObjectDamaged, ObjectMissing, StoreTooNew, NotInStore):
            return False
        if reader.header.plain_bytes != part.plain_bytes:
            return False
        with self._turn:
            self.verified.add(part.id)
        return True

    def _blame(self, part: StoredObject, source: Path, path: Path) -> Found:
        """Tell a medium that changes what it is given from an object that was damaged before."""
        self._medium.remove(path)
        found = self._why_missing(part)
        if found is Found.VANISHED:
            return found
        try:
            is_sound = self._is_sound_here(part, source)
        except OSError as fault:
            raise store_fault(fault) from fault
        if is_sound and not self._medium.root.is_dir():
            raise MediumGone
        if is_sound:
            raise MediumFault("The backup medium gives back something else than was written.")
        return Found.DAMAGED

    def _is_sound_here(self, part: StoredObject, source: Path) -> bool:
        try:
            with self._source.sealed.patient_key(part.patient_id, part.key_number) as key:
                ContainerReader(source, part.id, key).check(self._pause)
        except (ObjectDamaged, ObjectMissing, StoreTooNew, NotInStore):
            return False
        return True

    def _why_missing(self, part: StoredObject) -> Found:
        """Say why an object is not in the store's folder: removed, elsewhere, or lost."""
        with self._source.catalog.read() as cursor:
            try:
                now = images.stored_object(cursor, part.image_id, part.role)
            except (NotInStore, ObjectMissing):
                return Found.VANISHED
        if now.id != part.id:
            return Found.VANISHED
        return Found.DAMAGED if now.is_here else Found.ELSEWHERE
