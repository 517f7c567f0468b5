"""Somebody whose role needs a second factor, and who has none: the window says what to do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QLabel

from tests.support.practice import OFFICER, PASSWORD, add_person, open_clinic, write_images
from tests.support.windows import log_in, open_windows, wait_until
from viewer.app.use_cases import importing, policies
from viewer.session.keystore import MemoryKeyStore


def test_the_window_shows_no_patients_and_says_what_to_set_up(
    tmp_path: Path, dressed: QApplication
) -> None:
    keystore = MemoryKeyStore()
    write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        add_person(clinic, "dentist")
        importing.import_paths(clinic, importing.ImportPaths((tmp_path / "in",)))
        wanted = policies.SetPolicies(factor_roles=frozenset({"dentist"}))
        policies.set_policies(clinic, wanted)
    with open_windows(tmp_path / "store", keystore) as joined:
        shell = log_in(joined, "Dentist Person")
        wait_until(lambda: not joined.workstation.jobs.is_busy)
        wait_until(shell.emergency.review.isVisible)
        said = [label.text() for label in shell.emergency.review.findChildren(QLabel)]
        assert any("needs a second factor" in words for words in said)
        assert not shell.patients.rows
        assert not shell.actions_bar.is_offered("search")
        assert shell.actions_bar.is_offered("my_sign_in")
