"""The sealed code for the officer: is there one, make one, print it, do without."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from viewer.model.errors import BitewingError
from viewer.ui.emergency_ports import CodePaper, Emergencies, Work
from viewer.ui.folder_dialog import ask_where_to_save
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.messages import Banner, error_words, picture
from viewer.ui.parts.words import Words, box, clear_layout, column, row
from viewer.ui.wording import when_words

_COLUMNS = 3


class CodePanel(QWidget):
    """The content of a sheet. A fresh code is on it once; closing it forgets the code."""

    def __init__(self, port: Emergencies) -> None:
        super().__init__()
        self._port = port
        self._running: Work | None = None
        self._paper: CodePaper | None = None
        self._words: list[Words] = []
        self.setFixedWidth(600)
        layout = column(self, margin=5, gap=4)
        words = self.tr(
            "A code in a sealed envelope, for when images are needed at once and nobody here can "
            "log in. It shows images for 30 minutes, works once, and its use is announced."
        )
        layout.addWidget(Words(words, "lead-soft", wrap=True))
        state = row(gap=3)
        self.icon = picture("key", "text_soft", 24)
        self.state = Words("", "strong", wrap=True)
        state.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self.state, 1)
        layout.addLayout(state)
        self._place = column(gap=3)
        layout.addLayout(self._place)
        self.message = Banner(can_close=False)
        layout.addWidget(self.message)
        foot = row(gap=2)
        self.tear_up = touchable(button(self.tr("Destroy it"), self.destroy_code, "danger"))
        self.save = touchable(button(self.tr("Save the sheet to print…"), self.ask_where))
        self.make = touchable(button(self.tr("Make a code"), self.make_code, "primary"))
        foot.addWidget(self.tear_up)
        foot.addStretch(1)
        foot.addWidget(self.save)
        foot.addWidget(self.make)
        layout.addLayout(foot)
        self.setFocusProxy(self.make)
        self.refresh()

    def refresh(self) -> None:
        """Say whether there is one."""
        since = self._port.code_since()
        if since is None:
            self.icon.set_icon("warning", "doubt")
            self.state.setText(self.tr("There is no sealed code."))
        else:
            self.icon.set_icon("check", "verified")
            when = when_words(since)
            self.state.setText(self.tr("There is a sealed code, made {when}.").format(when=when))
        self.tear_up.setVisible(since is not None and self._paper is None)
        self.save.setVisible(self._paper is not None)
        words = self.tr("Make a code") if since is None else self.tr("Replace it")
        self.make.setText(words)
        self.make.setVisible(self._paper is None)

    def make_code(self) -> None:
        """Make one; the one before opens nothing any more."""
        self._set_busy(True)
        self._running = self._port.make_code(self._show_paper, self._on_fault)

    def destroy_code(self) -> None:
        """Do without."""
        self._set_busy(True)
        self._running = self._port.destroy_code(self._on_destroyed, self._on_fault)

    def ask_where(self) -> None:
        """Ask where to write the sheet."""
        ask_where_to_save(self, self.tr("Save the sheet"), "emergency-sheet.pdf", self._save_to)

    def _save_to(self, path: Path) -> None:
        if self._paper is None:
            return
        try:
            self._port.save_sheet(self._paper, path)
        except BitewingError as fault:
            self.message.say(error_words(fault), "danger")
            return
        words = self.tr(
            "Saved. The file is the code in plain: print it, seal it in an envelope with the label "
            "outside, then delete the file."
        )
        self.message.say(words, "doubt")

    def _show_paper(self, paper: CodePaper) -> None:
        self._set_busy(False)
        self._paper = paper
        clear_layout(self._place)
        card = box("inset")
        grid = QGridLayout(card)
        grid.setContentsMargins(20, 16, 20, 16)
        grid.setSpacing(12)
        for place, group in enumerate(paper.groups):
            cell = row(gap=2)
            number = Words(str(place + 1), "small")
            number.setFixedWidth(18)
            cell.addWidget(number)
            self._words.append(Words(group, "code"))
            cell.addWidget(self._words[-1], 1)
            grid.addLayout(cell, place // _COLUMNS, place % _COLUMNS)
        self._place.addWidget(card)
        words = self.tr("Shown this once. Print the sheet, or write the groups down by hand.")
        self._place.addWidget(Words(words, "soft", wrap=True))
        self.refresh()
        self.save.setFocus()

    def _on_destroyed(self, was_there: bool) -> None:
        self._set_busy(False)
        words = self.tr("It opens nothing any more. Tear the sheet up.")
        self.message.say(words if was_there else self.tr("There was none."), "verified")
        self.refresh()

    def _on_fault(self, fault: Exception) -> None:
        self._set_busy(False)
        self.message.say(error_words(fault), "danger")

    def _set_busy(self, busy: bool) -> None:
        if not busy:
            self._running = None
        self.message.hide()
        self.make.setEnabled(not busy)
        self.tear_up.setEnabled(not busy)

    def drop(self) -> None:
        """Forget the code, and what is under way."""
        self._paper = None
        for words in self._words:
            words.clear()
        self._words.clear()
        clear_layout(self._place)
        if self._running is not None:
            self._running.drop()
            self._running = None
