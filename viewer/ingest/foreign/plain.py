"""PNG, JPEG, BMP, GIF and WebP through Pillow; deep PNG and JPEG through their own libraries."""

from __future__ import annotations

import io
import struct
from functools import partial

import imagecodecs
import numpy as np
from PIL import Image, ImageCms

from viewer.ingest.foreign.colours import BAD_PROFILE, CONVERTED, Samples
from viewer.ingest.foreign.facts import MAX_PAGE_BYTES, Photo, PhotoPage
from viewer.ingest.foreign.metadata import captured_of, orientation_of, stripped_from
from viewer.ingest.foreign.opened import Opened, Reader
from viewer.ingest.foreign.refusals import PhotoRefused, damaged, too_large

_GREY_MODES = frozenset(("1", "L", "LA", "La", "I;16", "I;16B"))
_FIRST_ONLY = "The file holds more than one picture; the first one is taken."
_GAMMA = "The file names a gamma of its own; its values are kept as they are."
_USUAL_GAMMA = 1 / 2.2
_SIZES = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}
_FAULTS = (OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, struct.error)
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))

Image.MAX_IMAGE_PIXELS = None  # bounds are ours, in bytes; Pillow's warning would be an error


def open_png(content: bytes) -> Opened:
    """Open a PNG; 16 bits are kept.

    Raises
    ------
    PhotoRefused
    """
    image = _opened(content, "PNG")
    is_deep = content[24:25] == b"\x10"
    notes = list(_more_notes(image))
    gamma = image.info.get("gamma")
    is_told = "srgb" in image.info or "icc_profile" in image.info
    if isinstance(gamma, float) and not is_told and abs(gamma - _USUAL_GAMMA) > 0.02:
        notes.append(_GAMMA)
    return _described(content, image, "PNG", notes, 2 if is_deep else 1)


def open_jpeg(content: bytes) -> Opened:
    """Open a JPEG: grey, colour, CMYK as Adobe writes it; more than 8 bits are kept.

    Raises
    ------
    PhotoRefused
    """
    precision, rows, columns, samples = size_in_jpeg(content)
    if precision == 8:
        image = _opened(content, "JPEG")
        return _described(content, image, "JPEG", _more_notes(image), 1)
    page = PhotoPage(rows, columns, 3 if samples == 3 else 1, 2)
    if samples not in (1, 3):
        raise PhotoRefused("The picture has colours that are not read.")
    return Opened(Photo("JPEG", (page,)), lambda _page, _longest: _deep_jpeg(content, precision))


def _by_pillow(name: str) -> Reader:
    def open_one(content: bytes) -> Opened:
        image = _opened(content, name)
        return _described(content, image, name, _more_notes(image), 1)

    return open_one


open_bmp, open_gif, open_webp = _by_pillow("BMP"), _by_pillow("GIF"), _by_pillow("WEBP")


def size_in_jpeg(content: bytes) -> tuple[int, int, int, int]:
    """Return (precision, rows, columns, samples) from a JPEG's frame header.

    Raises
    ------
    PhotoRefused
        There is none.

    Source: ITU-T T.81 B.2.2.
    """
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _SIZES and at + 10 <= len(content):
            precision, rows, columns, samples = struct.unpack_from(">BHHB", content, at + 4)
            return precision, rows, columns, samples
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    raise damaged()


def _opened(content: bytes, name: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(content), formats=(name,))
    except _FAULTS as fault:
        raise damaged() from fault
    if image.width * image.height > MAX_PAGE_BYTES:  # before anything may decode
        raise too_large()
    return image


def _exif_of(image: Image.Image) -> Image.Exif:
    """Read EXIF; of a PNG it may come after the pixels, which are decoded for it."""
    try:
        return image.getexif()
    except _FAULTS as fault:
        raise damaged() from fault


def _described(
    content: bytes, image: Image.Image, name: str, notes: list[str], bytes_each: int
) -> Opened:
    exif = _exif_of(image)
    orientation = orientation_of(exif)
    columns, rows = image.size
    if orientation >= 5:
        rows, columns = columns, rows
    samples = 1 if image.mode in _GREY_MODES else 3
    times = (image.info.get("Creation Time"), image.info.get("date:create"))
    photo = Photo(
        name,
        (PhotoPage(rows, columns, samples, bytes_each),),
        captured_of(exif, times),
        stripped_from(exif, image.info),
        tuple(notes),
        _dots_per_inch(image),
    )
    decode = partial(_deep_png, content, image) if bytes_each == 2 else partial(_shallow, image)
    return Opened(photo, decode, (orientation,))


def _more_notes(image: Image.Image) -> list[str]:
    return [_FIRST_ONLY] if getattr(image, "n_frames", 1) > 1 else []


def _dots_per_inch(image: Image.Image) -> float:
    dpi = image.info.get("dpi")
    first = dpi[0] if isinstance(dpi, tuple) and dpi else 0
    return float(first) if 1 < float(first) < 1e5 else 0.0


def _deep_png(content: bytes, image: Image.Image, _page: int, _longest: int) -> Samples:
    try:
        values = imagecodecs.png_decode(content)
    except imagecodecs.PngError as fault:
        raise damaged() from fault
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    return Samples(values, profile=_profile(image))


def _deep_jpeg(content: bytes, precision: int) -> Samples:
    try:
        values = imagecodecs.jpeg_decode(content)
    except (imagecodecs.Jpeg8Error, imagecodecs.LjpegError, ValueError, RuntimeError) as fault:
        raise damaged() from fault
    if values.dtype != np.uint16:
        values = values.astype(np.uint16)
    most = (1 << precision) - 1
    if values.ndim == 3 and most < 0xFFFF:  # colours become 8 bits of 16 further on
        values = (values.astype(np.uint32) * 0xFFFF // most).astype(np.uint16)
    return Samples(values)


def _shallow(image: Image.Image, _page: int, longest: int) -> Samples:
    try:
        if longest:
            image.draft(image.mode, (longest, longest))
        image.load()
    except _FAULTS as fault:
        raise damaged() from fault
    profile = _profile(image)
    if image.mode == "CMYK":
        return _from_cmyk(image, profile)
    plain = image.convert(_mode(image)) if image.mode != _mode(image) else image
    return Samples(np.asarray(plain), profile=profile)


def _mode(image: Image.Image) -> str:
    """Return the mode of four into which a picture goes without losing anything."""
    is_clear = "transparency" in image.info
    if image.mode in ("1", "L"):
        return "LA" if is_clear else "L"
    if image.mode in ("LA", "RGBA"):
        return image.mode
    return "RGBA" if is_clear or image.mode in ("PA", "RGBa") else "RGB"


def _from_cmyk(image: Image.Image, profile: bytes) -> Samples:
    if not profile:
        return Samples(np.asarray(image.convert("RGB")))
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return Samples(np.asarray(image.convert("RGB")), notes=(BAD_PROFILE,))
    if made is None:
        raise damaged()
    return Samples(np.asarray(made), notes=(CONVERTED,))


def _profile(image: Image.Image) -> bytes:
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) else b""
