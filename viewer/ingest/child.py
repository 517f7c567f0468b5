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

from viewer.dicom.layout import PixelLayout, check_layout
from viewer.dicom.parse import parse
from viewer.dicom.pixels import frames
from viewer.ingest.describe import describe
from viewer.ingest.protocol import ChannelBroken, receive, send
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


def _read_header(_job: Job, files: list[int]) -> Job:
    content = mmap.mmap(files[0], 0, access=mmap.ACCESS_READ)
    return {"header": to_json(describe(parse(memoryview(content))))}


def _decode(job: Job, files: list[int]) -> Job:
    """Decode the frames of a file into their slots of the shared memory."""
    layout = from_json(job["layout"], PixelLayout)
    check_layout(layout)
    slots = [int(slot) for slot in job["slots"]]
    content = memoryview(mmap.mmap(files[0], 0, access=mmap.ACCESS_READ))
    if layout.is_deflated:
        content = parse(content).body
    value = content[layout.start : layout.start + layout.length]
    room = mmap.mmap(files[1], 0)
    size = layout.frame_bytes
    for slot, frame in zip(slots, frames(layout, value), strict=True):
        place = np.frombuffer(room, np.uint8, count=size, offset=slot * size)
        place.view(layout.dtype).reshape(layout.frame_shape)[...] = frame
    return {"done": len(slots)}


_JOBS: dict[str, Callable[[Job, list[int]], Job]] = {"header": _read_header, "decode": _decode}


if __name__ == "__main__":
    sys.exit(main())
