"""Transfer syntaxes: how each one lays out a data set and its pixels (PS3.5 A, PS3.6 A)."""

from __future__ import annotations

from enum import Enum

import attrs

from viewer.dicom.errors import Unsupported


class Codec(Enum):
    """What decodes a frame."""

    NATIVE = "native"
    RLE = "rle"
    JPEG = "jpeg"
    JPEG_LOSSLESS = "jpeg lossless"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg 2000"
    HTJ2K = "htj2k"


@attrs.frozen
class Syntax:
    """One transfer syntax."""

    uid: str
    name: str
    codec: Codec = Codec.NATIVE
    is_implicit: bool = False
    is_big_endian: bool = False
    is_big_endian_pixels: bool = False
    is_deflated: bool = False
    is_lossless: bool = True

    @property
    def is_encapsulated(self) -> bool:
        """Whether the pixels come in fragments."""
        return self.codec is not Codec.NATIVE


_JPEG = "1.2.840.10008.1.2.4."
_ALL = (
    Syntax("1.2.840.10008.1.2", "Implicit VR Little Endian", is_implicit=True),
    Syntax("1.2.840.10008.1.2.1", "Explicit VR Little Endian"),
    Syntax("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", is_deflated=True),
    Syntax(
        "1.2.840.10008.1.2.2",
        "Explicit VR Big Endian",
        is_big_endian=True,
        is_big_endian_pixels=True,
    ),
    Syntax(
        "1.2.840.113619.5.2",
        "Implicit VR with big-endian pixels (GE)",
        is_implicit=True,
        is_big_endian_pixels=True,
    ),
    Syntax(_JPEG + "50", "JPEG Baseline", Codec.JPEG, is_lossless=False),
    Syntax(_JPEG + "51", "JPEG Extended", Codec.JPEG, is_lossless=False),
    Syntax(_JPEG + "53", "JPEG Spectral Selection", Codec.JPEG, is_lossless=False),
    Syntax(_JPEG + "55", "JPEG Full Progression", Codec.JPEG, is_lossless=False),
    Syntax(_JPEG + "57", "JPEG Lossless", Codec.JPEG_LOSSLESS),
    Syntax(_JPEG + "70", "JPEG Lossless, first-order prediction", Codec.JPEG_LOSSLESS),
    Syntax(_JPEG + "80", "JPEG-LS Lossless", Codec.JPEG_LS),
    Syntax(_JPEG + "81", "JPEG-LS Near-lossless", Codec.JPEG_LS, is_lossless=False),
    Syntax(_JPEG + "90", "JPEG 2000 Lossless", Codec.JPEG_2000),
    Syntax(_JPEG + "91", "JPEG 2000", Codec.JPEG_2000, is_lossless=False),
    Syntax(_JPEG + "201", "HTJ2K Lossless", Codec.HTJ2K),
    Syntax(_JPEG + "202", "HTJ2K Lossless RPCL", Codec.HTJ2K),
    Syntax(_JPEG + "203", "HTJ2K", Codec.HTJ2K, is_lossless=False),
    Syntax("1.2.840.10008.1.2.5", "RLE Lossless", Codec.RLE),
)
SYNTAXES: dict[str, Syntax] = {syntax.uid: syntax for syntax in _ALL}


def syntax_of(uid: str) -> Syntax:
    """Return the transfer syntax of a UID.

    Raises
    ------
    Unsupported
        This version does not read the transfer syntax.
    """
    try:
        return SYNTAXES[uid]
    except KeyError:
        raise Unsupported(
            "The picture is compressed in a way that is not read yet.",
            "Export it again as uncompressed DICOM.",
        ) from None
