"""The recovery key on screen, this once: groups and code, and its way onto paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from viewer.model.errors import BitewingError
from viewer.ui.folder_dialog import ask_where_to_save
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.qr import QrPicture
from viewer.ui.parts.words import Words, box, column, row
from viewer.ui.ports import RecoveryKey

if TYPE_CHECKING:
    from viewer.app.recovery_sheet import RecoverySheet

_COLUMNS = 4
_MODULE_PX = 4


def sheet_of(key: RecoveryKey) -> RecoverySheet:
    """Return what is printed; made here, today."""
    from viewer.app.recovery_sheet import RecoverySheet

    return RecoverySheet(key.practice_name, key.groups, datetime.now().astimezone().date())


class RecoveryCard(QWidget):
    """Numbered groups, the QR code, what the checksum does, and buttons for paper.

    Saving asks where and says that the file is the key in plain; printing leaves no file here.
    """

    def __init__(self, key: RecoveryKey) -> None:
        super().__init__()
        self._sheet: RecoverySheet | None = sheet_of(key)
        layout = column(self, gap=3)
        layout.addWidget(self._make_groups(key))
        layout.addLayout(self._make_code())
        self.message = Banner()
        layout.addWidget(self.message)

    def _make_groups(self, key: RecoveryKey) -> QWidget:
        card = box("card")
        grid = QGridLayout(card)
        grid.setContentsMargins(20, 14, 20, 14)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        self.words: list[Words] = []
        for place, group in enumerate(key.groups):
            cell = row(gap=2)
            number = Words(str(place + 1), "small")
            number.setFixedWidth(18)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            cell.addWidget(number)
            self.words.append(Words(group, "code"))
            cell.addWidget(self.words[-1], 1)
            grid.addLayout(cell, place // _COLUMNS, place % _COLUMNS)
        return card

    def _make_code(self) -> QHBoxLayout:
        from viewer.app.recovery_sheet import qr_rows

        line = row(gap=4)
        self.code = QrPicture(self.tr("The recovery key as a QR code"), _MODULE_PX)
        if self._sheet is not None:
            self.code.show_modules(qr_rows(self._sheet.text))
        line.addWidget(self.code, 0, Qt.AlignmentFlag.AlignTop)
        beside = column(gap=2)
        words = self.tr(
            "The last groups check the others: a wrong character is noticed before anything is "
            "tried. The code holds the same key, for a scanner."
        )
        beside.addWidget(Words(words, "soft", wrap=True))
        self.print = touchable(button(self.tr("Print…"), self.ask_printer))
        self.save = touchable(button(self.tr("Save as PDF…"), self.ask_where))
        beside.addWidget(self.print)
        beside.addWidget(self.save)
        beside.addStretch(1)
        line.addLayout(beside, 1)
        return line

    # --- paper -------------------------------------------------------------------------------

    def ask_where(self) -> None:
        """Ask where the file goes, after saying what it is."""
        words = self.tr(
            "The file is the key in plain: whoever reads it opens the store. Put it on a medium "
            "that you lock away, or print it and delete it."
        )
        choose = (self.tr("Choose a place"), self._choose_place)
        self.message.say(words, "doubt", choose)
        self.message.do_button.setFocus()

    def _choose_place(self) -> None:
        name = self.tr("Recovery sheet") + ".pdf"
        ask_where_to_save(self, self.tr("Save the recovery sheet"), name, self.save_to)

    def save_to(self, path: Path) -> None:
        """Write the file, readable by this account alone."""
        from viewer.app.recovery_sheet import write_sheet

        def write(sheet: RecoverySheet) -> None:
            write_sheet(path, sheet, replace=True)

        words = self.tr("Saved. Print it and delete the file, or lock its medium away.")
        self._try(write, words)

    def ask_printer(self) -> None:
        """Ask for a printer; nothing stays here."""
        from viewer.ui.print_sheet import ask_printer

        if self._sheet is not None:
            ask_printer(self, self._sheet, self._on_printed)

    def _on_printed(self) -> None:
        words = self.tr("Sent to the printer. Fetch it yourself: printers keep what they printed.")
        self.message.say(words, "accent")

    def _try(self, what: Callable[[RecoverySheet], None], words: str) -> None:
        if self._sheet is None:
            return
        try:
            what(self._sheet)
        except BitewingError as fault:
            self.message.say(error_words(fault), "danger")
        else:
            self.message.say(words, "verified")

    def forget(self) -> None:
        """Take it off the screen."""
        self._sheet = None
        self.code.wipe()
        for words in self.words:
            words.clear()
