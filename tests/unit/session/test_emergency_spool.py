"""Where entries of an emergency wait: sealed, in order, through a kill, and not removable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.session.conftest import FakeClock
from viewer.session import emergency_spool
from viewer.session.audit.events import Actor, Entry, Event, EventKind, Outcome
from viewer.session.emergency_spool import ROOM_BYTES, EmergencySpool
from viewer.session.errors import TrailUnwritable
from viewer.session.keystore import MemoryKeyStore

PRACTICE = "a" * 32
HAL = Actor(None, "Emergency: Hal")


class Office:
    """Two places, a key store, and restarts."""

    def __init__(self, root: Path) -> None:
        self.places = (root / "state", root / "run")
        self.keystore, self.clock = MemoryKeyStore(), FakeClock()
        self.keystore.create_device_secret().wipe()
        self.written: list[Entry] = []
        self.refuses_after = 10_000

    def spool(self) -> EmergencySpool:
        return EmergencySpool(self.places, self.keystore, PRACTICE, self.clock)

    @property
    def files(self) -> list[Path]:
        return [path for place in self.places for path in place.glob("*.waits")]

    def append(self, entry: Entry) -> Event:
        if len(self.written) >= self.refuses_after:
            raise TrailUnwritable
        self.written.append(entry)
        number = 100 + len(self.written)
        return Event(number, "here", self.clock.wall(), 0.0, entry, 2)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def looks(spool: EmergencySpool, *reasons: str) -> list[Event]:
    return [spool.append(Entry(EventKind.VIEW, HAL, why=why)) for why in reasons]


def test_what_waits_is_there_after_a_restart_and_goes_in_in_order(office: Office) -> None:
    looks(office.spool(), "first", "second", "third")
    again = office.spool()
    assert again.waiting == 3
    again.settle(office.append)
    assert [entry.why for entry in office.written] == ["first", "second", "third"]
    assert all(entry.happened.startswith("2026-03-02T09:00:00") for entry in office.written)
    assert office.spool().waiting == 0


def test_nothing_of_it_is_readable_in_the_files(office: Office) -> None:
    looks(office.spool(), "Patient in the chair")
    for path in office.files:
        raw = path.read_bytes()
        assert b"Patient" not in raw
        assert b"Hal" not in raw
        assert path.stat().st_mode & 0o077 == 0


def test_its_room_is_taken_beforehand(office: Office) -> None:
    office.spool().reserve()
    assert [path.stat().st_size for path in office.files] == [ROOM_BYTES, ROOM_BYTES]
    looks(office.spool(), *(f"{n}" for n in range(50)))
    assert [path.stat().st_size for path in office.files] == [ROOM_BYTES, ROOM_BYTES]


def test_where_the_first_place_fails_the_next_takes_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = office.spool()
    looks(spool, "first")
    office.files[0].unlink()
    office.places[0].rmdir()
    office.places[0].write_text("in the way")
    looks(spool, "second")
    assert [event.entry.why for _, event in office.spool()._waiting] == ["second"]
    assert office.spool().lost == 1


def test_where_no_place_takes_it_nothing_is_done(office: Office) -> None:
    for place in office.places:
        place.write_text("in the way")
    with pytest.raises(TrailUnwritable):
        looks(office.spool(), "never")


def test_an_edited_a_cut_and_a_foreign_file_are_not_believed(office: Office) -> None:
    looks(office.spool(), "first", "second")
    path = office.files[0]
    whole = path.read_bytes()
    edited = bytearray(whole)
    edited[60] ^= 1
    path.write_bytes(bytes(edited))
    assert (office.spool().waiting, office.spool().lost) == (0, 2)
    path.write_bytes(whole[:-1] + b"x")
    assert (office.spool().waiting, office.spool().lost) == (2, 0)
    other = Office(path.parent.parent / "other")
    looks(other.spool(), "of another workstation")
    path.write_bytes(other.files[0].read_bytes())
    assert (office.spool().waiting, office.spool().lost) == (0, 2)


def test_removed_entries_are_told_once(office: Office) -> None:
    looks(office.spool(), "first", "second")
    office.files[0].unlink()
    spool = office.spool()
    spool.settle(office.append)
    assert office.written[0].outcome is Outcome.DONE
    assert office.written[0].why.startswith("2 entries of an emergency access were removed")
    spool.settle(office.append)
    assert office.spool().lost == 0
    assert len(office.written) == 1


def test_an_entry_that_refers_to_one_that_waited_gets_its_number(office: Office) -> None:
    spool = office.spool()
    began = looks(spool, "began")[0]
    assert began.seq < 0
    ended = Entry(EventKind.EMERGENCY, HAL, refers_to=began.seq, refers_in=began.segment)
    spool.append(ended)
    spool.settle(office.append)
    assert (office.written[1].refers_to, office.written[1].refers_in) == (101, 2)
    assert spool.resolved(ended).refers_to == 101


def test_a_trail_that_takes_only_some_gets_the_rest_later(office: Office) -> None:
    spool = office.spool()
    looks(spool, "first", "second", "third")
    office.refuses_after = 2
    with pytest.raises(TrailUnwritable):
        spool.settle(office.append)
    assert spool.waiting == 1
    office.refuses_after = 10
    spool.settle(office.append)
    assert [entry.why for entry in office.written] == ["first", "second", "third"]


def test_marks_stay_until_they_are_taken_away(office: Office) -> None:
    spool = office.spool()
    spool.mark("spent", "a code")
    looks(spool, "look")
    spool.settle(office.append)
    assert office.spool().marks("spent") == ("a code",)
    spool.unmark("spent")
    spool.settle(office.append)
    assert office.spool().marks("spent") == ()


def test_a_full_file_refuses_instead_of_forgetting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewer.session.emergency_spool.ROOM_BYTES", 2000)
    spool = office.spool()
    with pytest.raises(TrailUnwritable):
        looks(spool, *("x" * 100 for _ in range(20)))
    kept = spool.waiting
    assert kept > 3
    assert office.spool().waiting == kept


def test_the_file_of_an_emergency_before_in_its_place_is_noticed(office: Office) -> None:
    """As many entries as the key store knows of, but of another time."""
    looks(office.spool(), "first", "second")
    (file,) = office.files
    before = file.read_bytes()
    office.spool().settle(office.append)
    looks(office.spool(), "third", "fourth")
    file.write_bytes(before)
    office.written.clear()
    office.spool().settle(office.append)
    assert any("removed" in entry.why for entry in office.written)


def test_a_kill_between_record_and_head_is_no_removal(office: Office) -> None:
    looks(office.spool(), "first")
    head = office.keystore.read_head(PRACTICE, "emergency")
    looks(office.spool(), "second")
    assert head is not None
    office.keystore.write_head(PRACTICE, "emergency", head)
    again = office.spool()
    assert (again.lost, again.waiting) == (0, 2)


def test_two_programs_know_of_each_others_marks_and_overwrite_nothing(office: Office) -> None:
    first, second = office.spool(), office.spool()
    looks(first, "of the first")
    first.mark("spent", "a code")
    assert second.marks("spent") == ("a code",)
    looks(second, "of the second")
    looks(first, "of the first again")
    after = office.spool()
    assert [event.entry.why for _, event in after._waiting] == [
        "of the first",
        "of the second",
        "of the first again",
    ]
    assert (after.marks("spent"), after.lost) == (("a code",), 0)


def test_what_another_program_emptied_is_gone_on_with(office: Office) -> None:
    first, second = office.spool(), office.spool()
    looks(first, "before")
    second.settle(office.append)
    looks(first, "after")
    after = office.spool()
    assert [event.entry.why for _, event in after._waiting] == ["after"]
    assert after.lost == 0


def test_an_empty_file_put_in_its_place_while_the_program_runs_is_noticed(office: Office) -> None:
    spool = office.spool()
    spool.reserve()
    empty = office.files[0].read_bytes()
    looks(spool, "first", "second")
    path = next(each for each in office.files if each.read_bytes() != empty)
    path.write_bytes(empty[:8] + bytes(16) + empty[24:])
    looks(spool, "third")
    after = office.spool()
    assert (after.waiting, after.lost) == (1, 2)


def test_a_file_removed_while_the_program_runs_is_noticed(office: Office) -> None:
    spool = office.spool()
    looks(spool, "first", "second")
    office.files[0].unlink()
    looks(spool, "third")
    after = office.spool()
    assert (after.waiting, after.lost) == (1, 2)


class Killed(BaseException):
    """The program ended here by force."""


def _places_to_die(monkeypatch: pytest.MonkeyPatch, at: int) -> list[str]:
    """Let the program be killed behind its write number `at`, of whatever kind."""
    done: list[str] = []

    def dying(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object) -> object:
            answer = real(*args)
            done.append(name)
            if len(done) == at:
                raise Killed
            return answer

        return step

    for name in ("_overwrite", "_make", "_empty", "sync_folder"):
        monkeypatch.setattr(emergency_spool, name, dying(name, getattr(emergency_spool, name)))
    monkeypatch.setattr(Path, "replace", dying("replace", Path.replace))
    keep = MemoryKeyStore.write_head
    monkeypatch.setattr(MemoryKeyStore, "write_head", dying("write_head", keep))
    return done


@pytest.mark.parametrize("at", range(1, 9))
def test_killed_at_any_step_of_emptying_no_mark_is_lost_and_no_removal_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """A mark says that a sealed code is spent."""
    spool = office.spool()
    spool.mark("spent", "the first code")
    looks(spool, "seen", "and seen")
    spool.mark("spent", "the second code")
    with monkeypatch.context() as patch:
        steps = _places_to_die(patch, at)
        with contextlib.suppress(Killed):
            spool.settle(office.append)
    assert len(steps) == min(at, 7), "there are so many steps to die at"
    again = office.spool()
    assert set(again.marks("spent")) == {"the first code", "the second code"}
    assert again.lost == 0
    again.settle(office.append)
    assert {"seen", "and seen"} == {entry.why for entry in office.written}
    assert set(office.spool().marks("spent")) == {"the first code", "the second code"}


def test_marks_stay_where_there_is_no_room_to_write_them_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = office.spool()
    spool.mark("spent", "the code")
    looks(spool, "seen")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(emergency_spool, "_make", full)
        spool.settle(office.append)
    assert office.spool().marks("spent") == ("the code",)
    spool.settle(office.append)
    assert office.spool().marks("spent") == ("the code",)
    assert office.spool().waiting == 0
