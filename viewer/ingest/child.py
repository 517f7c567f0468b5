"""The decoding child: `python -m viewer.ingest.child`, with its standard input as the channel.

It opens nothing itself: files and shared memory arrive open. No Qt, no VTK, no log (a warning would
hold patient data). Whatever goes wrong here becomes a refusal or the child's end.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom.config
from numpy.typing import NDArray

from viewer.dicom.errors import Malformed, NotAnImage, Unsupported
from viewer.dicom.layout import PixelLayout, check_layout
from viewer.dicom.likeness import Likeness
from viewer.dicom.parse import parse
from viewer.dicom.pixels import frames, is_plain, keep_stored_bits
from viewer.ingest.describe import describe, describe_kept, describe_own
from viewer.ingest.directory import read_directory
from viewer.ingest.foreign.jobs import JOBS as FOREIGN_JOBS
from viewer.ingest.hosts.port import ChildSide, Handed
from viewer.ingest.protocol import MODELS, ChannelBroken, Header
from viewer.ingest.research.jobs import JOBS as RESEARCH_JOBS
from viewer.ingest.unpacking import Archives, list_contents
from viewer.model.errors import BitewingError
from viewer.model.json import from_json, to_json

_DAMAGED = "The file is damaged and cannot be read."
_TOO_LARGE = "Reading the file would take more memory than it may."
_ELSEWHERE = -1
"""The slot of a frame that is of another picture."""

Job = dict[str, Any]


def main() -> int:
    """Serve jobs on this operating system's channel until the parent goes away."""
    if sys.platform == "win32":
        from viewer.ingest.hosts.machine import WindowsMachine
        from viewer.ingest.hosts.win32 import Win32
        from viewer.ingest.hosts.windows_child import WindowsSide

        return serve(WindowsSide.on_standard_input(Win32(WindowsMachine())))
    else:
        from viewer.ingest.hosts.posix_child import PosixSide

        return serve(PosixSide.on_standard_input())


def serve(side: ChildSide) -> int:
    """Give up all rights, then serve jobs until the parent goes away."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    known = _Known()
    try:
        first, _ = side.receive()
        side.send({"ready": side.lock_down(int(first["memory_bytes"]))})
        while True:
            job, handed = side.receive()
            side.send(_answer(side, job, handed, known))
    except ChannelBroken:
        return 0


def _answer(side: ChildSide, job: Job, handed: Handed, known: _Known) -> Job:
    """Do one job. This is the boundary at which everything is caught."""
    try:
        side.limit_cpu(int(job["cpu_seconds"]))
        return known.jobs[job["do"]](job, known.archives.unpacked(job, handed))
    except (NotAnImage, Unsupported) as refusal:
        return {"refused": [refusal.what, refusal.now]}
    except BitewingError as refusal:
        return {"refused": [refusal.what, refusal.now], "damage": True}
    except MemoryError:
        return {"refused": [_TOO_LARGE, ""], "damage": True}
    except Exception:  # noqa: BLE001  mutated files raise ten and more types
        return {"refused": [_DAMAGED, ""], "damage": True}
    finally:
        handed.close()


class _Headers:
    """Reads headers, and remembers some so that others like them cost little."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Likeness, Header]] = {}
        self._next = 0

    def read(self, _job: Job, handed: Handed) -> Job:
        return self._by_likeness(handed) or self._wholly(handed)

    def _by_likeness(self, handed: Handed) -> Job | None:
        size = handed.file_size()
        for slot, (likeness, model) in self._known.items():
            match = likeness.match(handed.start(likeness.most_header_bytes), size)
            if match is not None:
                return {"own": to_json(describe_own(match, model)), "model": slot}
        return None

    def _wholly(self, handed: Handed) -> Job:
        content = handed.whole()
        parsed = parse(content)
        try:
            header = describe(parsed)
        except (NotAnImage, Unsupported) as reason:
            return {"kept": to_json(describe_kept(parsed, reason))}
        likeness = Likeness.of(content, parsed) if header.layout.frames == 1 else None
        if likeness is None:
            return {"header": to_json(header)}
        slot, self._next = self._next, (self._next + 1) % MODELS
        self._known[slot] = likeness, header
        return {"header": to_json(header), "model": slot}


def _content(_job: Job, handed: Handed) -> Job:
    """Copy a file's bytes into the shared memory, without what a DICOM preamble may hide."""
    room = handed.room()[: handed.file_size()]
    done = 0
    while done < room.size and (count := handed.read_into(room[done:].data, done)):
        done += count
    if room[128:132].tobytes() == b"DICM":
        room[:128] = 0
    return {"done": done}


def _kept(job: Job, handed: Handed) -> Job:
    """Describe a DICOM file that is kept whole although its header is a picture's."""
    reason = Unsupported(str(job["reason"]))
    return {"kept": to_json(describe_kept(parse(handed.whole()), reason))}


def _decode(job: Job, handed: Handed) -> Job:
    """Decode the frames of a file into their slots of the shared memory."""
    layout = from_json(job["layout"], PixelLayout)
    check_layout(layout)
    slots = [int(slot) for slot in job["slots"]]
    room = handed.room()
    if is_plain(layout):
        is_changed = _copy(handed, layout, room, slots)
        return {"done": len(slots), "changed": is_changed}
    content = handed.whole()
    if layout.is_deflated:
        content = parse(content).body
    value = content[layout.start : layout.start + layout.length]
    for slot, frame in zip(slots, frames(layout, value), strict=True):
        if slot == _ELSEWHERE:
            continue
        place = _place(layout, room, slot)
        place.view(layout.dtype).reshape(layout.frame_shape)[...] = frame
    return {"done": len(slots)}


def _copy(handed: Handed, layout: PixelLayout, room: NDArray[np.uint8], slots: list[int]) -> bool:
    """Read plain frames to where they belong: nothing is copied on the way.

    Returns whether there was something in unused bits, which is not kept.
    """
    is_changed = False
    for frame, slot in zip(range(layout.frames), slots, strict=True):
        if slot == _ELSEWHERE:
            continue
        place = _place(layout, room, slot)
        start, done = layout.start + frame * place.size, 0
        while done < place.size:
            count = handed.read_into(place[done:].data, start + done)
            if count == 0:
                raise Malformed("The file ends before the picture does.")
            done += count
        is_changed |= keep_stored_bits(layout, place)
    return is_changed


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


class _Known:
    """What one child remembers from job to job."""

    def __init__(self) -> None:
        self.archives = Archives()
        self.jobs = {**_JOBS, "header": _Headers().read}


_JOBS: dict[str, Callable[[Job, Handed], Job]] = {
    # A row for each kind of job; `viewer/ingest/families.py` says which files are asked what.
    "decode": _decode,
    "content": _content,
    "kept": _kept,
    "directory": read_directory,
    "contents": list_contents,
    **FOREIGN_JOBS,
    **RESEARCH_JOBS,
}


if __name__ == "__main__":
    sys.exit(main())
