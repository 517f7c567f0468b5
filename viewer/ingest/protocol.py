"""What parent and decoding child say to each other: length-prefixed JSON, never pickle.

Each message is four bytes of length (big endian) and UTF-8 JSON. On POSIX open files travel to the
child beside it (SCM_RIGHTS); on Windows their handles are numbers in it. The parent trusts nothing
that comes back, and takes no files.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import attrs

from viewer.dicom.geometry import PlanePlace
from viewer.dicom.layout import PixelLayout
from viewer.dicom.marks import Marks
from viewer.ingest.sniff import FileKind
from viewer.model.image import GreyScale, ImageKind, PixelSpacing
from viewer.model.patient import Patient, Series, Study
from viewer.model.tooth import Tooth

MAX_MESSAGE = 96 << 20
_POLL_SECONDS = 0.1
_MOST_FILES = 2
_MOST_LETTERS = 120
_IN_PATHS = re.compile(r'[\0-\x1f\x7f/\\:*?"<>|]')


class ChannelBroken(Exception):
    """The other side is gone, late, or speaks another language."""


@attrs.frozen
class FrameFacts:
    """What a header says of one frame."""

    place: PlanePlace | None
    grey: GreyScale
    marks: Marks = attrs.field(factory=Marks)


@attrs.frozen
class Header:
    """What the child read from one file's header.

    `frames` has one entry, or one for each frame where they differ. `data_set` is the header in
    Explicit VR Little Endian, base64.
    """

    patient: Patient
    study: Study
    series: Series
    sop_uid: str
    sop_class_uid: str
    kind: ImageKind
    is_localizer: bool
    layout: PixelLayout
    frames: tuple[FrameFacts, ...]
    data_set: str
    number: int | None = None
    acquired: datetime | None = None
    description: str = ""
    burned_in: str = ""
    laterality: str = ""
    patient_orientation: tuple[str, str] | None = None
    teeth: tuple[Tooth, ...] = ()
    spacing: PixelSpacing | None = None
    notes: tuple[str, ...] = ()
    pixel_aspect: float = 1.0
    overlays: str = ""
    """Base64 of `viewer.model.bit_planes.pack`; empty where there are none."""
    is_rebuilt: bool = False
    """Whether `data_set` and the pixels together give every element of the file back."""


@attrs.frozen
class Kept:
    """What the child read of one file that is kept whole and not shown as a picture.

    `what` it is and the `reason` why it is not shown are in plain words. `data_set` is empty
    where the file is no DICOM. `companions` are bare names of files beside it that belong to it.
    """

    what: str
    reason: str
    patient: Patient
    study: Study
    series: Series
    kind: ImageKind = ImageKind.OTHER
    sop_uid: str = ""
    sop_class_uid: str = ""
    number: int | None = None
    acquired: datetime | None = None
    description: str = ""
    burned_in: str = ""
    laterality: str = ""
    teeth: tuple[Tooth, ...] = ()
    data_set: str = ""
    notes: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()


@attrs.frozen
class Entry:
    """One file in an archive: where it lies, and what it must unpack to.

    `names` are its folders and its own name, for the eyes and for matching what a disc's table
    of contents names; no path is ever made of them. `kind` is told from its first bytes.
    """

    names: tuple[str, ...]
    kind: FileKind
    start: int
    packed_bytes: int
    size_bytes: int
    crc: int
    method: int

    @property
    def bare_name(self) -> str:
        """Its own name, for the eyes; even if it were made a path it would lead nowhere else."""
        return bare_name(self.names[-1] if self.names else "")


def bare_name(name: str) -> str:
    """Return a name without anything that means something in a path.

    >>> bare_name("..")
    '?'
    """
    bare = _IN_PATHS.sub("_", name)[:_MOST_LETTERS]
    return bare if bare.strip(". ") else "?"


@attrs.frozen
class Contents:
    """What the child found in an archive; what it did not take, with the reason of each."""

    entries: tuple[Entry, ...]
    refused: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class NamedFile:
    """One file that a disc's table of contents names: the parts of its place, and what it is."""

    names: tuple[str, ...]
    sop_uid: str = ""


@attrs.frozen
class Directory:
    """What a disc's table of contents names."""

    files: tuple[NamedFile, ...]


@attrs.frozen
class OwnFacts:
    """What one file of a series says otherwise than another one whose header is known.

    `start` is the place of its pixels; `place` is that of its one frame.
    """

    sop_uid: str
    number: int | None
    acquired: datetime | None
    place: PlanePlace | None
    start: int
    data_set: str
    acquisition: str = ""


MODELS = 4
"""How many headers each side keeps for others to be likened to."""


def send(channel: socket.socket, message: dict[str, Any], files: Sequence[int] = ()) -> None:
    """Send one message, with open files beside it.

    Raises
    ------
    ChannelBroken
    """
    body = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()
    if len(body) > MAX_MESSAGE:
        raise ChannelBroken("message too long")
    prefixed = len(body).to_bytes(4, "big") + body
    try:
        # The timeout of the last receive would count for sending too.
        channel.settimeout(None)
        sent = _send_with_files(channel, prefixed, files) if files else 0
        channel.sendall(memoryview(prefixed)[sent:])
    except OSError as fault:
        raise ChannelBroken("send failed") from fault


def receive(
    channel: socket.socket,
    *,
    deadline: float | None = None,
    check: Callable[[], None] = lambda: None,
    files: list[int] | None = None,
) -> dict[str, Any]:
    """Wait for one message.

    Parameters
    ----------
    deadline : float or None
        On the monotonic clock; None waits for ever.
    check : callable
        Called several times a second; what it raises ends the wait.
    files : list of int or None
        Takes the open files that come beside the message; with None the kernel drops them.

    Raises
    ------
    ChannelBroken
    """
    size = int.from_bytes(_exactly(channel, 4, deadline, check, files), "big")
    if size > MAX_MESSAGE:
        raise ChannelBroken("message too long")
    body = _exactly(channel, size, deadline, check, files)
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise ChannelBroken("no JSON") from fault
    if not isinstance(message, dict):
        raise ChannelBroken("no message")
    return message


def _exactly(
    channel: socket.socket,
    size: int,
    deadline: float | None,
    check: Callable[[], None],
    files: list[int] | None,
) -> bytearray:
    content = bytearray()
    channel.settimeout(None if deadline is None else _POLL_SECONDS)
    while len(content) < size:
        check()
        if deadline is not None and time.monotonic() > deadline:
            raise ChannelBroken("late")
        try:
            part = _part(channel, min(size - len(content), 1 << 20), files)
        except TimeoutError:
            continue
        except OSError as fault:
            raise ChannelBroken("receive failed") from fault
        if not part:
            raise ChannelBroken("closed")
        content += part
    return content


def _part(channel: socket.socket, most_bytes: int, files: list[int] | None) -> bytes:
    return channel.recv(most_bytes) if files is None else _with_files(channel, most_bytes, files)


def _send_with_files(channel: socket.socket, prefixed: bytes, files: Sequence[int]) -> int:
    if sys.platform == "win32":
        raise ChannelBroken("open files do not travel beside bytes here")
    else:
        return socket.send_fds(channel, [prefixed], list(files))


def _with_files(channel: socket.socket, most_bytes: int, files: list[int]) -> bytes:
    if sys.platform == "win32":
        raise ChannelBroken("open files do not travel beside bytes here")
    else:
        part, arrived, _, _ = socket.recv_fds(channel, most_bytes, _MOST_FILES)
        files.extend(arrived)
        return part
