"""The tour's way through photos and files: asked about, and a document looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtGui import QColor, QImage, QPainter

from viewer.ui.photo_sheet import PhotoSheet
from viewer.ui.shell import Shell
from viewer.ui.tour import Step


def photo_steps(shell: Shell, scratch: Path) -> Iterator[Step]:
    """Open the sheet for photos, empty and with two pictures."""
    shell.actions_bar.by_id["photos"].trigger()
    sheet = shell.sheets[-1].content
    if isinstance(sheet, PhotoSheet):
        yield Step("photos-empty")
        sheet.look_at([_painted(scratch, "first", 140), _painted(scratch, "second", 190)])
        yield Step("photos", lambda: len(sheet.list.photos) == 2)
        sheet.person.find_another()
        yield Step("photos-whose")
    shell.sheets[-1].close_sheet()


def _painted(folder: Path, name: str, red: int) -> Path:
    """Write a picture as a phone would: of nobody."""
    image = QImage(900, 600, QImage.Format.Format_RGB32)
    image.fill(QColor(red, red // 2, red // 2))
    painter = QPainter(image)
    painter.setBrush(QColor(239, 230, 210))
    for tooth in range(8):
        painter.drawRoundedRect(110 + tooth * 86, 200 + abs(tooth * 2 - 7) * 6, 78, 170, 30, 40)
    painter.end()
    path = folder / f"{name}.png"
    image.save(str(path))
    return path
