"""What is handed out of the review: the monthly report; and what the review goes by."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit

from viewer.app.jobs import Progress
from viewer.app.review.settings import WEEKDAYS, Hours
from viewer.model.errors import UserError
from viewer.ui.folder_dialog import ask_where_to_save
from viewer.ui.parts.cards import Card, Columns, sentence
from viewer.ui.parts.fields import labelled, line
from viewer.ui.parts.messages import error_words
from viewer.ui.parts.words import clear_layout, column, row
from viewer.ui.ports import Running
from viewer.ui.review_page import Around, Chips, ReviewPage
from viewer.ui.review_ports import ReportDone
from viewer.ui.wording import tr

_MONTHS = 12


def months_until(today: date, count: int = _MONTHS) -> list[tuple[date, date]]:
    """Return first and last days of months, this one (until today) first.

    >>> months_until(date(2026, 3, 9), 2)
    [(datetime.date(2026, 3, 1), datetime.date(2026, 3, 9)), \
(datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))]
    """
    months = [(today.replace(day=1), today)]
    while len(months) < count:
        last = months[-1][0] - timedelta(days=1)
        months.append((last.replace(day=1), last))
    return months


class ReportsPage(ReviewPage):
    """Cards: the report, the practice's hours, what the review could not look at."""

    def __init__(self, around: Around) -> None:
        super().__init__(around)
        layout = column(self)
        self.columns = Columns()
        layout.addWidget(self.columns)
        self._running: Running | None = None
        self.report_card = self._make_report_card()
        self.hours_card = self._make_hours_card()
        self.limits_card = Card(tr("What the review does not see"), "info")
        self.limits_card.show_fact(tr("No rule replaces reading the timeline now and then."))
        self.columns.show_cards([self.report_card, self.hours_card, self.limits_card])

    # --- the report --------------------------------------------------------------------------

    def _make_report_card(self) -> Card:
        card = Card(tr("Review as a PDF"), "trail")
        card.show_fact(
            tr(
                "Verifies the trail, then writes findings and sign-offs, emergency accesses, "
                "changes of accounts, and what left. Patients stand in it by chart number. Its "
                "digest goes into the trail."
            )
        )
        self.month = QComboBox()
        self.month.setProperty("target", "touch")
        months = months_until(self.around.now().astimezone().date())
        for first, last in months:
            name = first.strftime("%B %Y")
            so_far = first == months[0][0]
            self.month.addItem(tr("{month}, so far").format(month=name) if so_far else name,
                               (first, last))  # fmt: skip
        self.month.setCurrentIndex(1)
        card.body.addWidget(labelled(tr("Month"), self.month))
        self.make = card.add_action(tr("Make the report…"), self.ask_path, "primary")
        card.work.cancelled.connect(self._cancel)
        return card

    def ask_path(self) -> None:
        """Ask where to write it."""
        first, _ = self.month.currentData()
        ask_where_to_save(
            self, tr("Review as a PDF"), f"review-{first:%Y-%m}.pdf", self.write_report
        )

    def write_report(self, path: Path) -> None:
        """Write the chosen month's report."""
        first, last = self.month.currentData()
        self.report_card.message.hide()
        self.report_card.show_work(Progress(0, 0, tr("Verifying the trail")))
        self._running = self.around.desk.report(
            first, last, path.with_suffix(".pdf"), self._on_report, self._on_report_fault,
            self.report_card.show_work,
        )  # fmt: skip

    def _on_report(self, done: ReportDone) -> None:
        self.report_card.show_work(None)
        words = tr("“{name}” is written; its digest stands in entry {number}.").format(
            name=done.name, number=done.trail_number
        )
        if done.is_whole:
            self.report_card.message.say(words, "verified")
        else:
            words += " " + tr("The trail is NOT whole: the report says where.")
            self.report_card.message.say(words, "danger")

    def _on_report_fault(self, fault: Exception) -> None:
        self.report_card.show_work(None)
        self.report_card.message.say(error_words(fault), "danger")

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    # --- hours -------------------------------------------------------------------------------

    def _make_hours_card(self) -> Card:
        card = Card(tr("Hours of the practice"), "calendar")
        self.opens, self.closes = _time_line(), _time_line()
        times = row(gap=3)
        times.addWidget(labelled(tr("Opens"), self.opens))
        times.addWidget(labelled(tr("Closes"), self.closes))
        times.addStretch(1)
        card.body.addLayout(times)
        self.days = Chips()
        self.days.show_chips({day: tr(day)[:3] for day in WEEKDAYS}, set())
        card.body.addWidget(self.days)
        self.keep = card.add_action(tr("Keep these hours"), self.keep_hours)
        if not self.around.desk.may_set_hours:
            for part in (self.opens, self.closes, self.days, self.keep):
                part.setEnabled(False)
        return card

    def refresh(self) -> None:
        """Show the hours in force, and what was not looked at."""
        if self.review is None:
            return
        self.show_hours(self.review.hours)
        clear_layout(self.limits_card.body)
        for words in self.review.not_looked_at:
            self.limits_card.body.addWidget(sentence(words, "info"))

    def show_hours(self, hours: Hours) -> None:
        """Show hours in their fields."""
        self.opens.setText(f"{hours.opens:%H:%M}")
        self.closes.setText(f"{hours.closes:%H:%M}")
        for place, day in enumerate(WEEKDAYS):
            self.days.chips[day].setChecked(place in hours.days)
        words = tr("What happens outside them is a finding. In force: {hours}.")
        self.hours_card.show_fact(words.format(hours=hours.words))

    def keep_hours(self) -> None:
        """Keep what was typed."""
        days = [day for day in WEEKDAYS if day in self.days.on]
        fields = {"opens": self.opens.text().strip(), "closes": self.closes.text().strip()}
        try:
            hours = Hours.from_fields({**fields, "days": days})
        except UserError as fault:
            self.hours_card.message.say(error_words(fault), "danger")
            return
        self.around.desk.set_hours(hours, self._on_hours, self._on_hours_fault)

    def _on_hours(self, hours: Hours) -> None:
        self.show_hours(hours)
        self.hours_card.message.say(tr("Kept. Look again to see what they change."), "verified")

    def _on_hours_fault(self, fault: Exception) -> None:
        self.hours_card.message.say(error_words(fault), "danger")

    def drop(self) -> None:
        """Wait for nothing any more."""
        if self._running is not None:
            self._running.drop()


def _time_line() -> QLineEdit:
    made = line("00:00")
    made.setInputMask("99:99")
    made.setFixedWidth(110)
    made.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return made
