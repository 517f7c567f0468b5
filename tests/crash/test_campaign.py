"""One store, killed at random moments again and again: what was acknowledged is there each time.

``dev.py test --long -k campaign`` runs the whole of it; set ``BITEWING_KILLS`` for more or fewer.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.crash.conftest import Exercise

_KILLS = int(os.environ.get("BITEWING_KILLS", "1000"))


@pytest.mark.parametrize(("wanted", "kills"), [("vault:all", 20), ("practice:all", 10)])
def test_nothing_acknowledged_is_lost_over_some_kills(
    exercise: Exercise, memory_disk: Path, wanted: str, kills: int
) -> None:
    report = exercise("campaign", memory_disk, wanted, kills, 20261122)
    assert report["faults"] == []
    assert report["kills"] == kills


@pytest.mark.long
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("wanted", ["vault:all", "practice:all"])
def test_nothing_acknowledged_is_lost_over_a_thousand_kills(
    exercise: Exercise, tmp_path: Path, wanted: str
) -> None:
    report = exercise("campaign", tmp_path, wanted, _KILLS, 7)
    assert report["faults"] == []
    assert report["kills"] == _KILLS
    assert all(report["more"]["aimed at"].values())


def test_no_picture_is_lost_doubled_or_torn_over_some_killed_imports(
    exercise: Exercise, memory_disk: Path
) -> None:
    report = exercise("imports", memory_disk, "-", 6, 20261122)
    assert report["faults"] == []
    assert report["kills"] == 6
    assert report["more"]["killed with a reading process at work"] >= 1


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_no_picture_is_lost_doubled_or_torn_over_hundreds_of_killed_imports(
    exercise: Exercise, memory_disk: Path
) -> None:
    report = exercise("imports", memory_disk, "-", 300, 7)
    assert report["faults"] == []
    assert report["kills"] == 300


def test_no_key_meets_a_nonce_twice_over_saves_faults_and_kills(
    exercise: Exercise, memory_disk: Path
) -> None:
    report = exercise("nonces", memory_disk, "-", 300, 20261122)
    assert report["faults"] == []
    assert report["more"]["all deeds"] >= 300
    assert report["more"]["pairs"] >= 300


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_no_key_meets_a_nonce_twice_over_ten_thousand_saves_faults_and_kills(
    exercise: Exercise, memory_disk: Path
) -> None:
    report = exercise("nonces", memory_disk, "-", 10_000, 7)
    assert report["faults"] == []
    assert report["more"]["all deeds"] >= 10_000
    assert report["kills"] > 10
