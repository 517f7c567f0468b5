"""Somebody whose role needs a second factor, and who has none: the window says what to do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QLabel

from tests.support.practice import OFFICER, PASSWORD, add_person, open_clinic, write_images
from tests.support.windows import log_in, open_windows, wait_until
from viewer.app.use_cases import importing, policies
from viewer.session.keystore import MemoryKeyStore
from viewer.session.policy import Policies, PolicyStore


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


def test_a_second_factor_that_another_program_asks_for_locks_the_open_window(
    tmp_path: Path, dressed: QApplication
) -> None:
    """Else it would go on asking for what is refused from then on."""
    keystore = MemoryKeyStore()
    write_images(tmp_path / "in", cbct=False)
    with open_clinic(tmp_path / "store", keystore) as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        add_person(clinic, "dentist")
        importing.import_paths(clinic, importing.ImportPaths((tmp_path / "in",)))
    with open_windows(tmp_path / "store", keystore) as joined:
        shell = log_in(joined, "Dentist Person")
        wait_until(lambda: shell.patients.rows)
        shell.open_patient(shell.patients.rows[0].patient)
        practice = joined.workstation.clinic.practice
        wanted = Policies(factor_roles=frozenset({"dentist"}))
        PolicyStore(tmp_path / "store", keystore, practice.id).set(wanted, practice.roles())
        wait_until(lambda: joined.front_desk.lock_screen is not None)  # at the clock's next look
        assert joined.workstation.is_locked
        again = log_in(joined, "Dentist Person")
        wait_until(again.emergency.review.isVisible)
        assert not again.patients.rows
        assert again.actions_bar.is_offered("my_sign_in")
