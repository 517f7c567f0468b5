"""Documents in the parent: a PDF kept whole, its pages and the text of a report shown on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.ingest.again import CAN_HOLD, held_file
from viewer.ingest.arrival import Arrival, KeptFile
from viewer.ingest.crew import Crew
from viewer.ingest.errors import FileRefused
from viewer.ingest.foreign.document_facts import (
    MAX_PAGE_SIDE,
    Pages,
    Report,
    are_sensible,
    is_readable,
)
from viewer.ingest.models import SMALL, kept_of_nobody, whole
from viewer.ingest.source import Source
from viewer.model.image import ImageKind
from viewer.model.json import from_json

if TYPE_CHECKING:
    from viewer.ingest.reading import Reading

_REASON = "Documents are kept as they came; their pages are shown on demand."
_SENSELESS = "The file gives no sensible answer about itself."
_NOT_HERE = "Documents cannot be shown on this system yet."


@attrs.frozen(eq=False)
class Shown:
    """What of a kept file is on screen: a page or a drawn surface, or lines of text."""

    page: int = 0
    pages: int = 1
    picture: NDArray[np.uint8] | None = None
    report: Report | None = None


def pages_in(_decoder: object, answer: dict[str, Any]) -> Pages:
    """Check what the child says of a document.

    Raises
    ------
    ValueError, KeyError, TypeError
        It makes no sense.
    """
    pages = from_json(answer["pages"], Pages)
    if not are_sensible(pages):
        raise ValueError("no such document")
    return pages


def document_words(pages: Pages) -> str:
    """Say what a document is."""
    return f"PDF, {pages.count} page{'s' if pages.count > 1 else ''}"


def arrivals_of_pdf(source: Source, pages: Pages, reading: Reading) -> Iterable[Arrival | KeptFile]:
    """Take a document over as it is.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    small = page_of(source, 0, SMALL, reading)
    kept = kept_of_nobody(ImageKind.DOCUMENT, "DOC", document_words(pages), _REASON)
    yield whole(source, kept, small, reading)


def page_of(source: Source, page: int, longest: int, reading: Reading) -> NDArray[np.uint8]:
    """Have one page drawn: (rows, columns, 3) uint8.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    job = {"do": "pdf_page", "page": page, "longest": longest}
    content, answer = reading.fill(source, job, longest * longest * 3)
    shape = answer.get("shape")
    if not isinstance(shape, list) or len(shape) != 3 or shape[2] != 3:
        raise FileRefused(_SENSELESS, is_damage=True)
    if not all(isinstance(n, int) and 0 < n <= longest for n in shape[:2]):
        raise FileRefused(_SENSELESS, is_damage=True)
    rows, columns, _ = shape
    return content[: rows * columns * 3].reshape(rows, columns, 3).copy()


def show_kept(
    content: NDArray[np.uint8],
    kind: ImageKind,
    modality: str,
    page: int,
    is_cancelled: Callable[[], bool],
) -> Shown:
    """Read a kept file once more, in a fresh child, and return what can be looked at.

    Raises
    ------
    FileRefused
        There is nothing to look at, or this system cannot hand memory to the child.
    Cancelled, ChildUnavailable
    """
    from viewer.ingest.models import picture_of_model
    from viewer.ingest.reading import Reading

    if not CAN_HOLD:
        raise FileRefused(_NOT_HERE)
    with held_file(content, "kept") as source, Crew(is_cancelled=is_cancelled) as crew:
        reading = Reading(crew)
        if kind is ImageKind.MODEL:
            return Shown(picture=picture_of_model(source, reading, 640))
        if modality in ("SR", "KO"):
            return Shown(report=crew.one(source, {"do": "report"}, take=_report_in))
        pages = crew.one(source, {"do": "pdf"}, take=lambda answer: pages_in(None, answer))
        page = min(max(page, 0), pages.count - 1)
        drawn = page_of(source, page, MAX_PAGE_SIDE, reading)
        return Shown(page, pages.count, drawn)


def _report_in(answer: dict[str, Any]) -> Report:
    report = from_json(answer["report"], Report)
    if not is_readable(report):
        raise ValueError("no such report")
    return report
