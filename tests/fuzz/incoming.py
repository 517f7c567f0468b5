"""Files from outside, fed to the decoding child's own loop, and its answers to the parent.

Within the child everything is caught at its boundary, so a finding there is what the boundary
cannot catch: a crash of a decoder, memory beyond the limit, or time beyond the budget. In the
parent every exception but the documented ones is a finding.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.data import get_testdata_file

from tests.fuzz.target import Target
from viewer.dicom.layout import check_layout
from viewer.ingest import child
from viewer.ingest.decoder import Decoder
from viewer.ingest.errors import FileRefused
from viewer.ingest.hosts.port import Handed
from viewer.ingest.protocol import ChannelBroken, Header
from viewer.model.errors import BitewingError
from viewer.model.json import from_json, to_json

_MOST_PIXELS = 16 << 20
_SECONDS = 60
_SPARE = "viewer.ingest.decoder.take_spare"


class BytesHanded:
    """A file's bytes as the child sees an open file; satisfies `Handed`."""

    def __init__(self, content: bytes, room: NDArray[np.uint8] | None = None) -> None:
        self._content = content
        self._room = room

    def file_size(self) -> int:
        return len(self._content)

    def start(self, size_bytes: int) -> bytes:
        return self._content[:size_bytes]

    def read_into(self, target: memoryview, offset: int) -> int:
        part = self._content[offset : offset + len(target)]
        target[: len(part)] = part
        return len(part)

    def whole(self) -> memoryview:
        if not self._content:
            raise ValueError("empty")
        return memoryview(self._content)

    def room(self) -> NDArray[np.uint8]:
        if self._room is None:
            raise ValueError("no room")
        return self._room

    def close(self) -> None:
        """Nothing is open."""


class OneFile:
    """A parent that asks about one file and then goes away; satisfies `ChildSide`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._jobs = self._questions()
        self._answer: dict[str, Any] = {}

    def receive(self) -> tuple[dict[str, Any], Handed]:
        try:
            return next(self._jobs)
        except StopIteration:
            raise ChannelBroken("done") from None

    def send(self, message: dict[str, Any]) -> None:
        self._answer = message

    def lock_down(self, memory_bytes: int) -> list[str]:
        return []

    def limit_cpu(self, seconds: int) -> None:
        """The fuzzer has a limit of its own."""

    def _questions(self) -> Iterator[tuple[dict[str, Any], Handed]]:
        yield {"memory_bytes": 1 << 30}, BytesHanded(b"")
        for again in range(2):  # the second time by likeness to the first
            yield {"do": "header", "cpu_seconds": _SECONDS}, BytesHanded(self._content)
            header = self._header() if again == 0 else None
            if header is not None:
                yield self._decode(header)

    def _header(self) -> Header | None:
        """Read the answer as the parent does."""
        if "header" not in self._answer:
            return None
        with suppress(ValueError, BitewingError):
            header = from_json(self._answer["header"], Header)
            check_layout(header.layout)
            if header.layout.frame_bytes * header.layout.frames <= _MOST_PIXELS:
                return header
        return None

    def _decode(self, header: Header) -> tuple[dict[str, Any], Handed]:
        layout = header.layout
        room = np.zeros(layout.frame_bytes * layout.frames, np.uint8)
        job = {
            "do": "decode",
            "layout": to_json(layout),
            "slots": list(range(layout.frames)),
            "cpu_seconds": _SECONDS,
        }
        return job, BytesHanded(self._content, room)


def _file(raw: bytes) -> None:
    assert child.serve(OneFile(raw)) == 0


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


def _answer(raw: bytes) -> None:
    """Send a child's answer to a header question; the parent refuses it, or takes it as one."""
    ours, theirs = socket.socketpair()
    with theirs, mock.patch(_SPARE, return_value=LyingChild(ours)):
        ready = b'{"ready":[]}'
        theirs.sendall(len(ready).to_bytes(4, "big") + ready)
        theirs.sendall(len(raw).to_bytes(4, "big") + raw)
        theirs.shutdown(socket.SHUT_WR)
        with Path(os.devnull).open("rb") as file, Decoder() as decoder, suppress(FileRefused):
            decoder.read_header(file.fileno())


def _of_pydicom(*names: str) -> tuple[bytes, ...]:
    found = (get_testdata_file(name, download=False) for name in names)
    return tuple(Path(str(path)).read_bytes() for path in found if path is not None)


@cache
def _true_answer() -> bytes:
    told: list[bytes] = []
    side = OneFile(_of_pydicom("CT_small.dcm")[0])
    side.send = lambda message: told.append(_as_sent(message))  # type: ignore[method-assign]
    child.serve(side)
    return told[1]


def _as_sent(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


_SYNTAXES: dict[str, tuple[str, ...]] = {
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
}


def targets() -> dict[str, Target]:
    """Return what reads files from outside, by name."""
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    made = {name: Target(_file, _of_pydicom(*names)) for name, names in _SYNTAXES.items()}
    made["child's answer"] = Target(_answer, (_true_answer(), b'{"refused":["a","b"]}'))
    return made
