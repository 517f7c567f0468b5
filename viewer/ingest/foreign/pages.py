"""Pages of a PDF as pictures, plain or encapsulated in DICOM. In the decoding child.

No form is filled or drawn, nothing in the document runs, no link is followed: PDFium is built
without JavaScript, and its form environment is never made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from viewer.dicom.parse import parse
from viewer.ingest.foreign.document_facts import MAX_PAGES, Pages
from viewer.ingest.foreign.refusals import PhotoRefused, damaged, too_large

_POINTS_PER_INCH = 72
_DOTS_PER_INCH = 200
_LARGEST_PAGE = 14_400  # points, PDF 1.7 annex C
_LOCKED = "The document is protected by a password."
_NO_PDF = "The document is no PDF."

Done = TypeVar("Done")


def pages_of(content: bytes) -> Pages:
    """Count the pages of a document.

    Raises
    ------
    PhotoRefused
    """
    return _with(content, lambda document: Pages(_count(document)))


def page_picture(content: bytes, page: int, longest: int) -> NDArray[np.uint8]:
    """Draw one page on white: (rows, columns, 3) uint8, its longest side at most `longest`.

    Raises
    ------
    PhotoRefused
    """

    def draw(document: pypdfium2.PdfDocument) -> NDArray[np.uint8]:
        if not 0 <= page < _count(document):
            raise damaged()
        sheet = document[page]
        width, height = sheet.get_size()
        if not 0 < min(width, height) <= max(width, height) <= _LARGEST_PAGE:
            raise too_large()
        scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, longest / max(width, height))
        bitmap = sheet.render(
            scale=scale, may_draw_forms=False, draw_annots=True, rev_byteorder=True
        )
        drawn = bitmap.to_numpy()
        kept = drawn[:longest, :longest, :3] if drawn.ndim == 3 else np.dstack([drawn] * 3)
        return np.array(kept, np.uint8)

    return _with(content, draw)


def _with(content: bytes, work: Callable[[pypdfium2.PdfDocument], Done]) -> Done:
    try:
        document = pypdfium2.PdfDocument(_pdf_in(content))
    except pypdfium2.PdfiumError as fault:
        if "password" in str(fault).casefold():
            raise PhotoRefused(_LOCKED) from fault
        raise damaged() from fault
    try:
        return work(document)
    except pypdfium2.PdfiumError as fault:
        raise damaged() from fault
    finally:
        document.close()


def _count(document: pypdfium2.PdfDocument) -> int:
    count = len(document)
    if not 0 < count <= MAX_PAGES:
        raise too_large()
    return count


def _pdf_in(content: bytes) -> bytes:
    """Return the PDF itself (PS3.3 C.24.2 where it is encapsulated)."""
    if b"%PDF-" in content[:1024] and content[128:132] != b"DICM":
        return content
    header = parse(memoryview(content)).header
    inner = header.get("EncapsulatedDocument")
    if not isinstance(inner, bytes) or b"%PDF-" not in inner[:1024]:
        raise PhotoRefused(_NO_PDF)
    return inner
