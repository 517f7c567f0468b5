"""Archives in the decoding child: a job for an entry sees the entry as if it were the file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.errors import Malformed
from viewer.ingest.hosts.port import Handed
from viewer.ingest.protocol import Entry
from viewer.ingest.zip_reader import contents, start_of_entry, unpack
from viewer.model.json import from_json, to_json

Job = dict[str, Any]

MAX_INNER_ARCHIVE = 512 << 20
"""An archive within an archive may have so many bytes: it is held in memory while it is read."""


class Unpacked:
    """An entry of an archive, as a file that was handed over; only memory holds its content."""

    def __init__(self, outer: Handed, entry: Entry) -> None:
        self._outer = outer
        self._entry = entry
        self._content: memoryview | None = None

    def file_size(self) -> int:
        """Return the size of the file in bytes."""
        return self._entry.size_bytes

    def start(self, size_bytes: int) -> bytes:
        """Return the file's first bytes, unpacking no more than them."""
        if self._content is not None:
            return bytes(self._content[:size_bytes])
        outer = self._outer
        return start_of_entry(outer.read_into, outer.file_size(), self._entry, size_bytes)

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read."""
        part = self._unpacked()[offset : offset + len(target)]
        target[: len(part)] = part
        return len(part)

    def whole(self) -> memoryview:
        """Return the file's content, read only.

        Raises
        ------
        ValueError
            It is empty.
        """
        if not self._entry.size_bytes:
            raise ValueError("an empty file")
        return self._unpacked()

    def room(self) -> NDArray[np.uint8]:
        """Return the memory to fill, as bytes."""
        return self._outer.room()

    def close(self) -> None:
        """Close what came."""
        self._outer.close()

    def _unpacked(self) -> memoryview:
        if self._content is None:
            outer = self._outer
            content = unpack(outer.read_into, outer.file_size(), self._entry)
            self._content = memoryview(content).toreadonly()
        return self._content

    def lend(self, outer: Handed) -> Unpacked:
        """Return the same for another job, with what is unpacked already."""
        again = Unpacked(outer, self._entry)
        again._content = self._content
        return again


class Archives:
    """Makes files of entries; remembers the last archive that lay within another one."""

    def __init__(self) -> None:
        self._last: tuple[object, Unpacked] | None = None

    def unpacked(self, job: Job, handed: Handed) -> Handed:
        """Return what a job is about: the file that came, or an entry in it.

        Raises
        ------
        Malformed
        """
        within = [from_json(entry, Entry) for entry in job.get("within", ())]
        for entry in within[:-1]:
            if entry.size_bytes > MAX_INNER_ARCHIVE:
                raise Malformed("The archive within the archive is too large.", "Unpack it first.")
            handed = self._inner(handed, entry, (job.get("archive"), entry))
        return Unpacked(handed, within[-1]) if within else handed

    def _inner(self, handed: Handed, entry: Entry, key: object) -> Unpacked:
        if self._last is not None and self._last[0] == key:
            return self._last[1].lend(handed)
        self._last = None
        inner = Unpacked(handed, entry)
        inner.whole()
        self._last = (key, inner)
        return inner


def list_contents(_job: Job, handed: Handed) -> Job:
    """Say what an archive holds."""
    return {"contents": to_json(contents(handed.read_into, handed.file_size()))}
