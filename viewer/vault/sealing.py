"""Sealing a picture with two threads: its pixels on one, everything else on the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import TracebackType
from typing import Self

from viewer.model.errors import Cancelled
from viewer.model.image import ImageRecord
from viewer.vault.catalog.images import Role, StoredObject
from viewer.vault.overview import Overview
from viewer.vault.pictures import pixel_digest
from viewer.vault.sealed import SealedObjects
from viewer.vault.v1.order import Pause

MakeOverview = Callable[[], Overview]


class Sealing:
    """A context around sealing one picture; its other thread has ended when it is left.

    The other thread takes the digest, then makes and writes the small objects, while this one
    encrypts and writes the pixels: neither waits for the other's disk.
    """

    def __init__(self, sealed: SealedObjects, record: ImageRecord, plain: memoryview) -> None:
        self._sealed = sealed
        self._record = record
        self._plain = plain
        self._given_up = Event()
        self._other = ThreadPoolExecutor(1, "vault-digest")
        self._digest = self._other.submit(pixel_digest, plain)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._other.shutdown(wait=True)

    def digest(self) -> str:
        """Return SHA-256 of the pixels in hex; waits for it."""
        return self._digest.result()

    def seal(
        self, small: Callable[[], Mapping[Role, memoryview]], pause: Pause
    ) -> list[StoredObject]:
        """Write all objects, each whole and durable; if one fails none is kept.

        Parameters
        ----------
        small : callable
            Makes the parts beside the pixels, on the other thread.
        """
        record = self._record

        def look() -> None:
            if self._given_up.is_set():
                raise Cancelled
            pause()

        def seal_small() -> list[StoredObject]:
            try:
                look()
                return self._sealed.seal(record.id, record.patient_id, small(), look)
            except BaseException:
                self._given_up.set()
                raise

        others = self._other.submit(seal_small)
        made: list[StoredObject] = []
        try:
            parts = {Role.PIXELS: self._plain}
            made += self._sealed.seal(record.id, record.patient_id, parts, look)
            return [*made, *others.result()]
        except BaseException as fault:
            self._given_up.set()
            theirs = others.exception()
            made += others.result() if theirs is None else ()
            self._sealed.discard(part.id for part in made)
            if theirs is not None and isinstance(fault, Cancelled):
                raise theirs from None  # this thread only stopped because of that one
            raise
