"""Who saw and did what: the verification on top, a day ribbon, filters, a table, a sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

import attrs
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHeaderView, QScrollArea, QTableView, QWidget

from viewer.model.ids import UserId
from viewer.ui.day_ribbon import DayRibbon
from viewer.ui.parts.buttons import button
from viewer.ui.parts.flow import FlowLayout
from viewer.ui.parts.messages import error_words, picture
from viewer.ui.parts.words import Words, box, column, restyle, row
from viewer.ui.ports import Running, Trail, TrailEntry, TrailFilter, TrailVerdict
from viewer.ui.trail_model import ENTRY, TrailModel

_WIDTHS = (180, 170, 150, 260, 220, 100)
_NARROW_WIDTHS = (182, 130, 126, 200, 100, 76)
_NARROW_PX, _LOW_PX = 1000, 560
"""Smaller than this the table gets the room, and days and rows of filters give way."""

_SCROLL_BAR_PX = 14
_CHIP_ROW_PX = 42


class TrailPanel(QWidget):
    """The content of a wide sheet."""

    def __init__(self, trail: Trail) -> None:
        super().__init__()
        self._trail = trail
        self._wanted = TrailFilter()
        self._running: Running | None = None
        layout = column(self, gap=3)
        layout.setContentsMargins(20, 16, 20, 16)
        self.verdict = VerdictCard()
        self.verdict.verify_wanted.connect(self.verify)
        layout.addWidget(self.verdict)
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
        foot.addWidget(picture("info", "text_soft"), 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self.sentence, 1)
        self.count = Words("", "small")
        foot.addWidget(self.count, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._foot)
        self.verdict.show_verdict(trail.last_verdict())
        self.setFocusProxy(self.table)
        self._list_again()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give a small window to the table."""
        super().resizeEvent(event)
        is_low = self.height() < _LOW_PX
        self.ribbon.setHidden(is_low)
        wanted = self._flow.heightForWidth(self._chips.width() - _SCROLL_BAR_PX)
        self._chips.setFixedHeight(min(wanted, _CHIP_ROW_PX) if is_low else wanted)
        widths = _NARROW_WIDTHS if self.width() < _NARROW_PX else _WIDTHS
        for place, width in enumerate(widths):
            self.table.setColumnWidth(place, width)

    def _make_chips(self) -> QScrollArea:
        holder = QWidget()
        self._flow = flow = FlowLayout(holder)
        for kind in self._trail.kinds():
            flow.addWidget(self._chip(kind, partial(self._set_kind, kind)))
        for user in self._trail.users():
            made = self._chip(user.display_name, partial(self._set_user, user.id))
            flow.addWidget(made)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(holder)
        return scroll

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
        self.model.show_entries(self._wanted)
        self.ribbon.show_counts(self._trail.day_counts(attrs.evolve(self._wanted, day=None)))
        self.count.setText(self.tr("{count} entries").format(count=self.model.rowCount()))

    def verify(self) -> None:
        """Check the whole chain."""
        self.verdict.show_busy()
        self._running = self._trail.verify(self.verdict.show_verdict, self._on_fault)

    def _on_fault(self, fault: Exception) -> None:
        self.verdict.show_fault(error_words(fault))

    def drop(self) -> None:
        """Wait for nothing any more."""
        if self._running is not None:
            self._running.drop()


class VerdictCard(QFrame):
    """Green when the chain is whole, red when it is not, and never green without a check."""

    verify_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        layout = row(self, gap=3)
        layout.setContentsMargins(16, 10, 12, 10)
        self._good = picture("shield", "verified", 28)
        self._bad = picture("shield-warning", "danger", 28)
        layout.addWidget(self._good)
        layout.addWidget(self._bad)
        words = column(gap=0)
        self.title = Words("", "strong")
        self.words = Words("", "soft", wrap=True)
        words.addWidget(self.title)
        words.addWidget(self.words)
        layout.addLayout(words, 1)
        self.verify_button = button(self.tr("Verify now"), self.verify_wanted.emit)
        layout.addWidget(self.verify_button)

    def show_verdict(self, verdict: TrailVerdict | None) -> None:
        """Say what the last check found."""
        self.verify_button.setEnabled(True)
        self.verify_button.setText(self.tr("Verify now"))
        if verdict is None:
            words = self.tr("Checking every entry takes some seconds.")
            self._dress("inset", self.tr("Not verified yet"), words)
            return
        facts = [verdict.words]
        if verdict.checked:
            when = verdict.checked.astimezone().strftime("%Y-%m-%d %H:%M")
            facts.append(self.tr("Checked {when}.").format(when=when))
        if verdict.outside_head:
            facts.append(self.tr("Last head outside: {place}.").format(place=verdict.outside_head))
        title = (
            self.tr("The trail is whole") if verdict.is_whole else self.tr("The trail was changed")
        )
        self._dress("verified" if verdict.is_whole else "danger", title, " ".join(facts))

    def show_busy(self) -> None:
        """Say that it is being checked."""
        self.verify_button.setEnabled(False)
        self.verify_button.setText(self.tr("Verifying…"))

    def show_fault(self, words: str) -> None:
        """Say that it could not be checked."""
        self.verify_button.setEnabled(True)
        self.verify_button.setText(self.tr("Verify now"))
        self._dress("danger", self.tr("Could not be verified"), words)

    def _dress(self, surface: str, title: str, words: str) -> None:
        self.setProperty("surface", surface)
        self._good.setVisible(surface == "verified")
        self._bad.setVisible(surface == "danger")
        self.title.setText(title)
        self.words.setText(words)
        restyle(self)
