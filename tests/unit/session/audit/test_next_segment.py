"""The trail goes on in its next segment under a new key: whole, whoever writes meanwhile."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.session.audit.conftest import PRACTICE, VIEW, Log
from viewer.crypto.people import KeyPair, new_sealing_pair
from viewer.session.audit import growing
from viewer.session.audit.events import Entry, EventKind
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.segment import public_key_path, segment_path, split_head
from viewer.session.audit.trail import Trail
from viewer.session.audit.verdict import Damage
from viewer.session.audit.verify import verify_trail
from viewer.session.errors import TrailDamaged, TrailUnwritable


@pytest.fixture
def newer() -> KeyPair:
    return new_sealing_pair()


def _renew(log: Log, newer: KeyPair, trail: Trail | None = None) -> bool:
    return (trail or log.trail).begin_segment([log.reader_pair.public, newer.public])


def _second(log: Log) -> Trail:
    return Trail.open(log.folder, log.keystore, PRACTICE, log.clock)


def _head(log: Log) -> tuple[int, int]:
    head = log.keystore.read_head(PRACTICE, "trail")
    assert head is not None
    return split_head(head)


def test_the_key_before_opens_no_record_of_the_new_segment(log: Log, newer: KeyPair) -> None:
    log.write(3)
    assert _renew(log, newer)
    log.write(2)
    kept = TrailReader(log.folder, log.reader_pair.private)
    kept.refresh()
    assert [event.segment for event in kept.page()] == [1, 1, 1]
    assert {segment for segment, _ in kept.unreadable} == {2}
    both = TrailReader(log.folder, newer.private, log.reader_pair.private)
    both.refresh()
    assert [event.segment for event in both.page()] == [2, 2, 1, 1, 1]


def test_a_reader_that_gets_the_new_key_later_reads_on_in_order(log: Log, newer: KeyPair) -> None:
    log.write(3)
    reader = TrailReader(log.folder, log.reader_pair.private)
    _renew(log, newer)
    log.write(2)
    reader.refresh()
    reader.take_key(newer.private)
    reader.refresh()
    assert [(each.segment, each.seq) for each in reader.page()] == sorted(
        ((each.segment, each.seq) for each in reader.page()), reverse=True
    )
    assert (reader.count(), reader.unreadable) == (5, [])


def test_segments_verify_as_one_with_the_public_keys_alone(log: Log, newer: KeyPair) -> None:
    log.write(3)
    _renew(log, newer)
    log.write(3)
    assert log.trail.verify().is_whole
    log.trail.checkpoint()
    lines = public_key_path(log.folder).read_text()
    outside = log.keystore.read_head(PRACTICE, "trail")
    assert verify_trail(log.folder, lines, outside).is_whole


def test_a_newest_key_and_an_unknown_one_begin_nothing(log: Log, newer: KeyPair) -> None:
    assert not log.trail.begin_segment([log.reader_pair.public])
    assert not log.trail.begin_segment([newer.public, new_sealing_pair().public])
    assert _renew(log, newer)
    assert not _renew(log, newer)
    assert not log.trail.begin_segment([log.reader_pair.public]), "who is behind sets nothing back"
    assert log.trail.segment == 2


def test_threads_that_write_meanwhile_lose_nothing(log: Log) -> None:
    pairs = [log.reader_pair] + [new_sealing_pair() for _ in range(4)]
    written: list[tuple[int, int]] = []

    def write() -> None:
        for _ in range(15):
            event = log.trail.append(VIEW)
            written.append((event.segment, event.seq))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for last in range(2, 6):
        assert log.trail.begin_segment([pair.public for pair in pairs[:last]])
    for thread in threads:
        thread.join()
    reader = TrailReader(log.folder, *(pair.private for pair in reversed(pairs)))
    reader.refresh()
    assert len(written) == 60
    assert sorted((each.segment, each.seq) for each in reader.page()) == sorted(written)
    assert log.trail.verify().is_whole


def test_another_process_goes_on_in_the_new_segment(log: Log, newer: KeyPair) -> None:
    other = _second(log)
    other.append(VIEW)
    _renew(log, newer)
    size = segment_path(log.folder, 1).stat().st_size
    assert other.append(VIEW).segment == 2
    assert segment_path(log.folder, 1).stat().st_size == size
    assert not _renew(log, newer, other)
    assert log.trail.append(VIEW).segment == 2
    assert other.verify().is_whole
    other.close()


def test_another_process_that_only_verifies_sees_the_new_segment(log: Log, newer: KeyPair) -> None:
    other = _second(log)
    _renew(log, newer)
    log.write(2)
    assert other.verify() == log.trail.verify()
    assert other.verify().is_whole
    other.close()


def test_a_removed_new_segment_is_noticed_though_another_process_writes_the_old_one(
    log: Log, newer: KeyPair
) -> None:
    other = _second(log)
    _renew(log, newer)
    log.trail.append(Entry(EventKind.EXPORT))
    log.crash()
    segment_path(log.folder, 2).unlink()
    with pytest.raises(TrailDamaged):
        other.append(Entry(EventKind.EXPORT))
    assert _head(log)[0] == 2, "the head outside is not lowered"
    other.close()
    with pytest.raises(TrailDamaged):
        log.open()


def test_a_planted_next_segment_is_not_written_to(log: Log) -> None:
    log.write(2)
    segment_path(log.folder, 2).write_bytes(log.path.read_bytes())
    with pytest.raises(TrailDamaged):
        log.trail.append(VIEW)


def test_a_next_segment_of_a_shortened_one_is_not_written_to(log: Log, newer: KeyPair) -> None:
    log.trail.checkpoint()
    shorter = log.path.read_bytes()
    log.write(2)
    _renew(log, newer)
    log.crash()
    log.path.write_bytes(shorter)
    trail = log.open()
    finding = trail.verify().finding
    assert finding is not None
    assert (finding.damage, finding.segment) == (Damage.ROLLED_BACK, 1)


def _steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the n-th call that writes a file end the process, as SIGKILL does."""
    calls = [0]

    def after(number: int) -> None:
        calls[0] = 0
        for module, name in ((os, "fsync"), (os, "replace"), (Path, "replace")):
            _kill_at(monkeypatch, module, name, calls, number)

    return after


class _Killed(BaseException):
    pass


def _kill_at(
    patch: pytest.MonkeyPatch, module: object, name: str, calls: list[int], number: int
) -> None:
    real = getattr(module, name)

    def counted(*args: object, **kwargs: object) -> object:
        calls[0] += 1
        if calls[0] == number:
            raise _Killed
        return real(*args, **kwargs)

    patch.setattr(module, name, counted)


@pytest.mark.parametrize("number", range(1, 9))
def test_killed_at_any_write_nothing_is_lost_and_the_next_start_ends_it(
    log: Log, newer: KeyPair, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    log.write(3)
    with monkeypatch.context() as patch:
        _steps(patch)(number)
        with contextlib.suppress(_Killed):
            _renew(log, newer)
    if log.trail._end.is_open:
        log.crash()
    trail = log.open()
    _renew(log, newer)
    trail.append(VIEW)
    assert trail.segment == 2
    assert trail.verify().is_whole
    trail.checkpoint()
    outside = log.keystore.read_head(PRACTICE, "trail")
    assert verify_trail(log.folder, public_key_path(log.folder).read_text(), outside).is_whole
    reader = TrailReader(log.folder, newer.private, log.reader_pair.private)
    reader.refresh()
    assert (reader.count(), reader.unreadable) == (4, [])


def test_a_refused_segment_leaves_the_old_one_going_on(
    log: Log, newer: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    log.write(1)
    with monkeypatch.context() as patch:
        patch.setattr(growing, "begin_segment_file", refuse)
        with pytest.raises(TrailUnwritable):
            _renew(log, newer)
    assert log.trail.append(VIEW).segment == 1
    assert _renew(log, newer)
    assert log.trail.verify().is_whole
