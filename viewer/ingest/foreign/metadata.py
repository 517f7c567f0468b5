"""What a photo says besides its pixels: the time is read, the rest only counted by kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD, Base

from viewer.ingest.foreign.facts import Stripped

_DEVICE = frozenset((Base.Make, Base.Model, Base.Software, Base.HostComputer, 0x000B, 0xC614))
_DEVICE_EXIF = frozenset((0xA431, 0xA432, 0xA433, 0xA434, 0xA435, 0x013C))
_PERSON = frozenset((Base.Artist, Base.Copyright, 0x9C9D, 0xA430))
_COMMENT = frozenset((Base.ImageDescription, 0x9286, 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F, 0x010D))
_XMP, _PRINT, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_TIMES = ((IFD.Exif, 0x9003), (IFD.Exif, 0x9004), (None, Base.DateTime))
_PIXEL_TAGS = frozenset(
    (
        *range(254, 260), 262, 263, 266, 273, 274, *range(277, 285), *range(290, 298), 301, 306,
        *range(317, 328), 330, *range(338, 342), 347, *range(512, 533), 34665, 34675, 34853,
        36864, 36867, 36868, *range(36880, 36883), 37121, *range(37520, 37523),
        *range(40960, 40966),
    )
)  # fmt: skip
"""Tags of the pixels themselves and of the time, which are read or mean nothing without them."""
_WRITTEN = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?")


def orientation_of(exif: Image.Exif) -> int:
    """Return the orientation, 1-8; 1 where there is none or a senseless one."""
    value = exif.get(Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def captured_of(exif: Image.Exif, texts: Iterable[object] = ()) -> datetime | None:
    """Return when the photo says it was taken; local time.

    `texts` are other places of a file that may hold a time (PNG's "Creation Time").
    """
    for folder, tag in _TIMES:
        found = moment_in(exif.get(tag) if folder is None else exif.get_ifd(folder).get(tag))
        if found is not None:
            return found
    return next((found for text in texts if (found := moment_in(text))), None)


def moment_in(written: object) -> datetime | None:
    """Read a time as EXIF or ISO 8601 writes it.

    >>> moment_in("2024:05:14 09:31:07")
    datetime.datetime(2024, 5, 14, 9, 31, 7)
    """
    match = _WRITTEN.match(written.strip("\0 ")) if isinstance(written, str) else None
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def stripped_from(exif: Image.Exif, info: Mapping[Any, object]) -> tuple[Stripped, ...]:
    """Name the kinds of what a photo says and what is left behind."""
    camera = exif.get_ifd(IFD.Exif)
    tags = set(exif) | set(camera)
    found = {
        Stripped.PLACE: bool(exif.get_ifd(IFD.GPSInfo)) or Base.GPSInfo in tags,
        Stripped.DEVICE: bool(tags & (_DEVICE | _DEVICE_EXIF)),
        Stripped.PERSON: bool(tags & _PERSON),
        Stripped.MAKER_NOTE: Base.MakerNote in tags,
        Stripped.THUMBNAIL: bool(exif.get_ifd(IFD.IFD1)) or _has_pictures(info),
        Stripped.XMP: _XMP in tags or any("xmp" in str(key).casefold() for key in info),
        Stripped.PRINT: bool(tags & {_PRINT, _PHOTOSHOP}) or "photoshop" in info,
        Stripped.COMMENT: bool(tags & _COMMENT) or _has_texts(info),
    }
    known = _DEVICE | _DEVICE_EXIF | _PERSON | _COMMENT | _PIXEL_TAGS | {_XMP, _PRINT, _PHOTOSHOP}
    found[Stripped.OTHER] = bool(tags - known - {Base.MakerNote, Base.GPSInfo})
    return tuple(kind for kind in Stripped if found[kind])


def _has_pictures(info: Mapping[Any, object]) -> bool:
    return any(info.get(key) for key in ("thumbnails", "depth_images", "aux", "mp"))


def _has_texts(info: Mapping[Any, object]) -> bool:
    """Whether there are comments: PNG's texts have names of their writer's making."""
    known = {"Software", "Creation Time", "XML:com.adobe.xmp"}
    texts = [key for key, value in info.items() if isinstance(value, str) and key not in known]
    plain = {"compression", "dpi", "srgb", "adobe", "chromaticity", "jfif", "mode", "bbox"}
    return "comment" in info or any(str(key) not in plain for key in texts)
