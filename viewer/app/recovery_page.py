"""The recovery sheet as one page of A4: drawn when it is asked for, since that takes a library."""

from __future__ import annotations

import io

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from viewer.app.recovery_sheet import RecoverySheet, load_fonts, steps
from viewer.app.secret_drawing import Look, draw_secret

_EDGE = 20 * mm
_SOFT, _LINE, _ALARM = HexColor("#4a4f57"), HexColor("#b9bec6"), HexColor("#a3161f")
_LOOK = Look(
    "Paper", _SOFT, _LINE, size=16, number_size=7.5, above=12, below=6, code=58 * mm, columns=4
)


def draw_sheet(sheet: RecoverySheet) -> bytes:
    """Return the sheet as one page of A4."""
    load_fonts()
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=A4, invariant=True, pageCompression=0)
    canvas.setTitle("Recovery sheet")
    top = _draw_head(canvas, sheet)
    top = _draw_key(canvas, sheet, top)
    _draw_steps(canvas, top)
    _draw_foot(canvas)
    canvas.showPage()
    canvas.save()
    return page.getvalue()


def _draw_head(canvas: Canvas, sheet: RecoverySheet) -> float:
    width, height = A4
    top = height - _EDGE
    canvas.setFillColor(black)
    canvas.setFont("PaperBold", 24)
    canvas.drawString(_EDGE, top - 18, "Recovery sheet")
    canvas.setFont("Paper", 12)
    canvas.setFillColor(_SOFT)
    made = f"{sheet.made_on:%d %B %Y}"
    name = simpleSplit(sheet.practice_name, "Paper", 12, width - 2 * _EDGE - 40 * mm)[:1]
    canvas.drawString(_EDGE, top - 38, name[0] if name else "")
    canvas.drawRightString(width - _EDGE, top - 38, f"Made on {made}")
    top -= 54
    canvas.setFillColor(_ALARM)
    canvas.setFont("PaperBold", 10.5)
    canvas.drawString(
        _EDGE, top - 6, "Secret. Do not copy, photograph or send it. Keep one, locked."
    )
    return top - 20


def _draw_key(canvas: Canvas, sheet: RecoverySheet, top: float) -> float:
    width, _ = A4
    draw_secret(canvas, sheet.groups, sheet.text, _EDGE, top, width - 2 * _EDGE, _LOOK)
    return top - _LOOK.height - 10 * mm


def _draw_steps(canvas: Canvas, top: float) -> None:
    width, _ = A4
    for title, words in steps():
        canvas.setFillColor(black)
        canvas.setFont("PaperBold", 11)
        canvas.drawString(_EDGE, top, title)
        canvas.setFillColor(_SOFT)
        canvas.setFont("Paper", 10)
        top -= 15
        for line in simpleSplit(words, "Paper", 10, width - 2 * _EDGE):
            canvas.drawString(_EDGE, top, line)
            top -= 13.5
        top -= 9


def _draw_foot(canvas: Canvas) -> None:
    width, _ = A4
    canvas.setStrokeColor(_LINE)
    canvas.setFillColor(_SOFT)
    canvas.setFont("Paper", 9)
    third = (width - 2 * _EDGE) / 3
    for place, words in enumerate(("Kept at", "Sealed by, on", "Proved on")):
        left = _EDGE + place * third
        canvas.line(left, 32 * mm, left + third - 8 * mm, 32 * mm)
        canvas.drawString(left, 27.5 * mm, words)
    canvas.drawString(_EDGE, 15 * mm, "Bitewing")
