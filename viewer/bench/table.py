"""The figures for people: a table in plain words, and the machine they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from viewer import __version__
from viewer.bench.figures import Figure

_HEADS = ("", "Bitewing", "against", "", "ratio", "target", "")
_RIGHT = frozenset({1, 3, 4, 5})
_WORDS = {True: "holds", False: "MISSED", None: ""}


def amount(value: float, unit: str) -> str:
    """Return a value as people read it.

    >>> amount(0.4567, "ms"), amount(43.21, "ms"), amount(1234.5, "ms")
    ('0.46 ms', '43.2 ms', '1234 ms')
    """
    size = abs(value)
    digits = 2 if size < 10 else 1 if size < 100 else 0
    return f"{value:.{digits}f} {unit}"


def table(figures: Sequence[Figure]) -> str:
    """Return the figures in columns, and how many targets hold."""
    rows = [_HEADS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = [
        "  ".join(
            cell.rjust(width) if column in _RIGHT else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", _sum(figures), machine()])


def machine() -> str:
    """Return one line about this machine and this program."""
    return (
        f"Machine: {os.cpu_count() or 1} cores, {platform.machine()}, {platform.system()}; "
        f"Python {platform.python_version()}; Bitewing {__version__}. "
        "Times are medians; ratios count, not milliseconds."
    )


def _row(figure: Figure) -> tuple[str, ...]:
    other, ratio = figure.against_value, figure.ratio
    return (
        figure.name,
        amount(figure.value, figure.unit),
        figure.against,
        "not measured" if other is None else amount(other, figure.unit),
        "" if ratio is None else f"{ratio:.2f} ×",
        "" if figure.target is None else str(figure.target),
        _WORDS[figure.holds],
    )


def _sum(figures: Sequence[Figure]) -> str:
    told = [figure.holds for figure in figures if figure.holds is not None]
    return f"{sum(told)} of {len(told)} targets hold."
