"""Policies through the gate, the command line and a running desk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.practice import FIRST, OFFICER, PASSWORD, FakeClock, add_person, found
from viewer.app.clinic import Clinic
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.use_cases import accounts, factors, library, policies, trail
from viewer.crypto.onetime import code_at
from viewer.session.audit.events import EventFilter, EventKind, Outcome
from viewer.session.errors import (
    FactorMissing,
    NotPermitted,
    PasswordMustChange,
    PolicyRefused,
)
from viewer.session.idle import IdlePhase
from viewer.session.keystore import FileKeyStore, MemoryKeyStore
from viewer.session.policy import FILE, CaptureRule, WorkstationKind
from viewer.session.totp import step_at

DESK = WorkstationKind.FRONT_DESK


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def clinic(tmp_path: Path, clock: FakeClock):  # type: ignore[no-untyped-def]
    keystore = MemoryKeyStore()
    found(tmp_path / "store", keystore)
    made = Clinic(tmp_path / "store", keystore, clock=clock)
    made.log_in(OFFICER, PASSWORD)
    yield made
    made.close()


def changes(clinic: Clinic) -> list[str]:
    reader = trail.open_trail(clinic, trail.OpenTrail())
    events = reader.page(EventFilter(frozenset({EventKind.POLICY_CHANGED})), 0, 10)
    return [event.entry.why for event in events if event.entry.outcome is Outcome.DONE]


def test_another_kind_of_workstation_locks_by_its_times_at_once_and_the_trail_has_both(
    clinic: Clinic, clock: FakeClock
) -> None:
    policies.set_policies(clinic, policies.SetPolicies(DESK))
    assert clinic.desk.idle.policy.lock_after_s == 300
    clock.pass_s(299)
    assert clinic.desk.poll().phase is IdlePhase.COUNTING
    assert len(changes(clinic)) == 1
    assert "from: operatory: locks after 10 minutes" in changes(clinic)[0]
    assert "to: front desk: locks after 5 minutes" in changes(clinic)[0]
    clock.pass_s(2)
    clinic.desk.poll()
    assert clinic.desk.session is not None
    assert clinic.desk.session.is_locked


def test_a_refused_policy_leaves_a_failed_entry_and_the_times_as_they_were(clinic: Clinic) -> None:
    with pytest.raises(PolicyRefused):
        policies.set_policies(clinic, policies.SetPolicies(lock_after_s=3600.0))
    assert clinic.desk.idle.policy.lock_after_s == 600
    assert changes(clinic) == []


def test_a_window_follows_what_another_process_set(
    clinic: Clinic, clock: FakeClock, tmp_path: Path
) -> None:
    other = Clinic(tmp_path / "store", clinic.keystore, clock=clock)
    try:
        other.keep_policies(policies.SetPolicies(DESK).applied_to(other.policies.now))
    finally:
        other.trail.close()
    clinic.desk.poll()
    assert clinic.desk.idle.policy.lock_after_s == 300


def test_a_removed_file_is_an_alarm_in_the_trail_and_the_strictest_times(
    clinic: Clinic, tmp_path: Path
) -> None:
    policies.set_policies(clinic, policies.SetPolicies(lock_after_s=900.0))
    (tmp_path / "store" / FILE).unlink()
    clinic.desk.poll()
    clinic.desk.poll()
    assert clinic.desk.idle.policy.lock_after_s == 300
    reader = trail.open_trail(clinic, trail.OpenTrail())
    alarms = reader.page(EventFilter(frozenset({EventKind.SET_BACK})), 0, 10)
    assert ["policies" in alarm.entry.why for alarm in alarms] == [True]


def test_a_dentist_may_read_policies_but_not_set_them(clinic: Clinic) -> None:
    name = add_person(clinic, "dentist")
    clinic.log_off()
    clinic.log_in(name, PASSWORD)
    assert policies.show_policies(clinic, policies.ShowPolicies()).idle.lock_after_s == 600
    with pytest.raises(NotPermitted):
        policies.set_policies(clinic, policies.SetPolicies(lock_after_s=900.0))


def test_the_command_line_sets_and_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys.json"
    found(tmp_path / "store", FileKeyStore(keys))
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    common = ["--store", str(tmp_path / "store"), "--keystore", f"file:{keys}"]
    common += ["--user", OFFICER, "--password-file", str(password)]

    def say(*words: str) -> tuple[int, str]:
        status = run([*common, *words], Console())
        return status, capsys.readouterr().out

    wanted = ["--kind", "front-desk", "--lock-after", "4m", "--second-factor", "owner,dentist"]
    status, _ = say("policy", "set", *wanted, "--refuse-capture", "everywhere")
    assert status == 0
    status, shown = say("policy", "show", "--json")
    assert status == 0
    assert json.loads(shown) == {
        "kind": "front desk",
        "lock_after_s": 240,
        "countdown_s": 60,
        "log_off_after_s": 3600,
        "capture_refused": CaptureRule.EVERYWHERE.value,
        "second_factor": ["dentist", "owner"],
        "second_factor_for_every_role": False,
        "damaged": False,
    }
    assert say("policy", "set", "--lock-after", "15m")[0] == 1
    status, shown = say("policy", "set", "--second-factor", "none")
    assert "no role" in shown


def test_a_role_that_needs_a_second_factor_does_nothing_but_set_one_up(
    clinic: Clinic, clock: FakeClock
) -> None:
    name = add_person(clinic, "dentist")
    policies.set_policies(clinic, policies.SetPolicies(factor_roles=frozenset({"dentist"})))
    library.find_patients(clinic, library.FindPatients())  # the officer's role needs none
    user = clinic.log_in(name, PASSWORD).user
    with pytest.raises(FactorMissing):
        library.find_patients(clinic, library.FindPatients())
    enrolment = clinic.practice.begin_totp(user.id)
    code = code_at(enrolment.secret, step_at(clock.wall()))
    factors.confirm_totp(clinic, factors.ConfirmTotp(PASSWORD, enrolment, code))
    library.find_patients(clinic, library.FindPatients())
    clinic.log_off()
    clinic.log_in(OFFICER, PASSWORD)
    reader = trail.open_trail(clinic, trail.OpenTrail())
    refused = reader.page(EventFilter(frozenset({EventKind.REFUSED})), 0, 10)
    assert [event.entry.why for event in refused] == ["find patients"]


def test_a_removed_file_frees_nobody_of_the_second_factor(clinic: Clinic, tmp_path: Path) -> None:
    """But who may set the policies anew does so, and an emergency waits for nobody."""
    name = add_person(clinic, "dentist")
    policies.set_policies(clinic, policies.SetPolicies(factor_roles=frozenset({"dentist"})))
    (tmp_path / "store" / FILE).unlink()
    clinic.desk.poll()
    library.find_patients(clinic, library.FindPatients())
    clinic.log_in(name, PASSWORD)
    with pytest.raises(FactorMissing):
        library.find_patients(clinic, library.FindPatients())
    clinic.log_off()
    clinic.admit(clinic.check_in_emergency(name, PASSWORD, "Patient in the chair"))
    library.find_patients(clinic, library.FindPatients())


def test_a_first_password_accepts_no_old_list_of_images(clinic: Clinic) -> None:
    name = add_person(clinic, "owner")
    accounts.reset_password(clinic, accounts.ResetPassword(name, FIRST))
    clinic.log_off()
    with pytest.raises(PasswordMustChange):
        clinic.accept_fork(name, FIRST, "because")
