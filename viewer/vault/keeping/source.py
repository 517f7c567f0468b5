"""Bringing an evicted picture back: copied, verified to its last byte, and only then counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import BinaryIO

from viewer.vault.catalog import images, keeping
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.errors import ArchiveAway, KeptElsewhere, ObjectDamaged, ObjectMissing, StoreFault
from viewer.vault.keeping.records import ObjectSource
from viewer.vault.pictures import pixel_digest
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.container import ContainerReader
from viewer.vault.v1.folder import PART
from viewer.vault.v1.order import Pause

_FAILURES = (ObjectDamaged, ObjectMissing, StoreFault)
_COPY_BYTES = 1 << 20
_LOOK_S = 0.1
_SLACK_BYTES = 1 << 16
"""What a container may be longer than its contents, before tags; a reader checks exactly."""


class Return:
    """The way back of one store's evicted objects. Any thread."""

    def __init__(self, catalog: Catalog, sealed: SealedObjects, turn: Lock) -> None:
        self._catalog = catalog
        self._sealed = sealed
        self._turn = turn
        self._bringing = Lock()

    def bring(self, part: StoredObject, sources: Iterable[ObjectSource], pause: Pause) -> None:
        """Bring an object back from the first source that has it whole.

        Where one fails the next is tried; where the rest is not connected, they are named.

        An interrupted eviction or return may have left the file here: that is tried first.

        Raises
        ------
        KeptElsewhere
            No connected source holds it; the message says where it is.
        ObjectMissing
            No archive is known to hold it.
        ObjectDamaged, ObjectMissing, StoreFault
            The archives that are connected hold it damaged, no more, or cannot be read.
        """
        with _in_turn(self._bringing, pause):
            if self._was_left_here(part, pause):
                return
            with self._catalog.read() as cursor:
                known = keeping.holders(cursor, part.id)
            if not known:
                raise ObjectMissing
            ids = {archive.id for archive in known}
            failed: set[str] = set()
            for source in (each for each in sources if each.archive_id in ids):
                try:
                    self._take(part, source, pause)
                except ArchiveAway:
                    continue
                except _FAILURES:
                    failed.add(source.archive_id)
                    if failed == ids:
                        raise
                else:
                    return
            raise KeptElsewhere(tuple(each.label for each in known if each.id not in failed))

    def bring_from_any(
        self, part: StoredObject, sources: Iterable[ObjectSource], pause: Pause
    ) -> None:
        """Put a damaged or missing object back from whichever source has it whole.

        What archives are known to hold does not matter: nothing counts before it was verified.

        Raises
        ------
        ObjectMissing
            None of them has it whole.
        """
        with _in_turn(self._bringing, pause):
            for source in sources:
                with suppress(*_FAILURES):
                    self._take(part, source, pause)
                    return
        raise ObjectMissing

    def _was_left_here(self, part: StoredObject, pause: Pause) -> bool:
        # An eviction that is just under way must not remove what is counted here meanwhile.
        with _in_turn(self._turn, pause):
            is_whole = self._is_whole_here(part, pause)
            if is_whole:
                self._count(part)
        return is_whole

    def _is_whole_here(self, part: StoredObject, pause: Pause) -> bool:
        try:
            self._verify(part, pause, suffix="")
        except (ObjectMissing, ObjectDamaged, StoreFault):
            return False
        return True

    def _take(self, part: StoredObject, source: ObjectSource, pause: Pause) -> None:
        def fill(target: BinaryIO) -> None:
            with source.fetch(part.id) as sealed:
                _copy(sealed, target, _most_bytes(part), pause)
            self._verify(part, pause, suffix=PART)

        with self._sealed.writing():
            self._sealed.folder.write(part.id, fill)
            self._count(part)

    def _verify(self, part: StoredObject, pause: Pause, suffix: str) -> None:
        path = self._sealed.folder.path(part.id)
        with self._sealed.patient_key(part.patient_id, part.key_number) as key:
            reader = ContainerReader(path.with_name(path.name + suffix), part.id, key)
        if reader.header.plain_bytes != part.plain_bytes:
            raise ObjectDamaged
        plain = bytearray(part.plain_bytes)
        reader.open_into(memoryview(plain), pause)
        with self._catalog.read() as cursor:
            expected = images.get(cursor, part.image_id).pixel_sha256
        if part.role is Role.PIXELS and pixel_digest(memoryview(plain)) != expected:
            raise ObjectDamaged

    def _count(self, part: StoredObject) -> None:
        with self._catalog.write() as cursor:
            keeping.set_here(cursor, (part.id,), is_here=True)


@contextmanager
def _in_turn(lock: Lock, pause: Pause) -> Iterator[None]:
    """Wait for a turn; a person who cancels, or a lock of the workstation, does not wait."""
    while not lock.acquire(timeout=_LOOK_S):
        pause()
    try:
        yield
    finally:
        lock.release()


def _most_bytes(part: StoredObject) -> int:
    return part.plain_bytes + part.plain_bytes // 32 + _SLACK_BYTES


def _copy(source: BinaryIO, target: BinaryIO, most: int, pause: Pause) -> None:
    copied = 0
    while chunk := source.read(_COPY_BYTES):
        pause()
        copied += len(chunk)
        if copied > most:
            raise ObjectDamaged
        left = memoryview(chunk)
        while left:
            left = left[target.write(left) :]
