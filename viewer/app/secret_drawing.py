"""A secret on paper: its groups beside its QR code, in one frame. For the sheets that print one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from reportlab.lib.colors import Color, black, white
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from viewer.app.recovery_sheet import qr_rows

_QUIET = 4
_SPACE = 6 * mm


@attrs.frozen
class Look:
    """The typeface and colours of the sheet, and how large code and groups are, in points.

    `above` and `below` are how far a group's number stands above the middle of its row, and the
    group itself below it.
    """

    font: str
    soft: Color
    line: Color
    size: float
    number_size: float
    above: float
    below: float
    code: float
    columns: int

    @property
    def height(self) -> float:
        """How high the frame is."""
        return self.code + 2 * _SPACE


def draw_secret(
    canvas: Canvas,
    groups: Sequence[str],
    text: str,
    left: float,
    top: float,
    width: float,
    look: Look,
) -> None:
    """Draw the groups on the left and the code on the right of one frame, `look.height` high.

    Parameters
    ----------
    text : str
        What the code holds.
    left, top, width : float
        Where the frame is on the page, in points from its lower left corner.
    """
    canvas.setStrokeColor(look.line)
    canvas.setFillColor(white)
    low = top - look.height
    canvas.roundRect(left, low, width, look.height, 3 * mm, stroke=1, fill=1)
    _draw_groups(canvas, groups, left + _SPACE, top - _SPACE, width - look.code - 3 * _SPACE, look)
    _draw_qr(canvas, text, left + width - look.code - _SPACE, low + _SPACE, look.code)


def _draw_groups(
    canvas: Canvas, groups: Sequence[str], left: float, top: float, room: float, look: Look
) -> None:
    rows = -(-len(groups) // look.columns)
    for place, group in enumerate(groups):
        x = left + place % look.columns * room / look.columns
        y = top - (place // look.columns + 0.5) * look.code / rows
        canvas.setFont(look.font, look.number_size)
        canvas.setFillColor(look.soft)
        canvas.drawString(x, y + look.above, str(place + 1))
        canvas.setFont("Courier-Bold", look.size)
        canvas.setFillColor(black)
        canvas.drawString(x, y - look.below, group)


def _draw_qr(canvas: Canvas, text: str, x: float, y: float, side: float) -> None:
    """Draw the code dark on white, with the quiet zone that readers need."""
    rows = qr_rows(text)
    module = side / (len(rows) + 2 * _QUIET)
    size = module * 1.01  # no hairlines between modules
    canvas.setFillColor(white)
    canvas.rect(x, y, side, side, stroke=0, fill=1)
    canvas.setFillColor(black)
    for down, line in enumerate(rows):
        for across, is_dark in enumerate(line):
            if is_dark:
                at, low = x + (across + _QUIET) * module, y + side - (down + _QUIET + 1) * module
                canvas.rect(at, low, size, size, stroke=0, fill=1)
