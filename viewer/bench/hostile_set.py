"""Files made to do harm, or damaged as disks damage them: what an import must survive.

All of it is made here, small, and none of it does anything but ask for too much. `write_hostile`
lays it into a folder; every file there must end up stored, set aside or refused, and nothing else
may happen.
"""

from __future__ import annotations

import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from viewer.dicom.write import panoramic, to_bytes
from viewer.model.ids import PatientId, StudyUid
from viewer.model.patient import Patient, Study

PROGRAM = b"MZ\x90\0" + b"This program is in a preamble. " * 4
ELF = b"\x7fELF\2\1\1" + b"#!/bin/sh\n" * 12
_EXPLICIT, _DEFLATED = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.1.99"
_NRRD = b"NRRD0004\ntype: double\ndimension: 3\n"
_PLY = (
    b"ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\nproperty float x\n"
    b"element face 4000000000\nproperty list uchar int vertex_indices\nend_header\n\0"
)
_ENDLESS = 0xFFFFFFFF


def a_sound_one(number: int, **changed: object) -> Dataset:
    """Return a small panoramic of somebody made up, some of its elements changed."""
    patient = Patient(PatientId(""), "H-0001", "Hostile", "Ada", date(1980, 1, 2), "F")
    uid = StudyUid("1.2.826.0.1.3680043.10.1234.66")
    pixels = np.random.default_rng(number).integers(0, 4000, (60, 90)).astype(np.uint16)
    made = panoramic(
        patient, Study(uid, patient.id, date(2026, 11, 1)), pixels, spacing_mm=(0.1, 0.1)
    )
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def hostile_files(canary: str) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of plain files; whatever names a place outside names the canary."""
    yield from _damaged()
    yield from _bombs()
    yield from _liars()
    yield from _named_elsewhere(canary)
    yield from _foreign(canary)
    yield from _archives(canary)


def sound_files() -> Iterator[tuple[str, bytes]]:
    """Yield sound pictures with programs in their preambles, which must come in without them."""
    for number, (name, preamble) in enumerate((("windows.dcm", PROGRAM), ("linux.dcm", ELF)), 1):
        yield name, preamble[:128].ljust(128, b"\0") + to_bytes(a_sound_one(number))[128:]


def write_hostile(folder: Path, canary: Path) -> list[Path]:
    """Write the whole set, links, pipes and devices too; return every path that was made."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, content in (*hostile_files(str(canary)), *sound_files()):
        path = folder / name
        path.write_bytes(content)
        made.append(path)
    made += _oddly_named(folder)
    made += _no_plain_files(folder, canary)
    return made


def _damaged() -> Iterator[tuple[str, bytes]]:
    good = to_bytes(a_sound_one(10))
    yield "cut_header.dcm", good[:500]
    yield "cut_pixels.dcm", good[:-100]
    yield "only_magic.dcm", bytes(128) + b"DICM"
    yield "empty.dcm", b""
    noise = np.random.default_rng(3).integers(0, 256, len(good), np.uint8)
    yield "noise_after_magic.dcm", good[:132] + noise.tobytes()
    flipped = bytearray(good)
    for place in range(140, len(good) - 11_000, 37):
        flipped[place] ^= 0x41
    yield "flipped.dcm", bytes(flipped)


def _bombs() -> Iterator[tuple[str, bytes]]:
    bomb = a_sound_one(20, Rows=65000, Columns=65000)
    bomb.NumberOfFrames = 1000
    yield "rle_bomb.dcm", _with_fragment(bomb, b"\x81\0" * 60)
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = b"".join(stream.compress(bytes(1 << 20)) for _ in range(256)) + stream.flush()
    yield "deflate_bomb.dcm", _meta(_DEFLATED) + packed
    opening = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, _ENDLESS)
    opening += struct.pack("<HHI", 0xFFFE, 0xE000, _ENDLESS)
    yield "deep.dcm", _meta(_EXPLICIT) + opening * 20_000
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    wide = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, _ENDLESS) + item * 300_000
    yield "wide.dcm", _meta(_EXPLICIT) + wide


def _liars() -> Iterator[tuple[str, bytes]]:
    for name, changed in (
        ("no_rows.dcm", {"Rows": 0}),
        ("huge.dcm", {"Rows": 65535, "Columns": 65535}),
        ("many_frames.dcm", {"NumberOfFrames": 2_000_000_000}),
        ("odd_bits.dcm", {"BitsAllocated": 24, "BitsStored": 23, "HighBit": 22}),
        ("bits_contradict.dcm", {"BitsStored": 40}),
        ("samples.dcm", {"SamplesPerPixel": 9}),
    ):
        yield name, to_bytes(a_sound_one(30, **changed))
    promise = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 0xFFFFFFF0)
    yield "four_gigabytes.dcm", _meta(_EXPLICIT) + promise + b"\1" * 100
    text = struct.pack("<HH2sHI", 8, 0x5, b"UT", 0, 0x7FFFFFFF)
    yield "long_text.dcm", _meta(_EXPLICIT) + text + b"x" * 50
    for name, table in (
        ("offsets_loop.dcm", struct.pack("<4I", 0, 0, 0, 0)),
        ("offsets_outside.dcm", struct.pack("<2I", 0, 0x7FFFFFFF)),
    ):
        yield name, _with_table(table)


def _named_elsewhere(canary: str) -> Iterator[tuple[str, bytes]]:
    """Yield pictures whose identities are paths: they are texts and nothing else."""
    for number, keyword in enumerate(("SOPInstanceUID", "StudyInstanceUID"), 40):
        picture = a_sound_one(number)
        uid = str(picture[keyword].value).encode()
        path = f"../../../..{canary}".encode()[: len(uid)].ljust(len(uid), b"/")
        yield f"{keyword.lower()}_is_a_path.dcm", to_bytes(picture).replace(uid, path)


def _foreign(canary: str) -> Iterator[tuple[str, bytes]]:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 16, 6, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 24))
    yield "bomb.png", b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows)
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 11, 8, 65_500, 65_500, 1) + b"\1\x11\0"
    yield "bomb.jpg", b"\xff\xd8" + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 40
    loop = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8)
    yield "loop.tif", loop
    yield "promise.tif", b"II*\0" + struct.pack("<IH", 8, 0xFFFF) + b"\xff" * 24
    yield "broken.heic", struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + b"\xff" * 64
    yield "cut.gif", b"GIF89a\xff\xff\xff\xff\xf7\0\0"
    yield "promise.stl", bytes(80) + struct.pack("<I", 0xFFFFFFFF) + bytes(50)
    yield "promise.ply", _PLY
    yield "deep.obj", b"v 0 0 0\n" + b"f " + b"1 " * 100_000 + b"\n"
    yield "promise.nrrd", _NRRD + b"sizes: 60000 60000 60000\nencoding: gzip\n\n\x1f\x8b"
    yield (
        "elsewhere.nrrd",
        b"NRRD0004\ntype: uchar\ndimension: 1\nsizes: 9\nencoding: raw\n"
        + (f"data file: {canary}\n\n".encode()),
    )
    yield (
        "elsewhere.mha",
        f"ObjectType = Image\nNDims = 3\nDimSize = 9 9 9\nElementType = MET_UCHAR\n"
        f"ElementDataFile = ../../../../{canary}\n".encode(),
    )
    yield "promise.nii", struct.pack("<i", 348).ljust(344, b"\x7f") + b"n+1\0"
    yield "script.pdf", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\n"
    yield "installer.exe", PROGRAM * 3
    yield "notes.txt", b"nothing of ours\n"


def _archives(canary: str) -> Iterator[tuple[str, bytes]]:
    good = to_bytes(a_sound_one(50))
    slip = _zip({f"../../../..{canary}": good, "/etc/evil.dcm": good[:300], "..\\up.dcm": b"\0"})
    yield "slip.zip", slip
    yield "bomb.zip", _zip({"zeros.dcm": bytes(128) + b"DICM" + bytes(1 << 27)})
    inner = _zip({"deep.dcm": good[:400]})
    for level in range(12):
        inner = _zip({f"{level}.zip": inner})
    yield "nested.zip", inner
    yield "cut.zip", _zip({"a.dcm": good, "b.dcm": good})[:-30]
    lying = bytearray(_zip({"a.dcm": good}))
    place = lying.rindex(b"PK\1\2")
    lying[place + 20 : place + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    yield "lying.zip", bytes(lying)


def _oddly_named(folder: Path) -> list[Path]:
    made = []
    cut = to_bytes(a_sound_one(60))[:700]
    names = (
        "-rf.dcm", "a;reboot.dcm", "\u202egpj.exe.dcm", "line\nbreak.dcm", "\x1b[31mred.dcm",
        "x" * 200 + ".dcm", "CON.dcm", " .dcm", "%s%n.dcm", "<img src=x>.dcm",
    )  # fmt: skip
    for number, name in enumerate(names):
        with suppress(OSError):  # some systems refuse some of them
            path = folder / name
            path.write_bytes(cut + bytes([number]))
            made.append(path)
    if sys.platform == "linux":
        raw = os.fsencode(folder) + b"/\xff\xfe-no-utf-8.dcm"
        with suppress(OSError):
            path = Path(os.fsdecode(raw))
            path.write_bytes(cut + b"\x7f")
            made.append(path)
    return made


def _no_plain_files(folder: Path, canary: Path) -> list[Path]:
    made: list[Path] = []
    with suppress(OSError, NotImplementedError):
        for name, target in (
            ("link.dcm", canary),
            ("link_to_folder", canary.parent),
            ("link_to_itself", Path("link_to_itself")),
            ("link_to_zeros.dcm", Path("/dev/zero")),
        ):
            (folder / name).symlink_to(target)
            made.append(folder / name)
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.dcm")
        made.append(folder / "pipe.dcm")
    return made


def _with_fragment(dataset: Dataset, segment: bytes) -> bytes:
    starts = struct.pack("<16I", 2, 64, 64 + len(segment), *([0] * 13))
    return _encapsulated(dataset, struct.pack("<HHI", 0xFFFE, 0xE000, 0), starts + segment * 2)


def _with_table(table: bytes) -> bytes:
    dataset = a_sound_one(35)
    dataset.NumberOfFrames = 4
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(table)) + table
    return _encapsulated(dataset, item, b"\0" * 20_000)


def _encapsulated(dataset: Dataset, table: bytes, frame: bytes) -> bytes:
    body = struct.pack("<HHI", 0xFFFE, 0xE000, len(frame)) + frame
    dataset.PixelData = table + body + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = RLELossless
    return to_bytes(dataset)


def _meta(syntax: bytes) -> bytes:
    uid = syntax + b"\0" * (len(syntax) % 2)
    return bytes(128) + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid


def _chunk(kind: bytes, content: bytes) -> bytes:
    sum_ = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + sum_


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()
