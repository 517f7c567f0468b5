"""The recovery sheet as one page of A4: drawn when it is asked for, since that takes a library."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from viewer.app.recovery_sheet import QrRows, RecoverySheet, load_fonts, qr_rows, steps

_EDGE, _QR, _QUIET = 20 * mm, 58 * mm, 4
_SOFT, _LINE, _ALARM = HexColor("#4a4f57"), HexColor("#b9bec6"), HexColor("#a3161f")
_COLUMNS = 4


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
    """Draw the groups on the left and the code on the right of one frame."""
    width, _ = A4
    frame = _QR + 12 * mm
    canvas.setStrokeColor(_LINE)
    canvas.setFillColor(white)
    canvas.roundRect(_EDGE, top - frame, width - 2 * _EDGE, frame, 3 * mm, stroke=1, fill=1)
    _draw_groups(canvas, sheet.groups, top - 6 * mm, width - 2 * _EDGE - _QR - 18 * mm)
    _draw_qr(canvas, qr_rows(sheet.text), width - _EDGE - _QR - 6 * mm, top - frame + 6 * mm)
    return top - frame - 10 * mm


def _draw_groups(canvas: Canvas, groups: Sequence[str], top: float, room: float) -> None:
    rows = -(-len(groups) // _COLUMNS)
    step = (_QR / rows, room / _COLUMNS)
    for place, group in enumerate(groups):
        x = _EDGE + 6 * mm + (place % _COLUMNS) * step[1]
        y = top - (place // _COLUMNS + 0.5) * step[0]
        canvas.setFont("Paper", 7.5)
        canvas.setFillColor(_SOFT)
        canvas.drawString(x, y + 12, str(place + 1))
        canvas.setFont("Courier-Bold", 16)
        canvas.setFillColor(black)
        canvas.drawString(x, y - 6, group)


def _draw_qr(canvas: Canvas, rows: QrRows, x: float, y: float) -> None:
    """Draw the code dark on white, with the quiet zone that readers need."""
    module = _QR / (len(rows) + 2 * _QUIET)
    size = module * 1.01  # no hairlines between modules
    canvas.setFillColor(white)
    canvas.rect(x, y, _QR, _QR, stroke=0, fill=1)
    canvas.setFillColor(black)
    for down, line in enumerate(rows):
        for across, is_dark in enumerate(line):
            if is_dark:
                left, low = x + (across + _QUIET) * module, y + _QR - (down + _QUIET + 1) * module
                canvas.rect(left, low, size, size, stroke=0, fill=1)


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
