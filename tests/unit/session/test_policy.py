"""Policies of a workstation: bounds with their reasons, kept so that nobody edits them outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from viewer.session.errors import PolicyRefused
from viewer.session.idle import IdlePolicy
from viewer.session.keystore import MemoryKeyStore
from viewer.session.policy import (
    FILE,
    LONGEST_LOCK_S,
    STRICTEST,
    USUAL_TIMES,
    CaptureRule,
    Policies,
    PolicyStore,
    WorkstationKind,
    require_sound_times,
    start_over,
)

ROLES = ("dentist", "front_desk")
OPERATORY, DESK = WorkstationKind.OPERATORY, WorkstationKind.FRONT_DESK
LONGER = Policies(OPERATORY, IdlePolicy(900, 60, 3600), CaptureRule.EVERYWHERE, frozenset(ROLES))


@pytest.fixture
def keystore() -> MemoryKeyStore:
    made = MemoryKeyStore()
    made.create_device_secret().wipe()
    return made


@pytest.fixture
def store(tmp_path: Path, keystore: MemoryKeyStore) -> PolicyStore:
    return PolicyStore(tmp_path, keystore, "practice")


def again(tmp_path: Path, keystore: MemoryKeyStore) -> PolicyStore:
    return PolicyStore(tmp_path, keystore, "practice")


@pytest.mark.parametrize("kind", WorkstationKind)
def test_the_usual_times_of_each_kind_are_within_its_bounds(kind: WorkstationKind) -> None:
    require_sound_times(kind, USUAL_TIMES[kind])
    assert USUAL_TIMES[kind].log_off_after_s == 3600


@pytest.mark.parametrize("kind", WorkstationKind)
@pytest.mark.parametrize(
    "times",
    [
        IdlePolicy(lock_after_s=59),
        IdlePolicy(lock_after_s=1801),
        IdlePolicy(lock_after_s=float("nan")),
        IdlePolicy(lock_after_s=float("inf"), log_off_after_s=float("inf")),
        IdlePolicy(lock_after_s=600, countdown_s=9),
        IdlePolicy(lock_after_s=600, countdown_s=121),
        IdlePolicy(lock_after_s=60, countdown_s=31),
        IdlePolicy(lock_after_s=600, log_off_after_s=599),
        IdlePolicy(lock_after_s=600, log_off_after_s=12 * 3600 + 1),
    ],
)
def test_a_time_out_of_bounds_is_refused_with_a_reason(
    kind: WorkstationKind, times: IdlePolicy
) -> None:
    with pytest.raises(PolicyRefused) as refused:
        require_sound_times(kind, times)
    assert refused.value.now


def test_the_front_desk_may_not_wait_as_long_as_an_office() -> None:
    times = IdlePolicy(lock_after_s=LONGEST_LOCK_S[WorkstationKind.OFFICE])
    require_sound_times(WorkstationKind.OFFICE, times)
    with pytest.raises(PolicyRefused, match="10 minutes") as refused:
        require_sound_times(DESK, times)
    assert "people who wait" in str(refused.value)


def test_a_practice_that_set_nothing_has_the_usual_policies(store: PolicyStore) -> None:
    assert store.now == Policies()


def test_what_was_set_holds_after_a_restart(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    before = store.set(LONGER, ROLES)
    assert before == Policies()
    assert store.now == again(tmp_path, keystore).now == LONGER
    assert LONGER.needs_factor("dentist")
    assert not LONGER.needs_factor("auditor")


def test_another_process_sees_what_was_set(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    other = again(tmp_path, keystore)
    store.set(LONGER, ROLES)
    assert other.refresh()
    assert other.now == LONGER
    assert not other.refresh()


def test_another_workstation_keeps_its_own_times_but_shares_the_factors(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    store.set(LONGER, ROLES)
    other = again(tmp_path, keystore)
    other._device = "another"
    other._now = other._read()
    assert other.now == Policies(factor_roles=frozenset(ROLES))
    other.set(Policies(DESK, USUAL_TIMES[DESK], factor_roles=frozenset(ROLES)), ROLES)
    store.refresh()
    assert store.now == LONGER


def test_a_refused_policy_changes_nothing(store: PolicyStore, tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused):
        store.set(Policies(idle=IdlePolicy(lock_after_s=7200)), ROLES)
    with pytest.raises(PolicyRefused, match="no such role"):
        store.set(Policies(factor_roles=frozenset({"nobody"})), ROLES)
    assert not (tmp_path / FILE).exists()


def test_an_edited_file_makes_the_strictest_policies_hold(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    store.set(LONGER, ROLES)
    path = tmp_path / FILE
    whole = json.loads(path.read_text())
    station = next(iter(whole["body"]["content"]["workstations"].values()))
    station["lock_after_s"] = 1800
    path.write_text(json.dumps(whole))
    assert again(tmp_path, keystore).now == STRICTEST
    assert store.refresh()
    assert store.now == STRICTEST


def test_a_removed_file_makes_the_strictest_policies_hold(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    store.set(LONGER, ROLES)
    (tmp_path / FILE).unlink()
    store.refresh()
    assert store.now == again(tmp_path, keystore).now == STRICTEST
    assert store.now.needs_factor("auditor")


def test_an_older_file_put_back_makes_the_strictest_policies_hold(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    store.set(LONGER, ROLES)
    older = (tmp_path / FILE).read_bytes()
    store.set(Policies(), ROLES)
    (tmp_path / FILE).write_bytes(older)
    assert again(tmp_path, keystore).now == STRICTEST


def test_times_out_of_bounds_are_not_believed_even_if_the_tag_is_right(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    store.set(LONGER, ROLES)
    content = store._file.read()
    content["workstations"][store._device]["lock_after_s"] = 1e9
    store._file.write(content)
    assert again(tmp_path, keystore).now == STRICTEST


def test_setting_anew_is_the_way_out_of_a_damaged_file(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    store.set(LONGER, ROLES)
    (tmp_path / FILE).write_text("not json")
    store.refresh()
    assert store.set(LONGER, ROLES) == STRICTEST
    assert again(tmp_path, keystore).now == LONGER


def test_a_recovery_begins_with_the_usual_policies(
    store: PolicyStore, tmp_path: Path, keystore: MemoryKeyStore
) -> None:
    start_over(tmp_path, keystore, "practice")
    assert not (tmp_path / FILE).exists(), "nothing to start over"
    store.set(LONGER, ROLES)
    (tmp_path / FILE).unlink()
    start_over(tmp_path, keystore, "practice")
    assert again(tmp_path, keystore).now == Policies()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"{", b"[]", b"null", b"{}", b'{"body": 1, "tag": "00"}',
        b'{"body": {"content": {}, "version": 1e400}, "tag": "00"}',
        b'{"body": {"content": {}, "version": NaN}, "tag": "00"}',
        b'{"body": {"content": "\\ud800", "version": 1}, "tag": "00"}',
        b'{"body": {"content": {}, "version": 99999999999999999999}, "tag": "00"}',
        b'{"body": {"content": {}, "version": 1}, "tag": 7}',
        b"[" * 100_000,
        None,
    ],
)  # fmt: skip
def test_a_file_that_is_damaged_in_any_way_holds_the_strictest_and_can_be_set_anew(
    tmp_path: Path, keystore: MemoryKeyStore, store: PolicyStore, content: bytes | None
) -> None:
    store.set(LONGER, ROLES)
    path = tmp_path / FILE
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    running, started = store, again(tmp_path, keystore)
    running.refresh()
    assert running.now == started.now == STRICTEST
    if content is None:
        path.rmdir()
    started.set(LONGER, ROLES)
    assert again(tmp_path, keystore).now == LONGER
