"""A store with a patient and two pictures, and a folder to back it up into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.vault.backup.made_up import Desk
from tests.unit.vault.made_up import new_patient


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A store that is open, with one patient and two pictures."""
    desk = Desk.new(tmp_path / "store", tmp_path / "medium")
    desk.patient = new_patient()
    desk.vault.add_patient(desk.patient)
    for number in range(2):
        desk.put(number)
    yield desk
    desk.close()
