"""The growing end of the trail: the newest segment's file, as other processes leave it.

A file that ends inside a record was cut, or the machine went down while writing. If the head kept
outside covers more records than are there, it was cut: `TrailDamaged`. Otherwise the unfinished
bytes, whose `append` never returned, are kept aside and that is recorded.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from io import FileIO
from pathlib import Path

from viewer.crypto.derive import digest
from viewer.session.audit.beginning import begin_segment_file
from viewer.session.audit.events import Entry, EventKind
from viewer.session.audit.frames import Frame, FrameKind, frames_from, read_frame_before
from viewer.session.audit.sealing import RecordSealer
from viewer.session.audit.segment import (
    Genesis,
    SegmentKeys,
    Tail,
    genesis_of,
    mapped,
    resume,
    segment_path,
    trail_folder,
)
from viewer.session.errors import TrailDamaged, TrailUnwritable
from viewer.session.files import process_lock, write_atomically


class GrowingEnd:
    """Where the next record goes. Everything but `tail` and `keys` under `lock()`."""

    def __init__(self, folder: Path, keys: SegmentKeys, sealer: RecordSealer) -> None:
        self.folder = folder
        self.keys = keys
        self.tail = Tail.of_new_file()
        self.genesis: Genesis | None = None
        self._sealer = sealer
        self._file: FileIO | None = None
        self._size = 0

    @property
    def is_open(self) -> bool:
        """Whether it can be written to."""
        return self._file is not None

    @property
    def trail_public(self) -> bytes:
        """Public half of the key that reads this segment."""
        return self.genesis.trail_public if self.genesis else b""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other processes from writing meanwhile.

        Raises
        ------
        OSError
            The lock file cannot be made.
        """
        return process_lock(trail_folder(self.folder) / "lock")

    # --- opening ---------------------------------------------------------------------------

    def find(self) -> None:
        """Look where the segment ends, and change nothing yet.

        Raises
        ------
        TrailDamaged
            This workstation did not write what is there.
        OSError
            It cannot be read.
        """
        with mapped(segment_path(self.folder, self.keys.number)) as content:
            self.genesis = genesis_of(content, self.keys)
            self.tail = resume(content, self.keys)
            self._size = len(content)

    def open(self) -> None:
        """Open for writing what `find` found; bytes of an unfinished record go aside.

        Raises
        ------
        OSError
            The disk refused.
        """
        path = segment_path(self.folder, self.keys.number)
        self._file = path.open("r+b", buffering=0)
        if self.tail.end < self._size:
            self._set_aside(self._size)

    def sign_to_its_end(self) -> None:
        """Put a checkpoint behind what is not signed yet.

        Raises
        ------
        OSError
            The disk refused.
        """
        if self.tail.unsigned > 0:
            tail = self.tail.copy()
            self.put(tail.add_checkpoint(self.keys), tail)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    # --- other processes -------------------------------------------------------------------

    def catch_up(self) -> None:
        """Go where the next record goes: the newest segment, as other processes left it.

        Raises
        ------
        TrailUnwritable
            The trail is closed.
        TrailDamaged
            What was added is not this workstation's.
        OSError
            The disk refused.
        """
        while True:
            self._take_in()
            path = segment_path(self.folder, self.keys.number + 1)
            if not path.exists():
                return
            self._leave_for(path)

    def _take_in(self) -> None:
        """Take in what another process appended; it holds the lock only while it writes."""
        file = self._opened()
        size = os.fstat(file.fileno()).st_size
        if size < self.tail.end:
            raise TrailDamaged("The trail was cut while the program ran.")
        if size == self.tail.end:
            return
        file.seek(self.tail.end)
        newer = file.read(size - self.tail.end)
        for frame in frames_from(newer, 0):
            self.tail.take(frame, newer, self.keys)
        if self.tail.end < size:
            self._set_aside(size)

    def _leave_for(self, path: Path) -> None:
        """Leave a segment that another follows; it must be this workstation's and follow it."""
        keys = self.keys.of_segment(self.keys.number + 1)
        with mapped(path) as content:
            genesis = genesis_of(content, keys)
            signed = self.tail.signed
            if (genesis.previous_size, genesis.previous_root) != (signed.size, signed.root.hex()):
                raise TrailDamaged("The next part of the trail does not follow this one.")
            tail = resume(content, keys)
        file = path.open("r+b", buffering=0)
        self._sealer.forget()
        self.close()
        self.keys, self.tail, self.genesis, self._file = keys, tail, genesis, file

    def begin_next(self, trail_public: bytes, begun: str) -> None:
        """Sign this segment to its end, and go on in a fresh one. After `catch_up`.

        Raises
        ------
        OSError
            The disk refused: this segment goes on.
        """
        self.sign_to_its_end()
        keys = self.keys.of_segment(self.keys.number + 1)
        begin_segment_file(self.folder, keys, trail_public, self.tail.signed, begun)
        self.catch_up()

    # --- writing ---------------------------------------------------------------------------

    def put(self, raw: bytes, tail: Tail) -> None:
        """Write at the end, wait for the disk, and stand at `tail`; or all is as before.

        Raises
        ------
        OSError
            The disk refused.
        """
        file, end = self._opened(), self.tail.end
        try:
            file.seek(end)
            left = memoryview(raw)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(end)
            raise
        self.tail = tail

    def _set_aside(self, size: int) -> None:
        """Move the bytes of an unfinished record out of the way, and record that."""
        file = self._opened()
        file.seek(self.tail.end)
        torn = file.read(size - self.tail.end)
        name = f"unfinished-{self.keys.number:04d}-{self.tail.frontier.size}.bin"
        write_atomically(trail_folder(self.folder) / name, torn)
        file.truncate(self.tail.end)
        why = "Bytes of a record that was never finished were kept aside."
        entry = Entry(
            EventKind.TRAIL_REPAIRED, why=why, digests=(digest(torn).hex(),), size_bytes=len(torn)
        )
        tail = self.tail.copy()
        raw = self._sealer.frames(tail, entry, self.keys, self.trail_public)[0]
        self.put(raw + tail.add_checkpoint(self.keys), tail)

    def _opened(self) -> FileIO:
        if self._file is None:
            raise TrailUnwritable
        return self._file

    # --- looking back ----------------------------------------------------------------------

    def newest_first(self) -> Iterator[Frame]:
        """Yield this segment's records, the last one first.

        Raises
        ------
        OSError
            It cannot be read.
        """
        with mapped(segment_path(self.folder, self.keys.number)) as content:
            end = self.tail.end
            while True:
                frame = read_frame_before(content, end)
                yield frame
                if frame.kind == FrameKind.GENESIS:
                    return
                end = frame.start


def settle(folder: Path, keys: SegmentKeys, sealer: RecordSealer) -> None:
    """Sign a segment to its end, if this workstation wrote it: another is to follow it.

    Raises
    ------
    OSError
        The disk refused.
    """
    end = GrowingEnd(folder, keys, sealer)
    try:
        with end.lock():
            end.find()
            end.open()
            end.sign_to_its_end()
    except TrailDamaged:
        return  # another workstation's, or not whole: what its last checkpoint claims is followed
    finally:
        end.close()
