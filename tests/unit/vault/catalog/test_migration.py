"""Catalogs of every earlier step open and lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.vault.made_up import new_keys, new_patient, new_picture
from viewer.crypto.aead import wrap
from viewer.crypto.derive import context, derive
from viewer.crypto.secret import Secret
from viewer.vault.catalog import connection as connection_module
from viewer.vault.catalog.connection import Catalog
from viewer.vault.catalog.schema import STEPS
from viewer.vault.errors import StoreDamaged
from viewer.vault.keys import catalog_key, unwrap_patient_key, wrap_patient_key
from viewer.vault.layout import Layout
from viewer.vault.store import Vault


def make_first_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, bytes]:
    """Make a store as the first version did; return its patient, its image and the pixels.

    The picture is written by today's code into a store beside it: its objects are as they were.
    """
    keys, patient = new_keys(), new_patient()
    picture = new_picture(patient.id)
    beside = folder.with_name("beside")
    Vault.create(beside, keys)
    with Vault.open(beside, keys) as vault:
        vault.add_patient(patient)
        picture.put(vault)
        with vault._sealed.patient_key(patient.id) as key, vault._catalog.read() as cursor:
            plain_key = Secret(key.view())
            tables = {
                name: cursor.execute(f"SELECT {columns} FROM {name}").fetchall()  # noqa: S608
                for name, columns in FIRST_COLUMNS.items()
            }
    with monkeypatch.context() as patch:
        patch.setattr(connection_module, "STEPS", STEPS[:1])
        patch.setattr(Catalog, "_begin_to_count", lambda _: None)
        Vault.create(folder, keys)
        with catalog_key(keys, 1) as key:
            catalog = Catalog(Layout(folder).catalog, key)
        info = context("bitewing patient keys v1", keys.practice_id, 1)
        bound = context("bitewing patient key v1", patient.id, 1)
        with derive(keys.epochs[1], info) as wrapping:
            wrapped = wrap(wrapping, plain_key, bound)
        with catalog.write() as cursor:
            for name, columns in FIRST_COLUMNS.items():
                marks = ", ".join("?" * len(columns.split(",")))
                sql = f"INSERT INTO {name} ({columns}) VALUES ({marks})"  # noqa: S608
                cursor.executemany(sql, tables[name])
            row = (patient.id, 1, wrapped)
            cursor.execute("INSERT INTO patient_keys VALUES (?, ?, ?)", row)
        catalog.close()
    Layout(folder).objects.rename(folder / "empty")
    Layout(beside).objects.rename(folder / "objects")
    return patient.id, picture.record.id, picture.pixels.tobytes()


FIRST_COLUMNS = {
    "patients": "number, id, chart_number, issuer, sort_name, record",
    "patient_words": "rowid, words",
    "studies": "patient_id, uid, date, record",
    "series": "patient_id, study_uid, uid, number, record",
    "images": "number, id, patient_id, study_uid, series_uid, instance_number, acquired,"
    " pixel_sha256, record",
    "image_sops": "sop_uid, image_id",
    "objects": "image_id, role, id, plain_bytes",
}


def test_a_store_of_the_first_version_opens_with_all_that_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    patient_id, image_id, pixels = make_first_store(folder, monkeypatch)
    for _ in range(2):
        with Vault.open(folder, new_keys()) as vault:
            assert [row.patient.id for row in vault.patients("muster")] == [patient_id]
            assert vault.open_pixels(image_id).tobytes() == pixels  # type: ignore[arg-type]
            assert vault.check(deep=True).is_sound


def test_keys_of_the_first_version_get_the_number_one_and_their_objects_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    make_first_store(folder, monkeypatch)
    with Vault.open(folder, new_keys()) as vault, vault._catalog.read() as cursor:
        keys = cursor.execute("SELECT number, epoch FROM patient_keys").fetchall()
        objects = cursor.execute("SELECT DISTINCT key_number, is_here FROM objects").fetchall()
        primary = cursor.execute(
            "SELECT name FROM pragma_table_info('patient_keys') WHERE pk ORDER BY pk"
        ).fetchall()
    assert (keys, objects) == ([(1, 1)], [(1, 1)])
    assert primary == [("patient_id",), ("number",)]


def test_a_patient_key_is_bound_to_its_number(tmp_path: Path) -> None:
    """Moving a wrapped key to another number of the same patient must not open it."""
    keys, patient = new_keys(), new_patient()
    with Secret.random() as key:
        for number, other in ((1, 2), (2, 1), (2, 3)):
            wrapped = wrap_patient_key(keys, patient.id, number, key)
            unwrap_patient_key(keys, patient.id, number, 1, wrapped).wipe()
            with pytest.raises(StoreDamaged):
                unwrap_patient_key(keys, patient.id, other, 1, wrapped)
