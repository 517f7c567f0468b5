"""Writing the trail: on disk before it returns, alone or beside another, through crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.session.audit.conftest import PATIENT, PRACTICE, VIEW, Log
from tests.unit.session.conftest import FakeClock
from viewer.crypto.people import new_sealing_pair
from viewer.session.audit.events import Entry, Event, EventFilter, EventKind, Outcome
from viewer.session.audit.frames import MAGIC, Bytes, Frame, frames_from, read_frame_before
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.segment import split_head
from viewer.session.audit.trail import Trail
from viewer.session.audit.verdict import Damage
from viewer.session.audit.verify import verify_trail
from viewer.session.errors import NoKeyStore, TrailDamaged, TrailUnwritable
from viewer.session.keystore import FileKeyStore, Head, MemoryKeyStore

REPOSITORY = Path(__file__).resolve().parents[4]


def _events(log: Log) -> list[Event]:
    reader = TrailReader(log.folder, log.reader_pair.private)
    reader.refresh()
    assert reader.unreadable == []
    return list(reversed(reader.page(count=100_000)))


@contextmanager
def _largest_file(size_bytes: int) -> Iterator[None]:
    """Let the system refuse to write beyond a size, as a full disk does."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_an_entry_is_in_the_file_when_append_returns(log: Log, clock: FakeClock) -> None:
    event = log.trail.append(VIEW)
    assert _events(log) == [event]
    assert event.wall == clock.wall()
    assert event.entry == VIEW


def test_it_is_flushed_to_the_disk_before_append_returns(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: sizes.append(os.fstat(handle).st_size))
    log.trail.append(VIEW)
    assert sizes[-1] == log.path.stat().st_size


def test_nothing_about_a_patient_is_readable_in_the_file(log: Log) -> None:
    log.trail.append(Entry(EventKind.SHARE, patient_id=PATIENT, why="to Dr Marker Tannhäuser"))
    raw = log.path.read_bytes()
    for marker in (PATIENT, "Marker", "Tannhäuser", "SHARE"):
        assert marker.encode() not in raw
        assert marker.encode("utf-16-le") not in raw


def test_the_device_secret_alone_does_not_read_it(log: Log) -> None:
    log.trail.append(VIEW)
    thief = TrailReader(log.folder, new_sealing_pair().private)
    thief.refresh()
    assert thief.count() == 0
    assert len(thief.unreadable) == 1


def test_after_a_lock_the_record_key_is_forgotten_and_all_stays_readable(log: Log) -> None:
    log.trail.append(VIEW)
    assert log.trail._sealer._key is not None
    buffer = log.trail._sealer._key.view()
    log.trail.append(Entry(EventKind.LOCK))
    assert not any(buffer)
    log.trail.append(VIEW)
    assert len(_events(log)) == 3


def test_filters_and_pages_go_newest_first(log: Log) -> None:
    for _ in range(3):
        log.trail.append(VIEW)
        log.trail.append(Entry(EventKind.LOCK))
    reader = TrailReader(log.folder, log.reader_pair.private)
    reader.refresh()
    views = EventFilter(kinds=frozenset({EventKind.VIEW}))
    assert reader.count(views) == 3
    assert reader.count(EventFilter(patient_id=PATIENT)) == 3
    numbers = [event.seq for event in reader.page(views, first=1, count=5)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 2
    log.trail.append(VIEW)
    reader.refresh()
    assert reader.count(views) == 4
    reader.close()
    assert reader.count() == 0


def test_a_disk_that_is_full_in_the_middle_of_a_record_refuses_and_leaves_no_trace(
    log: Log,
) -> None:
    log.write(3)
    before = log.path.read_bytes()
    with _largest_file(len(before) + 100), pytest.raises(TrailUnwritable):
        log.trail.append(VIEW)
    assert log.path.read_bytes() == before
    log.write(1)
    assert len(_events(log)) == 4
    assert log.trail.verify().is_whole


def test_a_refused_first_record_does_not_lose_the_record_key(log: Log) -> None:
    with _largest_file(log.path.stat().st_size + 200), pytest.raises(TrailUnwritable):
        log.trail.append(VIEW)
    log.write(2)
    assert len(_events(log)) == 2


def test_a_closed_trail_takes_nothing(log: Log) -> None:
    log.trail.close()
    with pytest.raises(TrailUnwritable):
        log.trail.append(VIEW)


def test_checkpoints_come_after_256_records_a_minute_and_what_matters_most(
    log: Log, clock: FakeClock
) -> None:
    def signed() -> int:
        head = log.keystore.read_head(PRACTICE, "trail")
        assert head is not None
        return split_head(head)[1]

    assert signed() == 1
    log.write(2)
    assert signed() == 1
    clock.pass_s(61)
    log.trail.checkpoint_if_due()
    assert signed() == 5
    log.write(256)
    assert signed() > 200
    before = signed()
    log.trail.append(Entry(EventKind.EXPORT, outcome=Outcome.INTENT))
    assert signed() == before
    log.trail.append(Entry(EventKind.EXPORT))
    assert signed() > before


def test_a_key_store_that_fails_for_a_while_gets_the_head_later(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(practice_id: str, name: str, head: Head) -> None:
        raise NoKeyStore

    with monkeypatch.context() as patch:
        patch.setattr(log.keystore, "write_head", fail)
        log.trail.append(Entry(EventKind.EXPORT))
        behind = [log.trail.is_head_behind]
    log.trail.checkpoint_if_due()
    behind.append(log.trail.is_head_behind)
    assert behind == [True, False]
    assert log.trail.verify().is_whole


def test_two_writers_on_one_file_make_one_chain(log: Log) -> None:
    second = Trail.open(log.folder, log.keystore, PRACTICE, log.clock)
    for _ in range(20):
        log.trail.append(VIEW)
        second.append(VIEW)
    second.close()
    assert len(_events(log)) == 40
    assert log.trail.verify().is_whole


def test_many_threads_make_one_chain(log: Log) -> None:
    threads = [threading.Thread(target=log.write, args=(10,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in _events(log)] == sorted(event.seq for event in _events(log))
    assert len(_events(log)) == 60
    assert log.trail.verify().is_whole


WRITER = """
import sys
from pathlib import Path
from viewer.session.audit.events import Entry, EventKind
from viewer.session.audit.trail import Trail
from viewer.session.clock import SystemClock
from viewer.session.keystore import FileKeyStore
folder = Path(sys.argv[1])
trail = Trail.open(folder, FileKeyStore(folder / "key"), sys.argv[2], SystemClock())
while True:
    print(trail.append(Entry(EventKind.VIEW, why="x" * 3000)).seq, flush=True)
"""


def test_what_was_acknowledged_survives_sigkill(tmp_path: Path, clock: FakeClock) -> None:
    keystore = FileKeyStore(tmp_path / "key")
    keystore.create_device_secret()
    pair = new_sealing_pair()
    Trail.create(tmp_path, keystore, PRACTICE, pair.public, clock).close()
    acknowledged = 0
    for lines in (3, 17, 40):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), PRACTICE],
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
        )
        assert child.stdout is not None
        for _ in range(lines):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        child.stdout.close()
        child.wait()
    trail = Trail.open(tmp_path, keystore, PRACTICE, clock)
    assert trail.records > acknowledged
    assert trail.verify().is_whole
    reader = TrailReader(tmp_path, pair.private)
    reader.refresh()
    assert reader.count() >= 60
    trail.close()


def test_a_torn_last_record_is_kept_aside_and_recorded_wherever_it_was_torn(log: Log) -> None:
    log.write(2)
    log.crash()
    whole = log.path.read_bytes()
    last = list(frames_from(whole, len(MAGIC)))[-1]
    for size in range(last.start + 1, last.end, 23):
        log.path.write_bytes(whole[:size])
        assert verify_trail(log.folder, log.public).finding is not None
        log.open()
        event = _events(log)[-1]
        assert event.entry.kind is EventKind.TRAIL_REPAIRED
        assert event.entry.size_bytes == size - last.start
        aside = next(log.path.parent.glob("unfinished-*"))
        assert aside.read_bytes() == whole[last.start : size]
        assert log.trail.verify().is_whole
        log.crash()
        log.keystore.write_head(PRACTICE, "trail", Head((1 << 40) + 1, _first_root(whole)))


def _first_root(raw: bytes) -> str:
    from viewer.session.audit.merkle import Frontier

    tree = Frontier()
    tree.append(next(frames_from(raw, len(MAGIC))).leaf)
    return tree.root().hex()


def test_zeros_after_a_power_cut_are_kept_aside_too(log: Log) -> None:
    log.write(2)
    log.crash()
    with log.path.open("ab") as file:
        file.write(bytes(4096))
    log.open()
    assert _events(log)[-1].entry.kind is EventKind.TRAIL_REPAIRED
    assert log.trail.verify().is_whole


def test_a_file_cut_below_the_outside_head_is_damage_and_no_crash(log: Log) -> None:
    log.write(5)
    log.trail.close()
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-30])
    with pytest.raises(TrailDamaged):
        log.open()
    assert log.path.read_bytes() == whole[:-30]


def test_records_that_somebody_else_appended_are_not_signed_for_him(log: Log) -> None:
    log.write(2)
    log.trail.close()
    stranger = MemoryKeyStore()
    stranger.create_device_secret()
    log.keystore, own = stranger, log.keystore
    other = Log(log.folder.parent / "other", stranger, log.clock)
    other.trail.append(VIEW)
    other.trail.close()
    forged = other.path.read_bytes()[len(MAGIC) :]
    log.keystore = own
    with log.path.open("ab") as file:
        file.write(forged)
    with pytest.raises(TrailDamaged):
        log.open()


def test_a_file_cut_while_the_program_runs_is_noticed_at_the_next_entry(log: Log) -> None:
    log.write(3)
    os.truncate(log.path, log.path.stat().st_size - 10)
    with pytest.raises(TrailDamaged):
        log.trail.append(VIEW)


def test_a_trail_without_its_outside_head_is_refused(log: Log) -> None:
    log.trail.close()
    log.keystore._texts = {
        name: text for name, text in log.keystore._texts.items() if not name.startswith("head/")
    }
    with pytest.raises(TrailDamaged):
        log.open()


def test_a_deleted_trail_is_refused(log: Log) -> None:
    log.trail.close()
    log.path.unlink()
    with pytest.raises(TrailDamaged, match="missing"):
        log.open()


def test_after_a_recovery_a_new_segment_begins_and_both_verify(log: Log) -> None:
    log.write(3)
    log.trail.close()
    log.keystore = MemoryKeyStore()
    log.keystore.create_device_secret()
    log.trail = Trail.create(log.folder, log.keystore, PRACTICE, log.reader_pair.public, log.clock)
    log.write(2)
    assert [event.segment for event in _events(log)] == [1, 1, 1, 2, 2]
    lines = (log.folder / "trail" / "public.key").read_text()
    assert lines.count("\n") == 2
    log.trail.checkpoint()
    head = log.keystore.read_head(PRACTICE, "trail")
    assert verify_trail(log.folder, lines, head).is_whole
    (log.folder / "trail" / "0002.trail").unlink()
    finding = verify_trail(log.folder, lines, head).finding
    assert finding is not None
    assert finding.damage is Damage.ROLLED_BACK


def test_a_recovery_with_the_same_key_store_leaves_nothing_unsigned_behind(log: Log) -> None:
    """What a crash left unsigned would look like entries that were added to a closed part."""
    log.write(3)
    log.crash()
    log.trail = Trail.create(log.folder, log.keystore, PRACTICE, log.reader_pair.public, log.clock)
    log.write(1)
    lines = (log.folder / "trail" / "public.key").read_text()
    assert verify_trail(log.folder, lines).is_whole
    assert log.trail.verify().is_whole
    assert len(_events(log)) == 4


def test_opening_a_long_trail_reads_back_to_the_last_checkpoint_only(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write(600)
    log.trail.close()
    looked: list[int] = []

    def counting(file: Bytes, end: int) -> Frame:
        looked.append(end)
        return read_frame_before(file, end)

    monkeypatch.setattr("viewer.session.audit.segment.read_frame_before", counting)
    log.open()
    assert 0 < len(looked) < 10
