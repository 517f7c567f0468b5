"""The decoding child: `python -m viewer.ingest.child`, with its standard input as the channel.

It opens nothing itself: files and shared memory arrive as open files. No Qt, no VTK, no log (a
warning would hold patient data). Whatever goes wrong here becomes a refusal or the child's end.
"""

from __future__ import annotations

import logging
import mmap
import os
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom.config
from numpy.typing import NDArray

from viewer.dicom.errors import Malformed
from viewer.dicom.layout import PixelLayout, check_layout
from viewer.dicom.likeness import Likeness
from viewer.dicom.parse import parse
from viewer.dicom.pixels import frames, is_plain, keep_stored_bits
from viewer.ingest.describe import describe, describe_own
from viewer.ingest.protocol import MODELS, ChannelBroken, Header, receive, send
from viewer.ingest.sandbox import lock_down
from viewer.model.errors import BitewingError
from viewer.model.json import from_json, to_json

_DAMAGED = "The file is damaged and cannot be read."
_TOO_LARGE = "Reading the file would take more memory than it may."

Job = dict[str, Any]


def main() -> int:
    """Serve jobs until the parent goes away."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    channel = socket.socket(fileno=0)
    try:
        first, _ = receive(channel)
        send(channel, {"ready": lock_down(int(first["memory_bytes"]))})
        while True:
            job, files = receive(channel)
            send(channel, _answer(job, files))
    except ChannelBroken:
        return 0


def _answer(job: Job, files: list[int]) -> Job:
    """Do one job. This is the boundary at which everything is caught."""
    try:
        _limit_cpu(int(job["cpu_seconds"]))
        return _JOBS[job["do"]](job, files)
    except BitewingError as refusal:
        return {"refused": [refusal.what, refusal.now]}
    except MemoryError:
        return {"refused": [_TOO_LARGE, ""]}
    except Exception:  # noqa: BLE001  mutated files raise ten and more types
        return {"refused": [_DAMAGED, ""]}
    finally:
        for file in files:
            os.close(file)


def _limit_cpu(seconds: int) -> None:
    """Let the kernel end this process once it has used so much more processor time."""
    if sys.platform == "win32":
        return
    import resource

    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


class _Headers:
    """Reads headers, and remembers some so that others like them cost little."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Likeness, Header]] = {}
        self._next = 0

    def read(self, _job: Job, files: list[int]) -> Job:
        return self._by_likeness(files[0]) or self._wholly(files[0])

    def _by_likeness(self, file: int) -> Job | None:
        size = os.fstat(file).st_size
        for slot, (likeness, model) in self._known.items():
            match = likeness.match(os.pread(file, likeness.most_header_bytes, 0), size)
            if match is not None:
                return {"own": to_json(describe_own(match, model)), "model": slot}
        return None

    def _wholly(self, file: int) -> Job:
        content = memoryview(mmap.mmap(file, 0, access=mmap.ACCESS_READ))
        parsed = parse(content)
        header = describe(parsed)
        likeness = Likeness.of(content, parsed) if header.layout.frames == 1 else None
        if likeness is None:
            return {"header": to_json(header)}
        slot, self._next = self._next, (self._next + 1) % MODELS
        self._known[slot] = likeness, header
        return {"header": to_json(header), "model": slot}


def _decode(job: Job, files: list[int]) -> Job:
    """Decode the frames of a file into their slots of the shared memory."""
    layout = from_json(job["layout"], PixelLayout)
    check_layout(layout)
    slots = [int(slot) for slot in job["slots"]]
    room = np.frombuffer(mmap.mmap(files[1], 0), np.uint8)
    if is_plain(layout):
        _copy(files[0], layout, room, slots)
        return {"done": len(slots)}
    content = memoryview(mmap.mmap(files[0], 0, access=mmap.ACCESS_READ))
    if layout.is_deflated:
        content = parse(content).body
    value = content[layout.start : layout.start + layout.length]
    for slot, frame in zip(slots, frames(layout, value), strict=True):
        place = _place(layout, room, slot)
        place.view(layout.dtype).reshape(layout.frame_shape)[...] = frame
    return {"done": len(slots)}


def _copy(file: int, layout: PixelLayout, room: NDArray[np.uint8], slots: list[int]) -> None:
    """Read plain frames to where they belong: nothing is copied on the way."""
    for frame, slot in zip(range(layout.frames), slots, strict=True):
        place = _place(layout, room, slot)
        start, done = layout.start + frame * place.size, 0
        while done < place.size:
            count = os.preadv(file, [place[done:].data], start + done)
            if count == 0:
                raise Malformed("The file ends before the picture does.")
            done += count
        keep_stored_bits(layout, place)


def _place(layout: PixelLayout, room: NDArray[np.uint8], slot: int) -> NDArray[np.uint8]:
    """Return the room of one frame.

    Raises
    ------
    ValueError
        It is not there.
    """
    size = layout.frame_bytes
    place = room[slot * size : (slot + 1) * size]
    if slot < 0 or place.size != size:
        raise ValueError("there is no such slot")
    return place


_JOBS: dict[str, Callable[[Job, list[int]], Job]] = {
    "header": _Headers().read,
    "decode": _decode,
}


if __name__ == "__main__":
    sys.exit(main())
