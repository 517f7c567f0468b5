"""Erasing reaches a backup by key, at whatever byte it is cut off; old snapshots are pruned."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.vault.backup.made_up import PRACTICE, Desk, restored
from tests.unit.vault.made_up import new_keys, new_patient
from viewer.model.ids import PatientId
from viewer.model.patient import Patient
from viewer.vault.backup import forgetting
from viewer.vault.backup.errors import BackupDamaged, MediumFault, NoSuchSnapshot
from viewer.vault.backup.forgetting import ForgetReport, Replacement, forget, prune
from viewer.vault.backup.proving import prove
from viewer.vault.backup.reading import opened
from viewer.vault.backup.repository import Repository
from viewer.vault.catalog import patients
from viewer.vault.records import VaultKeys
from viewer.vault.store import Vault

ACCOUNTS = {"accounts.json": b'{"without": "old keys"}'}


def later(*epochs: int) -> VaultKeys:
    """Keys of some epochs, the last of them current."""
    everything = new_keys(epochs=max(epochs))
    kept = {each: everything.epochs[each] for each in epochs}
    return VaultKeys(PRACTICE, kept, max(epochs))


@pytest.fixture
def other(desk: Desk) -> Patient:
    """A second patient, in the first of two snapshots and in the second."""
    made = new_patient("Vergessen", "Otto", "BW-0099")
    desk.vault.add_patient(made)
    image = desk.put(30, made)
    desk.back_up()
    desk.put(31)
    desk.back_up()
    del desk.stored[image]
    return made


def run(desk: Desk, *whom: PatientId) -> ForgetReport:
    replacement = Replacement("sheet 1 and 2", "sheet 2", ACCOUNTS)
    return forget(desk.repository(), later(1, 2), whom, replacement, desk.folder)


def assert_forgotten(desk: Desk, other: Patient, tmp_path: Path) -> None:
    repository = desk.repository()
    assert repository.key_sheet() == "sheet 2"
    keys = later(2)
    whole, bad = repository.manifests(keys)
    assert ([each.number for each in whole], bad) == ([1, 2], [])
    for manifest in whole:
        stretches = repository.stretches(manifest.file("accounts.json"), keys)
        assert b"".join(map(bytes, stretches)) == ACCOUNTS["accounts.json"]
        with opened(repository, manifest, keys, tmp_path) as snapshot:
            with snapshot.catalog.read() as cursor:
                assert other.id not in patients.ids(cursor)
                epochs = cursor.execute("SELECT DISTINCT epoch FROM patient_keys").fetchall()
            assert epochs == [(2,)]
    report = prove(repository, keys, tmp_path)
    assert (report.is_sound, report.spare) == (True, 0)


def test_a_patient_is_gone_from_every_snapshot_and_the_old_key_opens_nothing(
    desk: Desk, other: Patient, tmp_path: Path
) -> None:
    report = run(desk, other.id)
    assert (report.rewritten, report.dropped) == (2, 0)
    assert_forgotten(desk, other, tmp_path)
    with pytest.raises(NoSuchSnapshot):
        desk.repository().choose(later(1))
    restored(desk.medium, tmp_path / "new", later(2))
    with Vault.open(tmp_path / "new", later(2)) as vault:
        assert all((vault.open_pixels(each) == px).all() for each, px in desk.stored.items())
        assert vault.check(deep=True).is_sound


def test_forgetting_twice_does_nothing_the_second_time(
    desk: Desk, other: Patient, tmp_path: Path
) -> None:
    run(desk, other.id)
    assert run(desk, other.id) == ForgetReport(0, 0, 0)
    assert_forgotten(desk, other, tmp_path)


def cut_at(owner: Any, name: str, nth: int) -> Callable[[pytest.MonkeyPatch], None]:
    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        real, calls = getattr(owner, name), []

        def failing(*args: Any, **kwargs: Any) -> Any:
            calls.append(1)
            if len(calls) == nth:
                raise MediumFault
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, failing)

    return patch


CUTS = [
    *[cut_at(Repository, "put_part", nth) for nth in (1, 3, 6)],
    *[cut_at(Repository, "put_manifest", nth) for nth in (1, 2)],
    *[cut_at(Repository, "remove_snapshot", nth) for nth in (1, 2)],
    *[cut_at(Repository, "put_key_sheet", nth) for nth in (1, 2)],
    cut_at(forgetting, "collect", 1),
]


@pytest.mark.parametrize("cut", CUTS)
def test_an_erasure_cut_off_anywhere_leaves_a_whole_backup_and_goes_on(
    desk: Desk,
    other: Patient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cut: Callable[[pytest.MonkeyPatch], None],
) -> None:
    with monkeypatch.context() as patch:
        cut(patch)
        with pytest.raises(MediumFault):
            run(desk, other.id)
    whole, bad = desk.repository().manifests(later(1, 2))
    assert ({each.number for each in whole}, bad) == ({1, 2}, [])
    assert prove(desk.repository(), later(1, 2), tmp_path).is_sound
    run(desk, other.id)
    assert_forgotten(desk, other, tmp_path)


def test_a_snapshot_that_does_not_open_is_dropped_since_it_cannot_be_cleaned(
    desk: Desk, other: Patient
) -> None:
    repository = desk.repository()
    first = repository.snapshots()[0]
    path = repository.path_of(first)
    path.write_bytes(path.read_bytes()[:-1])
    report = run(desk, other.id)
    assert (report.rewritten, report.dropped) == (1, 1)
    assert [name.number for name in repository.snapshots()] == [2]


def test_pruning_keeps_the_last_and_what_alone_holds_something_needed(desk: Desk) -> None:
    gone = desk.put(40)
    desk.back_up()
    with desk.vault._catalog.read() as cursor:
        sql = "SELECT id FROM objects WHERE image_id = ? AND role = 'pixels'"
        row = cursor.execute(sql, (gone,)).fetchone()
    assert row is not None
    desk.vault.delete_image(gone)
    desk.back_up()
    desk.back_up()
    report = prune(desk.repository(), new_keys(), 1, [row[0]])
    assert (report.kept, report.removed) == ((1, 3), (2,))
    assert prove(desk.repository(), new_keys(), desk.folder).is_sound
    report = prune(desk.repository(), new_keys(), 1)
    assert (report.kept, report.objects_removed > 0) == ((3,), True)
    assert prove(desk.repository(), new_keys(), desk.folder).is_sound


def test_with_a_damaged_snapshot_about_no_object_is_removed(desk: Desk) -> None:
    desk.back_up()
    desk.back_up()
    repository = desk.repository()
    path = repository.path_of(repository.snapshots()[0])
    path.write_bytes(path.read_bytes()[:-1])
    assert prune(repository, new_keys(), 1).objects_removed == 0


def test_one_whole_copy_of_the_key_sheet_is_enough(desk: Desk) -> None:
    desk.back_up()
    sheets = sorted(desk.medium.glob("keys-*.json"))
    assert len(sheets) == 2
    for path in reversed(sheets):
        assert desk.repository().key_sheet() == "sheet 1"
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BackupDamaged):
        desk.repository().key_sheet()


def test_files_swapped_between_snapshots_are_refused(desk: Desk) -> None:
    desk.back_up()
    desk.back_up()
    repository = desk.repository()
    first, second = repository.snapshots()
    shutil.copy(repository.path_of(first), repository.path_of(second))
    assert [each.number for each in repository.manifests(new_keys())[0]] == [1]
