"""Decoded samples into what is kept: grey or sRGB, turned upright. Pure, any thread."""

from __future__ import annotations

import io
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

CONVERTED = "The colours were converted from the file's own colour profile to sRGB."
BAD_PROFILE = "The file's colour profile is damaged; its colours are kept as they are."
GREY_PROFILE = "The file has a profile for its grey values; the values are kept as they are."
ON_WHITE = "The picture is partly transparent; it was laid on white."
EIGHT_BITS = "The colours had 16 bits and are kept with 8."
_BLOCK_ROWS = 256


@attrs.frozen(eq=False)
class Samples:
    """Decoded samples: (rows, columns) or (rows, columns, n) uint8 or uint16.

    n is 2 (grey, alpha), 3 (red, green, blue) or 4 (and alpha).
    """

    values: NDArray[Any]
    is_inverted: bool = False
    is_premultiplied: bool = False
    """Whether colours are already multiplied by their alpha."""
    profile: bytes = b""
    notes: tuple[str, ...] = ()


def finished(samples: Samples, orientation: int) -> Samples:
    """Return grey or sRGB without alpha, upright, little endian and contiguous.

    A picture whose red, green and blue agree everywhere is a grey one: radiographs are often
    saved so. Its values are kept whatever its profile says; those of colours become sRGB.
    """
    values, notes = _on_white(samples.values, is_premultiplied=samples.is_premultiplied)
    notes = [*samples.notes, *notes]
    if values.ndim == 3 and is_grey(values):
        values = values[..., 0]
    if values.ndim == 3:
        values, said = _srgb(values, samples.profile)
        notes += said
    elif samples.profile:
        notes.append(GREY_PROFILE)
    upright = np.ascontiguousarray(turned(values, orientation))
    little = upright.astype(upright.dtype.newbyteorder("<"), copy=False)
    return attrs.evolve(samples, values=little, profile=b"", notes=tuple(dict.fromkeys(notes)))


def turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror as an orientation of EXIF says (1-8; others do nothing).

    Source: CIPA DC-008 (EXIF 2.32) 4.6.4, tag 274: where the 0th row and column are seen.

    >>> turned(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def is_grey(values: NDArray[Any]) -> bool:
    """Whether the three colours of (rows, columns, 3) agree everywhere."""
    for start in range(0, len(values), _BLOCK_ROWS):
        block = values[start : start + _BLOCK_ROWS]
        if not (
            np.array_equal(block[..., 0], block[..., 1])
            and np.array_equal(block[..., 0], block[..., 2])
        ):
            return False
    return True


def _on_white(values: NDArray[Any], *, is_premultiplied: bool) -> tuple[NDArray[Any], list[str]]:
    """Lay what is transparent on white: ink of a scanned page would vanish on black.

    An alpha of nothing but zeros is no alpha: some writers leave the fourth byte unused.
    """
    if values.ndim == 2 or values.shape[2] == 3:
        return values, []
    colours, alpha = values[..., :-1], values[..., -1]
    most = int(np.iinfo(values.dtype).max)
    is_clear = bool((alpha < most).any() and alpha.any())
    if is_clear:
        laid = np.empty(colours.shape, values.dtype)
        for start in range(0, len(values), _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            share = alpha[part, :, None].astype(np.float64) / most
            inked = colours[part] * (1.0 if is_premultiplied else share)
            laid[part] = np.clip(np.rint(inked + most * (1 - share)), 0, most)
        colours = laid
    plain = colours[..., 0] if colours.shape[2] == 1 else colours
    return plain, [ON_WHITE] if is_clear else []


def _srgb(values: NDArray[Any], profile: bytes) -> tuple[NDArray[Any], list[str]]:
    notes = []
    if values.dtype.itemsize == 2:
        values = ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
        notes.append(EIGHT_BITS)
    if not profile:
        return values, notes
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _is_srgb(own):
            return values, notes
        image = Image.fromarray(np.ascontiguousarray(values))
        ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), inPlace=True)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return values, [*notes, BAD_PROFILE]
    return np.asarray(image), [*notes, CONVERTED]


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return "sRGB" in (ImageCms.getProfileDescription(profile) or "")
