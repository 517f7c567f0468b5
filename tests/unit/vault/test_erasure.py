"""Erasing a patient from an open store: nothing is left in it, and nothing of anybody else goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.unit.vault.faults import Faults
from tests.unit.vault.made_up import (
    MadePicture,
    new_keys,
    new_patient,
    new_picture,
    object_files,
)
from viewer.model.ids import UserId
from viewer.model.patient import Patient
from viewer.vault.catalog.connection import Catalog
from viewer.vault.errors import NotInStore, StoreFault, UnderLegalHold
from viewer.vault.records import SettingScope
from viewer.vault.store import Vault

PAGE_BYTES, RESERVED_BYTES = 4096, 80
USER = UserId("u" * 32)


def add(vault: Vault, family: str, study: str) -> tuple[Patient, MadePicture]:
    """Add a patient with one picture."""
    patient = new_patient(family, chart=f"C-{study}")
    vault.add_patient(patient)
    picture = new_picture(patient.id, study=study)
    picture.put(vault)
    return patient, picture


def texts_of(catalog: Catalog, but: str) -> list[str]:
    """Return every value of every row of every table, but one table's, as texts."""
    found = []
    with catalog.read() as cursor:
        names = cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            if name != but:
                rows = cursor.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608
                found += [repr(row) for row in rows]
    return found


def test_no_row_of_any_table_names_the_patient_afterwards(vault: Vault) -> None:
    gone, picture = add(vault, "Zwetschge", "1.2.777")
    stays, other = add(vault, "Bleibt", "1.2.888")
    vault.save_draft(USER, "mine", b"looks at " + picture.record.id.encode())
    vault.save_draft(USER, "other", b"looks at " + other.record.id.encode())
    vault.set_setting(SettingScope.WORKSTATION, "last", f'"{gone.id}"')
    vault.set_setting(SettingScope.WORKSTATION, "series", '"1.2.777.1"')
    vault.set_setting(SettingScope.WORKSTATION, "theme", '"dark"')
    erased = vault.erase_patient(gone.id)
    assert (erased.image_count, erased.object_count, erased.epoch) == (1, 3, 1)
    everything = "\n".join(texts_of(vault._catalog, but="erasures")).lower()
    for trace in (gone.id, picture.record.id, "zwetschge", "1.2.777", "c-1.2.777"):
        assert trace not in everything
    assert stays.id in everything
    assert vault.draft(USER, "mine") is None
    assert vault.draft(USER, "other") is not None
    assert vault.setting(SettingScope.WORKSTATION, "theme") == '"dark"'
    assert [row.patient.id for row in vault.patients()] == [stays.id]
    assert vault.patients("zwet") == []
    assert vault.check(deep=True).is_sound


def test_the_words_are_not_in_the_pages_either(vault: Vault) -> None:
    for number in range(60):
        add(vault, f"Bleibt{number}", f"1.2.{number}")
    gone, _ = add(vault, "Zwetschge", "1.2.777")
    assert b"zwetschge" in plain_pages(vault).lower()
    vault.erase_patient(gone.id)
    assert b"zwetschge" not in plain_pages(vault).lower()
    assert b"bleibt7" in plain_pages(vault).lower()


def plain_pages(vault: Vault) -> bytes:
    """Return every page of the catalog's file decrypted, free ones too (FORMAT.md §4)."""
    vault._catalog.checkpoint()
    raw, key = vault._layout.catalog.read_bytes(), bytes(vault._catalog._key.view())
    plain = b""
    for at in range(0, len(raw), PAGE_BYTES):
        page = raw[at : at + PAGE_BYTES]
        vector = page[-RESERVED_BYTES : -RESERVED_BYTES + 16]
        sealed = page[0 if at else 16 : -RESERVED_BYTES]
        opening = Cipher(algorithms.AES256(key), modes.CBC(vector)).decryptor()
        plain += opening.update(sealed) + opening.finalize()
    return plain


def test_objects_are_gone_from_the_disk_and_the_log_is_cut(vault: Vault, folder: Path) -> None:
    gone, _ = add(vault, "Zwetschge", "1.2.777")
    add(vault, "Bleibt", "1.2.888")
    vault.erase_patient(gone.id)
    assert len(object_files(folder)) == 3
    assert (folder / "catalog.db-wal").stat().st_size == 0


def test_a_legal_hold_and_a_callers_own_reason_refuse(vault: Vault) -> None:
    held, picture = add(vault, "Muster", "1.2.3")
    vault.keeping.put_hold(held.id, "lawsuit", USER)
    with pytest.raises(UnderLegalHold):
        vault.erase_patient(held.id)

    def never(cursor: object, patient_id: object) -> None:
        raise UnderLegalHold

    free, _ = add(vault, "Muster", "1.2.4")
    with pytest.raises(UnderLegalHold):
        vault.keys.erase_patient(free.id, never)
    assert vault.open_pixels(picture.record.id).tobytes() == picture.pixels.tobytes()
    assert len(vault.patients()) == 2


def test_somebody_unknown_is_told_and_somebody_erased_is_answered_as_before(vault: Vault) -> None:
    gone, _ = add(vault, "Muster", "1.2.3")
    first = vault.erase_patient(gone.id)
    assert vault.erase_patient(gone.id) == first
    assert vault.keys.erased() == [gone.id]
    assert vault.keys.erased(since_epoch=2) == []
    with pytest.raises(NotInStore):
        vault.erase_patient(new_patient().id)


def test_a_picture_that_arrives_for_somebody_who_is_being_erased_is_not_kept(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, _ = add(vault, "Muster", "1.2.3")
    late = new_picture(gone.id, study="1.2.4")
    real = vault._list

    def erased_first(*args: object) -> object:
        vault.erase_patient(gone.id)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(vault, "_list", erased_first)
    with pytest.raises(NotInStore):
        late.put(vault)
    assert object_files(folder) == []


def test_whichever_call_of_the_disk_fails_it_is_whole_or_erased_and_can_be_ended(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Vault.open(folder, new_keys()) as vault:
        gone, picture = add(vault, "Muster", "1.2.3")
        _, other = add(vault, "Bleibt", "1.2.4")
    pristine = tmp_path / "pristine"
    shutil.copytree(folder, pristine)
    ended, number = False, 0
    while not ended:
        number += 1
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        with Vault.open(folder, new_keys()) as vault:
            with Faults(monkeypatch, number) as faults:
                try:
                    vault.erase_patient(gone.id)
                except StoreFault:
                    assert faults.struck
            ended = not faults.struck
            head = vault.head()
        with Vault.open(folder, new_keys(), head) as vault:
            vault.erase_patient(gone.id)
            with pytest.raises(NotInStore):
                vault.open_pixels(picture.record.id)
            assert vault.open_pixels(other.record.id).tobytes() == other.pixels.tobytes()
        with Vault.open(folder, new_keys(), head) as vault:
            assert vault.check(deep=True).findings == ()
        assert len(object_files(folder)) == 3
    assert number > 3


def test_work_that_names_another_patients_similar_study_stays(vault: Vault) -> None:
    gone, _ = add(vault, "Zwetschge", "1.2.77")
    add(vault, "Bleibt", "1.2.777")
    vault.save_draft(USER, "other", b'{"study": "1.2.777"}')
    vault.save_draft(USER, "mine", b"study 1.2.77.")
    vault.set_setting(SettingScope.WORKSTATION, "zoom", "1.2")
    with vault._catalog.write() as cursor:  # a device that left its identifiers empty
        cursor.execute(
            "UPDATE image_sops SET sop_uid = '' WHERE image_id IN"
            " (SELECT id FROM images WHERE patient_id = ?)",
            (gone.id,),
        )
    vault.erase_patient(gone.id)
    assert vault.draft(USER, "other") is not None
    assert vault.setting(SettingScope.WORKSTATION, "zoom") == "1.2"
    assert vault.draft(USER, "mine") is None
