"""What a family may do with the files of one import: have them read, and find those beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.crew import Crew
from viewer.ingest.errors import FileRefused
from viewer.ingest.memory import SharedPixels
from viewer.ingest.protocol import Kept
from viewer.ingest.source import Source
from viewer.model.json import from_json

_NO_MEMORY = "There is not enough memory for this file."
_SECONDS = 60.0
_BYTES_PER_SECOND = 32 << 20


class Reading:
    """The crew of one import and its files. One thread at a time."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._beside: dict[tuple[object, ...], Source] = {}
        self._known: set[tuple[object, ...]] = set()

    def add(self, sources: Iterable[Source]) -> None:
        """Let these be found by name."""
        for source in sources:
            self._beside.setdefault(source.place, source)
            self._known.add(source.identity)

    def knows(self, source: Source) -> bool:
        """Whether a file is part of the import already."""
        return source.identity in self._known

    def beside(self, source: Source, name: str) -> Source | None:
        """Return the file of this bare name in the same folder, or in the same archive's.

        Case does not count. What was not part of the import is not found.
        """
        return self._beside.get((*source.place[:-1], name.casefold()))

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
