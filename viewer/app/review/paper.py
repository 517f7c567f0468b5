"""What printed reports look like: one typeface, quiet lines, one accent; made by reportlab.

The look is for paper, so it does not follow the theme of the windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import attrs
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from viewer.model.resources import resource_path

FONT, BOLD = "Inter", "Inter-SemiBold"
INK, SOFT, FAINT, LINE, TINT = (
    HexColor(code) for code in ("#14181D", "#4A5560", "#75808B", "#D5DBE1", "#F3F5F8")
)
ACCENT, DANGER, DOUBT, GOOD = (
    HexColor(code) for code in ("#1D5FA6", "#B3261E", "#8A5A00", "#1E7B4F")
)
PAGE_WIDTH, PAGE_HEIGHT = LETTER
MARGIN = 18 * mm
WIDTH = PAGE_WIDTH - 2 * MARGIN
_LEAST_AFTER_HEADING = 34 * mm
_HEAD_AT, _FOOT_AT = PAGE_HEIGHT - 12 * mm, 10 * mm


Cell = str | Flowable | list[Paragraph]
"""What stands in a cell: words, or paragraphs one below the other."""


@cache
def register_fonts() -> None:
    """Make the typeface known to reportlab, once."""
    for name, file in ((FONT, "Inter-Regular.ttf"), (BOLD, "Inter-SemiBold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(resource_path("fonts", "paper", file))))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)


@attrs.frozen
class Masthead:
    """What stands on every page: the practice, the report, and its foot."""

    practice: str
    title: str
    foot: str


def style(name: str, **changes: Any) -> ParagraphStyle:
    """Return a kind of text: "title", "heading", "body", "small", "strong", "label", "figure"."""
    register_fonts()
    looks: dict[str, dict[str, Any]] = {
        "title": {"fontName": BOLD, "fontSize": 20, "leading": 27, "textColor": INK},
        "heading": {
            "fontName": BOLD, "fontSize": 12, "leading": 16, "spaceBefore": 14, "spaceAfter": 5,
            "textColor": INK,
        },
        "body": {"fontName": FONT, "fontSize": 9, "leading": 13, "textColor": INK},
        "soft": {"fontName": FONT, "fontSize": 9, "leading": 13, "textColor": SOFT},
        "strong": {"fontName": BOLD, "fontSize": 9, "leading": 13, "textColor": INK},
        "small": {"fontName": FONT, "fontSize": 8, "leading": 11, "textColor": SOFT},
        "label": {"fontName": BOLD, "fontSize": 7.5, "leading": 10, "textColor": FAINT},
        "figure": {"fontName": BOLD, "fontSize": 18, "leading": 22, "textColor": INK},
    }  # fmt: skip
    return ParagraphStyle(name, **{**looks[name], **changes})


def text(words: str, look: str = "body", **changes: Any) -> Paragraph:
    """Return a paragraph; what came from the trail is never read as mark-up."""
    return Paragraph(escape(words), style(look, **changes))


def heading(words: str) -> Paragraph:
    """Return the heading of a section."""
    return text(words, "heading")


def gap(millimetres: float) -> Spacer:
    """Return free room."""
    return Spacer(1, millimetres * mm)


def facts_row(facts: Sequence[tuple[str, str]]) -> Table:
    """Return figures side by side, each with what it counts below it."""
    cells = [[text(figure, "figure") for figure, _ in facts], [text(w, "small") for _, w in facts]]
    table = Table(cells, colWidths=[WIDTH / len(facts)] * len(facts))
    table.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, -1), TINT),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 10),
            ("TOPPADDING", (0, 0), (-1, 0), 8),
            ("BOTTOMPADDING", (0, 1), (-1, 1), 9),
            ("TOPPADDING", (0, 1), (-1, 1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, 0), 0),
        ]
    )
    return table


def listing(heads: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[float]) -> Table:
    """Return a table; `widths` are parts of the whole width. Its head repeats on every page."""
    whole = sum(widths)
    cells: list[list[Any]] = [[text(head, "label") for head in heads]]
    cells += [[text(c, "small") if isinstance(c, str) else c for c in row] for row in rows]
    table = Table(cells, colWidths=[WIDTH * part / whole for part in widths], repeatRows=1)
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, SOFT),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 8),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ]
    )
    return table


def notice(title: str, words: str, colour: Color) -> Table:
    """Return a box with a coloured edge: a result to be seen first."""
    table = Table([[[text(title, "strong", textColor=colour), text(words, "soft")]]], [WIDTH])
    table.setStyle(
        [
            ("LINEBEFORE", (0, 0), (0, -1), 3, colour),
            ("BACKGROUND", (0, 0), (-1, -1), TINT),
            ("LEFTPADDING", (0, 0), (-1, -1), 12),
            ("TOPPADDING", (0, 0), (-1, -1), 7),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
        ]
    )
    return table


def signature_lines(words: Sequence[str]) -> KeepTogether:
    """Return lines to sign on, each with what belongs there."""
    between = 8 * mm
    width = (WIDTH - between * (len(words) - 1)) / len(words)
    places = range(0, 2 * len(words), 2)
    foot: list[Any] = ["" for _ in range(2 * len(words) - 1)]
    for place, each in zip(places, words, strict=True):
        foot[place] = text(each, "small")
    widths = [between if n % 2 else width for n in range(len(foot))]
    table = Table([["" for _ in foot], foot], colWidths=widths, rowHeights=[14 * mm, None])
    table.setStyle(
        [
            *(("LINEBELOW", (n, 0), (n, 0), 0.8, INK) for n in places),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    return KeepTogether([gap(6), table])


class _Numbered(Canvas):
    """A canvas that knows how many pages there will be before it draws their feet."""

    def __init__(self, *args: Any, masthead: Masthead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._masthead = masthead
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Keep the page until all are known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        """Draw head and foot of every page, then write."""
        for page in self._pages:
            self.__dict__.update(page)
            self._frame(len(self._pages))
            super().showPage()
        super().save()

    def _frame(self, count: int) -> None:
        self.setFont(FONT, 8)
        self.setFillColor(FAINT)
        self.drawString(MARGIN, _HEAD_AT, self._masthead.practice)
        self.drawRightString(PAGE_WIDTH - MARGIN, _HEAD_AT, self._masthead.title)
        self.setStrokeColor(LINE)
        self.setLineWidth(0.5)
        self.line(MARGIN, _FOOT_AT + 4 * mm, PAGE_WIDTH - MARGIN, _FOOT_AT + 4 * mm)
        self.drawString(MARGIN, _FOOT_AT, self._masthead.foot)
        page = f"Page {self.getPageNumber()} of {count}"
        self.drawRightString(PAGE_WIDTH - MARGIN, _FOOT_AT, page)


def printed(masthead: Masthead, story: Sequence[Flowable], subject: str) -> bytes:
    """Return a PDF. The same content gives the same bytes: no time and no random id is in it."""
    register_fonts()
    out = BytesIO()
    frame = Frame(
        MARGIN, 18 * mm, WIDTH, PAGE_HEIGHT - 36 * mm, leftPadding=0, rightPadding=0,
        topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document = BaseDocTemplate(
        out, pagesize=LETTER, pageTemplates=[PageTemplate(frames=[frame])],
        title=masthead.title, author=masthead.practice, subject=subject, creator="Bitewing",
        invariant=1, lang="en",
    )  # fmt: skip
    make: Callable[..., Canvas] = lambda *a, **k: _Numbered(*a, masthead=masthead, **k)  # noqa: E731
    document.build(list(_with_breaks(story)), canvasmaker=make)
    return out.getvalue()


def _with_breaks(story: Sequence[Flowable]) -> Iterator[Flowable]:
    """Begin a page before a heading that would stand alone at the foot of one.

    A heading kept with the table after it would move the whole table.
    """
    for each in story:
        if isinstance(each, Paragraph) and each.style.name == "heading":
            yield CondPageBreak(_LEAST_AFTER_HEADING)
        yield each
