"""An empty store, and one patient in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.vault.made_up import new_keys, new_patient
from viewer.model.patient import Patient
from viewer.vault.store import Vault


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "store"
    Vault.create(made, new_keys())
    return made


@pytest.fixture
def vault(folder: Path) -> Iterator[Vault]:
    with Vault.open(folder, new_keys()) as opened:
        yield opened


@pytest.fixture
def patient(vault: Vault) -> Patient:
    made = new_patient()
    vault.add_patient(made)
    return made
