"""Numbers and lines out of headers that are text."""

from __future__ import annotations

import math

from viewer.dicom.errors import Malformed

_DAMAGED = "The header of the volume is damaged."


def damaged() -> Malformed:
    """Return what is raised for a header that contradicts itself."""
    return Malformed(_DAMAGED)


def numbers(text: str, count: int) -> list[float]:
    """Read so many finite numbers.

    Raises
    ------
    Malformed
        There are others.
    """
    try:
        found = [float(word) for word in text.split()]
    except ValueError:
        raise damaged() from None
    if len(found) != count or not all(math.isfinite(x) for x in found):
        raise damaged()
    return found


def whole(text: str, least: int, most: int) -> int:
    """Read a whole number within bounds.

    Raises
    ------
    Malformed
    """
    try:
        found = int(text)
    except ValueError:
        raise damaged() from None
    if not least <= found <= most:
        raise damaged()
    return found


def wholes(text: str, count: int, most: int) -> list[int]:
    """Read so many whole numbers from 1 on.

    Raises
    ------
    Malformed
    """
    words = text.split()
    if len(words) != count:
        raise damaged()
    return [whole(word, 1, most) for word in words]
