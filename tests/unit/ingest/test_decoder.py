"""Attacks on the decoding child: each costs one refusal, and the rest goes on."""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
import zlib
from pathlib import Path

import attrs
import psutil
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from tests.support import dicom_files
from viewer.dicom.write import to_bytes
from viewer.ingest.arrival import Arrival, Refusal
from viewer.ingest.decoder import Budget, Decoder
from viewer.ingest.errors import ChildUnavailable, FileRefused
from viewer.ingest.files import opened
from viewer.ingest.importer import read
from viewer.ingest.memory import SharedPixels
from viewer.model.errors import Cancelled

_HONEST = "from viewer.ingest.child import main; main()"
_READY = (
    "import socket; from viewer.ingest.protocol import receive, send; "
    "s = socket.socket(fileno=0); receive(s); send(s, {'ready': []}); receive(s); "
)
_HANGS = _READY + "import threading; threading.Event().wait()"
_DIES = _READY + "import os; os.abort()"
_LIES = _READY + "send(s, {'header': '{\"patient\": 1}'})"
_FLOODS = _READY + "s.sendall((2**31).to_bytes(4, 'big') + bytes(100)); receive(s)"
_NESTS = _READY + "b = b'[' * 200000; s.sendall(len(b).to_bytes(4, 'big') + b); receive(s)"
_SAYS_PATH = _READY + "send(s, {'refused': ['x' * 5000, '']}); receive(s)"


def _command(program: str) -> list[str]:
    return [sys.executable, "-P", "-c", program]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a good file."""
    folder = tmp_path / "good"
    folder.mkdir()
    return dicom_files.save(folder, [dicom_files.bitewing()])[0]


def _read(*paths: Path) -> tuple[list[Arrival], list[Refusal]]:
    found = list(read(paths, progress=lambda *_: None, is_cancelled=lambda: False))
    return (
        [one for one in found if isinstance(one, Arrival)],
        [one for one in found if isinstance(one, Refusal)],
    )


def _rle_bomb() -> bytes:
    """Return some hundred bytes that promise 65,000 x 65,000 pixels a thousand times."""
    dataset = dicom_files.bitewing()
    dataset.Rows = dataset.Columns = 65000
    dataset.NumberOfFrames = 1000
    return _with_fragments(dataset, b"\x81\x00" * 60)


def _rle_bomb_within_ratio() -> bytes:
    """Return one whose declared size is allowed, but whose runs unpack to far more."""
    dataset = dicom_files.bitewing()
    return _with_fragments(dataset, b"\x81\x00" * (1 << 22))


def _with_fragments(dataset: Dataset, segment: bytes) -> bytes:
    starts = struct.pack("<16I", 2, 64, 64 + len(segment), *([0] * 13))
    frame = starts + segment + segment
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, len(frame))
    pixels = item + frame + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    dataset.PixelData = pixels
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = RLELossless
    return to_bytes(dataset)


def _meta(syntax: bytes) -> bytes:
    uid = syntax + b"\0" * (len(syntax) % 2)
    return b"\0" * 128 + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid


def _deflate_bomb() -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _meta(b"1.2.840.10008.1.2.1.99") + stream.compress(bytes(1 << 30)) + stream.flush()


def _deep() -> bytes:
    opening = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    opening += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return _meta(b"1.2.840.10008.1.2.1") + opening * 50_000


def test_every_hostile_file_is_one_refusal_and_the_good_ones_arrive(tmp_path: Path) -> None:
    good = to_bytes(dicom_files.bitewing())
    hostile = {
        "rle_bomb": _rle_bomb(),
        "rle_runs": _rle_bomb_within_ratio(),
        "deflate_bomb": _deflate_bomb(),
        "deep": _deep(),
        "cut_header": good[:700],
        "cut_pixels": good[:-100],
        "only_magic": b"\0" * 128 + b"DICM",
    }
    for name, content in hostile.items():
        (tmp_path / f"{name}.dcm").write_bytes(content)
    (tmp_path / "a_first.dcm").write_bytes(good)
    (tmp_path / "z_last.dcm").write_bytes(to_bytes(dicom_files.photo()))
    before = psutil.Process().memory_info().rss
    arrivals, refusals = _read(tmp_path)
    assert psutil.Process().memory_info().rss - before < 64 << 20
    refused = sorted(refusal.source.stem for refusal in refusals)
    # Runs beyond the picture's size are padding to other readers as well: they cost nothing.
    assert refused == sorted(set(hostile) - {"rle_runs"})
    assert len(arrivals) == 3
    assert all(refusal.reason for refusal in refusals)


def test_the_childs_memory_stays_within_its_budget_when_a_bomb_goes_off(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.dcm"
    bomb.write_bytes(_deflate_bomb())
    budget = Budget(memory_bytes=400 << 20)
    with Decoder(budget=budget) as decoder, opened(bomb) as file:
        with pytest.raises(FileRefused):
            decoder.read_header(file)
        assert decoder.process_id is not None
        children = psutil.Process(decoder.process_id)
        assert children.memory_info().rss < 400 << 20


@pytest.mark.parametrize("program", [_DIES, _LIES, _FLOODS, _NESTS, _SAYS_PATH])
def test_a_child_that_dies_or_lies_is_one_refusal(program: str, picture: Path) -> None:
    with Decoder(command=_command(program)) as decoder, opened(picture) as file:
        with pytest.raises(FileRefused) as refused:
            decoder.read_header(file)
        assert len(str(refused.value)) < 200


def test_a_hanging_child_is_ended_at_its_deadline(picture: Path) -> None:
    budget = Budget(header_seconds=0.3)
    started = time.monotonic()
    with Decoder(command=_command(_HANGS), budget=budget) as decoder, opened(picture) as file:
        with pytest.raises(FileRefused):
            decoder.read_header(file)
        assert decoder.process_id is None
    assert time.monotonic() - started < 20


def test_a_hanging_child_is_ended_when_the_person_cancels(picture: Path) -> None:
    asked = iter([False] * 6)
    decoder = Decoder(command=_command(_HANGS), is_cancelled=lambda: next(asked, True))
    with decoder, opened(picture) as file, pytest.raises(Cancelled):
        decoder.read_header(file)


def test_a_child_killed_between_two_files_is_replaced(picture: Path) -> None:
    with Decoder(command=_command(_HONEST)) as decoder, opened(picture) as file:
        decoder.read_header(file)
        first = decoder.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        with pytest.raises(FileRefused):
            decoder.read_header(file)
        assert decoder.read_header(file).patient.chart_number == "T-0042"
        assert decoder.process_id != first


def test_a_child_that_does_not_start_is_an_environment_fault(picture: Path) -> None:
    for command in ([str(picture)], [sys.executable, "-c", "raise SystemExit(3)"]):
        with (
            Decoder(command=command) as decoder,
            opened(picture) as file,
            pytest.raises(ChildUnavailable),
        ):
            decoder.read_header(file)


def test_a_layout_larger_than_the_shared_memory_cannot_be_written(picture: Path) -> None:
    with Decoder() as decoder, opened(picture) as file:
        header = decoder.read_header(file)
        pixels = SharedPixels(header.layout.frame_bytes)
        try:
            with pytest.raises(FileRefused):
                decoder.decode(file, header.layout, pixels, [1])
            lying = attrs.evolve(header.layout, start=10**9)
            with pytest.raises(FileRefused):
                decoder.decode(file, lying, pixels, [0])
        finally:
            pixels.close()
