"""Teeth by ISO 3950 two-digit numbers, and the notations a person may prefer."""

from __future__ import annotations

from enum import Enum
from typing import NewType

from viewer.model.errors import UserError

Tooth = NewType("Tooth", int)
"""An ISO 3950 designation: quadrant 1-4 and tooth 1-8, or primary quadrant 5-8 and tooth 1-5."""

_PERMANENT_ORDER = [
    Tooth(t) for t in (*range(18, 10, -1), *range(21, 29), *range(38, 30, -1), *range(41, 49))
]
_PRIMARY_ORDER = [
    Tooth(t) for t in (*range(55, 50, -1), *range(61, 66), *range(75, 70, -1), *range(81, 86))
]


class ToothNotation(Enum):
    """How a tooth is written on screen; inside the program it is always ISO 3950."""

    FDI = "fdi"
    UNIVERSAL = "universal"


def parse_tooth(number: int) -> Tooth:
    """Check an ISO 3950 number.

    Raises
    ------
    UserError
        The number designates no tooth.
    """
    if number in _PERMANENT_ORDER or number in _PRIMARY_ORDER:
        return Tooth(number)
    raise UserError(f"{number} is no tooth in ISO 3950.", "Use 11-48, or 51-85 for primary teeth.")


def is_primary(tooth: Tooth) -> bool:
    """Whether the tooth belongs to the primary dentition."""
    return tooth >= 50


def display_tooth(tooth: Tooth, notation: ToothNotation) -> str:
    """Write a tooth in the given notation.

    >>> display_tooth(Tooth(36), ToothNotation.UNIVERSAL)
    '19'
    >>> display_tooth(Tooth(55), ToothNotation.UNIVERSAL)
    'A'
    """
    if notation is ToothNotation.FDI:
        return str(int(tooth))
    if is_primary(tooth):
        return chr(ord("A") + _PRIMARY_ORDER.index(tooth))
    return str(_PERMANENT_ORDER.index(tooth) + 1)
