"""What left the practice: a column a week, and each export and share with purpose and recipient."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QStackedWidget, QTableView

from viewer.app.review.leaving import NOT_RECORDED, Leaving
from viewer.app.review.sending import weekly
from viewer.app.reviewing import whole_days
from viewer.ui.parts.table import RowsModel
from viewer.ui.review_charts import WeekChart
from viewer.ui.review_page import Around, Chips, ReviewPage, empty_words, legend, page_column
from viewer.ui.wording import count_words, size_words, tr

_LOW_PX = 560


class LeavingModel(RowsModel[tuple[Leaving, str]]):
    """Columns: when, who, how, purpose, to, patient (whose name comes beside each), size."""

    def titles(self) -> Sequence[str]:
        """Return seven."""
        return (
            tr("When"), tr("Who"), tr("How"), tr("Purpose"), tr("To"), tr("Patient"), tr("Size"),
        )  # fmt: skip

    def cells(self, row: tuple[Leaving, str]) -> Sequence[str]:
        """Return what left, in words."""
        left, patient = row
        return (
            left.when.strftime("%Y-%m-%d  %H:%M"),
            left.who,
            how_words(left),
            left.purpose or NOT_RECORDED,
            left.recipient or NOT_RECORDED,
            patient or tr("several"),
            size_words(left.size_bytes) if left.size_bytes else "",
        )

    def colour(self, row: tuple[Leaving, str], column: int) -> str:
        """Return what stands out: what is not recorded is a doubt, and what left unsealed."""
        is_unsealed = column == 2 and row[0].kind.value == "export"
        if is_unsealed or self.cells(row)[column] == NOT_RECORDED:
            return "doubt"
        return "text" if column in {1, 4} else "text_soft"


def how_words(left: Leaving) -> str:
    """Say how it left, or may have."""
    how = tr("unsealed export") if left.kind.value == "export" else tr("sealed share")
    return how if left.ended is not None else tr("{how}, end not recorded").format(how=how)


class LeavingPage(ReviewPage):
    """Chart on top, chips, table."""

    def __init__(self, around: Around) -> None:
        super().__init__(around)
        layout = page_column(self)
        self.chart = WeekChart()
        self._legend = legend(tr("By week: filled are sealed shares, outlined unsealed exports."))
        self.chips = Chips()
        self.chips.changed.connect(self._on_chips)
        self.model = LeavingModel()
        self.table = self._make_table()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        words = tr("Exports and shares stand here with purpose and recipient.")
        self.pages.addWidget(empty_words(tr("Nothing left the practice"), words))
        for part in (self.chart, self._legend, self.chips):
            layout.addWidget(part)
        layout.addWidget(self.pages, 1)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setAccessibleName(tr("Exports and shares"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(36)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        for place, width in enumerate((150, 140, 130, 130, 200, 150, 90)):
            table.setColumnWidth(place, width)
        head.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        return table

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave a low window to the table."""
        super().resizeEvent(event)
        is_low = self.height() < _LOW_PX
        self.chart.setFixedHeight(120 if is_low else 190)

    def refresh(self) -> None:
        """Show what left in the period."""
        review = self.review
        if review is None:
            return
        left = [each for each in review.leavings if each.left]
        start, _ = whole_days(review.since, review.since)
        _, end = whole_days(review.until, review.until)
        end = min(end, review.made.astimezone())
        self.chart.show_weeks(weekly(left, start, max(start, end)))
        exports = sum(1 for each in left if each.kind.value == "export")
        chips = {
            "export": tr("Unsealed exports"),
            "share": tr("Sealed shares"),
            "unnamed": tr("Recipient not recorded"),
        }
        on = set(self.around.keeper.chosen("leaving", "export share").split())
        self.chips.show_chips(chips, on)
        self._list_again()
        words = count_words(len(left) - exports, tr("share"), tr("shares"))
        words += ", " + count_words(exports, tr("export"), tr("exports"))
        self.summarised.emit(words, "doubt" if exports else "text_soft")

    def forget(self) -> None:
        """Let go of what left."""
        super().forget()
        self.model.show_rows(())

    def _on_chips(self) -> None:
        self.around.keeper.choose("leaving", " ".join(sorted(self.chips.on)))
        self._list_again()

    def _list_again(self) -> None:
        on = self.chips.on
        rows = [
            (each, self.name_of(each.patient_id) if each.patient_id else "")
            for each in reversed(self.review.leavings if self.review else ())
            if each.left
            and (each.kind.value in on or not on & {"export", "share"})
            and ("unnamed" not in on or not each.recipient)
        ]
        self.model.show_rows(rows)
        self.pages.setCurrentIndex(0 if rows else 1)
