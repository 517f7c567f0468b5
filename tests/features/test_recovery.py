"""The recovery sheet and the keys of people who left, as somebody who kept copies meets them."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.practice import OFFICER, PASSWORD, add_person, open_clinic, write_images
from viewer.app import recovering
from viewer.app.clinic import Clinic, Founding
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.due import keys_due
from viewer.app.use_cases import accounts, importing, keys, recovery, trail
from viewer.crypto.derive import SMALLEST_STRETCH
from viewer.crypto.errors import NotAuthentic
from viewer.crypto.secret import Secret
from viewer.session.accounts import KeyRing, Practice
from viewer.session.audit.events import Entry, Event, EventFilter, EventKind, Outcome
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.segment import public_key_path, segment_numbers
from viewer.session.audit.verify import verify_trail
from viewer.session.book import RECOVERY
from viewer.session.errors import (
    AccountRefused,
    DeviceSecretMissing,
    NotPermitted,
    RecoveryKeyMistyped,
    RecoveryKeyRefused,
)
from viewer.session.holders import checked_book, open_all
from viewer.session.keystore import FileKeyStore, KeyStore, MemoryKeyStore
from viewer.session.ledger import FILE
from viewer.session.permissions import KeyName
from viewer.session.recovery import RecoveryKey
from viewer.vault.errors import RolledBack
from viewer.vault.layout import Layout

NEW = "orange kettle saddle brook"  # made up for tests


@attrs.define
class Office:
    """A practice, somebody logged in, its sheet and its key store."""

    clinic: Clinic
    folder: Path
    sheet: RecoveryKey
    keystore: KeyStore


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    folder, keystore = tmp_path / "store", MemoryKeyStore()
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    sheet = Clinic.found(folder, keystore, founding)
    with open_clinic(folder, keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        yield Office(clinic, folder, sheet, keystore)


def entries(clinic: Clinic, *kinds: EventKind) -> list[Event]:
    reader = trail.open_trail(clinic, trail.OpenTrail())
    assert reader.unreadable == []
    return list(reader.page(EventFilter(kinds=frozenset(kinds)), 0, 1_000_000))


def kept_ring(clinic: Clinic, name: str) -> KeyRing:
    """What somebody copied out of his own session."""
    return clinic.practice.open_keys(clinic.practice.user(name).id, PASSWORD)


def leave(clinic: Clinic, name: str) -> None:
    accounts.set_enabled(clinic, accounts.SetEnabled(name, enabled=False))


# --- the drill ------------------------------------------------------------------------------


def test_the_right_sheet_is_proved_and_the_day_is_kept(office: Office) -> None:
    clinic = office.clinic
    assert Practice.load(office.folder, office.keystore).recovery_proved_at is None
    assert recovery.prove_recovery(clinic, recovery.ProveRecovery(office.sheet.text.lower()))
    assert clinic.practice.recovery_proved_at is not None
    assert Practice.load(office.folder, office.keystore).recovery_proved_at is not None
    assert "it opens every key" in entries(clinic, EventKind.STORE_CHECKED)[0].entry.why


def test_another_sheet_is_told_and_a_mistyped_one_is_no_sheet(office: Office) -> None:
    clinic = office.clinic
    assert not recovery.prove_recovery(clinic, recovery.ProveRecovery(RecoveryKey.new().text))
    with pytest.raises(RecoveryKeyMistyped):
        recovery.prove_recovery(clinic, recovery.ProveRecovery(office.sheet.text[:-1]))
    assert clinic.practice.recovery_proved_at is None
    outcomes = [each.entry.outcome for each in entries(clinic, EventKind.STORE_CHECKED)]
    assert outcomes.count(Outcome.FAILED) == 1


def test_no_group_of_the_sheet_is_in_the_trail_or_the_folder(office: Office) -> None:
    clinic = office.clinic
    fresh = recovery.replace_recovery(clinic, recovery.ReplaceRecovery())
    recovery.prove_recovery(clinic, recovery.ProveRecovery(fresh.text))
    told = " ".join(each.entry.why for each in entries(clinic))
    raw = b"".join(path.read_bytes() for path in office.folder.rglob("*") if path.is_file())
    for sheet in (fresh, office.sheet):
        assert sheet.text not in told
        assert sheet.text.encode() not in raw
        assert bytes(sheet.private.view()) not in raw


def test_a_replaced_sheet_opens_nothing_and_the_new_one_everything(office: Office) -> None:
    clinic = office.clinic
    fresh = recovery.replace_recovery(clinic, recovery.ReplaceRecovery())
    assert not recovery.prove_recovery(clinic, recovery.ProveRecovery(office.sheet.text))
    assert recovery.prove_recovery(clinic, recovery.ProveRecovery(fresh.text))
    assert clinic.practice.rotation_due == set(KeyName)
    book = clinic.practice._book
    with pytest.raises(NotAuthentic):
        open_all(book, office.sheet.private, RECOVERY, "")


def test_a_stolen_old_sheet_with_an_old_copy_opens_nothing_written_after_a_rekey(
    office: Office,
) -> None:
    clinic = office.clinic
    copy = checked_book(json.loads((office.folder / FILE).read_bytes())["body"]["content"])
    recovery.replace_recovery(clinic, recovery.ReplaceRecovery())
    keys.rotate_keys(clinic, keys.RotateKeys())
    with open_all(copy, office.sheet.private, RECOVERY, "") as stolen:
        assert opened_by(office, stolen) == {1}
        assert max(stolen.keys[KeyName.IMAGES]) not in clinic.practice.live_epochs(KeyName.IMAGES)
    assert not clinic.practice.is_rotation_due


# --- roles ----------------------------------------------------------------------------------


def test_a_role_is_changed_with_its_keys_and_the_caller_is_told_what_is_due(
    office: Office,
) -> None:
    clinic = office.clinic
    dentist, assistant = add_person(clinic, "dentist"), add_person(clinic, "assistant")
    up = accounts.change_role(clinic, accounts.ChangeRole(assistant, "hygienist"))
    assert (up.user.role.id, up.rotation_due) == ("hygienist", frozenset())
    down = accounts.change_role(clinic, accounts.ChangeRole(dentist, "consultant"))
    assert down.rotation_due == {KeyName.SHARE}
    newest = entries(clinic, EventKind.ACCOUNT_CHANGED)[0].entry
    assert (newest.why, newest.objects) == (
        "role Dentist to Read-only consultant",
        (down.user.id,),
    )
    assert set(kept_ring(clinic, dentist).keys) == {KeyName.IMAGES}
    assert set(kept_ring(clinic, assistant).keys) == {KeyName.IMAGES, KeyName.SHARE}


def test_the_last_who_manages_accounts_keeps_that_role_and_no_made_up_role_is_given(
    office: Office,
) -> None:
    clinic = office.clinic
    dentist = add_person(clinic, "dentist")
    for name, role_id in ((OFFICER, "dentist"), (dentist, "emperor")):
        with pytest.raises(AccountRefused):
            accounts.change_role(clinic, accounts.ChangeRole(name, role_id))
    clinic.log_in(dentist, PASSWORD)
    with pytest.raises(NotPermitted):
        accounts.change_role(clinic, accounts.ChangeRole(dentist, "owner"))
    assert clinic.practice.user(dentist).role.id == "dentist"


# --- the trail's key ------------------------------------------------------------------------


def opened_by(office: Office, ring: KeyRing) -> set[int]:
    """Which segments of the trail a kept ring opens anything of."""
    epochs = ring.keys[KeyName.TRAIL]
    reader = TrailReader(office.folder, *epochs.values())
    reader.refresh()
    segments = {event.segment for event in reader.page(count=10_000)}
    reader.close()
    return segments


@pytest.mark.parametrize("role_id", ["auditor", "security_officer", "owner"])
def test_the_kept_key_of_somebody_who_left_opens_no_new_entry(office: Office, role_id: str) -> None:
    clinic = office.clinic
    name = add_person(clinic, role_id)
    with kept_ring(clinic, name) as ring:
        leave(clinic, name)
        assert KeyName.TRAIL in clinic.practice.rotation_due
        keys.rotate_keys(clinic, keys.RotateKeys())
        assert not clinic.practice.is_rotation_due
        clinic.trail.append(Entry(EventKind.VIEW, why="new"))
        assert opened_by(office, ring) == {1}
    assert segment_numbers(office.folder) == [1, 2]
    newest = entries(clinic)[0]
    assert {each.segment for each in entries(clinic)} == {1, 2}
    assert newest.segment == 2


def test_a_role_without_the_trail_key_leaves_the_trail_in_its_segment(office: Office) -> None:
    name = add_person(office.clinic, "dentist")
    leave(office.clinic, name)
    keys.rotate_keys(office.clinic, keys.RotateKeys())
    assert segment_numbers(office.folder) == [1]


def test_what_began_before_the_new_segment_is_ended_in_it_by_name(office: Office) -> None:
    leave(office.clinic, add_person(office.clinic, "auditor"))
    keys.rotate_keys(office.clinic, keys.RotateKeys())
    rotations = entries(office.clinic, EventKind.KEYS_ROTATED)
    done, began = rotations[0], rotations[-1]
    assert (done.segment, began.segment, began.entry.outcome) == (2, 1, Outcome.INTENT)
    assert (done.entry.refers_in, done.entry.refers_to) == (began.segment, began.seq)


def test_an_open_reader_reads_on_through_a_rotation(office: Office) -> None:
    clinic = office.clinic
    reader = trail.open_trail(clinic, trail.OpenTrail())
    leave(clinic, add_person(clinic, "auditor"))
    keys.rotate_keys(clinic, keys.RotateKeys())
    reader.refresh()
    assert reader.unreadable == []
    assert reader.page()[0].entry.kind is EventKind.KEYS_ROTATED


def test_an_auditor_who_stays_reads_old_and_new_segments(office: Office) -> None:
    clinic = office.clinic
    stays, gone = add_person(clinic, "auditor"), add_person(clinic, "security_officer")
    leave(clinic, gone)
    keys.rotate_keys(clinic, keys.RotateKeys())
    clinic.log_in(stays, PASSWORD)
    assert {each.segment for each in entries(clinic)} == {1, 2}
    assert clinic.practice.live_epochs(KeyName.TRAIL) == {1, 2}


def test_segments_of_several_rotations_verify_here_and_offline(office: Office) -> None:
    clinic = office.clinic
    for role_id in ("auditor", "owner", "security_officer"):
        leave(clinic, add_person(clinic, role_id))
        keys.rotate_keys(clinic, keys.RotateKeys())
    assert clinic.trail.segment == 4
    assert trail.verify(clinic, trail.VerifyTrail()).is_whole
    clinic.trail.checkpoint()
    outside = office.keystore.read_head(clinic.practice.id, "trail")
    lines = public_key_path(office.folder).read_text()
    assert verify_trail(office.folder, lines, outside).is_whole


def test_what_other_threads_write_during_a_rotation_is_all_there(office: Office) -> None:
    clinic = office.clinic
    leave(clinic, add_person(clinic, "auditor"))
    is_over, written = threading.Event(), list[tuple[int, int]]()

    def write() -> None:
        while not is_over.is_set() or len(written) < 20:
            event = clinic.trail.append(Entry(EventKind.VIEW, why="busy"))
            written.append((event.segment, event.seq))

    thread = threading.Thread(target=write)
    thread.start()
    keys.rotate_keys(clinic, keys.RotateKeys())
    is_over.set()
    thread.join()
    busy = [each for each in entries(clinic, EventKind.VIEW) if each.entry.why == "busy"]
    assert [(each.segment, each.seq) for each in reversed(busy)] == written
    assert trail.verify(clinic, trail.VerifyTrail()).is_whole


def test_a_crash_between_the_new_key_and_the_new_segment_is_ended_at_the_next_start(
    office: Office,
) -> None:
    clinic = office.clinic
    name = add_person(clinic, "auditor")
    with kept_ring(clinic, name) as ring:
        leave(clinic, name)
        session = clinic.desk.session
        assert session is not None
        session.begin_epoch([KeyName.TRAIL])
        assert clinic.trail.segment == 1
        clinic.close()
        with open_clinic(office.folder, office.keystore) as again:
            assert again.trail.segment == 2
            again.log_in(OFFICER, PASSWORD)
            kinds = [each.entry.kind for each in entries(again) if each.segment == 2]
            assert kinds[-2:] == [EventKind.PROGRAM_STARTED, EventKind.KEYS_ROTATED]
            assert opened_by(office, ring) == {1}


def test_the_desk_begins_the_segment_that_another_process_left_out(office: Office) -> None:
    clinic = office.clinic
    session = clinic.desk.session
    assert session is not None
    session.begin_epoch([KeyName.TRAIL])
    clinic.desk.poll()
    assert clinic.trail.segment == 2


def test_a_second_running_program_writes_nothing_more_under_the_old_key(office: Office) -> None:
    name = add_person(office.clinic, "auditor")
    with kept_ring(office.clinic, name) as ring, open_clinic(office.folder, office.keystore) as two:
        leave(office.clinic, name)
        keys.rotate_keys(office.clinic, keys.RotateKeys())
        assert two.trail.append(Entry(EventKind.VIEW)).segment == 2
        assert opened_by(office, ring) == {1}
        assert two.trail.verify().is_whole


# --- what is due ----------------------------------------------------------------------------


def test_what_is_due_says_which_keys_and_why_and_a_rekey_clears_all_of_it(office: Office) -> None:
    clinic = office.clinic
    assert keys_due(clinic) == ()
    leave(clinic, add_person(clinic, "auditor"))
    clinic.practice.demand_rotation([KeyName.SHARE])
    assert {each.key: each.reasons for each in keys_due(clinic)} == {
        KeyName.SHARE: ("it may have leaked",),
        KeyName.TRAIL: ("somebody who held it may do so no longer",),
    }
    recovery.replace_recovery(clinic, recovery.ReplaceRecovery())
    assert [len(each.reasons) for each in keys_due(clinic)] == [1, 2, 2]
    keys.rotate_keys(clinic, keys.RotateKeys())
    assert keys_due(clinic) == ()


def test_a_rekey_clears_what_became_due_while_another_was_cut_off(office: Office) -> None:
    clinic = office.clinic
    session = clinic.desk.session
    assert session is not None
    session.begin_epoch()
    leave(clinic, add_person(clinic, "assistant"))
    assert clinic.practice.rotation_due == {KeyName.IMAGES}
    keys.rotate_keys(clinic, keys.RotateKeys())
    assert clinic.practice.live_epochs(KeyName.IMAGES) == {3}
    assert keys_due(clinic) == ()


# --- recovery in place ----------------------------------------------------------------------


@pytest.fixture
def lost(office: Office, tmp_path: Path) -> Office:
    """The store with an image in it, closed, and a key store that knows nothing."""
    there = write_images(tmp_path / "in", cbct=False)
    importing.import_paths(office.clinic, importing.ImportPaths((there,)))
    add_person(office.clinic, "dentist")
    office.clinic.close()
    return attrs.evolve(office, keystore=MemoryKeyStore())


def recover(office: Office, sheet: RecoveryKey | None = None) -> recovering.Recovered:
    key = sheet or office.sheet
    return recovering.recover(office.folder, office.keystore, key, OFFICER, NEW)


def test_after_a_lost_key_store_the_sheet_brings_everything_back(lost: Office) -> None:
    with pytest.raises(DeviceSecretMissing):
        Clinic(lost.folder, lost.keystore)
    done = recover(lost)
    assert (done.segment, done.opens, done.knows_heads) == (2, True, False)
    with open_clinic(lost.folder, lost.keystore) as clinic:
        clinic.log_in(OFFICER, NEW)
        assert clinic.vault.check(deep=True).is_sound
        assert trail.verify(clinic, trail.VerifyTrail()).is_whole
        entry = entries(clinic, EventKind.PRACTICE_RECOVERED)[0].entry
        assert "no step of the list of images was kept outside" in entry.why
        assert len(entry.digests) == 1
        assert entry.actor.name == OFFICER
        accounts.reset_password(clinic, accounts.ResetPassword("dentist person", PASSWORD))
        assert {each.key for each in keys_due(clinic)} == set(KeyName)
        keys.rotate_keys(clinic, keys.RotateKeys())
        assert keys_due(clinic) == ()
        clinic.log_in("dentist person", PASSWORD)
        assert clinic.is_vault_open


@pytest.mark.parametrize("is_lost", [True, False])
def test_another_sheet_recovers_nothing_and_changes_nothing(lost: Office, is_lost: bool) -> None:
    keystore = lost.keystore if is_lost else lost.clinic.keystore
    before = (lost.folder / FILE).read_bytes()
    with pytest.raises(RecoveryKeyRefused):
        recovering.recover(lost.folder, keystore, RecoveryKey.new(), OFFICER, NEW)
    assert (lost.folder / FILE).read_bytes() == before
    if not is_lost:
        with open_clinic(lost.folder, keystore) as clinic:
            clinic.log_in(OFFICER, PASSWORD)
            refused = entries(clinic, EventKind.PRACTICE_RECOVERED)[0].entry
            assert refused.outcome is Outcome.REFUSED


def test_an_account_that_manages_no_accounts_is_not_recovered(lost: Office) -> None:
    with pytest.raises(AccountRefused):
        recovering.recover(lost.folder, lost.keystore, lost.sheet, "dentist person", NEW)


def test_forgotten_passwords_are_recovered_in_the_same_segment_and_heads_still_count(
    lost: Office, tmp_path: Path
) -> None:
    """The sheet does not open a way around a store that was set back."""
    lost.keystore = lost.clinic.keystore
    catalog = _catalog(lost.folder)
    raw = catalog.read_bytes()
    with open_clinic(lost.folder, lost.keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        there = write_images(tmp_path / "more", cbct=False, seed=90)
        importing.import_paths(clinic, importing.ImportPaths((there,)))
    done = recover(lost)
    assert (done.segment, done.knows_heads) == (1, True)
    catalog.write_bytes(raw)
    recover(lost)
    with open_clinic(lost.folder, lost.keystore) as clinic, pytest.raises(RolledBack):
        clinic.log_in(OFFICER, NEW)


def _catalog(folder: Path) -> Path:
    return Layout(folder).catalog


def test_a_recovery_that_was_cut_off_before_the_trail_is_done_again(lost: Office) -> None:
    Practice.recover(lost.folder, lost.keystore, lost.sheet, OFFICER, NEW)
    assert recover(lost).segment == 2
    with open_clinic(lost.folder, lost.keystore) as clinic:
        clinic.log_in(OFFICER, NEW)
        assert len(entries(clinic, EventKind.PRACTICE_RECOVERED)) == 1


def test_a_store_whose_list_does_not_open_is_recovered_and_says_so(lost: Office) -> None:
    catalog = _catalog(lost.folder)
    raw = bytearray(catalog.read_bytes())
    raw[: len(raw) // 2] = bytes(len(raw) // 2)
    catalog.write_bytes(raw)
    assert not recover(lost).opens


# --- the command line -----------------------------------------------------------------------


@attrs.define
class Shell:
    """The command line on a practice with a key file."""

    root: Path

    def bitewing(self, *words: str, source: str = PASSWORD + "\n") -> tuple[int, Any, str]:
        out, err = io.StringIO(), io.StringIO()
        options = ["--store", str(self.root / "store"), "--keystore", f"file:{self.root / 'key'}"]
        options += ["--user", OFFICER, "--password-file", "-"]
        status = run([*options, *words], Console(out, err, io.StringIO(source)))
        text = out.getvalue()
        return status, json.loads(text) if "--json" in words and text else text, err.getvalue()


@pytest.fixture
def shell(tmp_path: Path) -> tuple[Shell, RecoveryKey]:
    keystore = FileKeyStore(tmp_path / "key")
    founding = Founding("Test Practice", OFFICER, PASSWORD, stretch=SMALLEST_STRETCH)
    return Shell(tmp_path), Clinic.found(tmp_path / "store", keystore, founding)


def test_the_sheet_on_the_command_line(shell: tuple[Shell, RecoveryKey]) -> None:
    office, sheet = shell
    status, facts, _ = office.bitewing("recovery", "status", "--json")
    assert (status, facts) == (0, {"proved_at": None, "rotation_due": []})
    prove = ("recovery", "prove", "--recovery-file", "-", "--json")
    status, facts, _ = office.bitewing(*prove, source=f"{PASSWORD}\n{sheet.text}\n")
    assert (status, facts["proves"]) == (0, True)
    status, facts, _ = office.bitewing("recovery", "replace", "--json")
    fresh = facts["recovery_key"]
    status, facts, _ = office.bitewing(*prove, source=f"{PASSWORD}\n{sheet.text}\n")
    assert (status, facts["proves"]) == (1, False)
    status, facts, _ = office.bitewing("recovery", "status", "--json")
    assert [each["key"] for each in facts["rotation_due"]] == ["images", "share", "trail"]
    assert office.bitewing("check", "--json")[1]["rotation_due"] == facts["rotation_due"]
    assert "New keys are due: the key of the store" in office.bitewing("user", "list")[2]
    assert office.bitewing("rekey")[0] == 0
    assert office.bitewing("recovery", "status", "--json")[1]["rotation_due"] == []
    assert office.bitewing(*prove, source=f"{PASSWORD}\n{fresh}\n")[0] == 0


def test_a_role_on_the_command_line(shell: tuple[Shell, RecoveryKey]) -> None:
    office, _ = shell
    source = f"{PASSWORD}\n"
    (office.root / "new").write_text(PASSWORD)
    add = ("user", "add", "ada", "--role", "auditor", "--new-password-file")
    assert office.bitewing(*add, str(office.root / "new"), source=source)[0] == 0
    status, facts, err = office.bitewing("user", "role", "ada", "--role", "assistant", "--json")
    assert (status, facts[0]["role"]) == (0, "assistant")
    assert "the key that reads the trail" in err
    assert "bitewing rekey" in err


def test_recover_on_the_command_line(shell: tuple[Shell, RecoveryKey]) -> None:
    office, sheet = shell
    (office.root / "key").unlink()
    assert office.bitewing("list")[0] != 0
    words = ("recover", "--officer", OFFICER, "--recovery-file", "-", "--json")
    status, _, err = office.bitewing(*words, source=f"{RecoveryKey.new().text}\n{NEW}\n")
    assert (status, "Traceback" in err) == (1, False)
    status, facts, _ = office.bitewing(*words, source=f"{sheet.text}\n{NEW}\n")
    assert status == 0
    assert facts == {
        "officer": OFFICER, "trail_segment": 2, "knows_heads": False, "store_opens": True,
        "accounts": [OFFICER],
    }  # fmt: skip
    assert office.bitewing("list", source=f"{NEW}\n")[0] == 0


def test_a_key_file_with_a_typing_error_is_one_plain_line(shell: tuple[Shell, RecoveryKey]) -> None:
    office, sheet = shell
    words = ("recover", "--officer", OFFICER, "--recovery-file", "-")
    status, out, err = office.bitewing(*words, source=f"{sheet.text[:-2]}\n{NEW}\n")
    assert (status, out) == (1, "")
    assert "That is not a recovery key." in err


def test_keys_lent_to_a_recovery_are_wiped(lost: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    wiped: list[Secret] = []
    real = KeyRing.wipe

    def watch(ring: KeyRing) -> None:
        real(ring)
        wiped.extend(key for epochs in ring.keys.values() for key in epochs.values())

    monkeypatch.setattr(KeyRing, "wipe", watch)
    recover(lost)
    assert len(wiped) >= 6
    assert all(key.is_wiped for key in wiped)
