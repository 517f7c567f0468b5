"""The sealed index beside the trail: what it spares, what it tells nobody, and attacks on it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.session.audit.conftest import PATIENT, PRACTICE
from viewer.bench.audit_fill import Filled, fill_trail
from viewer.crypto.people import new_sealing_pair
from viewer.crypto.secret import Secret
from viewer.model.ids import PatientId, UserId
from viewer.session.audit import reader as reader_module
from viewer.session.audit.committed import Cursor
from viewer.session.audit.events import ALL_EVENTS, EventFilter, EventKind
from viewer.session.audit.facts import Ledger, local_days
from viewer.session.audit.frames import MAGIC, FrameKind, frames_from
from viewer.session.audit.index import Block, SegmentIndex, index_folder
from viewer.session.audit.note import PublicKey
from viewer.session.audit.opener import RecordOpener
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.segment import SegmentKeys, Tail, segment_path
from viewer.session.audit.trail import Trail
from viewer.session.clock import SystemClock
from viewer.session.keystore import MemoryKeyStore

EVENTS = 900


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Nine hundred events in three parts."""
    return fill_trail(tmp_path_factory.mktemp("filled"), MemoryKeyStore(), EVENTS, segments=3)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "ROWS_PER_BLOCK", 50)


@pytest.fixture
def store(filled: Filled, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    (tmp_path / "trail").mkdir()
    for path in (filled.folder / "trail").glob("*.*"):
        (tmp_path / "trail" / path.name).write_bytes(path.read_bytes())
    return tmp_path


def _read(filled: Filled, store: Path) -> TrailReader:
    reader = TrailReader(store, filled.reader.private)
    reader.refresh()
    return reader


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The records that were opened."""
    opened: list[int] = []
    fields = RecordOpener.fields

    def counting(self: RecordOpener, number: int, file: bytes, start: int) -> object:
        opened.append(start)
        return fields(self, number, file, start)

    monkeypatch.setattr(RecordOpener, "fields", counting)
    return opened


def test_a_trail_that_was_indexed_is_opened_without_opening_a_record(
    filled: Filled, store: Path, opened: list[int]
) -> None:
    first = _read(filled, store)
    assert len(opened) >= EVENTS
    opened.clear()
    again = _read(filled, store)
    assert opened == []
    assert again.count() == EVENTS
    assert again.day_counts() == first.day_counts()
    assert [e.seq for e in again.page(count=20)] == [e.seq for e in first.page(count=20)]
    assert len(opened) == 40


def test_a_long_part_is_indexed_in_several_blocks_and_what_was_left_over_later(
    tmp_path: Path, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "MOST_ROWS_PER_BLOCK", 130)
    written: list[tuple[int, int]] = []
    write = SegmentIndex.write

    def noting(self: SegmentIndex, block: Block, ledger: Ledger) -> None:
        write(self, block, ledger)
        written.append((self._number, len(block.rows)))

    monkeypatch.setattr(SegmentIndex, "write", noting)
    keystore = MemoryKeyStore()
    filled = fill_trail(tmp_path, keystore, 450)
    reader = _read(filled, tmp_path)
    assert len(written) >= 3
    left = 450 - sum(rows for _, rows in written)
    trail = Trail.open(tmp_path, keystore, PRACTICE, SystemClock())
    entry = reader.page(count=1)[0].entry
    for _ in range(60 + left):
        trail.append(entry)
    reader.refresh()
    trail.close()
    everything = list(reader.scan())
    assert sum(rows for _, rows in written) == len(everything) == reader.count()
    opened.clear()
    again = _read(filled, tmp_path)
    assert len(opened) < 5, "but for the checkpoint of the end"
    assert list(again.scan()) == everything


def test_what_was_appended_since_is_added_to_the_index(tmp_path: Path, opened: list[int]) -> None:
    keystore = MemoryKeyStore()
    filled = fill_trail(tmp_path, keystore, 120)
    _read(filled, tmp_path)
    trail = Trail.open(tmp_path, keystore, PRACTICE, SystemClock())
    event = trail.append(_read(filled, tmp_path).page(count=1)[0].entry)
    reader = TrailReader(tmp_path, filled.reader.private)
    opened.clear()
    reader.refresh()
    assert len(opened) < 10
    assert reader.page(count=1)[0].seq == event.seq
    for _ in range(70):
        trail.append(event.entry)
    reader.refresh()
    trail.close()
    opened.clear()
    assert _read(filled, tmp_path).count() == 191
    assert len(opened) < 5


def test_filters_find_what_a_look_at_every_event_finds(filled: Filled, store: Path) -> None:
    reader = _read(filled, store)
    events = list(reader.scan())
    assert len(events) == EVENTS
    start = events[0].wall
    users: list[frozenset[UserId]] = [frozenset(), frozenset({UserId(f"{2:032x}")})]
    kinds: list[frozenset[EventKind]] = [
        frozenset(),
        frozenset({EventKind.VIEW}),
        frozenset({EventKind.LOGIN, EventKind.EXPORT}),
        frozenset({EventKind.BACKUP}),
    ]
    patients = [None, events[3].entry.patient_id or events[0].entry.patient_id, PATIENT]
    moments = [(None, None), (start + timedelta(hours=3), start + timedelta(hours=9))]
    for who, what, whose, (since, until) in itertools.product(users, kinds, patients, moments):
        wanted = EventFilter(what, who, whose, since, until)
        slow = [event for event in events if wanted.takes(event)]
        assert list(reader.scan(wanted)) == slow
        assert reader.count(wanted) == len(slow)
        assert list(reader.page(wanted, 1, 7)) == slow[::-1][1:8]
        assert sum(count for _, count in reader.day_counts(wanted)) == len(slow)


def test_facts_say_what_the_events_say(filled: Filled, store: Path) -> None:
    reader = _read(filled, store)
    facts = reader.facts()
    for place, event in enumerate(reader.scan()):
        entry = event.entry
        assert facts.kind(place) is entry.kind
        assert facts.outcome(place) is entry.outcome
        assert facts.actor(place) == entry.actor
        assert facts.patient(place) == entry.patient_id
        assert facts.when(place) == event.wall
        assert facts.cursor(place) == Cursor(event.segment, event.seq)
        assert facts.rows["objects"][place] == len(entry.objects)


def test_a_scan_goes_on_after_a_cursor_with_the_hashes_of_the_records(
    filled: Filled, store: Path
) -> None:
    reader = _read(filled, store)
    everything = list(reader.committed())
    assert len(everything) == EVENTS
    middle = everything[450].cursor
    assert list(reader.committed(middle)) == everything[451:]
    raw = segment_path(store, middle.segment).read_bytes()
    leaf = next(f.leaf for f in frames_from(raw, len(MAGIC)) if f.seq == middle.seq)
    assert everything[450].leaf == leaf
    assert list(reader.scan(ALL_EVENTS, everything[-1].cursor)) == []


def test_the_newest_are_told_before_anything_was_read(
    filled: Filled, store: Path, opened: list[int]
) -> None:
    whole = _read(filled, store)
    opened.clear()
    reader = TrailReader(store, filled.reader.private)
    assert list(reader.newest(30)) == list(whole.page(count=30))
    assert len(opened) < 100
    assert reader.count() == 0


def test_a_read_that_was_stopped_goes_on_where_it_was(
    filled: Filled, store: Path, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped

    monkeypatch.setattr(reader_module, "_ROWS_AT_ONCE", 100)
    reader = TrailReader(store, filled.reader.private)
    with pytest.raises(Stopped):
        reader.refresh(stop)
    assert 0 < reader.count() < EVENTS
    read = len(opened)
    reader.refresh()
    assert reader.count() == EVENTS
    assert len(opened) - read < EVENTS
    numbers = [(event.segment, event.seq) for event in reader.scan()]
    assert numbers == sorted(set(numbers))


def test_facts_that_somebody_looks_at_stay_what_they_were_while_more_is_read(
    filled: Filled, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewer.session.audit.facts._FIRST_ROWS", 8)
    reader = TrailReader(store, filled.reader.private)
    seen = []
    reader.refresh(lambda done, total: seen.append(reader.facts()))
    assert len({len(facts) for facts in seen}) > 3
    for facts in seen:
        assert facts.rows["seq"].tolist() == seen[-1].rows["seq"][: len(facts)].tolist()


# --- attacks -----------------------------------------------------------------------------------


def test_the_index_says_nothing_to_who_has_the_files(filled: Filled, store: Path) -> None:
    reader = _read(filled, store)
    patient = next(each for each in reader.facts().patients)
    raw = b"".join(path.read_bytes() for path in index_folder(store).iterdir())
    assert len(raw) > EVENTS * 40
    for word in (patient, "Molar", "dentist", "VIEW", "OPERATORY"):
        assert word.encode() not in raw
    thief = TrailReader(store, new_sealing_pair().private)
    thief.refresh()
    assert thief.count() == 0


def test_any_changed_byte_of_the_index_makes_it_read_the_trail_instead(
    filled: Filled, store: Path
) -> None:
    whole = _read(filled, store)
    path = index_folder(store) / "0002.index"
    raw = path.read_bytes()
    for at in (0, 3, 10, 200, len(raw) // 2, len(raw) - 1):
        changed = bytearray(raw)
        changed[at] ^= 1
        path.write_bytes(changed)
        _same(_read(filled, store), whole)
    for size in (0, 5, len(raw) // 2, len(raw) - 1):
        path.write_bytes(raw[:size])
        _same(_read(filled, store), whole)


def _same(reader: TrailReader, whole: TrailReader) -> None:
    assert list(reader.scan()) == list(whole.scan())
    assert reader.unreadable == []


def test_the_index_of_another_part_or_another_trail_is_not_used(
    filled: Filled, store: Path, tmp_path: Path
) -> None:
    whole = _read(filled, store)
    first, second = (index_folder(store) / f"{n:04d}.index" for n in (1, 2))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    _same(_read(filled, store), whole)
    other = tmp_path / "other"
    other.mkdir()
    foreign = fill_trail(other, MemoryKeyStore(), 300)
    _read(foreign, other)
    first.write_bytes((index_folder(other) / "0001.index").read_bytes())
    _same(_read(filled, store), whole)
    first.write_bytes(kept)
    _same(_read(filled, store), whole)


def test_an_index_that_promises_what_was_cut_off_is_not_used(filled: Filled, store: Path) -> None:
    _read(filled, store)
    path = segment_path(store, 3)
    raw = path.read_bytes()
    frames = list(frames_from(raw, len(MAGIC)))
    path.write_bytes(raw[: frames[100].start])
    reader = _read(filled, store)
    left = sum(1 for frame in frames[:100] if frame.kind == FrameKind.EVENT)
    assert sum(1 for event in reader.scan() if event.segment == 3) == left


def test_an_index_of_a_part_that_was_written_anew_since_is_not_used(
    filled: Filled, store: Path
) -> None:
    """Each record as long as before, linked anew without the device secret: nothing of it opens."""
    _read(filled, store)
    path, keys = segment_path(store, 2), _strangers()
    tail, raw = Tail.of_new_file(), MAGIC
    for frame in frames_from(path.read_bytes(), len(MAGIC)):
        body = frame.body[:-1] + b"!" if frame.seq == 5 else frame.body
        raw += tail.add(FrameKind(frame.kind), body, keys)
    assert len(raw) == path.stat().st_size
    path.write_bytes(raw)
    reader = _read(filled, store)
    assert [event.segment for event in reader.scan()].count(2) < 10
    assert len(reader.unreadable) > 200


def _strangers() -> SegmentKeys:
    signer = PublicKey("x", bytes(32))
    return SegmentKeys(PRACTICE, "", 2, Secret.random(), Secret.random(), signer)


def test_an_entry_that_was_edited_after_it_was_indexed_is_told_as_unreadable(
    filled: Filled, store: Path
) -> None:
    """The index still knows who, whose and when; what it said is gone, and that is said."""
    was = _read(filled, store).page(count=1)[0]
    path = segment_path(store, 3)
    raw = bytearray(path.read_bytes())
    frame = next(f for f in frames_from(bytes(raw), len(MAGIC)) if f.seq == was.seq)
    raw[frame.start + 90] ^= 1
    path.write_bytes(raw)
    reader = _read(filled, store)
    event = reader.page(count=1)[0]
    assert (event.entry.kind, event.entry.actor) == (was.entry.kind, was.entry.actor)
    assert (event.entry.patient_id, event.wall) == (was.entry.patient_id, was.wall)
    assert "was changed" in event.entry.why
    assert reader.unreadable == [(3, was.seq)]


def test_a_closed_reader_forgets_and_reads_no_more(filled: Filled, store: Path) -> None:
    reader = _read(filled, store)
    rows = reader.facts().rows
    reader.close()
    assert not rows["seq"].any()
    assert not rows["at"].any()
    reader.refresh()
    assert reader.count() == 0
    assert reader.page() == []
    assert list(reader.newest()) == []


def test_an_index_that_cannot_be_written_costs_time_and_nothing_else(
    filled: Filled, store: Path
) -> None:
    index_folder(store).write_bytes(b"in the way")
    assert _read(filled, store).count() == EVENTS


def test_days_follow_the_local_calendar_through_summer_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import time

    import numpy as np

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        moments = [
            datetime(2026, 3, 28, 22, 59, tzinfo=UTC) + timedelta(minutes=7 * n) for n in range(900)
        ]
        wall_us = np.array([round(each.timestamp() * 1e6) for each in moments], dtype=np.int64)
        expected = [each.astimezone().date().toordinal() for each in moments]
        assert local_days(wall_us).tolist() == expected
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_patient_that_nobody_met_matches_nothing(filled: Filled, store: Path) -> None:
    reader = _read(filled, store)
    assert reader.count(EventFilter(patient_id=PatientId("ee" * 16))) == 0
