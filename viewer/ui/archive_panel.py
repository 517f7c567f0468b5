"""Older parts of the trail: how long they are kept, where they went, whether they are sound."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QPushButton, QWidget

from viewer.app.jobs import Progress
from viewer.ui.archive_ports import OldPart, Parts, TrailArchives
from viewer.ui.folder_dialog import ask_folder
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import Card, Columns, Question, sentence, touchable
from viewer.ui.parts.fields import labelled
from viewer.ui.parts.messages import error_words, picture
from viewer.ui.parts.sheet import Sheet
from viewer.ui.parts.words import Words, box, column, row
from viewer.ui.ports import Running
from viewer.ui.wording import count_words

OpenSheet = Callable[[str, QWidget], Sheet]
_YEARS = (7, 10, 12, 15, 20, 30)


class ArchivePanel(QWidget):
    """The content of a sheet: what is still here, and what was archived; nothing waits in it."""

    def __init__(self, archives: TrailArchives, open_sheet: OpenSheet) -> None:
        super().__init__()
        self._archives, self._open_sheet = archives, open_sheet
        self._running: Running | None = None
        self._folder: Path | None = None
        outer = column(self, gap=0)
        self._columns = Columns()
        self.here = self._make_here()
        self.old = self._make_old()
        self._columns.show_cards([self.here, self.old])
        outer.addWidget(self._columns)
        self.refresh()

    def refresh(self) -> None:
        """Ask which parts there are."""
        self._running = self._archives.parts(self._folder, self._show, self._on_fault)

    def drop(self) -> None:
        """Hear no more of what is under way."""
        if self._running is not None:
            self._running.drop()
            self._running = None

    # --- made once ---------------------------------------------------------------------------

    def _make_here(self) -> Card:
        card = Card(self.tr("On this computer"), "trail")
        least, usual = self._archives.years
        card.body.addWidget(
            sentence(
                self.tr("A part of the trail closes with its year, or with a million entries.")
            )
        )
        card.body.addWidget(
            sentence(self.tr("An archive is proved by itself, and together with what stays here."))
        )
        self.years = QComboBox()
        for years in sorted({least, usual, *(each for each in _YEARS if each > least)}):
            self.years.addItem(self.tr("{years} years").format(years=years), years)
        self.years.setCurrentIndex(self.years.findData(usual))
        self.years.setMinimumHeight(44)
        asked = self.tr("Kept after its last entry, at least {least} years").format(least=least)
        card.body.addWidget(labelled(asked, self.years))
        self.close_first = QCheckBox(self.tr("Close the open part first"))
        self.close_first.setProperty("target", "touch")
        self.close_first.toggled.connect(self._look)
        card.body.addWidget(self.close_first)
        self.archive = card.add_action(
            self.tr("Archive…"),
            self._ask_where,
            tip=self.tr("Move what is closed into a folder, on a disk that is kept safe"),
        )
        card.work.cancelled.connect(self._cancel)
        self._closed = 0
        return card

    def _make_old(self) -> Card:
        card = Card(self.tr("In archives"), "calendar")
        self._rows = column(gap=2)
        card.body.addLayout(self._rows)
        self.check = card.add_action(
            self.tr("Look into a folder…"),
            lambda: self._ask(self.tr("Folder of the archive"), self._check_in),
            tip=self.tr("See whether the archived parts lie there as they were archived"),
        )
        return card

    # --- what happens ------------------------------------------------------------------------

    def _look(self) -> None:
        self.archive.setEnabled(self._closed > 0 or self.close_first.isChecked())

    def _ask(self, title: str, on_folder: Callable[[Path], None]) -> None:
        ask_folder(self, title, on_folder)

    def _ask_where(self) -> None:
        self._ask(self.tr("Where the archive is to be"), self._archive_in)

    def _archive_in(self, folder: Path) -> None:
        self.here.message.hide()
        self.here.show_work(Progress(0, 0, self.tr("Archiving")))
        self._folder = folder
        self._running = self._archives.archive(
            folder,
            int(self.years.currentData()),
            self._on_archived,
            self._on_fault,
            self.here.show_work,
            close=self.close_first.isChecked(),
        )

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _check_in(self, folder: Path) -> None:
        self._folder = folder
        self.refresh()

    def _ask_to_delete(self, part: OldPart) -> None:
        facts = (
            self.tr("Its time ended on {day}.").format(day=part.keep_until.isoformat()),
            self.tr("{entries} go, and nobody can bring them back.").format(
                entries=count_words(part.entries, "entry", "entries")
            ),
            self.tr("A signed note of it stays, so that the trail is still whole."),
        )
        question = Question(
            self.tr("Delete part {number} of the trail for good?").format(number=part.number),
            facts,
            self.tr("Choose its folder and delete"),
        )
        sheet = self._open_sheet(self.tr("Delete a part"), question)
        question.declined.connect(sheet.close_sheet)

        def go_on(_: str) -> None:
            sheet.close_sheet()
            self._ask(self.tr("Folder of the archive"), partial(self._delete, part.number))

        question.confirmed.connect(go_on)

    def _delete(self, number: int, folder: Path) -> None:
        self._folder = folder
        self._running = self._archives.delete(number, folder, self._on_deleted, self._on_fault)

    def _on_archived(self, count: int) -> None:
        self.here.show_work(None)
        self.close_first.setChecked(False)
        words = self.tr("{parts} moved into the archive. Keep that folder safe.")
        self.here.message.say(words.format(parts=count_words(count, "part", "parts")), "verified")
        self.refresh()

    def _on_deleted(self, number: int) -> None:
        words = self.tr("Part {number} is deleted. Its note stays here.").format(number=number)
        self.old.message.say(words, "verified")
        self.refresh()

    def _on_fault(self, fault: Exception) -> None:
        self.here.show_work(None)
        self._look()
        words = error_words(fault)
        if words:
            self.here.message.say(words, "danger")

    def _show(self, parts: Parts) -> None:
        self._running = None
        self._closed = parts.closed
        self.here.show_work(None)
        self.here.show_fact(
            self.tr("{parts} closed; the open one goes on.").format(
                parts=count_words(parts.closed, "part is", "parts are")
            )
            if parts.closed
            else self.tr("No part is closed yet: all entries are in the open one.")
        )
        self._look()
        self._show_old(parts)

    def _show_old(self, parts: Parts) -> None:
        while (gone := self._rows.takeAt(0)) is not None:
            if (widget := gone.widget()) is not None:
                widget.deleteLater()
        there = [part for part in parts.archived if not part.is_deleted]
        unsound = [part for part in there if part.is_sound is False]
        self.check.setEnabled(bool(there))
        if not parts.archived:
            self.old.show_fact(self.tr("Nothing was archived yet."))
        elif unsound:
            words = self.tr("{parts} not in that folder as archived. Look for another copy.")
            many = count_words(len(unsound), "part is", "parts are")
            self.old.show_fact(words.format(parts=many), "danger", "warning")
        elif there and all(part.is_sound for part in there):
            self.old.show_fact(self.tr("All lie in that folder as archived."), "verified", "shield")
        else:
            self.old.show_fact(count_words(len(parts.archived), "part", "parts") + ".")
        for part in parts.archived:
            self._rows.addWidget(self._row(part))

    def _row(self, part: OldPart) -> QFrame:
        frame = box("inset")
        layout = row(frame, margin=3, gap=3)
        icon, token, state = self._state(part)
        layout.addWidget(picture(icon, token, 20), 0, Qt.AlignmentFlag.AlignVCenter)
        words = column(gap=0)
        title = self.tr("Part {number} · {first} to {last}")
        words.addWidget(
            Words(
                title.format(
                    number=part.number,
                    first=part.first_day.isoformat(),
                    last=part.last_day.isoformat(),
                ),
                "strong",
            )
        )
        words.addWidget(Words(f"{count_words(part.entries, 'entry', 'entries')} · {state}", "soft"))
        layout.addLayout(words, 1)
        if part.is_over:
            layout.addWidget(self._delete_button(part))
        return frame

    def _delete_button(self, part: OldPart) -> QPushButton:
        made = touchable(button(self.tr("Delete…"), partial(self._ask_to_delete, part), "quiet"))
        made.setAccessibleName(self.tr("Delete part {number}").format(number=part.number))
        return made

    def _state(self, part: OldPart) -> tuple[str, str, str]:
        until = part.keep_until.isoformat()
        if part.is_deleted:
            return "close", "text_soft", self.tr("deleted when its time was over")
        if part.is_sound is False:
            return "warning", "danger", self.tr("not in that folder as it was archived")
        if part.is_over:
            return "calendar", "doubt", self.tr("its time ended on {day}").format(day=until)
        kept = self.tr("kept until {day}").format(day=until)
        if part.is_sound:
            return "check", "verified", self.tr("sound, {kept}").format(kept=kept)
        return "calendar", "text_soft", kept
