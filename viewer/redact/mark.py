"""The visible mark: a band of text below the picture, outside the anatomy.

Pure, any thread. Nothing is ever drawn over a pixel that was there.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from viewer.model.image import GreyScale, ImageRecord, Photometric
from viewer.model.resources import resource_path

_SMALLEST_PX = 11
_LARGEST_PX = 64
_FONT = ("fonts", "Inter-Medium.otf")


def band_rows(text: str, columns: int) -> int:
    """Return how many rows the band adds below a picture of this width."""
    return int(_drawn(text, columns).shape[0])


def with_band(pixels: NDArray[np.generic], record: ImageRecord, text: str) -> NDArray[np.generic]:
    """Return the picture with the band appended below each frame.

    Parameters
    ----------
    pixels : (rows, columns), (rows, columns, 3) or (frames, rows, columns)
        Stored values; they stay as they are, bit for bit.

    Returns
    -------
    Same type, more rows: light text on dark, in stored values that the picture already has, so
    that an automatic window does not change.
    """
    columns = record.shape[-2] if record.is_colour else record.shape[-1]
    ink = _drawn(text, columns).astype(np.float64) / 255
    dark, light = _ends(record.grey)
    band = np.rint(dark + ink * (light - dark)).astype(pixels.dtype)
    if record.is_colour:
        band = np.repeat(band[..., np.newaxis], 3, axis=-1)
    rows_axis = -3 if record.is_colour else -2
    frames = pixels.shape[: pixels.ndim + rows_axis]
    return np.concatenate([pixels, np.broadcast_to(band, (*frames, *band.shape))], axis=rows_axis)


def drawn_page(text: str, rows: int, columns: int) -> NDArray[np.uint8]:
    """Return a black page (rows, columns) with the text in its middle, 8 bit."""
    page = np.zeros((rows, columns), np.uint8)
    ink = _drawn(text, columns)[:rows]
    top = (rows - ink.shape[0]) // 2
    page[top : top + ink.shape[0]] = ink
    return page


def _ends(grey: GreyScale) -> tuple[int, int]:
    """Return the stored values that look dark and light."""
    if grey.photometric is Photometric.RGB:
        return 0, 255
    low, high = grey.minimum, grey.maximum
    if low == high:
        low, high = 0, (1 << (grey.bits_stored - 1)) - 1
    return (high, low) if grey.photometric is Photometric.MONOCHROME1 else (low, high)


@cache
def _drawn(text: str, columns: int) -> NDArray[np.uint8]:
    """Return the band's ink, (rows, columns) uint8, 0 background to 255 full."""
    size = int(np.clip(columns / 45, _SMALLEST_PX, _LARGEST_PX))
    font = ImageFont.truetype(str(resource_path(*_FONT)), size)
    margin = max(size // 2, 4)
    lines = _lines(text, font, columns - 2 * margin)
    line_px = round(size * 1.4)
    page = Image.new("L", (columns, line_px * len(lines) + 2 * margin))
    draw = ImageDraw.Draw(page)
    for index, line in enumerate(lines):
        draw.text((margin, margin + index * line_px), line, fill=255, font=font)
    return np.asarray(page)


def _lines(text: str, font: ImageFont.FreeTypeFont, width_px: int) -> list[str]:
    """Break the text at spaces, and inside words that are wider than the picture."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width_px:
            lines[-1] = longer
            continue
        lines.append("")
        for letter in word:
            if lines[-1] and font.getlength(lines[-1] + letter) > width_px:
                lines.append("")
            lines[-1] += letter
    return [line for line in lines if line] or [""]
