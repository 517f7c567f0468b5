"""Charts for printed reports, drawn so that they say the same in black and white."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor, white

from viewer.app.review.paper import (
    ACCENT,
    BOLD,
    FAINT,
    FONT,
    INK,
    LINE,
    SOFT,
    WIDTH,
    register_fonts,
)
from viewer.app.review.people import HOURS, PersonFacts

_ROW, _NAME = 17.0, 132.0
_BAR, _LABEL = 15.0, 120.0


def hour_strips(people: Sequence[PersonFacts], opens: int, closes: int) -> Drawing:
    """Return one strip of 24 cells a person, darker the more happened in that hour.

    Two lines show when the practice opens and closes.
    """
    register_fonts()
    cell = (WIDTH - _NAME - 46) / HOURS
    height = _ROW * len(people) + 22
    drawing = Drawing(WIDTH, height)
    for row, person in enumerate(people):
        bottom = height - _ROW * (row + 1)
        drawing.add(String(0, bottom + 5, _fit(person.name, 24), fontName=FONT, fontSize=8.5,
                           fillColor=INK))  # fmt: skip
        most = max(person.hours, default=0) or 1
        for hour, count in enumerate(person.hours):
            x = _NAME + hour * cell
            drawing.add(_rect(x, bottom + 1, cell - 1, _ROW - 3, fillColor=_shade(count / most),
                             strokeColor=None))  # fmt: skip
        drawing.add(String(WIDTH, bottom + 5, f"{person.events:,}", fontName=FONT, fontSize=8,
                           fillColor=SOFT, textAnchor="end"))  # fmt: skip
    top = height
    for hour in (opens, closes):
        x = _NAME + hour * cell - 0.5
        drawing.add(Line(x, 14, x, top, strokeColor=SOFT, strokeWidth=0.7, strokeDashArray=[2, 2]))
    for hour in range(0, HOURS, 3):
        drawing.add(String(_NAME + hour * cell, 4, f"{hour:02d}", fontName=FONT, fontSize=7.5,
                           fillColor=FAINT))  # fmt: skip
    drawing.add(String(WIDTH, 4, "entries", fontName=FONT, fontSize=7.5, fillColor=FAINT,
                       textAnchor="end"))  # fmt: skip
    return drawing


def _rect(x: float, y: float, width: float, height: float, **look: Any) -> Rect:
    return Rect(x, y, width, height, **look)


def _words(x: float, y: float, words: str, colour: Color = INK, **look: Any) -> String:
    look = {"fontName": FONT, "fontSize": 8.0, **look}
    return String(x, y, words, fillColor=colour, **look)


def _shade(share: float) -> Color:
    if share <= 0:
        return HexColor("#EDF0F4")
    part = 0.2 + 0.8 * share
    return Color(*(1 - (1 - c) * part for c in (ACCENT.red, ACCENT.green, ACCENT.blue)))


def bars(rows: Sequence[tuple[str, int]], width: float = WIDTH) -> Drawing:
    """Return a bar a row, its words at the left and its number at its end."""
    register_fonts()
    most = max((count for _, count in rows), default=1) or 1
    height = _BAR * len(rows)
    drawing = Drawing(width, height)
    room = width - _LABEL - 40
    for row, (words, count) in enumerate(rows):
        bottom = height - _BAR * (row + 1)
        drawing.add(String(0, bottom + 4, _fit(words, 22), fontName=FONT, fontSize=8.5,
                           fillColor=INK))  # fmt: skip
        length = max(1.0, room * count / most)
        drawing.add(_rect(_LABEL, bottom + 2, length, _BAR - 5, fillColor=ACCENT, strokeColor=None))
        drawing.add(String(_LABEL + length + 4, bottom + 4, f"{count:,}", fontName=FONT, fontSize=8,
                           fillColor=SOFT))  # fmt: skip
    return drawing


def week_bars(weeks: Sequence[tuple[date, int, int]], width: float = WIDTH) -> Drawing:
    """Return exports (outlined) above shares (filled), a column a week."""
    register_fonts()
    height, floor, head = 92.0, 16.0, 18.0
    most = max((exports + shares for _, exports, shares in weeks), default=1) or 1
    step = width / max(len(weeks), 1)
    bar = min(34.0, step * 0.55)
    drawing = Drawing(width, height)
    drawing.add(Line(0, floor, width, floor, strokeColor=LINE, strokeWidth=0.6))
    for place, (monday, exports, shares) in enumerate(weeks):
        left = place * step + (step - bar) / 2
        tall = (height - floor - head) / most
        drawing.add(_rect(left, floor, bar, shares * tall, fillColor=ACCENT, strokeColor=None))
        if exports:
            drawing.add(_rect(left, floor + shares * tall, bar, exports * tall, fillColor=white,
                             strokeColor=ACCENT, strokeWidth=1))  # fmt: skip
        words = f"{shares}" + (f" + {exports}" if exports else "")
        top, middle = floor + (shares + exports) * tall, left + bar / 2
        drawing.add(_words(middle, top + 4, words, fontName=BOLD, textAnchor="middle"))
        drawing.add(String(left + bar / 2, 4, f"{monday:%d %b}", fontName=FONT, fontSize=7.5,
                           fillColor=FAINT, textAnchor="middle"))  # fmt: skip
    return drawing


def _fit(words: str, letters: int) -> str:
    return words if len(words) <= letters else words[: letters - 1] + "…"
