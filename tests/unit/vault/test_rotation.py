"""Moving an open store to another epoch, and whatever interrupts it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.unit.vault.faults import Faults
from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.model.errors import BitewingError, Cancelled
from viewer.model.ids import ImageId
from viewer.vault import rotation
from viewer.vault.catalog import connection, export
from viewer.vault.errors import StoreClosed, StoreFault, WrongKey
from viewer.vault.store import Vault


def fill(vault: Vault, count: int = 3) -> dict[ImageId, bytes]:
    """Add so many patients with a picture each; return the pixels by image."""
    kept = {}
    for _ in range(count):
        patient = new_patient()
        vault.add_patient(patient)
        picture = new_picture(patient.id)
        kept[picture.put(vault).id] = picture.pixels.tobytes()
    return kept


def opens_all(vault: Vault, kept: dict[ImageId, bytes]) -> bool:
    return all(vault.open_pixels(each).tobytes() == pixels for each, pixels in kept.items())


def test_everything_opens_under_the_new_epoch_alone(folder: Path) -> None:
    with Vault.open(folder, new_keys()) as vault:
        kept = fill(vault)
        done = vault.rotate(new_keys(epochs=2))
        assert (done.epoch, done.keys, done.is_complete) == (2, 3, True)
        assert opens_all(vault, kept)
    both = new_keys(epochs=2)
    only_new = type(both)(both.practice_id, {2: both.epochs[2]}, 2)
    with Vault.open(folder, only_new) as vault:
        assert opens_all(vault, kept)
        assert vault.check(deep=True).is_sound
    with pytest.raises(WrongKey):
        Vault.open(folder, new_keys())


def test_the_history_goes_on_and_the_old_catalog_put_back_is_a_rollback(
    folder: Path, tmp_path: Path
) -> None:
    with Vault.open(folder, new_keys()) as vault:
        fill(vault)
    shutil.copy(folder / "catalog.db", tmp_path / "old.db")
    with Vault.open(folder, new_keys(epochs=2)) as vault:
        before = vault.head()
        vault.rotate(new_keys(epochs=2))
        assert vault.has_passed(before)
        after = vault.head()
    shutil.copy(tmp_path / "old.db", folder / "catalog.db")
    with pytest.raises(BitewingError, match="older"):
        Vault.open(folder, new_keys(epochs=2), after)


def test_patients_and_pictures_that_come_meanwhile_are_under_the_new_epoch(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[ImageId, bytes] = {}
    copy_now = export.write_copy
    with Vault.open(folder, new_keys()) as vault:
        kept |= fill(vault)

        def busy(*args: object) -> None:
            copy_now(*args)  # type: ignore[arg-type]
            if len(kept) < 5:  # the first copies are overtaken, the last one is not
                kept.update(fill(vault, 1))

        monkeypatch.setattr(connection, "write_copy", busy)
        vault.rotate(new_keys(epochs=2))
        assert len(kept) == 5
        assert opens_all(vault, kept)
        assert not vault.keys.needs_rotation
        with vault._catalog.read() as cursor:
            assert cursor.execute("SELECT DISTINCT epoch FROM patient_keys").fetchall() == [(2,)]


def test_a_damaged_key_is_named_and_the_older_epochs_stay(folder: Path) -> None:
    with Vault.open(folder, new_keys()) as vault:
        kept = fill(vault)
        sick = new_patient()
        vault.add_patient(sick)
        with vault._catalog.write() as cursor:
            sql = "UPDATE patient_keys SET wrapped = zeroblob(60) WHERE patient_id = ?"
            cursor.execute(sql, (sick.id,))
        done = vault.rotate(new_keys(epochs=2))
        assert (done.damaged, done.is_complete, done.keys) == ((sick.id,), False, 3)
        assert opens_all(vault, kept)
        assert vault.keys.needs_rotation


def test_cancelled_or_locked_at_any_moment_it_can_be_ended_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_KEYS_AT_ONCE", 1)
    with Vault.open(folder, new_keys()) as vault:
        kept = fill(vault)
        asked = iter([False, False, True])
        with pytest.raises(Cancelled):
            vault.rotate(new_keys(epochs=2), is_cancelled=lambda: next(asked))
        assert vault.keys.needs_rotation
        assert opens_all(vault, kept)
    vault = Vault.open(folder, new_keys(epochs=2))
    with pytest.raises(StoreClosed):
        vault.rotate(new_keys(epochs=2), lambda done, total: vault.close())
    with Vault.open(folder, new_keys(epochs=2)) as vault:
        assert vault.keys.needs_rotation
        vault.rotate(new_keys(epochs=2))
        assert opens_all(vault, kept)
        assert not vault.keys.needs_rotation


def test_whichever_call_of_the_disk_fails_the_store_is_in_the_old_epoch_or_the_new(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Vault.open(folder, new_keys()) as vault:
        kept = fill(vault)
    pristine = tmp_path / "pristine"
    shutil.copytree(folder, pristine)
    ended, number = False, 0
    while not ended:
        number += 1
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        vault = Vault.open(folder, new_keys(epochs=2))
        with Faults(monkeypatch, number) as faults:
            try:
                vault.rotate(new_keys(epochs=2))
            except StoreFault:
                assert faults.struck
        ended = not faults.struck
        try:
            assert opens_all(vault, kept)  # in the same session
        except StoreClosed:  # it could not be opened again in the midst of it
            assert faults.struck
        crashed = tmp_path / f"crashed{number}"
        shutil.copytree(folder, crashed)  # as if the power had gone just there
        vault.close()
        for place in (folder, crashed):
            with Vault.open(place, new_keys(epochs=2)) as again:
                assert opens_all(again, kept)
                again.rotate(new_keys(epochs=2))
                assert not again.keys.needs_rotation
                assert opens_all(again, kept)
                assert again.check(deep=True).is_sound
        shutil.rmtree(crashed)
    assert number > 5


def test_an_old_log_is_never_played_back_onto_the_new_catalog(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Vault.open(folder, new_keys()) as vault:
        kept = fill(vault)
        real = Path.replace

        def look(source: Path, target: Path) -> Path:
            if target.name == "catalog.db":
                assert not (folder / "catalog.db-wal").exists()
                assert not (folder / "catalog.next-wal").exists()
            return real(source, target)

        monkeypatch.setattr(Path, "replace", look)
        vault.rotate(new_keys(epochs=2))
        assert opens_all(vault, kept)


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be replaced there")
def test_the_old_catalogs_blocks_are_overwritten_where_the_file_system_lets_us(
    folder: Path,
) -> None:
    with Vault.open(folder, new_keys()) as vault:
        fill(vault)
        vault._catalog.checkpoint()
        with (folder / "catalog.db").open("rb") as old:
            vault.rotate(new_keys(epochs=2))
            assert not any(old.read())


def test_leftovers_of_a_rotation_are_removed_at_the_next_open(folder: Path) -> None:
    (folder / "catalog.next").write_bytes(b"half")
    (folder / "catalog.next-wal").write_bytes(b"half")
    Vault.open(folder, new_keys()).close()
    assert not list(folder.glob("catalog.next*"))
