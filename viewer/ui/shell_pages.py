"""Sheets that an action opens in the shell: one row each, so that the shell need not know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import attrs
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from viewer.ui.shell import Shell


@attrs.frozen
class SheetPage:
    """The title of a sheet, and who makes its content for the shell it opens in.

    A content with a method `drop` is told when the sheet closes: it forgets what it holds.
    """

    title: str
    make: Callable[[Shell], QWidget]
    wide: bool = True


Pages = Mapping[str, SheetPage]
"""By the id of the action that opens it."""


def open_page(shell: Shell, page: SheetPage) -> None:
    """Open a page as a sheet."""
    panel = page.make(shell)
    sheet = shell.open_sheet(shell.tr(page.title), panel, wide=page.wide)
    drop = getattr(panel, "drop", None)
    if drop is not None:
        sheet.closed.connect(drop)
