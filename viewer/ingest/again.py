"""A file that lies in no folder but in memory, to be read once more by a fresh child.

On Linux memory can be handed to the child as an open file. Elsewhere it cannot, and a file on disk
in clear is out of the question: there a file is tried again by importing it again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viewer.ingest.errors import FileRefused
from viewer.ingest.hosts.open_file import start_of
from viewer.ingest.memory import SharedPixels
from viewer.ingest.sniff import START_BYTES, sniff
from viewer.ingest.source import Opened, Source

CAN_HOLD = sys.platform == "linux" and hasattr(os, "memfd_create")
_NOWHERE = Path("/")


class HeldFile(Source):
    """Bytes in memory that are read like a file; its name is a hint for the kind alone."""

    def __init__(self, handle: int, name: str, size_bytes: int) -> None:
        super().__init__(_NOWHERE / Path(name).name)
        self._handle, self._size_bytes = handle, size_bytes

    @property
    def token(self) -> str:
        """Nothing: no import dealt with it before."""
        return ""

    def open(self) -> Opened:
        """Open it; the caller closes it.

        Raises
        ------
        FileRefused
            There are no more files to be had.
        """
        try:
            file = os.dup(self._handle)
            kind = sniff(start_of(file, START_BYTES), self.name, self._size_bytes)
        except OSError as fault:
            raise FileRefused("The file cannot be opened.") from fault
        return Opened(file, (), kind, self._size_bytes)


@contextmanager
def held_file(content: NDArray[np.uint8], name: str) -> Iterator[HeldFile]:
    """Hold bytes so that a child can read them; overwritten at the end.

    Raises
    ------
    FileRefused
        There is not so much memory, or this system cannot do it.
    """
    if not CAN_HOLD:
        raise FileRefused(
            "This computer cannot try a file again from the store.",
            "Import it again from where it came.",
        )
    try:
        held = SharedPixels(content.size)
    except OSError as fault:
        raise FileRefused("There is not enough memory for this file.") from fault
    array = held.array((content.size,), np.dtype(np.uint8))
    try:
        array[...] = content
        yield HeldFile(held.block.handle, name, content.size)
    finally:
        array[...] = 0
        held.close()
