"""A million entries: verified, read, filtered and damaged; how long it takes is the benchmark's."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewer.bench.audit_fill import PRACTICE, Filled, fill_trail
from viewer.bench.meter import resident_bytes
from viewer.session.audit.events import EventFilter, EventKind
from viewer.session.audit.frames import MAGIC
from viewer.session.audit.opener import shape
from viewer.session.audit.reader import TrailReader
from viewer.session.audit.segment import mapped, segment_path
from viewer.session.audit.trail import Trail
from viewer.session.audit.verdict import Damage
from viewer.session.audit.verify import verify_trail
from viewer.session.audit.whole import public_lines
from viewer.session.clock import SystemClock
from viewer.session.keystore import MemoryKeyStore

MANY = 1_000_000
MOST_BYTES = 320 << 20
"""Facts are 50 MB, half as much again where they grow, and what of the mapped files is resident."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def keystore() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, keystore: MemoryKeyStore) -> Filled:
    return fill_trail(tmp_path_factory.mktemp("million"), keystore, MANY, segments=2)


def _start_of(path: Path, number: int) -> int:
    with mapped(path) as file:
        start = len(MAGIC)
        while True:
            _, _, seq, end = shape(file, start)
            if seq == number:
                return start
            start = end


def test_a_million_entries_are_whole_and_one_flipped_bit_among_them_is_named(
    filled: Filled, keystore: MemoryKeyStore
) -> None:
    lines = public_lines(filled.folder)
    head = keystore.read_head(PRACTICE, "trail")
    assert verify_trail(filled.folder, lines, head).is_whole
    path = segment_path(filled.folder, 2)
    at = _start_of(path, 251_777) + 80
    _flip(path, at)
    finding = verify_trail(filled.folder, lines).finding
    _flip(path, at)
    assert finding is not None
    assert (finding.damage, finding.segment, finding.seq) == (Damage.EDITED, 2, 251_777)


def _flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def test_a_million_entries_are_read_in_bounded_memory_and_the_index_gives_the_same(
    filled: Filled,
) -> None:
    first = TrailReader(filled.folder, filled.reader.private)
    before = resident_bytes()
    first.refresh()
    held = resident_bytes() - before
    assert first.count() == MANY
    assert first.unreadable == []
    assert held < MOST_BYTES
    again = TrailReader(filled.folder, filled.reader.private)
    again.refresh()
    views = EventFilter(kinds=frozenset({EventKind.VIEW}))
    assert again.count(views) == first.count(views)
    assert again.day_counts() == first.day_counts()
    assert list(again.page(views, 400_000, 50)) == list(first.page(views, 400_000, 50))


def test_the_program_goes_on_behind_a_million_entries(
    filled: Filled, keystore: MemoryKeyStore
) -> None:
    trail = Trail.open(filled.folder, keystore, PRACTICE, SystemClock())
    reader = TrailReader(filled.folder, filled.reader.private)
    reader.refresh()
    event = trail.append(reader.page(count=1)[0].entry)
    reader.refresh()
    assert reader.page(count=1)[0].seq == event.seq
    trail.close()
