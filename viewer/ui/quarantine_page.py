"""Files that could not be read safely: what there is and why, once more, or away for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QWidget,
)

from viewer.ui.incoming_ports import AsideRow, Quarantine, RetryOutcome
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import touchable
from viewer.ui.parts.messages import Banner, error_words
from viewer.ui.parts.table import RowsModel
from viewer.ui.parts.words import Words, box, column, row
from viewer.ui.ports import Running
from viewer.ui.review_page import empty_words
from viewer.ui.wording import count_words, isolated, size_words, tr, when_words


class AsideModel(RowsModel[AsideRow]):
    """Columns: file, why, when, by whom, size."""

    def titles(self) -> Sequence[str]:
        """Return five."""
        return tr("File"), tr("Why"), tr("Set aside"), tr("By"), tr("Size")

    def cells(self, row: AsideRow) -> Sequence[str]:
        """Return a file in words."""
        return (
            row.file_name,
            row.reason,
            when_words(row.when) if row.when else "—",
            row.by,
            size_words(row.size_bytes),
        )

    def colour(self, row: AsideRow, column: int) -> str:
        """Return the file's name bright, the rest soft."""
        return "text" if column == 0 else "text_soft"


class QuarantinePanel(QWidget):
    """The content of a sheet: a table, and below it what can be done about the chosen file."""

    def __init__(self, quarantine: Quarantine) -> None:
        super().__init__()
        self._quarantine = quarantine
        self._running: Running | None = None
        self._is_busy = False
        self._to_retry: list[AsideRow] = []
        self._came_in = 0
        self._still = 0
        layout = column(self, margin=5, gap=3)
        self.lead = Words("", "soft", wrap=True)
        self.message = Banner()
        self.model = AsideModel()
        self.table = self._make_table()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        nothing = tr("A file that cannot be read safely is sealed away and listed here.")
        self.pages.addWidget(empty_words(tr("Nothing is set aside"), nothing, "shield"))
        self.detail = self._make_detail()
        for part in (self.lead, self.message):
            layout.addWidget(part)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.detail)
        self._load()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setAccessibleName(tr("Files set aside"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(44)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        for place, width in enumerate((240, 320, 150, 140, 90)):
            table.setColumnWidth(place, width)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().currentRowChanged.connect(self._choose)
        return table

    def _make_detail(self) -> QFrame:
        frame = box("inset")
        layout = column(frame, margin=4, gap=2)
        self.name = Words("", "name")
        self.reason = Words("", "body", wrap=True)
        self.facts = Words("", "soft", wrap=True)
        for part in (self.name, self.reason, self.facts):
            layout.addWidget(part)
        line = row(gap=2)
        self.retry_button = touchable(button(tr("Read again"), self.retry, "primary", "reset"))
        self.all_button = touchable(button(tr("Read all again"), self.retry_all))
        self.discard_button = touchable(button(tr("Throw away…"), self._ask_to_discard, "danger"))
        self.sure_button = touchable(button(tr("Throw away for good"), self.discard, "alarm"))
        self.keep_button = touchable(button(tr("Keep it"), self._stop_asking, "quiet"))
        self._usual = (self.retry_button, self.all_button, self.discard_button)
        self._asking = (self.sure_button, self.keep_button)
        for made in (self.retry_button, self.all_button):
            line.addWidget(made)
        line.addStretch(1)
        for made in (self.keep_button, self.sure_button, self.discard_button):
            line.addWidget(made)
        layout.addLayout(line)
        self._stop_asking()
        return frame

    # --- listed ------------------------------------------------------------------------------

    @property
    def chosen(self) -> AsideRow | None:
        """The file that is chosen in the table."""
        index = self.table.currentIndex()
        return self.model.rows[index.row()] if index.isValid() else None

    def _load(self) -> None:
        self._run(lambda: self._quarantine.load(self._show, self._fail))

    def _run(self, begin: Callable[[], Running]) -> None:
        self._is_busy = True
        running = begin()
        self._running = running if self._is_busy else None  # it may have ended already
        self._rest()

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return self._is_busy

    def _ended(self) -> None:
        self._is_busy, self._running = False, None

    def _show(self, rows: Sequence[AsideRow]) -> None:
        self._ended()
        place = max(self.table.currentIndex().row(), 0)
        self.model.show_rows(rows)
        count = count_words(len(rows), tr("file is"), tr("files are"))
        words = tr("{count} sealed like everything else, and in no chart. Nothing of them was run.")
        self.lead.setText(words.format(count=count) if rows else "")
        self.lead.setVisible(bool(rows))
        self.pages.setCurrentIndex(0 if rows else 1)
        self.detail.setVisible(bool(rows))
        if rows:
            self.table.setCurrentIndex(self.model.index(min(place, len(rows) - 1), 0))
        self._choose()

    def _choose(self, _now: QModelIndex | None = None, _before: QModelIndex | None = None) -> None:
        found = self.chosen
        self._stop_asking()
        if found is None:
            return
        self.name.setText(isolated(found.file_name))
        self.reason.setText(found.reason)
        facts = [
            tr("from {origin}").format(origin=found.origin),
            tr("digest {code}…").format(code=found.code),
        ]
        if not found.is_whole:
            facts.insert(0, tr("too large: only its size and digest were kept"))
        self.facts.setText("  ·  ".join(facts))
        self._rest()

    def _rest(self) -> None:
        found, is_busy = self.chosen, self._is_busy
        can = self._quarantine.can_retry and not is_busy
        self.retry_button.setEnabled(can and found is not None and found.is_whole)
        self.all_button.setEnabled(can and len(self.model.rows) > 1)
        self.all_button.setVisible(len(self.model.rows) > 1)
        for made in (self.discard_button, self.sure_button):
            made.setEnabled(not is_busy)

    # --- once more -----------------------------------------------------------------------------

    def retry(self) -> None:
        """Read the chosen file again."""
        if self.chosen is not None:
            self._begin([self.chosen])

    def retry_all(self) -> None:
        """Read all files again, one after the other."""
        self._begin([each for each in self.model.rows if each.is_whole])

    def _begin(self, rows: Sequence[AsideRow]) -> None:
        if self._is_busy:
            return
        self._to_retry, self._came_in, self._still = list(rows), 0, 0
        self._next()

    def _next(self) -> None:
        if not self._to_retry:
            self._tell()
            self._load()
            return
        found = self._to_retry.pop(0)
        words = tr("Reading {name} again…").format(name=isolated(found.file_name))
        self.message.say(words, "accent")
        self._run(lambda: self._quarantine.retry(found.image_id, self._retried, self._fail))

    def _retried(self, outcome: RetryOutcome) -> None:
        self._ended()
        self._came_in += not outcome.reason
        self._still += bool(outcome.reason)
        self._next()

    def _tell(self) -> None:
        still = count_words(
            self._still, tr("file still cannot be read"), tr("files still cannot be read")
        )
        if self._came_in:
            words = count_words(self._came_in, tr("file came in"), tr("files came in"))
            more = f"; {still}" if self._still else ""
            self.message.say(f"{words}{more}.", "verified")
        elif self._still:
            self.message.say(f"{still}.", "doubt")

    # --- away ----------------------------------------------------------------------------------

    def _ask_to_discard(self) -> None:
        for made in self._usual:
            made.hide()
        for made in self._asking:
            made.show()
        self.keep_button.setFocus()

    def _stop_asking(self) -> None:
        for made in self._asking:
            made.hide()
        for made in self._usual:
            made.show()
        self.all_button.setVisible(len(self.model.rows) > 1)

    def discard(self) -> None:
        """Throw the chosen file away."""
        found = self.chosen
        if found is None or self._is_busy:
            return
        self._run(lambda: self._quarantine.discard(found, self._discarded, self._fail))

    def _discarded(self, _: None) -> None:
        self._ended()
        self.message.say(tr("Thrown away. The trail says which file it was, and why."), "verified")
        self._load()

    def _fail(self, fault: Exception) -> None:
        self._ended()
        self._to_retry.clear()
        words = error_words(fault)
        if words:
            self.message.say(words, "danger")
        self._rest()

    def drop(self) -> None:
        """Let go of everything: the sheet closes."""
        self._to_retry.clear()
        if self._running is not None:
            self._running.drop()
            self._ended()
        self.model.show_rows(())
