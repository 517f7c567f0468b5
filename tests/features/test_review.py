"""The review desk over a real practice: what it finds, who may sign, what it hands out."""

from __future__ import annotations

import copy
import csv
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import (
    OFFICER,
    PASSWORD,
    FakeClock,
    a_patient,
    add_person,
    open_clinic,
    write_images,
)
from tests.support.tools import require_tool
from viewer.app import use_cases
from viewer.app.clinic import Clinic
from viewer.app.review.findings import Finding
from viewer.app.review.leaving import NOT_RECORDED
from viewer.app.review.settings import Hours, Rule
from viewer.model.errors import UserError
from viewer.model.ids import PatientId
from viewer.model.image import ImageRecord
from viewer.session.audit.events import Entry, Event, EventFilter, EventKind, Outcome
from viewer.session.errors import NotPermitted
from viewer.session.keystore import MemoryKeyStore

use_cases.import_all()
cases: Any = use_cases
DAY = date(2026, 11, 22)


@attrs.frozen(eq=False)
class Scene:
    """A practice with images of one patient, and the clock that only the test moves."""

    clinic: Clinic
    clock: FakeClock
    record: ImageRecord
    folder: Path

    def as_(self, name: str) -> Clinic:
        self.clinic.log_in(name, PASSWORD)
        return self.clinic

    def review(self) -> Any:
        day = self.clock.wall().astimezone().date()
        period = cases.review.ReviewTrail(day - timedelta(days=30), day + timedelta(days=1))
        return cases.review.review_trail(self.clinic, period)

    def share(self, recipient: str, profile: str = "insurer") -> None:
        order = cases.sharing.PlanShare((self.record.id,), profile)
        planned = cases.sharing.plan_share(self.clinic, order)
        doubts = frozenset(doubt.id for doubt in planned.plan.open_doubts)
        out = self.folder / f"{recipient.partition(' ')[0]}.age"
        cases.sharing.seal_share(
            self.clinic, cases.sharing.SealShare(planned, recipient, out, doubts)
        )

    def newest(self, kind: EventKind) -> Event:
        reader = cases.trail.open_trail(self.clinic, cases.trail.OpenTrail())
        found: Event = reader.page(EventFilter(kinds=frozenset({kind})), 0, 1)[0]
        return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemoryKeyStore, FakeClock]:
    """A practice as each test finds it; made once, since imports and accounts take seconds."""
    folder, keystore, clock = tmp_path_factory.mktemp("review"), MemoryKeyStore(), FakeClock()
    write_images(folder / "in", a_patient("Assistant", "20431"), cbct=False)
    with open_clinic(folder / "store", keystore, clock=clock) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        for role in ("security_officer", "auditor", "assistant"):
            add_person(clinic, role)
        cases.importing.import_paths(clinic, cases.importing.ImportPaths((folder / "in",)))
    return folder / "store", keystore, clock


@pytest.fixture
def scene(made: tuple[Path, MemoryKeyStore, FakeClock], tmp_path: Path) -> Iterator[Scene]:
    store, keystore, _ = made
    shutil.copytree(store, tmp_path / "store")
    clock = FakeClock()
    clock.pass_s(60)
    with open_clinic(tmp_path / "store", copy.deepcopy(keystore), clock=clock) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        patient = clinic.vault.patients("")[0].patient
        yield Scene(clinic, clock, clinic.vault.images(patient.id)[0], tmp_path)


def words_of(pdf: Path) -> str:
    tool = require_tool("pdftotext")
    return subprocess.run(
        [tool, "-layout", str(pdf), "-"], check=True, capture_output=True, text=True
    ).stdout


def finding(review: Any, rule: Rule) -> Finding:
    found: Finding = next(each for each in review.findings if each.rule is rule)
    return found


# --- finding ----------------------------------------------------------------------------------


def test_a_chart_opened_on_a_sunday_is_found_and_named_for_who_may_know_the_name(
    scene: Scene,
) -> None:
    clinic = scene.as_("assistant person")
    cases.library.open_chart(clinic, cases.library.OpenChart(scene.record.patient_id))
    scene.as_("security_officer person")
    review = scene.review()
    late = [f for f in review.findings if f.rule is Rule.AFTER_HOURS and "patient" in f.reason]
    assert {f.who for f in late} >= {"Assistant Person"}
    assert review.label(scene.record.patient_id).name == "Assistant, Ada"
    assert review.knows_names
    quiet = attrs.evolve(review, findings=(), emergencies=(), leavings=())
    assert quiet.label(scene.record.patient_id).name == "Assistant, Ada"  # the timeline's, too


def test_an_auditor_reviews_without_names_and_is_told_what_was_not_looked_at(scene: Scene) -> None:
    scene.as_("auditor person")
    review = scene.review()
    assert not review.knows_names
    assert review.label(scene.record.patient_id).words == scene.record.patient_id[:8]
    assert any("may not know patients' names" in said for said in review.not_looked_at)
    assert any("No patient can carry a mark" in said for said in review.not_looked_at)


def test_reading_the_trail_for_a_review_is_itself_in_the_trail(scene: Scene) -> None:
    scene.review()
    read = scene.newest(EventKind.TRAIL_READ)
    assert "review of" in read.entry.why or read.entry.why == "list"
    reader = scene.clinic.trail_reader()
    events = reader.page(EventFilter(kinds=frozenset({EventKind.TRAIL_READ})), 0, 5)
    assert any(event.entry.why.startswith("review of 2026-10-2") for event in events)


@pytest.mark.parametrize("role", ["assistant person"])
def test_who_may_not_review_gets_no_review(scene: Scene, role: str) -> None:
    scene.as_(role)
    with pytest.raises(NotPermitted):
        scene.review()


# --- signing off --------------------------------------------------------------------------------


def test_a_sign_off_is_an_entry_that_refers_to_the_events_and_closes_the_finding(
    scene: Scene,
) -> None:
    scene.as_("security_officer person")
    late = next(f for f in scene.review().findings if f.who == OFFICER)
    cases.review.sign_off(scene.clinic, cases.review.SignOff(late, "weekend duty, I asked"))
    entry = scene.newest(EventKind.REVIEWED).entry
    assert (entry.refers_to, entry.refers_in) == (late.refs[0].seq, late.refs[0].segment)
    assert entry.objects == tuple(str(ref) for ref in late.refs)
    assert entry.outcome is Outcome.DONE
    again = next(f for f in scene.review().findings if f.id == late.id)
    assert again.signed is not None
    assert (again.signed.by, again.signed.note) == (
        "Security_Officer Person",
        "weekend duty, I asked",
    )


def test_a_sign_off_without_a_note_is_refused_and_signs_nothing(scene: Scene) -> None:
    scene.as_("security_officer person")
    late = next(f for f in scene.review().findings if f.who == OFFICER)
    with pytest.raises(UserError, match="note"):
        cases.review.sign_off(scene.clinic, cases.review.SignOff(late, " - "))
    assert next(f for f in scene.review().findings if f.id == late.id).is_open
    refused = scene.newest(EventKind.REVIEWED).entry
    assert (refused.outcome, refused.refers_to) == (Outcome.FAILED, None)


def emergency_of_the_officer(scene: Scene) -> Finding:
    session = scene.clinic.desk.session
    assert session is not None
    scene.clinic.trail.append(Entry(EventKind.EMERGENCY, session.actor, why="bleeding"))
    return finding(scene.review(), Rule.EMERGENCY)


def test_nobody_signs_off_their_own_emergency_access_while_another_may(scene: Scene) -> None:
    scene.as_(OFFICER)
    own = emergency_of_the_officer(scene)
    with pytest.raises(UserError, match="about themselves"):
        cases.review.sign_off(scene.clinic, cases.review.SignOff(own, "it was right"))
    assert finding(scene.review(), Rule.EMERGENCY).is_open
    scene.as_("auditor person")
    theirs = finding(scene.review(), Rule.EMERGENCY)
    cases.review.sign_off(scene.clinic, cases.review.SignOff(theirs, "asked, it was right"))
    review = scene.review()
    assert review.open_emergencies == 0
    assert not finding(review, Rule.EMERGENCY).is_open


def test_a_signed_off_clock_signs_no_emergency_access_off(scene: Scene) -> None:
    """Whoever broke the glass sets the clock: one harmless note would close both."""
    scene.as_("security_officer person")
    begin = cases.emergency.BeginEmergency("Patient in the chair")
    cases.emergency.begin_emergency(scene.clinic, begin)
    scene.clock.start -= timedelta(minutes=30)
    scene.clinic.desk.break_glass.end()
    scene.as_("auditor person")
    review = scene.review()
    began = finding(review, Rule.EMERGENCY).refs[0]
    moved = next(f for f in review.findings if f.rule is Rule.CLOCK and f.refs[0] == began)
    cases.review.sign_off(scene.clinic, cases.review.SignOff(moved, "the clock was corrected"))
    assert finding(scene.review(), Rule.EMERGENCY).is_open
    assert scene.review().open_emergencies == 1
    assert (
        len(cases.emergency.list_emergencies(scene.clinic, cases.emergency.ListEmergencies())) == 1
    )


def test_a_sign_off_is_signed_into_the_trail_at_once(scene: Scene) -> None:
    scene.as_("security_officer person")
    late = next(f for f in scene.review().findings if f.who == OFFICER)
    cases.review.sign_off(scene.clinic, cases.review.SignOff(late, "weekend duty"))
    verdict = scene.clinic.trail.verify()
    assert verdict.is_whole
    assert verdict.signed == verdict.records - 1  # all but the record of the signature itself


def test_a_past_month_shows_no_emergency_of_later(scene: Scene) -> None:
    scene.as_(OFFICER)
    emergency_of_the_officer(scene)
    september = cases.review.ReviewTrail(date(2026, 9, 1), date(2026, 9, 30))
    review = cases.review.review_trail(scene.clinic, september)
    assert (review.findings, review.emergencies, review.seen) == ([], [], [])
    assert all(person.events == 0 for person in review.people)


def test_the_only_one_who_may_signs_their_own_and_that_is_noted(scene: Scene) -> None:
    scene.as_(OFFICER)
    for name in ("security_officer person", "auditor person"):
        cases.accounts.set_enabled(scene.clinic, cases.accounts.SetEnabled(name, enabled=False))
    own = emergency_of_the_officer(scene)
    cases.review.sign_off(scene.clinic, cases.review.SignOff(own, "it was right"))
    signed = finding(scene.review(), Rule.EMERGENCY).signed
    assert signed is not None
    assert signed.own
    assert signed.note == "it was right"
    assert "nobody else may review" in scene.newest(EventKind.REVIEWED).entry.why


# --- who saw whom -----------------------------------------------------------------------------


def test_who_saw_a_patient_lists_all_that_was_done_newest_first(scene: Scene) -> None:
    scene.share("Apex")
    clinic = scene.as_("assistant person")
    cases.library.open_image(clinic, cases.library.OpenImage(scene.record.id))
    scene.as_("security_officer person")
    found = cases.review.find_reviewed(scene.clinic, cases.review.FindReviewed("20431"))
    assert [label.name for label in found] == ["Assistant, Ada"]
    access = cases.review.who_saw(scene.clinic, cases.review.WhoSaw(found[0].id))
    told = [(each.entry.actor.name, each.kind) for each in access.seen]
    assert ("Assistant Person", EventKind.VIEW) in told
    assert (OFFICER, EventKind.SHARE) in told
    assert access.seen[0].event.seq > access.seen[-1].event.seq
    assert access.label.name == "Assistant, Ada"


def test_an_auditor_finds_a_patient_by_the_id_alone(scene: Scene) -> None:
    scene.share("Apex")
    scene.as_("auditor person")
    by_name = cases.review.find_reviewed(scene.clinic, cases.review.FindReviewed("Assistant"))
    by_id = cases.review.find_reviewed(
        scene.clinic, cases.review.FindReviewed(scene.record.patient_id[:8])
    )
    assert by_name == []
    assert [(label.id, label.name) for label in by_id] == [(scene.record.patient_id, "")]


def test_names_beside_the_trail_are_for_roles_that_may_know_them(scene: Scene) -> None:
    request = cases.review.NamesBeside((scene.record.patient_id, PatientId("f" * 32)))
    scene.as_("security_officer person")
    named = cases.review.names_beside(scene.clinic, request)
    assert [label.name for label in named.values()] == ["Assistant, Ada"]
    scene.as_("auditor person")
    assert cases.review.names_beside(scene.clinic, request) == {}


# --- purpose and recipient ----------------------------------------------------------------------


def test_a_share_and_an_export_say_purpose_and_recipient_in_fields_of_their_own(
    scene: Scene,
) -> None:
    scene.share("Apex Insurance")
    entry = scene.newest(EventKind.SHARE).entry
    assert (entry.purpose, entry.recipient) == ("Insurance claim", "Apex Insurance")
    cases.exporting.export_pixels(
        scene.clinic,
        cases.exporting.ExportPixels(
            scene.record.id, scene.folder / "x.npy", purpose="Research", recipient="University"
        ),
    )
    entry = scene.newest(EventKind.EXPORT).entry
    assert (entry.purpose, entry.recipient) == ("Research", "University")


def test_a_share_of_two_patients_is_in_the_accounting_of_both(scene: Scene) -> None:
    write_images(scene.folder / "other", a_patient("Other", "20432"), cbct=False, seed=20)
    report = cases.importing.import_paths(
        scene.clinic, cases.importing.ImportPaths((scene.folder / "other",))
    )
    other = report.stored[0].record
    planned = cases.sharing.plan_share(
        scene.clinic, cases.sharing.PlanShare((scene.record.id, other.id), "teaching")
    )
    doubts = frozenset(doubt.id for doubt in planned.plan.open_doubts)
    order = cases.sharing.SealShare(planned, "Dr. Both", scene.folder / "both.age", doubts)
    cases.sharing.seal_share(scene.clinic, order)
    for record in (scene.record, other):
        made = cases.reports.show_disclosures(
            scene.clinic, cases.reports.ShowDisclosures(record.patient_id, DAY)
        )
        assert [line.recipient for line in made.lines] == ["Dr. Both"]
        assert "other patients" in made.lines[0].note


# --- accounting of disclosures ----------------------------------------------------------------


def test_an_accounting_has_all_disclosures_and_marks_those_that_the_rule_asks_for(
    scene: Scene,
) -> None:
    scene.share("Dr. Castellano", "referral")
    session = scene.clinic.desk.session
    assert session is not None
    scene.clinic.trail.append(  # as the program wrote it before purpose had a field
        Entry(
            EventKind.SHARE, session.actor, patient_id=scene.record.patient_id,
            why="Court order, to District court, profile referral, share 0A1B",
        )
    )  # fmt: skip
    cases.exporting.export_pixels(
        scene.clinic, cases.exporting.ExportPixels(scene.record.id, scene.folder / "x.npy")
    )
    out = scene.folder / "accounting.pdf"
    request = cases.reports.AccountDisclosures(scene.record.patient_id, DAY, out)
    made = cases.reports.account_disclosures(scene.clinic, request)
    told = [(line.recipient, line.purpose, line.is_required) for line in made.lines]
    assert told == [
        ("Dr. Castellano", "Referral", False),
        ("District court", "Court order", True),
        (NOT_RECORDED, NOT_RECORDED, True),
    ]
    words = words_of(out)
    assert "Assistant, Ada" in words
    assert "District court" in words
    assert "45 CFR 164.528" in words
    rows = list(csv.DictReader(StringIO(out.with_suffix(".csv").read_text("utf-8-sig"))))
    assert [row["required"] for row in rows] == ["no", "yes", "yes"]
    assert rows[1]["recipient"] == "District court"


def test_an_accounting_is_an_entry_about_the_patient_with_the_digest_of_the_file(
    scene: Scene,
) -> None:
    import hashlib

    out = scene.folder / "accounting.pdf"
    request = cases.reports.AccountDisclosures(scene.record.patient_id, DAY, out)
    cases.reports.account_disclosures(scene.clinic, request)
    entry = scene.newest(EventKind.REPORT).entry
    assert entry.patient_id == scene.record.patient_id
    assert entry.digests[0] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert "accounting of disclosures" in entry.why


def test_a_recipient_that_looks_like_a_formula_stays_words_in_the_table(scene: Scene) -> None:
    scene.share("=HYPERLINK(1)")
    out = scene.folder / "accounting.pdf"
    cases.reports.account_disclosures(
        scene.clinic, cases.reports.AccountDisclosures(scene.record.patient_id, DAY, out)
    )
    assert "'=HYPERLINK(1)" in out.with_suffix(".csv").read_text("utf-8-sig")


# --- the monthly report -----------------------------------------------------------------------


def test_the_report_says_what_was_found_that_the_trail_is_whole_and_where_its_head_is(
    scene: Scene,
) -> None:
    scene.share("Apex Insurance")
    scene.as_("security_officer person")
    late = next(f for f in scene.review().findings if f.who == OFFICER)
    cases.review.sign_off(scene.clinic, cases.review.SignOff(late, "weekend duty"))
    out = scene.folder / "review.pdf"
    day = scene.clock.wall().astimezone().date()
    written = cases.reports.write_report(
        scene.clinic, cases.reports.WriteReport(day - timedelta(days=30), day, out)
    )
    words = words_of(out)
    assert "The trail is whole" in words
    assert "Apex Insurance" in words
    assert "weekend duty" in words
    assert "Signed by" in words
    assert "Assistant, Ada" not in words  # a name stays in the store
    assert "#20431" in words
    entry = scene.newest(EventKind.REPORT).entry
    assert entry.digests[0] == written.sha256
    assert entry.digests[1][:16] in words
    assert "the trail is whole" in entry.why


def test_two_reports_of_the_same_facts_have_the_same_bytes(scene: Scene) -> None:
    from viewer.app.review.report_pdf import Report, report_pdf

    scene.as_("security_officer person")
    review, verdict = scene.review(), scene.clinic.trail.verify()
    report = Report("Test Practice", review, verdict, "Sven", "Security officer")
    assert report_pdf(report) == report_pdf(report)


def test_a_report_does_not_replace_a_file_unasked(scene: Scene) -> None:
    out = scene.folder / "review.pdf"
    out.write_bytes(b"mine")
    with pytest.raises(UserError, match="already"):
        cases.reports.write_report(scene.clinic, cases.reports.WriteReport(DAY, DAY, out))
    assert out.read_bytes() == b"mine"


# --- hours ------------------------------------------------------------------------------------


def test_the_practices_own_hours_hold_and_are_a_change_of_policy_in_the_trail(
    scene: Scene,
) -> None:
    hours = Hours.from_fields(
        {"opens": "00:00", "closes": "23:59", "days": ["Saturday", "Sunday", "Monday"]}
    )
    cases.review.set_hours(scene.clinic, cases.review.SetHours(hours))
    review = scene.review()
    assert review.hours == hours
    assert Rule.AFTER_HOURS not in [f.rule for f in review.findings]
    changes = [f.reason for f in review.findings if f.rule is Rule.RIGHTS]
    # Who widens them to hide the night is seen doing it.
    assert any("hours of the practice: 00:00 to 23:59" in reason for reason in changes)
    assert "00:00 to 23:59" in scene.newest(EventKind.POLICY_CHANGED).entry.why


def test_hours_that_somebody_edited_do_not_hold_and_the_review_says_so(scene: Scene) -> None:
    hours = Hours.from_fields({"opens": "08:00", "closes": "18:00", "days": ["Monday"]})
    cases.review.set_hours(scene.clinic, cases.review.SetHours(hours))
    path = scene.clinic.folder / "review.json"
    content = json.loads(path.read_text())
    content["body"]["content"]["closes"] = "23:00"
    path.write_text(json.dumps(content))
    review = scene.review()
    assert review.hours.closes.hour == 19
    assert any("changed outside the program" in said for said in review.not_looked_at)
    cases.review.set_hours(scene.clinic, cases.review.SetHours(hours))
    assert scene.review().hours == hours
