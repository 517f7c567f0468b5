"""What the child says of a document, and the bounds on it. Both sides of the channel."""

from __future__ import annotations

import attrs

MAX_PAGES = 2000
MAX_PAGE_SIDE = 2000
MAX_LINES = 10_000
MAX_TEXT = 400_000
MAX_DEPTH = 32


@attrs.frozen
class Pages:
    """How many pages a document has."""

    count: int


@attrs.frozen
class Line:
    """One entry of a report: how deep it lies, what it is about, what it says."""

    depth: int
    name: str
    value: str = ""


@attrs.frozen
class Report:
    """A structured report as lines of plain text, in its order."""

    lines: tuple[Line, ...]


def are_sensible(pages: Pages) -> bool:
    """Whether a document's facts stay within all bounds."""
    return 0 < pages.count <= MAX_PAGES


def is_readable(report: Report) -> bool:
    """Whether a report stays within all bounds and holds nothing but printable text."""
    lines = report.lines
    size = sum(len(line.name) + len(line.value) for line in lines)
    return (
        len(lines) <= MAX_LINES
        and size <= MAX_TEXT
        and all(0 <= line.depth <= MAX_DEPTH for line in lines)
        and all((line.name + line.value).replace("\n", "").isprintable() for line in lines)
    )
