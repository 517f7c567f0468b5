"""A practice with images, a dentist, an officer and a sealed code: made once, copied for a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.practice import OFFICER, PASSWORD, add_person, open_clinic, write_images
from viewer.app.use_cases import emergency, importing
from viewer.session.emergency import EmergencyCode
from viewer.session.keystore import FileKeyStore, MemoryKeyStore

REASON = "Patient in the chair, nobody else is here"
Prepare = Callable[[Path, MemoryKeyStore | FileKeyStore], EmergencyCode]


@pytest.fixture(scope="module")
def practice_in_need(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Put the practice into an empty folder and its keys into an empty key store."""
    root = tmp_path_factory.mktemp("template")
    images = write_images(root / "images", cbct=False)
    kept = FileKeyStore(root / "keys.json")
    with open_clinic(root / "store", kept) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        importing.import_paths(clinic, importing.ImportPaths((images,)))
        for role in ("dentist", "security_officer"):
            add_person(clinic, role)
        code = emergency.make_emergency_code(clinic, emergency.MakeEmergencyCode())

    def prepare(folder: Path, keystore: MemoryKeyStore | FileKeyStore) -> EmergencyCode:
        shutil.copytree(root / "store", folder, dirs_exist_ok=True)
        for name, text in kept._texts().items():
            keystore._write(name, text)
        return code

    return prepare
