"""The bytes of a file that is to be kept as it is: read in pieces, its preamble blank.

The first 128 bytes of a DICOM file are nobody's: a program or a script may stand there that runs
when the file is opened by another name (CVE-2019-11687). They are never stored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.files import opened
from viewer.ingest.hosts.open_file import read_into, start_of
from viewer.vault.filing import FileContent

PREAMBLE_BYTES = 128
_MAGIC = b"DICM"


class ArrayContent:
    """Bytes that are in memory already."""

    def __init__(self, content: NDArray[np.uint8]) -> None:
        self._bytes = np.ascontiguousarray(content).data.cast("B")
        self.size_bytes = self._bytes.nbytes
        magic = bytes(self._bytes[PREAMBLE_BYTES : PREAMBLE_BYTES + len(_MAGIC)])
        self._is_dicom = magic == _MAGIC

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read, 0 at the end."""
        piece = self._bytes[offset : offset + target.nbytes]
        target[: piece.nbytes] = piece
        if self._is_dicom:
            _blank(target[: piece.nbytes], offset)
        return piece.nbytes


class OpenFile:
    """An open file of known size."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.size_bytes = os.fstat(file).st_size
        start = start_of(file, PREAMBLE_BYTES + len(_MAGIC))
        self._is_dicom = start[PREAMBLE_BYTES:] == _MAGIC

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read from an offset; return how many bytes were read, 0 at the end."""
        count = read_into(self._file, target, offset)
        if self._is_dicom:
            _blank(target[:count], offset)
        return count


@contextmanager
def content_of(path: Path, held: NDArray[np.uint8] | None) -> Iterator[FileContent]:
    """Give the bytes of a file: those that are in memory, else those on disk.

    Raises
    ------
    FileRefused
        It is no plain file, or cannot be opened.
    """
    if held is not None:
        yield ArrayContent(held)
        return
    with opened(path) as file:
        yield OpenFile(file)


def _blank(piece: memoryview, offset: int) -> None:
    """Overwrite what of the preamble lies in a piece that begins at an offset."""
    count = min(max(PREAMBLE_BYTES - offset, 0), piece.nbytes)
    piece[:count] = bytes(count)
