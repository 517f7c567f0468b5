"""What a family may do with the files of one import: have them read, and find those beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.arrival import Refusal
from viewer.ingest.crew import Crew
from viewer.ingest.errors import FileRefused
from viewer.ingest.memory import SharedPixels
from viewer.ingest.protocol import Kept
from viewer.ingest.source import Source
from viewer.model.json import from_json

_NO_MEMORY = "There is not enough memory for this file."
_SECONDS = 60.0
_BYTES_PER_SECOND = 32 << 20
_LARGEST_UNPACKED = 256 << 20
"""A damaged file in an archive is kept by itself up to this size."""


class Reading:
    """The crew of one import and its files. One thread at a time."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._beside: dict[tuple[object, ...], Source] = {}
        self._known: set[tuple[object, ...]] = set()
        self._inside: dict[tuple[object, ...], list[Source]] = {}

    def add(self, sources: Iterable[Source]) -> None:
        """Let these be found by name."""
        for source in sources:
            self._beside.setdefault(source.place, source)
            self._known.add(source.identity)
            if source.within:
                self._inside.setdefault(source.archive, []).append(source)

    def knows(self, source: Source) -> bool:
        """Whether a file is part of the import already."""
        return source.identity in self._known

    def beside(self, source: Source, name: str) -> Source | None:
        """Return the file of this bare name in the same folder, or in the same archive's.

        Case does not count. What was not part of the import is not found.
        """
        return self._beside.get((*source.place[:-1], name.casefold()))

    def names_around(self, source: Source) -> Iterator[tuple[str, ...]]:
        """Yield the places of an archive's files below the folder that this entry lies in."""
        base = source.within[-1].names[:-1]
        for other in self._inside.get(source.archive, ()):
            names = other.within[-1].names
            if names[: len(base)] == base:
                yield names[len(base) :]

    def size_of(self, source: Source) -> int:
        """Return how many bytes a file has.

        Raises
        ------
        FileRefused
        """
        opened = source.open()
        try:
            return opened.size_bytes
        finally:
            opened.close()

    def kept(self, source: Source, reason: str) -> Kept:
        """Have a DICOM file described as one that is kept whole, for this reason.

        Raises
        ------
        FileRefused, Cancelled, ChildUnavailable
        """
        return self._crew.one(
            source,
            {"do": "kept", "reason": reason},
            take=lambda answer: from_json(answer["kept"], Kept),
        )

    def refusal(self, source: Source, why: str, *, is_damage: bool = False) -> Refusal:
        """Return the refusal of a file; of a damaged one in an archive, with its bytes.

        Not while other files are being asked about. Without bytes where it does not unpack.

        Raises
        ------
        Cancelled, ChildUnavailable
        """
        content = None
        if is_damage and source.within:
            with suppress(FileRefused):
                content = self._unpacked(source)
        return Refusal(source.shown, why, is_damage, content, source.token)

    def _unpacked(self, source: Source) -> NDArray[np.uint8] | None:
        size = self.size_of(source)
        if not 0 < size <= _LARGEST_UNPACKED:
            return None
        content, answer = self.fill(source, {"do": "content"}, size)
        return content if answer.get("done") == size else None

    def fill(
        self, source: Source, job: dict[str, Any], size_bytes: int
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Have a job done that fills memory; return the memory and what the child says.

        The answer is unchecked: what it says of sizes and kinds is for the caller to doubt.

        Raises
        ------
        FileRefused, Cancelled, ChildUnavailable
        """
        try:
            pixels = SharedPixels(max(size_bytes, 1))
        except (OSError, ValueError, OverflowError) as fault:
            raise FileRefused(_NO_MEMORY) from fault
        try:
            seconds = _SECONDS + size_bytes / _BYTES_PER_SECOND
            answer = self._crew.one(
                source, job, take=lambda answer: answer, seconds=seconds, pixels=pixels
            )
        finally:
            pixels.close()
        return np.frombuffer(pixels.block.buffer, np.uint8, count=size_bytes), answer
