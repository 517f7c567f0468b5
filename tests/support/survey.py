"""What is made of each file: read (and by whom else, and how far apart), kept, or refused.

`survey` yields one `Verdict` a file. A picture that is read is compared with every independent
reader that reads it (`tests.support.peers`): bit for bit where the pixels are packed without
loss, within two levels of 255 (or their share of the depth) where decoders may round differently.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

import attrs
import numpy as np
import pydicom.config
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut

from tests.support import peers
from tests.support.peers import Pixels
from viewer.dicom.errors import NotAnImage
from viewer.dicom.layout import PixelLayout
from viewer.dicom.parse import Parsed, parse
from viewer.dicom.pixels import frames
from viewer.ingest.describe import describe
from viewer.ingest.protocol import Header
from viewer.model.errors import BitewingError
from viewer.model.image import Photometric

_ROUNDING_LEVELS = 2.0
_LOSSY = frozenset(("jpeg",))
EXPLAINED = {
    ("TOSHIBA_J2K_SIZ1_PixRep0.dcm", "pydicom"): "it adds 32768 to what the codestream says; the "
    "same picture with an unsigned codestream (TOSHIBA_J2K_SIZ0_PixRep1) shows the values",
    ("TOSHIBA_J2K_SIZ1_PixRep0.dcm", "SimpleITK"): "it believes the header, which denies negative "
    "values, and wraps them round",
    **dict.fromkeys(
        (
            (f"SC_rgb_rle_{kind}.dcm", "SimpleITK")
            for kind in ("16bit", "16bit_2frame", "32bit", "32bit_2frame")
        ),
        "it exchanges the bytes of RLE colour of more than 8 bits; uncompressed they are right",
    ),
}
"""Where another reader reads something else: (file, reader) and why it is not right."""
COUNTERPARTS = {
    "emri_small_jpeg_2k_lossless_too_short.dcm": "emri_small.dcm",
    "TOSHIBA_J2K_SIZ1_PixRep0.dcm": "TOSHIBA_J2K_SIZ0_PixRep1.dcm",
}
"""The same picture in another file beside it, packed in another way."""


class Outcome(Enum):
    """What became of a file."""

    READ = "read"
    KEPT = "kept"
    REFUSED = "refused"


@attrs.frozen
class Verdict:
    """One file: what became of it, who else read the same, who read something else, and why.

    `apart` is the largest difference to any reader in stored (or modality) values.
    """

    path: Path
    outcome: Outcome
    agree: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()
    apart: float = 0.0
    reason: str = ""
    notes: tuple[str, ...] = ()
    peers_that_read: tuple[str, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Whether somebody reads something else for no known reason."""
        return any((self.path.name, name) not in EXPLAINED for name in self.differ)


@attrs.frozen(eq=False)
class Reading:
    """What is read of a file: its header, and its frames as the store keeps them."""

    header: Header
    pixels: Pixels
    data_set: Dataset


def read(path: Path) -> Reading:
    """Read a file as the decoding child does, in this process.

    Raises
    ------
    BitewingError
        It is refused, or no picture.
    """
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = memoryview(path.read_bytes())
        parsed = parse(content)
        header = describe(parsed)
    return Reading(header, _decoded(content, parsed, header.layout), parsed.header)


def _decoded(content: memoryview, parsed: Parsed, layout: PixelLayout) -> Pixels:
    source = parsed.body if layout.is_deflated else content
    value = source[layout.start : layout.start + layout.length]
    return np.stack(list(frames(layout, value)))


def verdict(path: Path) -> Verdict:
    """Read one file and compare it with every reader that reads it."""
    try:
        reading = read(path)
    except NotAnImage as kept:
        return Verdict(path, Outcome.KEPT, reason=str(kept))
    except BitewingError as refused:
        others = [name for name, reader in peers.READERS.items() if reader(path) is not None]
        reason = str(refused)
        return Verdict(path, Outcome.REFUSED, reason=reason, peers_that_read=tuple(others))
    agree: list[str] = []
    differ: list[str] = []
    largest = 0.0
    for name, reader in peers.READERS.items():
        values = reader(path)
        if values is None:
            continue
        apart = _apart(reading, values, is_modality=name in peers.GIVES_MODALITY_VALUES)
        allowed = _allowed(reading.header.layout)
        (agree if apart <= allowed else differ).append(name)
        largest = max(largest, apart)
    other = path.with_name(COUNTERPARTS.get(path.name, path.name))
    if other != path and other.is_file():
        is_same = np.array_equal(reading.pixels, read(other).pixels)
        (agree if is_same else differ).append(f"the same picture in {other.name}")
    return Verdict(
        path, Outcome.READ, tuple(agree), tuple(differ), largest, notes=reading.header.notes
    )


def survey(paths: Iterable[Path]) -> Iterator[Verdict]:
    """Return what is made of each file, in the order of the paths."""
    for path in paths:
        yield verdict(path)


def _allowed(layout: PixelLayout) -> float:
    if layout.is_colour:
        return _ROUNDING_LEVELS
    if layout.codec not in _LOSSY:
        return 0.0
    return _ROUNDING_LEVELS * max(1.0, 2.0 ** (layout.bits_stored - 8))


def _apart(reading: Reading, values: Pixels, *, is_modality: bool) -> float:
    """Return the largest difference; infinite where not even the shapes agree."""
    layout, ours = reading.header.layout, reading.pixels
    theirs = values
    if layout.is_colour:
        if theirs.dtype.kind == "u" and theirs.dtype.itemsize > 1 and theirs.max() > 255:
            theirs = np.right_shift(theirs.astype(np.uint32), theirs.dtype.itemsize * 8 - 8)
    elif layout.modality_table is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = apply_modality_lut(_stored_bits(theirs, layout), reading.data_set)
    elif is_modality:
        grey = reading.header.frames[0].grey
        if grey.photometric is Photometric.MONOCHROME1:
            # GDCM hands such values out turned over, as if they were MONOCHROME2.
            ours = 2.0**layout.bits_stored - 1 - ours.astype(np.float64)
        ours = ours.astype(np.float64) * grey.slope + grey.intercept
    elif theirs.dtype.kind in "iu":
        theirs = _stored_bits(theirs, layout)
    if theirs.shape != ours.shape:
        return float("inf")
    if np.array_equal(ours, theirs):
        return 0.0
    return float(np.abs(ours.astype(np.float64) - theirs.astype(np.float64)).max())


def _stored_bits(values: Pixels, layout: PixelLayout) -> Pixels:
    """Cut the stored bits out of whole samples, by division: readers hand out all of them."""
    whole = values.astype(np.int64) % (1 << layout.bits_allocated)
    cut = whole // (1 << (layout.high_bit + 1 - layout.bits_stored)) % (1 << layout.bits_stored)
    if layout.is_signed:
        cut = np.where(cut >= 1 << (layout.bits_stored - 1), cut - (1 << layout.bits_stored), cut)
    return np.asarray(cut)
