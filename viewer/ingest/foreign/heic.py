"""HEIC and HEIF, as phones write them, through libheif (decoder only)."""

from __future__ import annotations

import numpy as np
import pi_heif
from PIL import Image

from viewer.ingest.foreign.colours import Samples
from viewer.ingest.foreign.facts import Photo, PhotoPage
from viewer.ingest.foreign.metadata import captured_of, stripped_from
from viewer.ingest.foreign.opened import Opened
from viewer.ingest.foreign.refusals import damaged

_FIRST_ONLY = "The file holds more than one picture; its main one is taken."
_EIGHT_BITS = "The picture had {bits} bits a value and is kept with 8."
_WIDE = "The file's colours are of a wider range than sRGB; they are kept as they are."
_PLAIN_PRIMARIES = (1, 2)  # BT.709, as sRGB has; not told
_FAULTS = (OSError, ValueError, EOFError, SyntaxError, RuntimeError, KeyError, TypeError)

pi_heif.options.DECODE_THREADS = 1
pi_heif.options.THUMBNAILS = False
pi_heif.options.DEPTH_IMAGES = False


def open_heic(content: bytes) -> Opened:
    """Open the main picture of a HEIC file.

    Rotation and mirroring of the file's own boxes are applied by the decoder; an orientation in
    EXIF beside them only repeats what the camera did (ISO/IEC 23008-12 6.5.10 and Annex A.2).

    Raises
    ------
    PhotoRefused
    """
    try:
        held = pi_heif.open_heif(content, convert_hdr_to_8bit=True)
        main = held[held.primary_index]
        exif = Image.Exif()
        if main.info.get("exif"):
            exif.load(main.info["exif"])
    except _FAULTS as fault:
        raise damaged() from fault
    columns, rows = main.size
    samples = 1 if main.mode.startswith("L") else 3
    photo = Photo(
        "HEIC",
        (PhotoPage(rows, columns, samples, 1),),
        captured_of(exif),
        stripped_from(exif, main.info),
        tuple(_notes(held, main)),
    )
    return Opened(photo, lambda _page, _longest: _samples(main))


def _notes(held: pi_heif.HeifFile, main: pi_heif.HeifImage) -> list[str]:
    notes = [_FIRST_ONLY] if len(held) > 1 else []
    bits = int(main.info.get("bit_depth", 8))
    if bits > 8:
        notes.append(_EIGHT_BITS.format(bits=bits))
    primaries = (main.info.get("nclx_profile") or {}).get("color_primaries", 2)
    if "icc_profile" not in main.info and primaries not in _PLAIN_PRIMARIES:
        notes.append(_WIDE)
    return notes


def _samples(main: pi_heif.HeifImage) -> Samples:
    try:
        values = np.array(main)  # a copy: its memory goes when libheif's picture does
    except _FAULTS as fault:
        raise damaged() from fault
    columns, rows = main.size
    values = values[:rows, :columns]
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    profile = main.info.get("icc_profile")
    is_premultiplied = main.mode.endswith("a")
    return Samples(
        values.astype(np.uint8, copy=False),
        is_premultiplied=is_premultiplied,
        profile=profile if isinstance(profile, bytes) else b"",
    )
