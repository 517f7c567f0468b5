"""Each rule of the review over made-up trails: where it fires, and where it does not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.support.trails import (
    INES,
    JONAS,
    MARA,
    MONDAY,
    SVEN,
    TOM,
    Story,
    material,
    on,
    ordinary_months,
    patient,
    workdays,
)
from viewer.app.review import breaking, doors, looking, machine, sending
from viewer.app.review.findings import Finding
from viewer.app.review.leaving import leavings, purpose_and_recipient
from viewer.app.review.material import Named, Ref, seen_in
from viewer.app.review.ranking import ranked
from viewer.app.review.settings import Hours, Rule, parse_settings, shipped_settings
from viewer.model.errors import UserError
from viewer.session.audit.events import Entry, EventKind, Outcome


def rules_of(findings: Any) -> list[Rule]:
    return [finding.rule for finding in findings]


def only(findings: Any) -> Finding:
    found = list(findings)
    assert len(found) == 1, found
    return found[0]  # type: ignore[no-any-return]


# --- after hours ------------------------------------------------------------------------------


def test_a_chart_opened_at_night_is_found_with_the_hour_and_the_number_of_patients() -> None:
    story = Story()
    for number in (1, 2, 3):
        story.view(on(MONDAY, 23, 10 + number), JONAS, number)
    finding = only(looking.after_hours(material(story.events)))
    assert finding.rule is Rule.AFTER_HOURS
    assert "3 patients between 23:11 and 23:13 on Monday" in finding.reason
    assert finding.patients == (patient(1), patient(2), patient(3))


@pytest.mark.parametrize(
    ("moment", "fires"),
    [
        (on(MONDAY, 12), False),
        (on(MONDAY, 19, 30), False),  # within the grace
        (on(MONDAY, 20), True),
        (on(MONDAY, 5), True),
        (on(date(2026, 11, 8), 12), True),  # a Sunday
    ],
)
def test_closed_is_outside_the_hours_with_some_grace_and_at_the_weekend(
    moment: datetime, fires: bool
) -> None:
    story = Story()
    story.view(moment, JONAS, 1)
    assert bool(list(looking.after_hours(material(story.events)))) is fires


def test_what_the_program_does_at_night_is_nobodys_late_work() -> None:
    story = Story()
    story.at(on(MONDAY, 3), None, EventKind.BACKUP)
    story.at(on(MONDAY, 3), JONAS, EventKind.LOGOFF)
    assert not list(looking.after_hours(material(story.events)))


def test_hours_are_read_only_if_they_are_hours() -> None:
    hours = Hours.from_fields({"opens": "08:00", "closes": "20:00", "days": ["Saturday"]})
    assert hours.is_open(on(date(2026, 11, 7), 19))
    assert Hours.from_fields(hours.fields()) == hours
    with pytest.raises(UserError):
        Hours.from_fields({"opens": "20:00", "closes": "08:00", "days": ["Monday"]})
    with pytest.raises(UserError):
        Hours.from_fields({"opens": "early", "closes": "08:00", "days": ["Monday"]})


# --- volume -----------------------------------------------------------------------------------


def a_past(story: Story, per_day: int, days: int = 15) -> date:
    """Let Jonas see that many patients a day; return the next working day."""
    past = workdays(date(2026, 10, 1), days + 1)
    for day in past[:-1]:
        for number in range(per_day + day.day % 3 - 1):
            story.view(on(day, 9, number), JONAS, number)
    return past[-1]


def test_five_times_as_many_patients_as_usual_is_found_and_says_what_is_usual() -> None:
    story = Story()
    day = a_past(story, 8)
    for number in range(40):
        story.view(on(day, 10, number), JONAS, number)
    finding = only(looking.volume(material(story.events)))
    assert "Opened 40 patients" in finding.reason
    assert "8 a day are usual for this person" in finding.reason


def test_a_busy_person_is_measured_against_their_own_past() -> None:
    story = Story()
    day = a_past(story, 38)
    for number in range(40):
        story.view(on(day, 10, number), JONAS, number)
    assert not list(looking.volume(material(story.events)))


def test_the_same_patient_opened_forty_times_is_one_patient() -> None:
    story = Story()
    day = a_past(story, 8)
    for minute in range(40):
        story.view(on(day, 10, minute), JONAS, 1)
    assert not list(looking.volume(material(story.events)))


# --- at whom ----------------------------------------------------------------------------------

NAMES = {
    patient(1): Named("Weber", "Jonas"),
    patient(2): Named("WÉBER", "Lotte"),
    patient(3): Named("Linden", "Mara"),
    patient(4): Named("Example", "Ada"),
}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, [Rule.OWN_CHART]),
        (2, [Rule.SAME_SURNAME]),
        (3, [Rule.CO_WORKER]),
        (4, []),
        (5, []),  # not known by name
    ],
)
def test_whose_chart_it_is_is_compared_without_case_and_accents(
    number: int, expected: list[Rule]
) -> None:
    story = Story()
    story.view(on(MONDAY, 10), JONAS, number)
    findings = looking.at_whom(material(story.events, patients=NAMES))
    assert rules_of(findings) == expected


def test_without_names_nothing_is_said_about_kin() -> None:
    story = Story()
    story.view(on(MONDAY, 10), JONAS, 1)
    assert not list(looking.at_whom(material(story.events)))


def test_a_surname_that_many_patients_bear_weighs_less() -> None:
    story = Story()
    story.view(on(MONDAY, 10), JONAS, 2)
    few = only(looking.at_whom(material(story.events, patients=NAMES)))
    many = NAMES | {patient(n): Named("Weber", f"P{n}") for n in range(10, 60)}
    assert only(looking.at_whom(material(story.events, patients=many))).weight < few.weight


def test_a_marked_patient_is_found_only_where_there_are_marks() -> None:
    story = Story()
    story.view(on(MONDAY, 10), JONAS, 4)
    marked = material(story.events, marked=frozenset({patient(4)}))
    assert rules_of(looking.at_whom(marked)) == [Rule.MARKED_PATIENT]
    assert not list(looking.at_whom(material(story.events, marked=frozenset({patient(9)}))))


# --- what leaves ------------------------------------------------------------------------------


def shares_so_far(story: Story) -> date:
    days = workdays(date(2026, 10, 1), 13)
    for number, day in enumerate(days[:-1]):
        story.share(on(day, 11), INES, number, f"Dr. {'ABCD'[number % 4]}")
    return days[-1]


def test_many_exports_in_a_day_are_found() -> None:
    story = Story()
    day = shares_so_far(story)
    for number in range(9):
        story.share(
            on(day, 12, number), INES, 50 + number, "Dr. A", kind=EventKind.EXPORT, purpose=""
        )
    finding = next(
        f for f in sending.sending(material(story.events)) if f.rule is Rule.LEAVING_OFTEN
    )
    assert "9 times" in finding.reason
    assert "of 9 patients, 9 of them unsealed" in finding.reason


def test_a_share_or_two_a_day_is_nothing() -> None:
    story = Story()
    day = shares_so_far(story)
    story.share(on(day, 12), INES, 60, "Dr. A")
    assert not list(sending.sending(material(story.events)))


def test_a_share_fifty_times_as_large_as_usual_is_found() -> None:
    story = Story()
    day = shares_so_far(story)
    story.share(on(day, 12), INES, 60, "Dr. A", size=150_000_000)
    finding = only(sending.sending(material(story.events)))
    assert (finding.rule, "150 MB" in finding.reason) == (Rule.LEAVING_LARGE, True)


@pytest.mark.parametrize(
    ("recipient", "words"),
    [
        ("Dr. New", "to whom nothing went before"),
        ("someone@gmail.com", "private mailbox"),
        ("DR. a", ""),
    ],
)
def test_an_unusual_recipient_is_found(recipient: str, words: str) -> None:
    story = Story()
    day = shares_so_far(story)
    story.share(on(day, 12), INES, 60, recipient)
    findings = list(sending.sending(material(story.events)))
    assert [words in finding.reason for finding in findings] == ([True] if words else [])


def test_an_unsealed_export_to_nobody_is_found() -> None:
    story = Story()
    story.share(on(MONDAY, 12), INES, 60, "", kind=EventKind.EXPORT, purpose="")
    assert "nobody is named" in only(sending.sending(material(story.events))).reason


def test_what_was_cancelled_did_not_leave_and_what_never_ended_may_have() -> None:
    story = Story()
    first = story.at(on(MONDAY, 9), INES, EventKind.SHARE, outcome=Outcome.INTENT)
    story.at(on(MONDAY, 9), INES, EventKind.SHARE, outcome=Outcome.CANCELLED, refers_to=first.seq)
    story.at(on(MONDAY, 10), INES, EventKind.SHARE, outcome=Outcome.INTENT)
    left = leavings(seen_in(story.events))
    assert [(each.left, each.ended) for each in left] == [
        (False, Outcome.CANCELLED),
        (True, None),
    ]


def test_purpose_and_recipient_of_old_entries_come_from_their_words() -> None:
    why = "Insurance claim, to Apex, claims dept., profile insurer, share 0AF3"
    assert purpose_and_recipient(Entry(EventKind.SHARE, why=why)) == (
        "Insurance claim",
        "Apex, claims dept.",
    )
    assert purpose_and_recipient(Entry(EventKind.SHARE, why="share preview, referral")) == ("", "")
    new = Entry(EventKind.EXPORT, purpose="Referral", recipient="Dr. X", why="a, to b")
    assert purpose_and_recipient(new) == ("Referral", "Dr. X")


# --- doors ------------------------------------------------------------------------------------


def fails(story: Story, count: int, start: datetime, user: Any = TOM) -> None:
    for number in range(count):
        story.at(
            start + timedelta(minutes=number), user, EventKind.LOGIN_FAILED,
            outcome=Outcome.REFUSED, why="wrong password",
        )  # fmt: skip


def test_five_wrong_passwords_in_a_day_are_found_and_four_are_not() -> None:
    story, fewer = Story(), Story()
    fails(story, 5, on(MONDAY, 9))
    fails(fewer, 4, on(MONDAY, 9))
    assert "5 failed tries" in only(doors.failed_logins(material(story.events))).reason
    assert not list(doors.failed_logins(material(fewer.events)))


def test_four_wrong_passwords_and_then_a_login_may_be_a_guess() -> None:
    story = Story()
    fails(story, 4, on(MONDAY, 9))
    story.at(on(MONDAY, 9, 6), TOM, EventKind.LOGIN)
    finding = only(doors.failed_logins(material(story.events)))
    assert "perhaps the password was guessed" in finding.reason
    later = Story()
    fails(later, 4, on(MONDAY, 9))
    later.at(on(MONDAY, 12), TOM, EventKind.LOGIN)
    assert not list(doors.failed_logins(material(later.events)))


def test_tries_with_names_that_there_are_not_are_found() -> None:
    story = Story()
    fails(story, 6, on(MONDAY, 9), None)
    assert "names that there are not" in only(doors.failed_logins(material(story.events))).reason


def test_wrong_quick_pins_count_as_tries() -> None:
    story = Story()
    for minute in range(5):
        story.at(on(MONDAY, 9, minute), TOM, EventKind.QUICK_PIN, outcome=Outcome.REFUSED)
    assert rules_of(doors.failed_logins(material(story.events))) == [Rule.FAILED_LOGINS]


def test_wrong_emergency_codes_count_as_tries() -> None:
    story = Story()
    for minute in range(5):
        refused: dict[str, Any] = {"outcome": Outcome.REFUSED, "why": "wrong code"}
        story.at(on(MONDAY, 9, minute), None, EventKind.EMERGENCY_CODE, **refused)
    assert rules_of(doors.failed_logins(material(story.events))) == [Rule.FAILED_LOGINS]


def test_what_waited_for_the_trail_stands_at_the_time_at_which_it_happened() -> None:
    story = Story()
    night = on(MONDAY, 2).isoformat()
    story.at(on(MONDAY, 9), JONAS, EventKind.VIEW, patient_id=patient(1), happened=night)
    assert "at 02:00 on Monday" in only(looking.after_hours(material(story.events))).reason


def test_somebody_who_left_the_practice_and_tries_again_is_found() -> None:
    story = Story()
    left: dict[str, Any] = {"objects": (TOM,), "why": "left the practice"}
    story.at(on(MONDAY, 8), MARA, EventKind.ACCOUNT_CHANGED, **left)
    fails(story, 1, on(MONDAY, 9))
    assert only(doors.disabled_accounts(material(story.events))).user_id == TOM


def test_a_disabled_account_that_is_tried_is_found_until_it_is_enabled_again() -> None:
    story = Story()
    story.at(on(MONDAY, 8), MARA, EventKind.ACCOUNT_CHANGED, objects=(TOM,), why="disable")
    fails(story, 1, on(MONDAY, 9))
    story.at(on(MONDAY, 10), MARA, EventKind.ACCOUNT_CHANGED, objects=(TOM,), why="enable")
    fails(story, 1, on(MONDAY + timedelta(days=1), 9))
    finding = only(doors.disabled_accounts(material(story.events)))
    assert finding.user_id == TOM
    assert finding.first.date() == MONDAY


def test_the_right_password_of_a_disabled_account_is_said_to_be_right() -> None:
    story = Story()
    story.at(
        on(MONDAY, 9), TOM, EventKind.LOGIN_FAILED, outcome=Outcome.REFUSED,
        why="account disabled",
    )  # fmt: skip
    reason = only(doors.disabled_accounts(material(story.events))).reason
    assert "the password was right" in reason


def test_refused_actions_are_named_and_many_weigh_more() -> None:
    story = Story()
    refused: dict[str, Any] = {"outcome": Outcome.REFUSED, "why": "export pixels"}
    story.at(on(MONDAY, 9), TOM, EventKind.REFUSED, **refused)
    one = only(doors.refusals(material(story.events)))
    assert "the role Assistant may not: export pixels" in one.reason
    for minute in (1, 2, 3):
        story.at(on(MONDAY, 9, minute), TOM, EventKind.REFUSED, **refused)
    assert only(doors.refusals(material(story.events))).weight > one.weight


def test_a_role_changed_is_found_and_ones_own_is_grave() -> None:
    story = Story()
    change = EventKind.ACCOUNT_CHANGED
    begun: dict[str, Any] = {"outcome": Outcome.INTENT, "objects": (TOM,), "why": "role owner"}
    story.at(on(MONDAY, 9), MARA, change, **begun)
    story.at(on(MONDAY, 9), MARA, change, objects=(JONAS,), why="role hygienist to assistant")
    story.at(on(MONDAY, 9), MARA, change, objects=(TOM,), why="role assistant to owner")
    story.at(on(MONDAY, 9), SVEN, change, objects=(SVEN,), why="role security_officer to owner")
    lesser, raised, own = doors.rights(material(story.events))
    assert lesser.weight < raised.weight < own.weight
    assert "Tom Okafor" in raised.reason
    assert "their own account" in own.reason


@pytest.mark.parametrize(
    ("why", "fires"), [("TOTP dropped", True), ("TOTP enrolled", False), ("key removed", True)]
)
def test_a_second_factor_is_found_when_it_goes(why: str, fires: bool) -> None:
    story = Story()
    story.at(on(MONDAY, 9), MARA, EventKind.FACTOR_CHANGED, objects=(MARA,), why=why)
    assert bool(list(doors.second_factors(material(story.events)))) is fires


# --- emergency access -------------------------------------------------------------------------


def an_emergency(story: Story, user: Any = TOM) -> int:
    began = story.at(on(MONDAY, 9), user, EventKind.EMERGENCY, why="bleeding in room 2")
    story.view(on(MONDAY, 9, 5), user, 7)
    story.at(on(MONDAY, 9, 20), user, EventKind.EMERGENCY, refers_to=began.seq, why="ended")
    story.view(on(MONDAY, 9, 25), user, 8)
    return began.seq


def test_an_emergency_access_says_its_reason_and_whom_it_opened() -> None:
    story = Story()
    an_emergency(story)
    access = breaking.accesses(seen_in(story.events))[0]
    assert (access.reason, access.patients) == ("bleeding in room 2", (patient(7),))
    finding = only(breaking.emergencies(material(story.events)))
    assert "“bleeding in room 2”. 1 patient opened." in finding.reason


def test_an_emergency_that_nobody_reviewed_in_72_hours_is_overdue() -> None:
    story = Story()
    an_emergency(story)
    soon = material(story.events, now=on(MONDAY, 9) + timedelta(hours=71))
    late = material(story.events, now=on(MONDAY, 9) + timedelta(hours=73))
    first, second = only(breaking.emergencies(soon)), only(breaking.emergencies(late))
    assert first.id == second.id
    assert second.weight > first.weight
    assert "within 72 hours" in second.reason


def test_a_sign_off_that_refers_to_the_beginning_closes_it() -> None:
    story = Story()
    number = an_emergency(story)
    assert [f.is_open for f in ranked(material(story.events)) if f.rule is Rule.EMERGENCY] == [True]
    story.at(
        on(MONDAY, 12), MARA, EventKind.REVIEWED, refers_to=number, refers_in=1, why="was right"
    )
    access = breaking.accesses(seen_in(story.events))[0]
    assert access.signed is not None
    assert (access.signed.by, access.signed.note) == ("Dr. Mara Linden", "was right")
    after = [f for f in ranked(material(story.events)) if f.rule is Rule.EMERGENCY]
    assert [f.is_open for f in after] == [False]


def test_an_open_emergency_is_shown_however_old_it_is() -> None:
    story = Story()
    an_emergency(story)
    month_later = on(MONDAY, 9) + timedelta(days=40)
    story.at(month_later, TOM, EventKind.LOGIN)
    findings = ranked(material(story.events, since=month_later - timedelta(days=1)))
    assert Rule.EMERGENCY in rules_of(findings)


# --- the trail and the machine ------------------------------------------------------------------


def test_entries_that_cannot_be_read_are_a_gap() -> None:
    story = Story()
    story.view(on(MONDAY, 9), JONAS, 1)
    gap = material(story.events, unreadable=[Ref(1, 5), Ref(1, 6)])
    assert (
        "2 entries of the trail cannot be read, from 5 to 6" in only(machine.trail_gaps(gap)).reason
    )
    assert not list(machine.trail_gaps(material(story.events)))


def test_a_program_that_had_not_ended_when_the_machine_started_again_is_found() -> None:
    story = Story()
    story.raw(on(MONDAY, 8), 9_000, None, EventKind.PROGRAM_STARTED)
    story.raw(on(MONDAY, 17), 41_400, JONAS, EventKind.VIEW, patient_id=patient(1))
    story.raw(on(MONDAY, 18), 60, None, EventKind.PROGRAM_STARTED)
    assert "17:00" in only(machine.unclean_ends(material(story.events))).reason


def test_programs_that_ended_are_no_unclean_end_even_where_two_ran_at_once() -> None:
    story = Story()
    for boot_s, kind in (
        (100, EventKind.PROGRAM_STARTED),
        (200, EventKind.PROGRAM_STARTED),
        (300, EventKind.PROGRAM_ENDED),
        (400, EventKind.PROGRAM_STARTED),
        (500, EventKind.PROGRAM_ENDED),
        (600, EventKind.PROGRAM_ENDED),
    ):
        story.raw(on(MONDAY, 8) + timedelta(seconds=boot_s), boot_s, None, kind)
    story.raw(on(MONDAY, 18), 60, None, EventKind.PROGRAM_STARTED)
    assert not list(machine.unclean_ends(material(story.events)))


@pytest.mark.parametrize(
    ("wall_s", "boot_s", "words"),
    [
        (3600, 13_600, ""),  # an hour passed
        (3600 + 7200, 13_600, "forward by 2 hours"),
        (3600 - 7200, 13_600, "back by 2 hours"),
        (9 * 3600, 100, ""),  # restarted over night
        (-3600, 100, "back by 60 minutes"),  # restarted, and the clock went back
        (50 * 3600, 20_000, ""),  # restarted long ago, and on for longer than before
        (3600 + 250, 13_600, ""),  # a little, as the time servers do
    ],
)
def test_a_clock_that_was_set_is_found_and_a_restart_is_not(
    wall_s: float, boot_s: float, words: str
) -> None:
    story = Story()
    start = on(MONDAY, 9)
    story.raw(start, 10_000, JONAS, EventKind.LOGIN)
    story.raw(start + timedelta(seconds=wall_s), boot_s, JONAS, EventKind.LOGOFF)
    findings = list(machine.clock_jumps(material(story.events)))
    assert [words in finding.reason for finding in findings] == ([True] if words else [])


def test_a_key_store_notice_is_said_once_a_day() -> None:
    story = Story()
    for minute in range(3):
        story.at(on(MONDAY, 9, minute), None, EventKind.KEYSTORE_NOTICE, why="a plain file")
    assert "a plain file" in only(machine.key_store(material(story.events))).reason


def test_a_verification_that_failed_is_found_and_one_that_did_not_is_not() -> None:
    story = Story()
    story.at(on(MONDAY, 9), MARA, EventKind.TRAIL_VERIFIED, why="812 entries, whole")
    story.at(on(MONDAY, 9), MARA, EventKind.STORE_CHECKED, why="40 objects, sound")
    assert not list(machine.verifications(material(story.events)))
    story.at(on(MONDAY, 10), MARA, EventKind.TRAIL_VERIFIED, why="812 entries, edited")
    story.at(on(MONDAY, 10), MARA, EventKind.STORE_CHECKED, why="40 objects, damage found")
    assert len(list(machine.verifications(material(story.events)))) == 2


def test_a_store_that_was_set_back_is_an_alarm() -> None:
    story = Story()
    story.at(on(MONDAY, 9), None, EventKind.SET_BACK, outcome=Outcome.REFUSED, why="the accounts")
    assert "the accounts" in only(machine.alarms(material(story.events))).reason
    story = Story()
    story.at(on(MONDAY, 9), None, EventKind.BACKUP)
    assert not list(machine.alarms(material(story.events)))


# --- all together -----------------------------------------------------------------------------


def test_three_planted_misdeeds_are_the_top_of_a_simulated_month() -> None:
    story = Story()
    days = workdays(date(2026, 8, 3), 62)
    ordinary_months(story, days[:-8])
    # Tom opens fifty charts one evening.
    snooping = days[-8]
    ordinary_months(story, [snooping], seed=8)
    for number in range(50):
        story.view(on(snooping, 20, 10) + timedelta(minutes=number), TOM, 500 + number)
    ordinary_months(story, days[-7:-5], seed=9)
    # Ines sends fourteen patients' images to a private mailbox over lunch.
    stealing = days[-5]
    for number in range(14):
        moment = on(stealing, 12) + timedelta(minutes=2 * number)
        story.share(moment, INES, 600 + number, "i.duarte@gmail.com")
    ordinary_months(story, days[-4:-2], seed=10)
    # Somebody guesses Jonas's password and reads a co-worker's chart.
    guessing = days[-2]
    fails(story, 6, on(guessing, 13), JONAS)
    story.at(on(guessing, 13, 7), JONAS, EventKind.LOGIN)
    story.view(on(guessing, 13, 9), JONAS, 700)
    ordinary_months(story, days[-1:], seed=11)
    names = {patient(700): Named("Linden", "Mara")}
    since = on(days[-22], 0)
    findings = ranked(material(story.events, since=since, patients=names))
    planted = {(TOM, snooping), (INES, stealing), (JONAS, guessing)}
    top = {(finding.user_id, finding.last.date()) for finding in findings[:5]}
    assert planted <= top
    assert {(f.user_id, f.last.date()) for f in findings[:3]} <= planted


def test_what_somebody_does_every_week_weighs_less_than_what_is_new_for_another() -> None:
    story = Story()
    days = workdays(date(2026, 8, 3), 40)
    for day in days:
        story.view(on(day, 10), MARA, 1)
        story.view(on(day, 10, 1), JONAS, 2)
        story.view(on(day, 21), MARA, 3)
    story.view(on(days[-1], 21), JONAS, 4)
    findings = ranked(material(story.events, since=on(days[-1], 0)))
    by_user = {finding.user_id: finding.score for finding in findings}
    assert by_user[JONAS] > 4 * by_user[MARA]


def test_a_finding_stays_signed_off_whatever_the_period_and_opens_again_with_new_events() -> None:
    story = Story()
    story.view(on(MONDAY, 21), JONAS, 1)
    finding = ranked(material(story.events))[0]
    story.at(
        on(MONDAY, 21, 5), MARA, EventKind.REVIEWED, digests=(finding.id,), why="was asked to",
        refers_to=finding.refs[0].seq, refers_in=1,
    )  # fmt: skip
    again = ranked(material(story.events, since=on(MONDAY, 0)))
    jonas = [f for f in again if f.user_id == JONAS]
    assert [f.signed.note if f.signed else "" for f in jonas] == ["was asked to"]
    story.view(on(MONDAY, 21, 30), JONAS, 2)
    jonas = [f for f in ranked(material(story.events)) if f.user_id == JONAS]
    assert [f.is_open for f in jonas] == [True]


def test_each_rule_has_its_table_and_a_table_too_many_is_refused() -> None:
    text = "\n".join(
        f"[{rule.name.lower()}]\nweight = 1" for rule in Rule if rule is not Rule.CLOCK
    )
    with pytest.raises(ValueError, match="each rule"):
        parse_settings(text)
    assert all(shipped_settings().number(rule) > 0 for rule in Rule)
