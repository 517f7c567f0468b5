"""One store, one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewer.vault.errors import StoreFault, StoreInUse
from viewer.vault.lock import StoreLock


def test_a_held_lock_refuses_the_next_and_a_released_one_does_not(tmp_path: Path) -> None:
    first = StoreLock(tmp_path / "lock")
    with pytest.raises(StoreInUse):
        StoreLock(tmp_path / "lock")
    first.release()
    first.release()
    StoreLock(tmp_path / "lock").release()


def test_a_folder_that_takes_no_file_is_a_fault_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(StoreFault):
        StoreLock(tmp_path / "missing" / "lock")
