"""The recovery sheet on a printer, as its PDF looks, without a file in between."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMarginsF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPageLayout, QPageSize, QPainter, QPdfWriter, QPen
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QWidget

from viewer.app.recovery_sheet import RecoverySheet, qr_rows, steps
from viewer.ui.wording import tr

_EDGE_MM, _QR_MM, _QUIET, _COLUMNS = 20.0, 58.0, 4, 4
_FRAME_MM = _QR_MM + 12
_SOFT, _LINE, _ALARM = QColor("#4a4f57"), QColor("#b9bec6"), QColor("#a3161f")


def ask_printer(parent: QWidget, sheet: RecoverySheet, on_printed: Callable[[], None]) -> None:
    """Ask for a printer without a nested loop, and print one page."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    printer.setDocName("Bitewing")  # the printer's log keeps it
    dialog = QPrintDialog(printer, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def go() -> None:
        print_on(printer, sheet)
        on_printed()

    dialog.accepted.connect(go)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.show()


def print_on(device: QPrinter | QPdfWriter, sheet: RecoverySheet) -> None:
    """Paint the sheet on one page of A4."""
    device.setPageMargins(QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Millimeter)
    painter = QPainter(device)
    painter.scale(device.logicalDpiX() / 25.4, device.logicalDpiY() / 25.4)  # millimetres from here
    page = _Page(painter)
    try:
        page.draw(sheet)
    finally:
        painter.end()


class _Page:
    def __init__(self, painter: QPainter) -> None:
        self._painter = painter

    def draw(self, sheet: RecoverySheet) -> None:
        self._words(tr("Recovery sheet"), (_EDGE_MM, 20), 8.5, bold=True)
        self._words(sheet.practice_name, (_EDGE_MM, 31), 4.2, _SOFT)
        made = f"{sheet.made_on:%d %B %Y}"
        self._words(tr("Made on {day}").format(day=made), (130, 31), 4.2, _SOFT, right=True)
        alarm = tr("Secret. Do not copy, photograph or send it. Keep it locked.")
        self._words(alarm, (_EDGE_MM, 39), 3.7, _ALARM, bold=True)
        self._painter.setPen(QPen(_LINE, 0.3))
        self._painter.drawRoundedRect(QRectF(_EDGE_MM, 48, 170, _FRAME_MM), 3, 3)
        self._groups(sheet.groups)
        self._code(sheet.text)
        top = 48 + _FRAME_MM + 10
        for title, words in steps():
            self._words(title, (_EDGE_MM, top), 3.9, bold=True)
            top += 6 + self._words(words, (_EDGE_MM, top + 5.5), 3.5, _SOFT) + 3

    def _groups(self, groups: tuple[str, ...]) -> None:
        step = _QR_MM / -(-len(groups) // _COLUMNS)
        for place, group in enumerate(groups):
            x = _EDGE_MM + 6 + (place % _COLUMNS) * 23.5
            y = 54 + (place // _COLUMNS) * step
            self._words(str(place + 1), (x, y), 2.7, _SOFT)
            self._words(group, (x, y + 4), 5.6, bold=True, family="Courier")

    def _code(self, text: str) -> None:
        rows = qr_rows(text)
        module = _QR_MM / (len(rows) + 2 * _QUIET)
        for down, line in enumerate(rows):
            for across, is_dark in enumerate(line):
                if is_dark:
                    left = 190 - 6 - _QR_MM + (across + _QUIET) * module
                    area = QRectF(left, 54 + (down + _QUIET) * module, module * 1.01, module * 1.01)
                    self._painter.fillRect(area, Qt.GlobalColor.black)

    def _words(
        self,
        words: str,
        at: tuple[float, float],
        size_mm: float,
        colour: QColor = QColor("black"),  # noqa: B008 - never changed
        *,
        bold: bool = False,
        right: bool = False,
        family: str = "",
    ) -> float:
        """Draw words with the given height of letters; return how far down they went, in mm."""
        font = QFont(self._painter.font())
        if family:
            font.setFamily(family)
            font.setStyleHint(QFont.StyleHint.Monospace)
        font.setPixelSize(100)  # scaled below: a font cannot be 4 px large and look well
        font.setBold(bold)
        scale = size_mm / 100
        painter = self._painter
        painter.save()
        painter.translate(at[0], at[1])
        painter.scale(scale, scale)
        painter.setFont(font)
        painter.setPen(colour)
        width = (190 - at[0]) / scale
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        flags = int(side) | int(Qt.TextFlag.TextWordWrap)
        drawn = painter.drawText(QRectF(0, 0, width, 4000), flags, words)
        painter.restore()
        return float(drawn.height()) * scale
