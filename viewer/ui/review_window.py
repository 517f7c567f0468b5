"""The review desk: how things stand on top, a rail of its parts, and the part's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from viewer.app.jobs import Progress
from viewer.app.review.findings import Finding
from viewer.app.reviewing import Review
from viewer.ui.parts.buttons import button
from viewer.ui.parts.cards import WorkLine, touchable
from viewer.ui.parts.messages import Banner, error_words, picture
from viewer.ui.parts.words import Words, column, row, rule
from viewer.ui.ports import Running
from viewer.ui.review_charts import gravity
from viewer.ui.review_emergency import EmergencyPage
from viewer.ui.review_events import TimelinePage
from viewer.ui.review_findings import FindingsPage, with_signed
from viewer.ui.review_leaving import LeavingPage
from viewer.ui.review_page import Around, ReviewPage, _now
from viewer.ui.review_patient import PatientPage
from viewer.ui.review_people import PeoplePage
from viewer.ui.review_ports import ReviewDesk
from viewer.ui.review_reports import ReportsPage
from viewer.ui.store_window import RailEntry
from viewer.ui.wording import ago_words, tr

_RAIL_PX, _NARROW_RAIL_PX = 250, 206
_NARROW_PX = 1100
_OVERDUE = timedelta(days=31)
_PERIODS = (7, 30, 90)


@attrs.frozen
class _Part:
    id: str
    title: str
    icon: str
    make: Callable[[Around], ReviewPage]


def _parts() -> tuple[_Part, ...]:
    return (
        _Part("findings", tr("Findings"), "warning", FindingsPage),
        _Part("people", tr("People"), "users", PeoplePage),
        _Part("patient", tr("Patient"), "user", PatientPage),
        _Part("leaving", tr("Exports and shares"), "share", LeavingPage),
        _Part("emergency", tr("Emergency"), "shield-warning", EmergencyPage),
        _Part("timeline", tr("Timeline"), "trail", TimelinePage),
        _Part("reports", tr("Reports and hours"), "calendar", ReportsPage),
    )


class _Chosen:
    """What somebody chose, kept through the port."""

    def __init__(self, desk: ReviewDesk) -> None:
        self._desk = desk
        self._choices = dict(desk.remembered())

    def chosen(self, name: str, otherwise: str = "") -> str:
        """Return what was chosen the last time."""
        return self._choices.get(name, otherwise)

    def choose(self, name: str, value: str) -> None:
        """Remember a choice."""
        if self._choices.get(name) != value:
            self._choices[name] = value
            self._desk.remember(self._choices)


class ReviewPanel(QWidget):
    """The content of a wide sheet. It looks through the trail as soon as it is there."""

    def __init__(self, desk: ReviewDesk, now: Callable[[], datetime] = _now) -> None:
        super().__init__()
        self._desk, self._now = desk, now
        self._keeper = _Chosen(desk)
        self._running: Running | None = None
        self.review: Review | None = None
        self.pages: dict[str, ReviewPage] = {}
        self.entries: dict[str, RailEntry] = {}
        layout = column(self, gap=0)
        layout.addWidget(self._make_head())
        self.banner = Banner()
        self.work = WorkLine()
        self.work.cancelled.connect(self._cancel)
        below = column(gap=2)
        below.setContentsMargins(20, 0, 20, 0)
        below.addWidget(self.work)
        below.addWidget(self.banner)
        layout.addLayout(below)
        layout.addWidget(rule())
        layout.addLayout(self._make_body(), 1)
        self.show_part(self._keeper.chosen("part", "findings"))
        self.look()

    # --- made once ---------------------------------------------------------------------------

    def _make_head(self) -> QWidget:
        head = QWidget()
        layout = row(head, gap=6)
        layout.setContentsMargins(20, 12, 20, 12)
        self.facts = {name: Fact(icon) for name, icon in (
            ("last", "calendar"), ("open", "warning"), ("emergency", "shield-warning"),
        )}  # fmt: skip
        for fact in self.facts.values():
            layout.addWidget(fact)
        layout.addStretch(1)
        self.period = QComboBox()
        self.period.setProperty("target", "touch")
        self.period.setAccessibleName(tr("Period"))
        self.period.setMinimumWidth(150)
        for days in _PERIODS:
            self.period.addItem(tr("Last {days} days").format(days=days), days)
        place = self.period.findData(int(self._keeper.chosen("period", "30") or 30))
        self.period.setCurrentIndex(max(0, place))
        self.period.activated.connect(self._on_period)
        layout.addWidget(self.period)
        self.again = touchable(button(tr("Look again"), self.look))
        layout.addWidget(self.again)
        return head

    def _make_body(self) -> QHBoxLayout:
        body = row(gap=0)
        self._rail = QFrame()
        self._rail.setFixedWidth(_RAIL_PX)
        rail = column(self._rail, gap=1)
        rail.setContentsMargins(12, 12, 12, 12)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._rail)
        self._rail_area = area
        body.addWidget(area)
        body.addWidget(rule(upright=True))
        self.stack = QStackedWidget()
        body.addWidget(self.stack, 1)
        self._group = QButtonGroup(self)
        around = Around(
            self._desk, self._keeper, self.banner.say, self.show_part, self._on_signed, self._now
        )
        for part in _parts():
            self._add(part, around)
            rail.addWidget(self.entries[part.id])
        rail.addStretch(1)
        people = self.pages["people"]
        if isinstance(people, PeoplePage):
            people.person_wanted.connect(self._show_person)
        return body

    def _add(self, part: _Part, around: Around) -> None:
        page = part.make(around)
        entry = RailEntry(part.title, part.icon)
        entry.show_fact("", "text_soft")
        entry.clicked.connect(lambda _=False, i=part.id: self.show_part(i))
        page.summarised.connect(entry.show_fact)
        self._group.addButton(entry)
        self.pages[part.id], self.entries[part.id] = page, entry
        self.stack.addWidget(page)

    # --- looking -----------------------------------------------------------------------------

    def show_part(self, part_id: str) -> None:
        """Turn to a part."""
        page = self.pages.get(part_id)
        if page is None:
            page, part_id = self.pages["findings"], "findings"
        self.entries[part_id].setChecked(True)
        self.stack.setCurrentWidget(page)
        self.setFocusProxy(self.entries[part_id])
        self._keeper.choose("part", part_id)

    def _show_person(self, user_id: str) -> None:
        self.show_part("findings")
        findings = self.pages["findings"]
        if isinstance(findings, FindingsPage):
            findings.show_person(user_id)

    def _on_period(self) -> None:
        self._keeper.choose("period", str(self.period.currentData()))
        self.look()

    def look(self) -> None:
        """Look through the chosen days anew; what was seen before stays until then."""
        if self._running is not None:
            self._running.drop()
        self.banner.hide()
        self.again.setEnabled(False)
        self.work.show_progress(Progress(0, 0, tr("Looking through the trail")))
        until = self._now().astimezone().date()
        since = until - timedelta(days=int(self.period.currentData()) - 1)
        self._running = self._desk.look(
            since, until, self._show, self._fail, self.work.show_progress
        )

    def _show(self, review: Review) -> None:
        self._rest()
        self.review = review
        self._summarise()
        for page in self.pages.values():
            page.show_review(review)

    def _fail(self, fault: Exception) -> None:
        self._rest()
        words = error_words(fault)
        if words:
            self.banner.say(words, "danger", (tr("Try again"), self.look))
        elif self.review is None:
            words = tr("Nothing was looked through: it was cancelled.")
            self.banner.say(words, "doubt", (tr("Look"), self.look))

    def _rest(self) -> None:
        self._running = None
        self.again.setEnabled(True)
        self.work.show_progress(None)

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _on_signed(self, signed: object) -> None:
        if self.review is None or not isinstance(signed, Finding):
            return
        findings = with_signed(self.review.findings, signed)
        emergencies = [
            attrs.evolve(each, signed=signed.signed) if each.ref == signed.refs[0] else each
            for each in self.review.emergencies
        ]
        people = [
            attrs.evolve(
                each, findings=sum(f.user_id == each.user_id and f.is_open for f in findings)
            )
            for each in self.review.people
        ]
        self.review = attrs.evolve(
            self.review, findings=findings, emergencies=emergencies, people=people, last=self._now()
        )
        self._summarise()
        for name, page in self.pages.items():
            page.review = self.review
            if isinstance(page, FindingsPage) and page is self.stack.currentWidget():
                page.summarise()  # what was signed stays where it is until one looks elsewhere
            elif name in {"findings", "emergency", "people"}:
                page.refresh()

    def _summarise(self) -> None:
        review = self.review
        if review is None:
            return
        if review.last is None:
            self.facts["last"].say(tr("Never reviewed"), tr("last review"), "doubt")
        else:
            ago = ago_words(review.last, self._now())
            is_late = self._now() - review.last > _OVERDUE
            self.facts["last"].say(ago, tr("last review"), "doubt" if is_late else "verified")
        count = review.open_findings
        grave = any(f.is_open and gravity(f.score) > 1 for f in review.findings)
        token = "danger" if grave else "doubt" if count else "verified"
        icon = "warning" if count else "check"
        self.facts["open"].say(str(count), tr("open findings"), token, icon)
        waiting = review.open_emergencies
        token, icon = ("danger", "shield-warning") if waiting else ("verified", "shield")
        words = tr("emergency accesses to review")
        self.facts["emergency"].say(str(waiting), words, token, icon)

    # --- size and end ------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give a small window to the page."""
        super().resizeEvent(event)
        width = _NARROW_RAIL_PX if self.width() < _NARROW_PX else _RAIL_PX
        self._rail.setFixedWidth(width)
        self._rail_area.setFixedWidth(width)

    def drop(self) -> None:
        """Forget everything: the sheet was closed, or the workstation locked."""
        if self._running is not None:
            self._running.drop()
        self.review = None
        for page in self.pages.values():
            page.drop()
            page.forget()


class Fact(QWidget):
    """A figure and what it counts, with an icon in the colour of how good that is."""

    def __init__(self, icon: str) -> None:
        super().__init__()
        self._icon_name = icon
        layout = row(self, gap=2)
        self._icon = picture(icon, "text_soft", 24)
        layout.addWidget(self._icon)
        words = column(gap=0)
        self.figure = Words("…", "name")
        self.words = Words("", "small")
        words.addWidget(self.figure)
        words.addWidget(self.words)
        layout.addLayout(words)

    def say(self, figure: str, words: str, token: str, icon: str = "") -> None:
        """Say a figure."""
        self.figure.setText(figure)
        self.words.setText(words)
        self._icon.set_icon(icon or self._icon_name, token)
        self.setAccessibleName(f"{words}: {figure}")
