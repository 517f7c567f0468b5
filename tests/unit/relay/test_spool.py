"""What waits to be sent: torn, foreign, too large, shared, and never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.relay.conftest import PRACTICE, WHO
from viewer.crypto.secret import Secret
from viewer.relay import spool as spool_module
from viewer.relay.spool import Spool
from viewer.session.audit.events import Entry, Event, EventKind

WHEN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def event(seq: int, why: str = "bitewings", segment: int = 1) -> Event:
    return Event(seq, "operatory-1", WHEN, 1.0, Entry(EventKind.VIEW, WHO, why=why), segment)


@pytest.fixture
def key() -> Iterator[Secret]:
    with Secret.random() as secret:
        yield secret


@pytest.fixture
def spool(tmp_path: Path, key: Secret) -> Spool:
    return Spool(tmp_path, key, PRACTICE)


def why(spool: Spool, seq: int) -> str | None:
    found = spool.event((1, seq))
    return found.entry.why if found else None


def test_words_come_back_also_in_another_process(spool: Spool, tmp_path: Path, key: Secret) -> None:
    other = Spool(tmp_path, key, PRACTICE)
    spool.put(event(5, "one"))
    other.put(event(6, "two"))
    for each in (spool, other):
        each.catch_up()
        assert [why(each, 5), why(each, 6)] == ["one", "two"]


def test_a_torn_end_costs_its_own_words_alone(spool: Spool, tmp_path: Path, key: Secret) -> None:
    for seq in range(4):
        spool.put(event(seq, f"words {seq}"))
    path = tmp_path / "spool"
    path.write_bytes(path.read_bytes()[:-7])
    again = Spool(tmp_path, key, PRACTICE)
    again.catch_up()
    assert [why(again, seq) for seq in range(4)] == ["words 0", "words 1", "words 2", None]
    again.put(event(4, "later"))
    again.catch_up()
    assert why(again, 4) == "later"


def test_an_event_that_was_not_written_after_all_gives_way_to_the_next_of_its_number(
    spool: Spool,
) -> None:
    spool.put(event(7, "the disk was full"))
    spool.put(event(7, "what happened then"))
    spool.catch_up()
    assert why(spool, 7) == "what happened then"


def test_words_moved_to_another_record_are_none(spool: Spool, tmp_path: Path, key: Secret) -> None:
    spool.put(event(1, "harmless"))
    spool.put(event(2, "misdeed"))
    path = tmp_path / "spool"
    raw = bytearray(path.read_bytes())
    start = len(b"BWSPOOL1") + 16
    size = (len(raw) - start) // 2
    first, second = raw[start : start + size + 1], raw[start + size + 1 :]
    head = 16
    path.write_bytes(bytes(raw[:start]) + bytes(second[:head]) + bytes(first[head:]))
    again = Spool(tmp_path, key, PRACTICE)
    again.catch_up()
    assert why(again, 2) != "harmless"


def test_confirmed_words_are_thrown_away_and_no_others(spool: Spool, tmp_path: Path) -> None:
    spool.put(event(1))
    spool.put(event(2))
    spool.catch_up()
    spool.drop_all((1, 1))
    assert (tmp_path / "spool").stat().st_size > 0
    spool.put(event(3, "just now"))
    spool.drop_all((1, 2))  # knows nothing of the third yet
    spool.catch_up()
    assert why(spool, 3) == "just now"
    spool.drop_all((1, 3))
    assert (tmp_path / "spool").stat().st_size == 0
    spool.put(event(4, "afterwards"))
    spool.catch_up()
    assert why(spool, 4) == "afterwards"


def test_another_process_follows_when_it_was_emptied(
    spool: Spool, tmp_path: Path, key: Secret
) -> None:
    other = Spool(tmp_path, key, PRACTICE)
    spool.put(event(1))
    other.catch_up()
    spool.catch_up()
    spool.drop_all((1, 1))
    spool.put(event(2, "fresh"))
    other.catch_up()
    assert why(other, 2) == "fresh"
    assert why(other, 1) is None


def test_a_full_spool_says_so_and_keeps_what_it_has(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spool.put(event(1, "kept"))
    monkeypatch.setattr(spool_module, "LARGEST_BYTES", 400)
    assert not spool.put(event(2, "x" * 400))
    spool.catch_up()
    assert why(spool, 1) == "kept"


@settings(max_examples=60, deadline=None)
@given(junk=st.binary(max_size=400))
def test_any_bytes_in_its_place_are_survived(
    junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("junk")
    (folder / "spool").write_bytes(junk)
    with Secret.random() as key:
        spool = Spool(folder, key, PRACTICE)
        spool.catch_up()
        spool.put(event(1, "after"))
        spool.catch_up()
        assert why(spool, 1) == "after"
