"""Recovery codes on paper: one page, with the name of the account and boxes to tick off."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from viewer.app.recovery_sheet import load_fonts

_EDGE, _STEP, _BOX = 20 * mm, 12 * mm, 5 * mm
_SOFT, _LINE = HexColor("#4a4f57"), HexColor("#b9bec6")
_WHAT = (
    "Each code lets you in once, together with your password, when your phone or your security key "
    "is not at hand. Type it where the code is asked for; capitals, spaces and dashes do not "
    "matter. Tick it off. Keep this page away from the computer, and delete the file that it was "
    "printed from."
)


def codes_pdf(practice: str, person: str, codes: Sequence[str], made_on: date) -> bytes:
    """Return the page as a PDF (A4)."""
    load_fonts()
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=A4, invariant=True, pageCompression=0)
    canvas.setTitle("Recovery codes")
    width, height = A4
    top = height - _EDGE
    canvas.setFont("PaperBold", 22)
    canvas.drawString(_EDGE, top - 18, "Recovery codes")
    canvas.setFont("Paper", 11)
    canvas.setFillColor(_SOFT)
    for words in (f"{person}, {practice}", f"Made on {made_on:%d %B %Y}"):
        top -= 16
        canvas.drawString(_EDGE, top - 22, simpleSplit(words, "Paper", 11, width - 2 * _EDGE)[0])
    top -= 44
    for line in simpleSplit(_WHAT, "Paper", 11, width - 2 * _EDGE):
        canvas.drawString(_EDGE, top, line)
        top -= 15
    _draw_codes(canvas, codes, top - _STEP)
    canvas.showPage()
    canvas.save()
    return page.getvalue()


def _draw_codes(canvas: Canvas, codes: Sequence[str], top: float) -> None:
    canvas.setStrokeColor(_LINE)
    for number, code in enumerate(codes):
        y = top - number * _STEP
        canvas.rect(_EDGE, y - 1 * mm, _BOX, _BOX)
        canvas.setFillColor(black)
        canvas.setFont("PaperBold", 16)
        canvas.drawString(_EDGE + 2 * _BOX, y, code)
