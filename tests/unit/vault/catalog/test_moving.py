"""A new catalog file takes the old one's place only if it holds everything itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewer.vault.catalog.moving import put_in_place, require_no_log
from viewer.vault.errors import StoreFault


def test_a_new_file_whose_log_was_not_folded_in_does_not_move(tmp_path: Path) -> None:
    fresh = tmp_path / "catalog.next"
    fresh.write_bytes(b"new")
    require_no_log(fresh)
    log = tmp_path / "catalog.next-wal"
    log.write_bytes(b"")
    require_no_log(fresh)
    log.write_bytes(b"what the disk refused to take into the file")
    with pytest.raises(StoreFault):
        require_no_log(fresh)


def test_an_old_file_with_something_in_its_log_stays(tmp_path: Path) -> None:
    old, fresh = tmp_path / "catalog.db", tmp_path / "catalog.next"
    old.write_bytes(b"old")
    fresh.write_bytes(b"new")
    (tmp_path / "catalog.db-wal").write_bytes(b"not folded in")
    with pytest.raises(StoreFault):
        put_in_place(fresh, old)
    assert old.read_bytes() == b"old"
