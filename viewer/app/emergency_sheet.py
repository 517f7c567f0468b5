"""The sealed code on paper: six groups and a QR code, five lines, and a label for its envelope.

It is the code in plain. Nothing here writes a file; who does asks first where, and says so.
"""

from __future__ import annotations

import io
from datetime import date

import attrs
from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from viewer.app.review.paper import BOLD, DANGER, FONT, LINE, SOFT, register_fonts
from viewer.app.secret_drawing import Look, draw_secret

LINES = (
    "At the login window press “Emergency access”, then “I have the sealed code”.",
    "Type the six groups, or scan the square. Type your own name, and choose why.",
    "For 30 minutes you see patients and their images. Nothing can be changed or sent.",
    "The code works once, and here alone. Every look is recorded; the security officer reviews it.",
    "Afterwards tell the security officer: a new code and new keys are due.",
)
"""What to do, in five lines."""
_EDGE = 20 * mm
_LABEL = 62 * mm
_LOOK = Look(FONT, SOFT, LINE, size=25, number_size=9, above=18, below=8, code=52 * mm, columns=3)


@attrs.frozen
class EmergencySheet:
    """What is printed."""

    practice_name: str
    workstation: str
    groups: tuple[str, ...] = attrs.field(repr=False)
    made_on: date

    @property
    def text(self) -> str:
        """The code on one line, as the QR code holds it: a scanner types it into the fields."""
        return "-".join(self.groups)


def emergency_pdf(sheet: EmergencySheet) -> bytes:
    """Return the sheet and its label as one page of A4."""
    register_fonts()
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=A4, invariant=True, pageCompression=0)
    canvas.setTitle("Emergency access")
    top = _draw_head(canvas, sheet)
    top = _draw_code(canvas, sheet, top)
    _draw_lines(canvas, top)
    _draw_label(canvas, sheet)
    canvas.showPage()
    canvas.save()
    return page.getvalue()


def _draw_head(canvas: Canvas, sheet: EmergencySheet) -> float:
    width, height = A4
    top = height - _EDGE
    canvas.setFillColor(DANGER)
    canvas.setFont(BOLD, 26)
    canvas.drawString(_EDGE, top - 18, "Emergency access")
    canvas.setFillColor(SOFT)
    canvas.setFont(FONT, 12)
    where = _fitted(f"{sheet.practice_name}  ·  {sheet.workstation}", 12, width - 80 * mm)
    canvas.drawString(_EDGE, top - 38, where)
    canvas.drawRightString(width - _EDGE, top - 38, f"Made on {sheet.made_on:%d %B %Y}")
    canvas.setFillColor(black)
    canvas.setFont(BOLD, 10.5)
    words = "When images are needed at once and nobody here can log in. Otherwise keep it sealed."
    canvas.drawString(_EDGE, top - 58, words)
    return top - 72


def _draw_code(canvas: Canvas, sheet: EmergencySheet, top: float) -> float:
    width, _ = A4
    draw_secret(canvas, sheet.groups, sheet.text, _EDGE, top, width - 2 * _EDGE, _LOOK)
    return top - _LOOK.height - 12 * mm


def _draw_lines(canvas: Canvas, top: float) -> None:
    width, _ = A4
    for number, words in enumerate(LINES, 1):
        canvas.setFillColor(DANGER)
        canvas.setFont(BOLD, 13)
        canvas.drawString(_EDGE, top, str(number))
        canvas.setFillColor(black)
        canvas.setFont(FONT, 12)
        for line in simpleSplit(words, FONT, 12, width - 2 * _EDGE - 10 * mm):
            canvas.drawString(_EDGE + 10 * mm, top, line)
            top -= 16
        top -= 8


def _draw_label(canvas: Canvas, sheet: EmergencySheet) -> None:
    """Draw the label to cut out and put on the sealed envelope; it does not show the code."""
    width, _ = A4
    low = 14 * mm
    canvas.setStrokeColor(SOFT)
    canvas.setDash(3, 3)
    canvas.line(_EDGE, low + _LABEL + 6 * mm, width - _EDGE, low + _LABEL + 6 * mm)
    canvas.setDash()
    canvas.setStrokeColor(DANGER)
    canvas.setLineWidth(2)
    canvas.roundRect(_EDGE, low, width - 2 * _EDGE, _LABEL, 3 * mm, stroke=1, fill=0)
    canvas.setLineWidth(1)
    left, top = _EDGE + 8 * mm, low + _LABEL
    canvas.setFillColor(DANGER)
    canvas.setFont(BOLD, 22)
    canvas.drawString(left, top - 15 * mm, "EMERGENCY ACCESS")
    canvas.setFillColor(black)
    canvas.setFont(FONT, 12)
    where = _fitted(f"{sheet.practice_name}  ·  {sheet.workstation}", 12, width - 2 * left)
    canvas.drawString(left, top - 23 * mm, where)
    canvas.setFillColor(SOFT)
    canvas.setFont(FONT, 10.5)
    canvas.drawString(
        left, top - 31 * mm, "Open only when images are needed at once and nobody can log in."
    )
    canvas.drawString(left, top - 37 * mm, "Its use is recorded, announced and reviewed.")
    third = (width - 2 * left) / 3
    canvas.setStrokeColor(LINE)
    canvas.setFont(FONT, 9)
    for place, words in enumerate(("Sealed by", "Sealed on", "Opened by, on")):
        at = left + place * third
        canvas.line(at, low + 11 * mm, at + third - 6 * mm, low + 11 * mm)
        canvas.drawString(at, low + 6.5 * mm, words)


def _fitted(words: str, size: float, room: float) -> str:
    lines: list[str] = simpleSplit(words, FONT, size, room)
    return lines[0] if lines else ""
