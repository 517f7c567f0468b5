"""Photos as phones and cameras write them, with markers in all they say besides their pixels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

TEXTS = ("ZZMAKERZZ", "ZZMODELZZ", "ZZARTISTZZ", "ZZNOTEZZ", "ZZXMPZZ", "ZZTEXTZZ", "ZZSERIALZZ")
LATITUDE = (48.0, 8.0, 30.123)
TAKEN = "2024-05-14T09:31:07"
PICTURE = np.dstack(
    [np.add.outer(np.arange(40) * k, np.arange(61)) for k in (1, 2, 3)]
).astype(np.uint8)  # fmt: skip


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    """Return an image as a file of some kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def marked_exif(orientation: int = 1) -> Image.Exif:
    """Return EXIF that names a camera, a person, a place and a time."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = TEXTS[0], TEXTS[1], TEXTS[2]
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0x9003] = "2024:05:14 09:31:07"
    exif.get_ifd(0x8769)[0x927C] = TEXTS[3].encode()
    exif.get_ifd(0x8769)[0xA431] = TEXTS[6]
    exif.get_ifd(0x8825)[2] = LATITUDE
    return exif


def marked_jpeg(orientation: int = 1, picture: np.ndarray = PICTURE) -> bytes:
    """Return a JPEG with a marker everywhere."""
    return saved(
        Image.fromarray(picture),
        "JPEG",
        exif=marked_exif(orientation),
        comment=TEXTS[5],
        xmp=TEXTS[4].encode(),
    )


def marked_png() -> bytes:
    """Return a PNG with markers in EXIF and in a comment."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TEXTS[5])
    return saved(Image.fromarray(PICTURE), "PNG", exif=marked_exif(), pnginfo=info)


def marked_tiff() -> bytes:
    """Return a TIFF of 16 bits with markers."""
    grey = (PICTURE[..., 0].astype(np.uint16) << 8) + 3
    return saved(
        Image.fromarray(grey),
        "TIFF",
        description=TEXTS[5],
        software=TEXTS[1],
        artist=TEXTS[2],
        dpi=(300, 300),
    )
