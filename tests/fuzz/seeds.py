"""Well-made small files of each family for a fuzzer to begin with."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file

_RANDOM = np.random.default_rng(20261123)


def _pictures() -> list[Image.Image]:
    grey = _RANDOM.integers(0, 255, (9, 7), np.uint8)
    colour = _RANDOM.integers(0, 255, (8, 11, 3), np.uint8)
    return [Image.fromarray(grey), Image.fromarray(colour)]


def photos(kind: str) -> tuple[bytes, ...]:
    """Return small photos of a format of Pillow's."""
    made = []
    for number, picture in enumerate(_pictures()):
        file = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6 if number else 1
        picture.save(file, kind, exif=exif)
        made.append(file.getvalue())
    return tuple(made)


def heics() -> tuple[bytes, ...]:
    """Return a small HEIC photo."""
    from tests.support.heif_files import heic

    return (heic(),)


def zips() -> tuple[bytes, ...]:
    """Return archives with a DICOM file, stored and deflated, and one within another."""
    path = get_testdata_file("SC_rgb_small_odd.dcm", download=False)
    content = Path(str(path)).read_bytes()
    plain = _zip({"a/b.dcm": content}, zipfile.ZIP_STORED)
    packed = _zip({"c.dcm": content, "readme.txt": b"words"}, zipfile.ZIP_DEFLATED)
    return plain, packed, _zip({"inner.zip": packed}, zipfile.ZIP_STORED)


def _zip(entries: dict[str, bytes], method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()
