"""The recovery sheet on paper: the key in groups and as a QR code, and what to do with it.

It is the key in plain. Nothing here writes a file; who does asks first where, and says so.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

import attrs
import segno
from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from viewer.app.clinic import Clinic
from viewer.model.errors import EnvironmentFault
from viewer.model.resources import resource_path
from viewer.session.audit.events import PROGRAM, Entry, EventKind
from viewer.session.recovery import RecoveryKey

QrRows = tuple[tuple[bool, ...], ...]
_EDGE, _QR, _QUIET = 20 * mm, 58 * mm, 4
_SOFT, _LINE, _ALARM = HexColor("#4a4f57"), HexColor("#b9bec6"), HexColor("#a3161f")
_COLUMNS = 4
_WHAT = (
    "The recovery key of this practice. Whoever holds this sheet and a copy of the store can read "
    "every image. No password protects it: paper is its lock."
)
_WHEN = (
    "When every password is lost, when the workstation or its key store is gone, and to restore a "
    "backup on another machine. Open Bitewing there, choose “Restore from a backup” or use "
    "“bitewing recover”, and type the groups, or scan the code."
)
_CHECKED = (
    "The last groups are a checksum of the others: a wrong or swapped character is noticed at "
    "once, before anything is tried. There is no I, L, O or U in it; 0 and 1 are digits. Capital "
    "and small letters, spaces and dashes do not matter."
)
_WHERE = (
    "In a safe place outside this computer and outside this house: a bank safe, a notary. Prove "
    "once a year that it still opens everything (Store, Keys, “Prove it now”). If you think that "
    "somebody saw it, replace it there at once."
)
_STEPS = (
    ("What it is", _WHAT),
    ("When you need it", _WHEN),
    ("If you mistype", _CHECKED),
    ("Where it belongs", _WHERE),
)


class SheetNotWritten(EnvironmentFault):
    """The file of the sheet could not be written; the key is still on screen."""

    def __init__(self) -> None:
        super().__init__(
            "The sheet could not be written there.", "Choose another place, or write it by hand."
        )


@attrs.frozen
class RecoverySheet:
    """What is printed."""

    practice_name: str
    groups: tuple[str, ...] = attrs.field(repr=False)
    made_on: date

    @property
    def text(self) -> str:
        """The key on one line, as the code holds it."""
        return "-".join(self.groups)


def qr_rows(text: str) -> QrRows:
    """Return the modules of a QR code, dark is True, row by row, without a margin.

    Level M: it still reads with 15 % of it under a coffee stain (ISO/IEC 18004).
    """
    code = segno.make_qr(text, error="m", boost_error=False)
    return tuple(tuple(bool(module) for module in line) for line in code.matrix)


def sheet_pdf(sheet: RecoverySheet) -> bytes:
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


def steps() -> tuple[tuple[str, str], ...]:
    """Return what the sheet says about itself: titles and paragraphs."""
    return _STEPS


def write_sheet(path: Path, sheet: RecoverySheet, *, replace: bool = False) -> None:
    """Write the sheet as a file that this account alone can read. It is the key in plain.

    Raises
    ------
    SheetNotWritten
        There is a file already, or the folder takes none.
    """
    try:
        if replace:
            path.unlink(missing_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(sheet_pdf(sheet))
    except OSError:
        raise SheetNotWritten from None


def prove_at_founding(clinic: Clinic, recovery: RecoveryKey) -> bool:
    """Keep when the founder showed that the sheet is on paper; it is in the trail first.

    Call it once the founder typed what was asked for from the paper.
    """
    why = "recovery sheet: read back at the founding"
    clinic.trail.append(Entry(EventKind.STORE_CHECKED, PROGRAM, why=why))
    return clinic.practice.proves_recovery(recovery, clock=clinic.clock)


@cache
def load_fonts() -> None:
    """Let pages be set in the typeface of the windows."""
    for name, file in (("Paper", "Inter-Regular.ttf"), ("PaperBold", "Inter-SemiBold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(resource_path("fonts", "paper", file))))


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
    for title, words in _STEPS:
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
