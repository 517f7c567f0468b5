"""The sheet for photos and files inside the shell: opened, given files, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from viewer.ui.photo_ports import PhotoDesk
from viewer.ui.photo_sheet import PhotoSheet
from viewer.ui.ports import ImportSummary

if TYPE_CHECKING:
    from viewer.ui.shell import Shell


def make_photo_sheet(shell: Shell, desk: PhotoDesk) -> PhotoSheet:
    """Return the sheet's content for whoever is open in the shell."""
    sheet = PhotoSheet(desk, shell.patient)

    def ended(summary: ImportSummary) -> None:
        for each in [each for each in shell.sheets if each.content is sheet]:
            each.close_sheet()
        shell.refresh()
        shell.imports.show_summary(summary)

    sheet.stored.connect(ended)
    return sheet


def take_files(shell: Shell, paths: Sequence[Path]) -> bool:
    """Open the sheet for dropped files if all of them are for it; return whether it was."""
    from viewer.ui.shell_pages import open_page

    page = shell.practice.pages.get("photos")
    if page is None or not paths or not all(is_for_the_sheet(path) for path in paths):
        return False
    open_page(shell, page)
    content = shell.sheets[-1].content
    if isinstance(content, PhotoSheet):
        content.look_at(paths)
    return True


def is_for_the_sheet(path: Path) -> bool:
    """Whether a file's name is one of those that name nobody; its content is looked at later."""
    return path.suffix.lower() in _SUFFIXES and not path.is_dir()


_SUFFIXES = frozenset(
    (
        ".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".heic",
        ".heif", ".hif", ".stl", ".ply", ".obj", ".pdf",
    )
)  # fmt: skip
