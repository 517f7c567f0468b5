"""Looks at a watched folder: what is whole is ready, what is written or away waits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from viewer.app.watching import looking
from viewer.app.watching.folders import WatchedFolder
from viewer.app.watching.looking import PATIENCE_S, SETTLED_S, FolderLooks, Reach
from viewer.ingest.hosts.in_use import is_being_written
from viewer.ingest.source import Source

_NONE: frozenset[str] = frozenset()


def _nobody(_: Path) -> bool:
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that a device writes into."""
    path = tmp_path / "sensor"
    path.mkdir()
    return path


def _watched(folder: Path) -> WatchedFolder:
    return WatchedFolder("1", "Sensor 1", str(folder), salt="00" * 16)


def _looks(folder: Path) -> FolderLooks:
    return FolderLooks(_watched(folder), _nobody)


def _names(look: looking.Look) -> list[str]:
    return [whole.path.name for whole in look.ready]


def test_a_file_is_ready_once_it_did_not_change_between_two_looks(folder: Path) -> None:
    looks = _looks(folder)
    (folder / "a.dcm").write_bytes(b"1")
    assert _names(looks.look(0, _NONE)) == []
    assert _names(looks.look(SETTLED_S - 1, _NONE)) == []
    assert _names(looks.look(SETTLED_S, _NONE)) == ["a.dcm"]


def test_a_file_that_grows_starts_anew(folder: Path) -> None:
    looks = _looks(folder)
    path = folder / "a.dcm"
    path.write_bytes(b"1")
    looks.look(0, _NONE)
    path.write_bytes(b"12")
    look = looks.look(SETTLED_S, _NONE)
    assert (_names(look), look.waiting) == ([], 1)
    assert _names(looks.look(2 * SETTLED_S, _NONE)) == ["a.dcm"]


def test_an_empty_file_and_one_under_a_working_name_wait(folder: Path) -> None:
    looks = _looks(folder)
    for name in ("empty.dcm", "a.dcm.part", ".hidden", "b.TMP"):
        (folder / name).write_bytes(b"" if name.startswith("empty") else b"x")
    looks.look(0, _NONE)
    assert _names(looks.look(1000, _NONE)) == []


def test_a_series_is_not_taken_in_two_halves(folder: Path) -> None:
    looks = _looks(folder)
    (folder / "scan").mkdir()
    (folder / "loose.dcm").write_bytes(b"x")
    (folder / "scan" / "1.dcm").write_bytes(b"x")
    looks.look(0, _NONE)
    (folder / "scan" / "2.dcm").write_bytes(b"x")
    assert _names(looks.look(SETTLED_S, _NONE)) == ["loose.dcm"]
    assert _names(looks.look(2 * SETTLED_S, _NONE)) == ["loose.dcm", "1.dcm", "2.dcm"]


def test_what_is_whole_does_not_wait_for_ever_for_a_neighbour(folder: Path) -> None:
    looks = _looks(folder)
    (folder / "a.dcm").write_bytes(b"x")
    now = 0.0
    while now <= SETTLED_S + PATIENCE_S:
        (folder / "log.txt").write_bytes(b"x" * (int(now) + 1))
        assert _names(looks.look(now, _NONE)) == []
        now += SETTLED_S
    (folder / "log.txt").write_bytes(b"again")
    assert _names(looks.look(now + SETTLED_S, _NONE)) == ["a.dcm"]


def test_what_was_dealt_with_is_not_ready_again_until_it_changes(folder: Path) -> None:
    watched = _watched(folder)
    looks = FolderLooks(watched, _nobody)
    path = folder / "a.dcm"
    path.write_bytes(b"1")
    looks.look(0, _NONE)
    ready = looks.look(SETTLED_S, _NONE).ready[0]
    assert ready.token == Source(path).token
    seen = frozenset([watched.digest_of(ready.token)])
    assert _names(looks.look(2 * SETTLED_S, seen)) == []
    path.write_bytes(b"other")
    looks.look(3 * SETTLED_S, seen)
    assert _names(looks.look(4 * SETTLED_S, seen)) == ["a.dcm"]


def test_a_share_that_goes_away_is_told_and_looked_at_anew_when_it_is_back(folder: Path) -> None:
    looks = _looks(folder)
    (folder / "a.dcm").write_bytes(b"x")
    looks.look(0, _NONE)
    shutil.move(folder, folder.with_name("away"))
    assert looks.look(SETTLED_S, _NONE).reach is Reach.AWAY
    shutil.move(folder.with_name("away"), folder)
    assert _names(looks.look(2 * SETTLED_S, _NONE)) == []
    assert _names(looks.look(3 * SETTLED_S, _NONE)) == ["a.dcm"]


def test_a_folder_that_is_swapped_for_a_link_is_left_alone(folder: Path) -> None:
    looks = _looks(folder)
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "secret").write_bytes(b"x")
    looks.look(0, _NONE)
    folder.rmdir()
    folder.symlink_to(elsewhere)
    for now in (SETTLED_S, 2 * SETTLED_S, 3 * SETTLED_S):
        look = looks.look(now, _NONE)
        assert (look.reach, look.ready) == (Reach.LINK, ())


def test_links_pipes_and_devices_in_it_are_passed_by(folder: Path) -> None:
    outside = folder.with_name("outside")
    outside.mkdir()
    (outside / "secret.dcm").write_bytes(b"x")
    (folder / "link.dcm").symlink_to(outside / "secret.dcm")
    (folder / "folder").symlink_to(outside)
    os.mkfifo(folder / "pipe.dcm")
    looks = _looks(folder)
    looks.look(0, _NONE)
    look = looks.look(SETTLED_S, _NONE)
    assert (look.ready, look.waiting) == ((), 0)


def test_a_folder_with_too_many_files_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_ENTRIES", 3)
    for name in "abcd":
        (folder / name).write_bytes(b"x")
    assert _looks(folder).look(0, _NONE).reach is Reach.TOO_FULL


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="only Linux tells here who writes a file")
def test_a_file_that_another_has_open_for_writing_waits(folder: Path) -> None:
    path = folder / "a.dcm"
    path.write_bytes(b"whole by its look")
    looks = FolderLooks(_watched(folder))
    with path.open("ab"):
        assert is_being_written(path)
        looks.look(0, _NONE)
        assert _names(looks.look(1000, _NONE)) == []
    assert not is_being_written(path)
    with path.open("rb"):
        assert _names(looks.look(1001, _NONE)) == ["a.dcm"]
