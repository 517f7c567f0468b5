"""Files from outside, each imported as a person would, and a taken-over child's answers.

Within the child everything is caught at its boundary, so a finding there is what the boundary
cannot catch: a crash of a library, memory beyond the limit, or time beyond the budget. In the
parent every exception but the documented ones is a finding.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
from pydicom.data import get_testdata_file

from tests.fuzz import thread_child
from tests.fuzz.scratch import scratch
from tests.fuzz.target import Target
from viewer.ingest.decoder import Decoder
from viewer.ingest.errors import FileRefused
from viewer.ingest.importer import read

_MOST_PIXELS = 64 << 20


def imported(raw: bytes, name: str) -> list[object]:
    """Import a file of these bytes; whatever comes of it is no exception."""
    path = scratch() / name
    path.write_bytes(raw)
    with (
        thread_child.in_threads(),
        # A promise of gigabytes is refused or kept elsewhere in the tests; here it costs time.
        mock.patch("viewer.dicom.layout.MAX_PICTURE_BYTES", _MOST_PIXELS),
    ):
        return list(read([path], progress=lambda *_: None, is_cancelled=lambda: False))


@attrs.define(eq=False)
class LyingChild:
    """A child that has been taken over: it answers whatever it likes; satisfies `ChildProcess`."""

    channel: socket.socket
    pid: int = 0
    in_force: tuple[str, ...] = ()

    def is_running(self) -> bool:
        return True

    def send(self, message: object, file: object = None, block: object = None) -> None:
        """Whatever is asked."""

    def allow_cpu(self, seconds: float) -> None:
        """As it likes."""

    def end(self) -> None:
        self.channel.close()


def _answer(raw: bytes) -> list[object]:
    """Send a child's answer to a header question; the parent refuses it, or takes it as one."""
    ours, theirs = socket.socketpair()
    with theirs, mock.patch(thread_child.SPARE, return_value=LyingChild(ours)):
        for message in (b'{"ready":[]}', raw):
            theirs.sendall(len(message).to_bytes(4, "big") + message)
        theirs.shutdown(socket.SHUT_WR)
        with Path(os.devnull).open("rb") as file, Decoder() as decoder:
            try:
                return [decoder.read_header(file.fileno())]
            except FileRefused as refused:
                return [refused]


@cache
def _true_answer() -> bytes:
    """Return what a child says of a CT."""
    told: list[dict[str, Any]] = []
    serve = thread_child.OpenSide.send

    def listen(side: thread_child.OpenSide, message: dict[str, Any]) -> None:
        told.append(message)
        serve(side, message)

    with mock.patch.object(thread_child.OpenSide, "send", listen):
        imported(_of_pydicom("CT_small.dcm")[0], "file")
    answer = next(each for each in told if "header" in each)
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def _of_pydicom(*names: str) -> tuple[bytes, ...]:
    found = (get_testdata_file(name, download=False) for name in names)
    return tuple(Path(str(path)).read_bytes() for path in found if path is not None)


_DICOM: dict[str, tuple[str, ...]] = {
    "dicom plain": (
        "CT_small.dcm",
        "SC_rgb_small_odd.dcm",
        "MR_small_bigendian.dcm",
        "nested_priv_SQ.dcm",
        "rtplan.dcm",
    ),
    "dicom deflated": ("image_dfl.dcm",),
    "dicom rle": ("SC_rgb_rle_32bit.dcm", "SC_rgb_rle_2frame.dcm", "MR_small_RLE.dcm"),
    "dicom jpeg": ("SC_rgb_jpeg_gdcm.dcm", "SC_rgb_dcmtk_+eb+cy+s4.dcm", "JPEG-lossy.dcm"),
    "dicom jpeg lossless": ("JPEG-LL.dcm",),
    "dicom jpeg-ls": (
        "JPEGLSNearLossless_08.dcm",
        "JPEGLSNearLossless_16.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
    ),
    "dicom jpeg 2000": (
        "JPEG2000.dcm",
        "JPEG2000-embedded-sequence-delimiter.dcm",
        "MR_small_jp2klossless.dcm",
    ),
    "dicom frames": ("SC_rgb_rle_2frame.dcm", "liver_1frame.dcm"),
    "dicom report": ("reportsi.dcm", "test-SR.dcm"),
    "dicomdir": ("DICOMDIR", "DICOMDIR-nopatient"),
}


def _made_files() -> dict[str, tuple[str, tuple[bytes, ...]]]:
    """Return the files of other families: a name, which may be a hint, and seeds."""
    from tests.fuzz import seeds

    return {
        "zip": ("file.zip", seeds.zips()),
        "png": ("file.png", seeds.photos("PNG")),
        "jpeg": ("file.jpg", seeds.photos("JPEG")),
        "tiff": ("file.tif", seeds.photos("TIFF")),
        "heic": ("file.heic", seeds.heics()),
    }


def _feed(name: str) -> Callable[[bytes], object]:
    return partial(imported, name=name)


def targets() -> dict[str, Target]:
    """Return what reads files from outside, by name."""
    made = {
        name: Target(_feed("DICOMDIR" if name == "dicomdir" else "file"), _of_pydicom(*names))
        for name, names in _DICOM.items()
    }
    made |= {name: Target(_feed(file), found) for name, (file, found) in _made_files().items()}
    made["child's answer"] = Target(_answer, (_true_answer(), b'{"refused":["a","b"]}'))
    return made
