"""The right side of the share page: purpose, recipient, doubts, what leaves, one button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from viewer.app.jobs import Progress
from viewer.ui.parts.buttons import button
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import Banner
from viewer.ui.parts.words import Words, box, clear_layout, column, row, rule
from viewer.ui.ports import Doubt, Purpose, SharePlan

_WIDTH = 360
_MARGIN = 20
_TAG_DIGITS = 8
_FATES = ("kept", "changed", "removed")


class ShareSide(QWidget):
    """What a person decides, and what follows from it."""

    purpose_changed = Signal()
    recipient_changed = Signal()
    tags_wanted = Signal(str)
    doubt_looked_at = Signal(str)
    seal_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self, purposes: Sequence[Purpose]) -> None:
        super().__init__()
        self._purposes = tuple(purposes)
        self._plan: SharePlan | None = None
        self._is_busy = False
        self.doubt_boxes: list[QCheckBox] = []
        self.setFixedWidth(_WIDTH)
        outer = column(self, gap=0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        self._body = column(body, gap=4)
        self._body.setContentsMargins(_MARGIN, 16, _MARGIN, 16)
        self._add_choices(self._body)
        self._doubts = column(gap=2)
        self._body.addLayout(self._doubts)
        self._leaves = column(gap=2)
        self._body.addLayout(self._leaves)
        self._body.addStretch(1)
        scroll.setWidget(body)
        outer.addWidget(scroll, 1)
        outer.addWidget(rule())
        outer.addWidget(self._make_foot())
        self.show_plan(None)

    def _add_choices(self, layout: QVBoxLayout) -> None:
        self.purpose = QComboBox()
        self.purpose.setProperty("target", "touch")
        for purpose in self._purposes:
            self.purpose.addItem(purpose.title, purpose.id)
        self.purpose.currentIndexChanged.connect(lambda _: self.purpose_changed.emit())
        self.purpose_words = Words("", "soft", wrap=True)
        self.recipient = line(self.tr("e.g. Dr. Castellano, oral surgery"))
        self.recipient.textChanged.connect(self._look)
        self.recipient.editingFinished.connect(self.recipient_changed)
        layout.addWidget(labelled(self.tr("Purpose"), self.purpose))
        layout.addWidget(self.purpose_words)
        layout.addWidget(labelled(self.tr("Recipient"), self.recipient))

    def _make_foot(self) -> QWidget:
        foot = QWidget()
        layout = column(foot, gap=2)
        layout.setContentsMargins(_MARGIN, 12, _MARGIN, 16)
        self.error = Banner()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.why = Words("", "small", wrap=True)
        self.go = button("", self.seal_wanted.emit, "primary")
        self.cancel = button(self.tr("Cancel"), self.cancel_wanted.emit, "quiet")
        self.cancel.hide()
        for part in (self.error, self.bar, self.why, self.go, self.cancel):
            layout.addWidget(part)
        return foot

    @property
    def purpose_id(self) -> str:
        """The purpose chosen."""
        return str(self.purpose.currentData())

    @property
    def acknowledged(self) -> list[str]:
        """The doubts that a person has looked at."""
        if self._plan is None:
            return []
        pairs = zip(self._plan.doubts, self.doubt_boxes, strict=True)
        return [doubt.id for doubt, ticked in pairs if ticked.isChecked()]

    @property
    def can_seal(self) -> bool:
        """Whether nothing is missing."""
        return not self._missing() and not self._is_busy

    def show_plan(self, plan: SharePlan | None) -> None:
        """Show what would leave."""
        self._plan = plan
        self.error.hide()
        clear_layout(self._doubts)
        clear_layout(self._leaves)
        self.doubt_boxes = []
        self.purpose_words.setText(plan.purpose.words if plan else "")
        if plan is not None:
            for doubt in plan.doubts:
                self._doubts.addWidget(self._make_doubt(doubt))
            self._show_leaves(plan)
        self._look()

    def _make_doubt(self, doubt: Doubt) -> QWidget:
        frame = box("doubt")
        layout = column(frame, gap=1)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.addWidget(Words(doubt.words, "doubt", wrap=True))
        line = row(gap=2)
        ticked = QCheckBox(self.tr("I have looked"))
        ticked.toggled.connect(self._look)
        self.doubt_boxes.append(ticked)
        line.addWidget(ticked, 1)
        if doubt.image_id:
            look = button(
                self.tr("Show"),
                lambda: self.doubt_looked_at.emit(doubt.image_id),
                "link",
                touch=True,
            )
            line.addWidget(look)
        layout.addLayout(line)
        return frame

    def _show_leaves(self, plan: SharePlan) -> None:
        self._leaves.addWidget(Words(self.tr("STAYS READABLE"), "section"))
        if not plan.identity:
            self._leaves.addWidget(Words(self.tr("Nothing that names the patient"), "verified"))
        for name, value in plan.identity:
            pair = row(gap=2)
            pair.addWidget(Words(name, "soft"))
            shown = Words(value, "body", wrap=True)
            shown.setAlignment(Qt.AlignmentFlag.AlignRight)
            pair.addWidget(shown, 1)
            self._leaves.addLayout(pair)
        self._leaves.addSpacing(8)
        self._leaves.addWidget(Words(self.tr("HEADER ELEMENTS"), "section"))
        counts = row(gap=2)
        for fate, words in zip(
            _FATES, (self.tr("kept"), self.tr("changed"), self.tr("removed")), strict=True
        ):
            number = sum(tag.count for tag in plan.tags if tag.fate == fate)
            counts.addWidget(self._make_count(number, words, fate))
        self._leaves.addLayout(counts)

    def _make_count(self, number: int, words: str, fate: str) -> QPushButton:
        made = button(f"{number} {words}", lambda: self.tags_wanted.emit(fate), "count")
        made.setToolTip(self.tr("List them"))
        return made

    def _missing(self) -> str:
        if self._plan is None:
            return self.tr("Choose at least one image.")
        if not self.recipient.text().strip():
            return self.tr("Say who gets them.")
        if len(self.acknowledged) < len(self._plan.doubts):
            return self.tr("Look at each doubt first.")
        return ""

    def _look(self) -> None:
        count = len(self._plan.images) if self._plan else 0
        whom = self.recipient.text().strip() or self.tr("…")
        words = (
            self.tr("Seal 1 image for {whom}")
            if count == 1
            else self.tr("Seal {count} images for {whom}")
        )
        whole = words.format(count=count, whom=whom)
        room = _WIDTH - 2 * _MARGIN - 48
        elided = self.go.fontMetrics().elidedText(whom, Qt.TextElideMode.ElideRight, room)
        is_long = self.go.fontMetrics().horizontalAdvance(whole) > room
        whom_below = f"\n{elided}" if is_long else whom
        self.go.setText(words.format(count=count, whom=whom_below))
        self.go.setMinimumHeight(60 if is_long else 44)
        self.go.setToolTip(whole)
        self.go.setAccessibleName(whole)
        self.why.setText(self._missing())
        self.why.setVisible(bool(self._missing()))
        self.go.setEnabled(self.can_seal)

    def set_busy(self, busy: bool) -> None:
        """Show that it is being sealed."""
        self._is_busy = busy
        self.bar.setVisible(busy)
        self.bar.setRange(0, 0)
        self.cancel.setVisible(busy)
        self.purpose.setEnabled(not busy)
        self.recipient.setEnabled(not busy)
        self.error.hide()
        self._look()

    def show_progress(self, progress: Progress) -> None:
        """Move the bar."""
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)

    def show_fault(self, words: str) -> None:
        """Say why it was not sealed."""
        self.error.say(words or self.tr("Cancelled. Nothing left this computer."), "danger")


class TagTable(QWidget):
    """Header elements of one fate, with their old and new values."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._plan: SharePlan | None = None
        layout = column(self, gap=2)
        layout.setContentsMargins(16, 12, 16, 16)
        head = row(gap=2)
        self.title = Words("", "name")
        head.addWidget(self.title, 1)
        head.addWidget(button(self.tr("Back to the image"), self.closed.emit, "link", touch=True))
        layout.addLayout(head)
        self.table = QTableWidget(0, 4)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setHorizontalHeaderLabels(
            [self.tr("Element"), self.tr("Name"), self.tr("Now"), self.tr("As it leaves")]
        )
        self.table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        head_row = self.table.horizontalHeader()
        head_row.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        head_row.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.table.setColumnWidth(0, 116)
        self.table.verticalHeader().setDefaultSectionSize(36)
        self.table.setAccessibleName(self.tr("Header elements"))
        layout.addWidget(self.table, 1)

    def show_plan(self, plan: SharePlan) -> None:
        """Remember whose elements to list."""
        self._plan = plan

    def show_fate(self, fate: str) -> None:
        """List "kept", "changed" or "removed"."""
        rows = [tag for tag in self._plan.tags if tag.fate == fate] if self._plan else []
        self.title.setText(
            {
                "kept": self.tr("Kept as they are"),
                "changed": self.tr("Changed"),
                "removed": self.tr("Removed"),
            }[fate]
        )
        self.table.setRowCount(len(rows))
        for place, tag in enumerate(rows):
            gone = "—" if fate == "removed" else tag.new
            cells = (tag_words(tag.tag), tag.name, tag.old, gone)
            for column_number, words in enumerate(cells):
                cell = QTableWidgetItem(words)
                cell.setToolTip(words)
                self.table.setItem(place, column_number, cell)


def tag_words(tag: str) -> str:
    """Return a tag as the standard writes it.

    >>> tag_words("00081030")
    '(0008,1030)'
    """
    return f"({tag[:4]},{tag[4:]})" if len(tag) == _TAG_DIGITS else tag
