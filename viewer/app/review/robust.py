"""What is usual: the median, and how far most days are from it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import attrs

_MAD_TO_SIGMA = 1.4826
"""The median absolute deviation of a normal distribution, as its standard deviation."""


@attrs.frozen
class Usual:
    """A median and a robust standard deviation, never below one."""

    median: float
    spread: float

    def spreads_above(self, value: float) -> float:
        """How many spreads a value lies above the median.

        >>> usual([4, 5, 6, 5, 4]).spreads_above(15)
        6.7
        """
        return round((value - self.median) / self.spread, 1)


def usual(values: Sequence[float]) -> Usual:
    """Return what is usual among some values, which one wild day does not move.

    Raises
    ------
    StatisticsError
        There are none.

    Source
    ------
    Rousseeuw and Croux 1993: MAD times 1.4826; below one it would call any change unusual.
    """
    middle = median(values)
    mad = median(abs(value - middle) for value in values)
    return Usual(
        middle, max(mad * _MAD_TO_SIGMA, 0.1 * middle, 1.0) if mad else max(1.5, middle / 5)
    )
