"""Who saw and did what: the verification on top, a day ribbon, filters, a table, a sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import attrs
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QPushButton, QScrollArea, QTableView, QWidget

from viewer.app.jobs import Progress
from viewer.model.ids import UserId
from viewer.ui.day_ribbon import DayRibbon
from viewer.ui.folder_dialog import ask_where_to_save
from viewer.ui.parts.buttons import button
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.messages import picture
from viewer.ui.parts.words import Words, box, column, row
from viewer.ui.ports import Trail, TrailEntry, TrailExport, TrailFilter
from viewer.ui.trail_model import ENTRY, TrailModel
from viewer.ui.trail_verdict import VerdictCard
from viewer.ui.trail_work import WorkBar

_WIDTHS = (180, 170, 150, 260, 220, 100)
_NARROW_WIDTHS = (182, 130, 126, 200, 100, 76)
_NARROW_PX, _LOW_PX = 1000, 560
"""Smaller than this the table gets the room, and days and rows of filters give way."""

_FORMATS = (("csv", "CSV"), ("jsonl", "JSON"), ("fhir", "FHIR"))
_SCROLL_BAR_PX = 14
_CHIP_ROW_PX = 42


class TrailPanel(QWidget):
    """The content of a wide sheet."""

    def __init__(self, trail: Trail) -> None:
        super().__init__()
        self._trail = trail
        self._wanted = TrailFilter()
        self._is_open = False
        layout = column(self, gap=3)
        layout.setContentsMargins(20, 16, 20, 16)
        self.verdict = VerdictCard()
        self.verdict.verify_wanted.connect(self.verify)
        layout.addWidget(self.verdict)
        self.work = WorkBar()
        layout.addWidget(self.work)
        self.ribbon = DayRibbon()
        self.ribbon.chosen.connect(self._set_day)
        layout.addWidget(self.ribbon)
        self._chips = self._make_chips()
        layout.addWidget(self._chips)
        self.model = TrailModel(trail)
        self.table = self._make_table()
        layout.addWidget(self.table, 1)
        self.sentence = Words(
            self.tr("Choose an entry to read it as a sentence."), "soft", wrap=True
        )
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._foot = box("inset")
        foot = row(self._foot, margin=3, gap=3)
        foot.addWidget(picture("info", "text_soft"), 0, Qt.AlignmentFlag.AlignVCenter)
        foot.addWidget(self.sentence, 1)
        self.count = Words("", "small")
        foot.addWidget(self.count, 0, Qt.AlignmentFlag.AlignVCenter)
        self.export_buttons = [self._export_button(*each) for each in _FORMATS]
        for each in self.export_buttons:
            foot.addWidget(each, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self._foot)
        self.verdict.show_verdict(trail.last_verdict())
        self.setFocusProxy(self.table)
        self.work.begin(self.tr("Reading the trail…"), trail.open, self._on_open, self._on_progress)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give a small window to the table."""
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        is_low = self.height() < _LOW_PX
        self.ribbon.setHidden(is_low or not self._is_open)
        wanted = self._flow.heightForWidth(self._chips.width() - _SCROLL_BAR_PX)
        self._chips.setFixedHeight(min(wanted, _CHIP_ROW_PX) if is_low else wanted)
        widths = _NARROW_WIDTHS if self.width() < _NARROW_PX else _WIDTHS
        for place, width in enumerate(widths):
            self.table.setColumnWidth(place, width)

    def _make_chips(self) -> QScrollArea:
        holder = QWidget()
        self._flow = FlowLayout(holder)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(holder)
        return scroll

    def _on_progress(self, progress: Progress) -> None:
        """While the trail is read for the first time: what is new stands there already."""
        if self.model.rowCount() == 0:
            self.model.show_entries(self._wanted)

    def _on_open(self, _: None) -> None:
        self._is_open = True
        for kind in self._trail.kinds():
            self._flow.addWidget(self._chip(kind, partial(self._set_kind, kind)))
        for user in self._trail.users():
            self._flow.addWidget(self._chip(user.display_name, partial(self._set_user, user.id)))
        for each in self.export_buttons:
            each.setEnabled(True)
        self._list_again()
        self._lay_out()

    def _chip(self, words: str, on_toggle: Callable[[bool], None]) -> QWidget:
        chip = button(words, lambda: None, "chip")
        chip.setCheckable(True)
        chip.toggled.connect(on_toggle)
        return chip

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setAccessibleName(self.tr("Entries"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(36)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        for place, width in enumerate(_WIDTHS):
            table.setColumnWidth(place, width)
        head.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().currentRowChanged.connect(self._tell)
        return table

    def _tell(self, current: QModelIndex) -> None:
        entry: TrailEntry | None = current.data(ENTRY) if current.isValid() else None
        if entry is not None:
            self.sentence.setText(entry.sentence)
            self.sentence.set_role("body")

    def _set_kind(self, kind: str, on: bool) -> None:
        kinds = self._wanted.kinds | {kind} if on else self._wanted.kinds - {kind}
        self._wanted = attrs.evolve(self._wanted, kinds=kinds)
        self._list_again()

    def _set_user(self, user_id: UserId, on: bool) -> None:
        users = self._wanted.users | {user_id} if on else self._wanted.users - {user_id}
        self._wanted = attrs.evolve(self._wanted, users=users)
        self._list_again()

    def _set_day(self, day: date | None) -> None:
        self._wanted = attrs.evolve(self._wanted, day=day)
        self._list_again()

    def _list_again(self) -> None:
        if not self._is_open:
            return
        self.model.show_entries(self._wanted)
        self.ribbon.show_counts(self._trail.day_counts(attrs.evolve(self._wanted, day=None)))
        self.count.setText(self.tr("{count} entries").format(count=self.model.rowCount()))

    def verify(self, *, is_whole: bool = True) -> None:
        """Check the chain."""
        self.verdict.set_busy(True)
        self.work.begin(
            self.tr("Verifying the trail…"),
            partial(self._trail.verify, is_whole=is_whole),
            self.verdict.show_verdict,
            on_fault=self.verdict.show_fault,
            on_end=partial(self.verdict.set_busy, False),
        )

    def _export_button(self, name: str, words: str) -> QPushButton:
        made = button(self.tr("Export {what}").format(what=words), partial(self._export_as, name))
        made.setToolTip(self.tr("Writes the entries that are listed; the trail notes it."))
        made.setEnabled(False)
        return made

    def _export_as(self, name: str) -> None:
        ending = {"fhir": "json"}.get(name, name)
        file = self.tr("trail.{ending}").format(ending=ending)
        ask_where_to_save(self, self.tr("Export the trail"), file, partial(self.export, name))

    def export(self, name: str, path: Path) -> None:
        """Write what is listed to a file."""
        order = TrailExport(path, name, self._wanted)
        self.work.begin(self.tr("Exporting…"), partial(self._trail.export, order), self.work.say)

    def drop(self) -> None:
        """Wait for nothing any more."""
        self.work.drop()
