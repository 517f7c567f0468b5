"""The review desk: what its people click, over a fake and over a real practice."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.support.practice import OFFICER, a_patient, write_images
from tests.support.trails import JONAS, TOM, Story, a_review
from tests.support.windows import log_in, open_windows, wait_until
from tests.ui.fake_review import FakeDesk
from viewer.app.review.people import PersonFacts
from viewer.app.review.settings import Rule, shipped_settings
from viewer.app.reviewing import PatientLabel, Review
from viewer.model.errors import EnvironmentFault
from viewer.session.keystore import MemoryKeyStore
from viewer.ui import theme
from viewer.ui.parts.words import Words
from viewer.ui.review_charts import GravityMark, HourStrip, WeekChart
from viewer.ui.review_emergency import EmergencyPage
from viewer.ui.review_events import EventRow, TimelinePage
from viewer.ui.review_findings import FindingsPage
from viewer.ui.review_leaving import LeavingPage
from viewer.ui.review_patient import PatientPage
from viewer.ui.review_people import PeoplePage
from viewer.ui.review_reports import ReportsPage
from viewer.ui.review_window import ReviewPanel
from viewer.ui.shell import Shell
from viewer.ui.trail_window import TrailPanel
from viewer.wiring.window import Joined

REVIEW = a_review()


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(REVIEW)


Open = Callable[[], ReviewPanel]


@pytest.fixture
def open_panel(dressed: QApplication, qtbot: QtBot, desk: FakeDesk) -> Iterator[Open]:
    made: list[ReviewPanel] = []

    def opened() -> ReviewPanel:
        panel = ReviewPanel(desk, lambda: REVIEW.made + timedelta(minutes=5))
        panel.resize(1330, 640)
        panel.show()
        qtbot.waitExposed(panel)
        made.append(panel)
        return panel

    yield opened
    for panel in made:
        panel.drop()
        panel.close()
        panel.deleteLater()


def click(widget: QWidget) -> None:
    QApplication.processEvents()
    assert widget.isEnabled()
    assert widget.isVisible()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def words_in(widget: QWidget) -> str:
    QApplication.processEvents()
    parts = [part for part in widget.findChildren(Words) if part.isVisibleTo(widget)]
    return "\n".join(part.text() for part in parts)


def turn(panel: ReviewPanel, part: str) -> QWidget:
    click(panel.entries[part])
    return panel.pages[part]


def findings_of(panel: ReviewPanel) -> FindingsPage:
    page = turn(panel, "findings")
    assert isinstance(page, FindingsPage)
    return page


# --- looking ----------------------------------------------------------------------------------


def test_the_desk_looks_at_once_and_says_how_things_stand(open_panel: Open, desk: FakeDesk) -> None:
    panel = open_panel()
    assert desk.done[0][0] == "look"
    assert panel.facts["open"].figure.text() == str(REVIEW.open_findings)
    assert panel.facts["emergency"].figure.text() == "1"
    assert panel.facts["last"].figure.text() == "12 days ago"
    assert "grave" in panel.entries["findings"].fact.text()


def test_a_long_look_shows_how_far_it_is_and_can_be_cancelled(
    open_panel: Open, desk: FakeDesk
) -> None:
    desk.holds_work = True
    panel = open_panel()
    assert panel.work.words.text() == "Looking  25%"
    assert not panel.again.isEnabled()
    click(panel.work.cancel)
    assert desk.running is not None
    assert desk.running.is_cancelled
    assert "cancelled" in panel.banner.words.text()
    assert panel.again.isEnabled()


def test_a_look_that_fails_says_why_and_can_be_tried_again(
    open_panel: Open, desk: FakeDesk
) -> None:
    desk.fault = EnvironmentFault("The trail cannot be read.", "Check the disk.")
    panel = open_panel()
    assert "The trail cannot be read." in panel.banner.words.text()
    desk.fault = None
    click(panel.banner.do_button)
    assert panel.review is REVIEW


def test_another_period_is_looked_through_and_remembered(open_panel: Open, desk: FakeDesk) -> None:
    panel = open_panel()
    panel.period.setFocus()
    QTest.keyClick(panel.period, Qt.Key.Key_Down)
    _, since, until = desk.done[-1]
    assert (until - since).days == 89  # type: ignore[operator]
    assert desk.choices["period"] == "90"
    assert open_panel().period.currentData() == 90


def test_a_closed_desk_hears_nothing_any_more(open_panel: Open, desk: FakeDesk) -> None:
    desk.holds_work = True
    panel = open_panel()
    panel.drop()
    assert desk.running is not None
    assert desk.running.is_dropped


def test_a_closed_desk_forgets_whom_it_named(open_panel: Open) -> None:
    panel = open_panel()
    page = patient_page(panel)
    QTest.keyClicks(page.field, "20600")
    click(page.go)
    turn(panel, "timeline")
    panel.drop()
    assert panel.review is None
    for each in panel.pages.values():
        assert each.review is None
        assert "Example" not in words_in(each)
    timeline = panel.pages["timeline"]
    assert isinstance(timeline, TimelinePage)
    assert timeline.events.model.rowCount() == 0


# --- findings ---------------------------------------------------------------------------------


def test_findings_stand_in_their_order_with_the_reason_in_words(open_panel: Open) -> None:
    page = findings_of(open_panel())
    open_ones = [f for f in REVIEW.findings if f.is_open]
    assert [card.finding for card in page.cards] == open_ones
    assert "8 a day are usual for this person" in words_in(page)
    assert page.cards[0].mark.level == 2


def test_a_finding_is_signed_off_with_two_clicks(open_panel: Open, desk: FakeDesk) -> None:
    panel = open_panel()
    card = findings_of(panel).cards[1]
    click(card.signing.button)
    click(card.signing.ready[0])
    assert desk.done[-1] == ("sign off", card.finding.id, "Asked; part of their work")
    assert "Signed off by Sven Officer" in card.signing.signed.text()
    assert card.tick.isVisible()
    assert not card.signing.button.isVisible()
    assert panel.facts["open"].figure.text() == str(REVIEW.open_findings - 1)
    assert panel.entries["findings"].fact.text().startswith(f"{REVIEW.open_findings - 1} open")


def test_a_note_of_ones_own_is_typed_and_signs_with_enter(open_panel: Open, desk: FakeDesk) -> None:
    card = findings_of(open_panel()).cards[2]
    click(card.signing.button)
    assert not card.signing.go.isEnabled()
    QTest.keyClicks(card.signing.note, "A recall that I ordered")
    QTest.keyClick(card.signing.note, Qt.Key.Key_Return)
    assert desk.done[-1][2] == "A recall that I ordered"


def test_a_refused_sign_off_says_why_and_leaves_it_open(open_panel: Open, desk: FakeDesk) -> None:
    card = findings_of(open_panel()).cards[0]
    click(card.signing.button)
    desk.fault = EnvironmentFault("Nobody signs off what is about themselves.", "Ask Mara.")
    click(card.signing.ready[0])
    assert "about themselves" in card.signing.message.words.text()
    assert card.mark.isVisible()


def test_chips_show_one_person_and_what_was_signed_off(open_panel: Open, desk: FakeDesk) -> None:
    page = findings_of(open_panel())
    click(page.chips.chips[TOM])
    assert {card.finding.user_id for card in page.cards} == {TOM}
    click(page.chips.chips["open"])
    click(page.chips.chips["signed"])
    assert page.cards == []
    assert "Nothing open here" in words_in(page)
    assert set(desk.choices["findings"].split()) == {"signed", TOM}


def test_a_quiet_month_says_so(open_panel: Open, desk: FakeDesk) -> None:
    desk.review = attrs.evolve(a_review(Story()), emergencies=[])
    panel = open_panel()
    assert "Nothing unusual in this period" in words_in(findings_of(panel))
    assert panel.entries["findings"].fact.text() == "All signed off"
    assert "No emergency access" in words_in(turn(panel, "emergency"))
    assert "Nothing left the practice" in words_in(turn(panel, "leaving"))
    assert "No such entry" in words_in(turn(panel, "timeline"))


# --- people -----------------------------------------------------------------------------------


def test_each_person_has_a_strip_of_hours_that_also_speaks(open_panel: Open) -> None:
    page = turn(open_panel(), "people")
    assert isinstance(page, PeoplePage)
    row = page.rows[TOM]
    assert "outside opening hours" in row.strip.words
    assert row.strip.accessibleName() == row.strip.words
    assert "Tom Okafor, Assistant" in row.accessibleName()


def test_a_click_on_somebodys_findings_shows_them_alone(open_panel: Open) -> None:
    panel = open_panel()
    page = turn(panel, "people")
    assert isinstance(page, PeoplePage)
    click(page.rows[JONAS].findings)
    findings = panel.pages["findings"]
    assert isinstance(findings, FindingsPage)
    assert findings.isVisible()
    assert {card.finding.user_id for card in findings.cards} == {JONAS}


@pytest.mark.parametrize("look", theme.THEME_IDS)
def test_a_busy_hour_is_brighter_than_a_quiet_one_in_every_theme(
    qapp: QApplication, qtbot: QtBot, look: str
) -> None:
    theme.apply_theme(qapp, look)
    strip = HourStrip([0] * 9 + [40, 1] + [0] * 13, shipped_settings().hours)
    qtbot.addWidget(strip)
    strip.resize(480, 34)
    image: QImage = strip.grab().toImage()
    busy, quiet, none = (image.pixelColor(x * 20 + 10, 10) for x in (9, 10, 3))
    accent = theme.current().colour("accent")
    assert busy == accent
    assert len({busy.name(), quiet.name(), none.name()}) == 3
    theme.apply_theme(qapp, "dark")


# --- one patient ------------------------------------------------------------------------------


def patient_page(panel: ReviewPanel) -> PatientPage:
    page = turn(panel, "patient")
    assert isinstance(page, PatientPage)
    return page


def test_a_chart_number_leads_to_who_saw_this_patient(open_panel: Open) -> None:
    page = patient_page(open_panel())
    QTest.keyClicks(page.field, "20600")
    QTest.keyClick(page.field, Qt.Key.Key_Return)
    assert "Example600, Ada" in page.name.text()
    assert "1 of them to be accounted for" in page.facts.text()
    assert {row.kind for row in page.events.model.rows} >= {"export", "share"}


def test_several_are_offered_and_one_is_chosen(open_panel: Open, desk: FakeDesk) -> None:
    page = patient_page(open_panel())
    QTest.keyClicks(page.field, "Example60")
    click(page.go)
    assert len(page.buttons) > 2
    click(page.buttons[1])
    assert desk.done[-1][0] == "who saw"


def test_nobody_found_says_what_to_do(open_panel: Open) -> None:
    page = patient_page(open_panel())
    QTest.keyClicks(page.field, "Xyzzy")
    click(page.go)
    assert "Nobody found" in words_in(page)


def test_the_accounting_is_one_click_and_says_what_it_wrote(
    open_panel: Open, desk: FakeDesk, tmp_path: Path
) -> None:
    panel = open_panel()
    page = patient_page(panel)
    QTest.keyClicks(page.field, "20600")
    click(page.go)
    page.write(tmp_path / "accounting")
    assert desk.done[-1][2] == tmp_path / "accounting.pdf"
    assert "1 of 2 disclosures" in panel.banner.words.text()


def test_a_role_that_may_not_know_names_is_told_to_use_the_id(
    open_panel: Open, desk: FakeDesk
) -> None:
    desk.review = attrs.evolve(REVIEW, knows_names=False, labels={})
    panel = open_panel()
    assert "beginning of the id" in patient_page(panel).field.placeholderText()
    timeline = turn(panel, "timeline")
    assert isinstance(timeline, TimelinePage)
    assert "Example" not in " ".join(row.patient for row in timeline.events.model.rows)


# --- what left, emergencies, timeline ---------------------------------------------------------


def test_what_left_is_listed_with_doubts_and_filtered_by_chips(open_panel: Open) -> None:
    page = turn(open_panel(), "leaving")
    assert isinstance(page, LeavingPage)
    count = page.model.rowCount()
    assert count == sum(1 for each in REVIEW.leavings if each.left)
    click(page.chips.chips["share"])
    assert page.model.rowCount() == 1
    assert page.model.data(page.model.index(0, 4)) == "not recorded"
    assert "unsealed exports" in page.chart.accessibleName()


def test_the_week_chart_speaks_for_weeks_without_anything_too(
    dressed: QApplication, qtbot: QtBot
) -> None:
    chart = WeekChart()
    qtbot.addWidget(chart)
    chart.show_weeks([])
    assert chart.accessibleName() == "Nothing left in this period"


def test_an_overdue_emergency_is_in_the_queue_and_is_signed_off_there(
    open_panel: Open, desk: FakeDesk
) -> None:
    panel = open_panel()
    page = turn(panel, "emergency")
    assert isinstance(page, EmergencyPage)
    assert "overdue" in panel.entries["emergency"].fact.text()
    assert "Example77, Ada" in words_in(page)
    signing = page.cards[0].signing
    assert signing is not None
    click(signing.button)
    click(signing.ready[0])
    emergency = next(f for f in REVIEW.findings if f.rule is Rule.EMERGENCY)
    assert desk.done[-1][1] == emergency.id
    assert panel.facts["emergency"].figure.text() == "0"
    assert panel.entries["emergency"].fact.text() == "All reviewed"


def test_the_timeline_is_filtered_by_person_kind_outcome_and_patient(
    open_panel: Open, desk: FakeDesk
) -> None:
    page = turn(open_panel(), "timeline")
    assert isinstance(page, TimelinePage)
    events = page.events
    assert events.model.rowCount() == len(REVIEW.seen)
    box = events.boxes["kind"]
    box.setFocus()
    while box.currentText() != "login failed":
        before = box.currentText()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentText() != before
    assert {row.kind for row in events.model.rows} == {"login failed"}
    assert desk.choices["timeline kind"] == "login failed"
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    QTest.keyClicks(events.patient, "Example77,")
    assert {row.patient.strip("\u200e\u2068\u2069") for row in events.model.rows} == {
        "Example77, Ada"
    }


# --- reports and hours ------------------------------------------------------------------------


def test_the_report_of_the_last_month_is_written_and_says_its_entry(
    open_panel: Open, desk: FakeDesk, tmp_path: Path
) -> None:
    page = turn(open_panel(), "reports")
    assert isinstance(page, ReportsPage)
    page.write_report(tmp_path / "review")
    kind, since, until, path = desk.done[-1]
    assert (kind, str(since), str(until)) == ("report", "2026-10-01", "2026-10-31")
    assert path == tmp_path / "review.pdf"
    assert "entry 812" in page.report_card.message.words.text()


def test_hours_are_typed_checked_and_kept(open_panel: Open, desk: FakeDesk) -> None:
    page = turn(open_panel(), "reports")
    assert isinstance(page, ReportsPage)
    page.closes.setText("05:00")
    page.columns.ensureWidgetVisible(page.keep)
    click(page.keep)
    assert "closes after it opens" in page.hours_card.message.words.text()
    page.closes.setText("20:30")
    click(page.days.chips["Saturday"])
    page.columns.ensureWidgetVisible(page.keep)
    click(page.keep)
    assert desk.done[-1][0] == "hours"
    assert "07:00 to 20:30, Mon Tue Wed Thu Fri Sat" in page.hours_card.fact.text()


def test_without_the_right_hours_are_shown_and_not_changed(
    open_panel: Open, desk: FakeDesk
) -> None:
    desk.may_set = False
    page = turn(open_panel(), "reports")
    assert isinstance(page, ReportsPage)
    assert not page.keep.isEnabled()
    assert page.opens.text() == "07:00"


def test_gravity_has_a_name_besides_its_colour(dressed: QApplication, qtbot: QtBot) -> None:
    marks = [GravityMark(level) for level in range(3)]
    for mark in marks:
        qtbot.addWidget(mark)
    assert [mark.accessibleName() for mark in marks] == ["Minor", "Notable", "Grave"]


def test_somebody_without_an_entry_has_an_empty_strip_that_says_so(
    dressed: QApplication, qtbot: QtBot
) -> None:
    nobody = PersonFacts(TOM, "Tom", "Assistant", True, 0, 0, 0, 0, 0, (0,) * 24, 0)
    strip = HourStrip(nobody.hours, shipped_settings().hours)
    qtbot.addWidget(strip)
    assert strip.words == "Nothing in this period"


def test_a_label_without_a_name_is_a_part_of_the_id() -> None:
    assert PatientLabel(TOM).words == TOM[:8]  # type: ignore[arg-type]


# --- over a real practice ---------------------------------------------------------------------


def test_a_real_practice_is_looked_through_and_its_trail_names_patients(
    qtbot: QtBot, tmp_path: Path
) -> None:
    images = write_images(tmp_path / "in", a_patient("Example", "20431"), cbct=False)
    with open_windows(tmp_path / "store", MemoryKeyStore()) as joined:
        shell: Shell = log_in(joined, OFFICER)
        shell.start_import([images])
        wait_until(lambda: bool(shell.patients.rows))
        shell.actions_bar.by_id["review"].trigger()
        panel = shell.sheets[-1].content
        assert isinstance(panel, ReviewPanel)
        wait_until(lambda: panel.review is not None)
        page = turn(panel, "patient")
        assert isinstance(page, PatientPage)
        QTest.keyClicks(page.field, "20431")
        click(page.go)
        wait_until(lambda: "Example, Ada" in page.name.text())
        assert "import" in {row.kind for row in page.events.model.rows}
        shell.sheets[-1].close_sheet()
        shell.show_trail()
        trail = shell.sheets[-1].content
        assert isinstance(trail, TrailPanel)
        model = trail.model

        def names() -> set[str]:
            entries = (model.entry(row) for row in range(model.rowCount()))
            return {entry.patient for entry in entries if entry is not None}

        wait_until(lambda: "Example, Ada" in names())


def look_through(joined: Joined, images: Path) -> None:
    """Import images, open the desk on its timeline, and keep hold of nothing."""
    shell: Shell = log_in(joined, OFFICER)
    shell.start_import([images])
    wait_until(lambda: bool(shell.patients.rows))
    shell.actions_bar.by_id["review"].trigger()
    panel = shell.sheets[-1].content
    assert isinstance(panel, ReviewPanel)
    wait_until(lambda: panel.review is not None)
    panel.show_part("timeline")


def alive(kind: type) -> int:
    """How many of a kind anybody still holds."""
    gc.collect()
    return sum(type(each) is kind for each in gc.get_objects())


def test_a_lock_leaves_nothing_of_the_review(qtbot: QtBot, tmp_path: Path) -> None:
    images = write_images(tmp_path / "in", a_patient("Example", "20431"), cbct=False)
    before = alive(Review), alive(EventRow)
    with open_windows(tmp_path / "store", MemoryKeyStore()) as joined:
        look_through(joined, images)
        assert alive(Review) > before[0]
        joined.front_desk.lock()
        wait_until(lambda: joined.front_desk.shell is None)
        wait_until(lambda: alive(Review) <= before[0] and alive(EventRow) <= before[1], seconds=10)
