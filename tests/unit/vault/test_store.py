"""What the store is for: patients, pictures, settings, drafts; found again and the same."""

from __future__ import annotations

import itertools
import threading
from datetime import date
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from viewer.crypto.secret import Secret
from viewer.model.errors import Cancelled
from viewer.model.ids import ImageId, PatientId, SopUid, StudyUid, UserId, new_id
from viewer.model.image import ImageState
from viewer.model.patient import Patient
from viewer.vault.errors import (
    NotInStore,
    ObjectDamaged,
    RolledBack,
    StoreClosed,
    StoreDamaged,
    StoreExists,
    StoreInUse,
    StoreMissing,
    StoreTooNew,
    WrongKey,
)
from viewer.vault.layout import backup_copy
from viewer.vault.pictures import DTYPES
from viewer.vault.records import SettingScope, VaultHead
from viewer.vault.store import Vault

MIB = 1 << 20


# making, opening, closing


def test_a_store_is_not_made_over_another(folder: Path) -> None:
    with pytest.raises(StoreExists):
        Vault.create(folder, new_keys())


def test_a_store_may_share_its_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_text("{}")
    Vault.create(tmp_path, new_keys())
    Vault.open(tmp_path, new_keys()).close()
    assert (tmp_path / "accounts.json").read_text() == "{}"


def test_what_a_killed_backup_left_in_the_folder_is_removed(folder: Path) -> None:
    left = [backup_copy(folder), backup_copy(folder).with_suffix(".catalog-wal")]
    for path in left:
        path.write_bytes(b"encrypted")
    (folder / "store.open").touch()
    Vault.open(folder, new_keys()).close()
    assert not any(path.exists() for path in left)


def test_a_making_that_was_cut_short_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "objects" / "00").mkdir(parents=True)
    (tmp_path / "catalog.new").write_bytes(b"half")
    Vault.create(tmp_path, new_keys())
    with Vault.open(tmp_path, new_keys()) as vault:
        assert vault.patients() == []


@pytest.mark.parametrize("marker", [None, "", "not json", "[]", '{"format": "other"}'])
def test_a_folder_without_a_store_says_so(tmp_path: Path, marker: str | None) -> None:
    if marker is not None:
        (tmp_path / "vault.json").write_text(marker)
    with pytest.raises(StoreMissing):
        Vault.open(tmp_path, new_keys())


def test_a_newer_store_is_not_touched(folder: Path) -> None:
    (folder / "vault.json").write_text('{"format": "bitewing store", "version": 2}')
    with pytest.raises(StoreTooNew):
        Vault.open(folder, new_keys())


def test_a_missing_catalog_is_damage_and_not_a_fresh_start(folder: Path) -> None:
    (folder / "catalog.db").unlink()
    with pytest.raises(StoreDamaged):
        Vault.open(folder, new_keys())
    assert not (folder / "catalog.db").exists()


def test_a_second_opening_is_refused_until_the_first_closes(folder: Path) -> None:
    with Vault.open(folder, new_keys()), pytest.raises(StoreInUse):
        Vault.open(folder, new_keys())
    Vault.open(folder, new_keys()).close()


@pytest.mark.parametrize("keys", [new_keys(seed=2), new_keys(practice_id="b" * 32)])
def test_other_keys_or_another_practice_do_not_open_it(folder: Path, keys: object) -> None:
    with pytest.raises(WrongKey):
        Vault.open(folder, keys)  # type: ignore[arg-type]
    Vault.open(folder, new_keys()).close()


def test_a_store_of_an_earlier_epoch_opens_with_the_later_keys(folder: Path) -> None:
    with Vault.open(folder, new_keys(epochs=3)) as vault:
        assert vault.patients() == []


def test_a_plain_database_in_the_catalogs_place_is_refused(folder: Path) -> None:
    raw = (folder / "catalog.db").read_bytes()
    (folder / "catalog.db").write_bytes(b"SQLite format 3\0" + raw[16:])
    with pytest.raises(WrongKey):
        Vault.open(folder, new_keys())


def test_closing_wipes_the_stores_keys_and_not_the_callers(folder: Path) -> None:
    keys = new_keys()
    vault = Vault.open(folder, keys)
    held = vault._sealed._keys.epochs[1]
    vault.close()
    vault.close()
    assert held.is_wiped
    assert not keys.epochs[1].is_wiped


def test_nothing_can_be_done_after_closing(vault: Vault, patient: Patient) -> None:
    made = new_picture(patient.id)
    kept = made.put(vault)
    vault.close()
    for use in (
        vault.patients,
        lambda: vault.open_pixels(kept.id),
        lambda: new_picture(patient.id).put(vault),
        lambda: vault.add_patient(new_patient()),
        vault.check,
    ):
        with pytest.raises(StoreClosed):
            use()


def test_an_opening_under_way_stops_when_the_store_closes(vault: Vault, patient: Patient) -> None:
    kept = new_picture(patient.id, np.zeros((4, 1024, 1024), np.uint8)).put(vault)
    with pytest.raises(StoreClosed):
        vault.open_outwards(kept.id, 0, lambda pixels, planes: vault.close())


# patients


def test_a_patient_comes_back(vault: Vault) -> None:
    made = new_patient()
    vault.add_patient(made, issuer="practice")
    assert vault.patient(made.id) == made
    assert vault.find_patient("BW-0012", "practice") == [made]
    assert vault.find_patient("BW-0012") == []


def test_the_same_id_is_not_added_twice(vault: Vault, patient: Patient) -> None:
    with pytest.raises(ValueError, match="already"):
        vault.add_patient(patient)
    assert len(vault.patients()) == 1


def test_an_unknown_patient_or_image_says_so(vault: Vault) -> None:
    unknown = new_id()
    for use in (
        lambda: vault.patient(PatientId(unknown)),
        lambda: vault.update_patient(new_patient()),
        lambda: new_picture(PatientId(unknown)).put(vault),
        lambda: vault.record(ImageId(unknown)),
        lambda: vault.open_pixels(ImageId(unknown)),
        lambda: vault.delete_image(ImageId(unknown)),
    ):
        with pytest.raises(NotInStore):
            use()


@pytest.mark.parametrize(
    "typed",
    ["mül", "MUL", "mull agn", "agnès", "agnes", "łuk", "luk", "0042", "ab-00", "1980-05", "Mü Łu"],
)
def test_the_beginning_of_any_word_finds_a_patient(vault: Vault, typed: str) -> None:
    vault.add_patient(new_patient("Müller-Łukasz", "Agnès", "AB-0042"))
    vault.add_patient(new_patient("Schmidt", "Bernd", "XY-9999"))
    found = vault.patients(typed)
    assert [one.patient.family_name for one in found] == (
        ["Müller-Łukasz"] if "1980" not in typed else ["Müller-Łukasz", "Schmidt"]
    )


def test_every_typed_word_must_match(vault: Vault, patient: Patient) -> None:
    assert vault.patients("muster eva")
    assert vault.patients("muster adam") == []


@given(st.text(max_size=30))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_typed_text_is_taken_for_syntax(vault: Vault, typed: str) -> None:
    assert isinstance(vault.patients(typed), list)


def test_a_renamed_patient_is_found_by_the_new_name_only(vault: Vault, patient: Patient) -> None:
    vault.update_patient(attrs.evolve(patient, family_name="Neu"))
    assert vault.patients("muster") == []
    assert vault.patients("neu")[0].patient.id == patient.id


def test_the_list_is_by_name_with_counts_and_limit(vault: Vault) -> None:
    people = [new_patient(name) for name in ("Zander", "Ähre", "berg")]
    for person in people:
        vault.add_patient(person)
    new_picture(people[0].id, study="1.1", day=date(2020, 1, 1)).put(vault)
    new_picture(people[0].id, study="1.2", day=date(2023, 1, 1)).put(vault)
    new_picture(people[0].id, study="1.2", day=date(2023, 1, 1)).put(vault)
    found = vault.patients()
    assert [one.patient.family_name for one in found] == ["Ähre", "berg", "Zander"]
    assert (found[2].study_count, found[2].image_count) == (2, 3)
    assert found[2].last_study_date == date(2023, 1, 1)
    assert (found[0].image_count, found[0].last_study_date) == (0, None)
    assert len(vault.patients(limit=2)) == 2


# pictures


@given(
    hnp.arrays(
        st.sampled_from(sorted(DTYPES)), hnp.array_shapes(min_dims=2, max_dims=3, max_side=9)
    )
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_picture_comes_back_bit_for_bit(vault: Vault, pixels: np.ndarray) -> None:
    person = new_patient()
    vault.add_patient(person)
    kept = new_picture(person.id, pixels).put(vault)
    found = vault.open_pixels(kept.id)
    assert (found.shape, found.dtype) == (pixels.shape, pixels.dtype)
    assert found.tobytes() == pixels.tobytes()


def test_a_volume_of_many_chunks_comes_back(vault: Vault, patient: Patient) -> None:
    pixels = np.random.default_rng(5).integers(-1000, 3000, (40, 300, 301), dtype=np.int16)
    kept = new_picture(patient.id, pixels).put(vault)
    assert np.array_equal(vault.open_pixels(kept.id), pixels)


def test_transposed_and_big_endian_pixels_are_stored_in_order(
    vault: Vault, patient: Patient
) -> None:
    plain = np.arange(12, dtype=np.uint16).reshape(3, 4)
    for pixels in (np.asfortranarray(plain), plain.astype(">u2"), plain[::-1]):
        kept = new_picture(patient.id, pixels).put(vault)
        assert np.array_equal(vault.open_pixels(kept.id), pixels)


def test_record_headers_and_thumbnail_come_back(vault: Vault, patient: Patient) -> None:
    made = new_picture(patient.id)
    kept = made.put(vault)
    assert attrs.evolve(kept, pixel_sha256="") == made.record
    assert vault.record(kept.id) == kept
    assert vault.headers(kept.id) == made.headers
    assert np.array_equal(vault.thumbnail(kept.id), made.thumbnail)


def test_a_colour_thumbnail_comes_back(vault: Vault, patient: Patient) -> None:
    thumbnail = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    kept = attrs.evolve(new_picture(patient.id), thumbnail=thumbnail).put(vault)
    assert np.array_equal(vault.thumbnail(kept.id), thumbnail)


def test_an_opening_begins_at_the_wanted_plane_and_grows_around_it(
    vault: Vault, patient: Patient
) -> None:
    pixels = np.random.default_rng(6).integers(0, 255, (40, 1024, 1024), dtype=np.uint8)
    kept = new_picture(patient.id, pixels).put(vault)
    told: list[range] = []

    def arrived(whole: np.ndarray, planes: range) -> None:
        assert np.array_equal(whole[planes.start : planes.stop], pixels[planes.start : planes.stop])
        told.append(planes)

    found = vault.open_outwards(kept.id, 20, arrived)
    assert np.array_equal(found, pixels)
    assert 20 in told[0]
    assert len(told[0]) <= 3
    assert told[-1] == range(40)
    assert 5 <= len(told) <= 9
    for earlier, later in itertools.pairwise(told):
        assert later.start <= earlier.start <= earlier.stop <= later.stop


def test_an_opening_that_meets_damage_leaves_nothing_of_what_it_told_of(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    pixels = np.full((40, 1024, 1024), 7, np.uint8)
    kept = new_picture(patient.id, pixels).put(vault)
    largest = max((folder / "objects").rglob("*"), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    shown: list[np.ndarray] = []
    with pytest.raises(ObjectDamaged):
        vault.open_outwards(kept.id, 3, lambda whole, planes: shown.append(whole))
    assert shown
    assert not shown[0].any()


def test_an_opening_stops_when_it_is_cancelled(vault: Vault, patient: Patient) -> None:
    kept = new_picture(patient.id, np.full((40, 1024, 1024), 7, np.uint8)).put(vault)
    shown: list[np.ndarray] = []
    with pytest.raises(Cancelled):
        vault.open_outwards(kept.id, 3, lambda whole, planes: shown.append(whole), shown.__len__)
    assert not shown[0].any()


def test_the_same_picture_again_is_kept_once(vault: Vault, patient: Patient, folder: Path) -> None:
    first = new_picture(patient.id, sop="1.9").put(vault)
    before = object_files(folder)
    again = new_picture(patient.id, sop="1.9").put(vault)
    assert again.id == first.id
    assert object_files(folder) == before


def test_one_uid_with_other_pixels_or_another_patient_is_another_picture(
    vault: Vault, patient: Patient
) -> None:
    other = new_patient("Other")
    vault.add_patient(other)
    kept = [
        new_picture(patient.id, sop="1.9").put(vault),
        new_picture(patient.id, np.ones((2, 2), np.uint8), sop="1.9").put(vault),
        new_picture(other.id, sop="1.9").put(vault),
    ]
    assert vault.find_by_sop([SopUid("1.9"), SopUid("1.10")]) == kept
    assert vault.find_by_sop([]) == []


def test_the_same_picture_put_by_two_threads_at_once_is_kept_once(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    start, kept = threading.Barrier(4), []

    def put() -> None:
        start.wait()
        kept.append(new_picture(patient.id, sop="1.9").put(vault).id)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(kept)) == 1
    assert len(object_files(folder)) == 3


def test_studies_are_newest_first_and_images_by_number(vault: Vault, patient: Patient) -> None:
    for study, day, number in [
        ("1.1", date(2020, 1, 1), 2),
        ("1.1", date(2020, 1, 1), 1),
        ("1.2", date(2024, 1, 1), 1),
        ("1.3", None, 1),
    ]:
        new_picture(patient.id, study=study, day=day, number=number).put(vault)
    found = vault.studies(patient.id)
    assert [one.study.uid for one in found] == ["1.2", "1.1", "1.3"]
    assert [image.number for image in found[1].images] == [1, 2]
    assert vault.study_images(patient.id, StudyUid("1.1")) == list(found[1].images)
    assert vault.study_images(patient.id, StudyUid("9")) == []
    assert len(vault.images(patient.id)) == 4


def test_parts_that_contradict_each_other_are_refused(vault: Vault, patient: Patient) -> None:
    made = new_picture(patient.id)
    wrong = [
        attrs.evolve(made, pixels=made.pixels.astype(np.int16)),
        attrs.evolve(made, pixels=made.pixels[:-1]),
        attrs.evolve(made, series=attrs.evolve(made.series, study_uid=StudyUid("9"))),
        attrs.evolve(made, study=attrs.evolve(made.study, patient_id=PatientId(new_id()))),
        attrs.evolve(made, record=attrs.evolve(made.record, pixel_sha256="00")),
        attrs.evolve(made, thumbnail=np.zeros((2, 2, 2), np.uint8)),
        attrs.evolve(made, thumbnail=np.zeros((2000, 2), np.uint8)),
        new_picture(patient.id, np.zeros((0, 3), np.uint8)),
        new_picture(patient.id, np.zeros((2, 3), np.float64)),
    ]
    for one in wrong:
        with pytest.raises(ValueError, match=r"record|thumbnail"):
            one.put(vault)
    assert vault.images(patient.id) == []


def test_a_refused_or_cancelled_picture_leaves_no_object(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    made = new_picture(patient.id)
    with pytest.raises(ValueError, match="other pixels"):
        attrs.evolve(made, record=attrs.evolve(made.record, pixel_sha256="00")).put(vault)
    asked: list[int] = []
    with pytest.raises(Cancelled):
        vault.put_picture(
            *attrs.astuple(made, recurse=False),
            is_cancelled=lambda: bool(asked.append(1) or asked[2:]),
        )
    assert object_files(folder) == []
    assert vault.images(patient.id) == []


def test_facts_of_a_picture_can_change_and_the_picture_cannot(
    vault: Vault, patient: Patient
) -> None:
    kept = new_picture(patient.id).put(vault)
    vault.update_record(attrs.evolve(kept, description="16 distal", number=7))
    vault.set_state(kept.id, ImageState.QUARANTINED, "damaged")
    found = vault.record(kept.id)
    assert (found.description, found.number, found.state) == (
        "16 distal",
        7,
        ImageState.QUARANTINED,
    )
    with pytest.raises(ValueError, match="another"):
        vault.update_record(attrs.evolve(kept, shape=(1, 600)))


def test_a_deleted_image_is_gone_with_its_objects_and_empty_study(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    kept = new_picture(patient.id, study="1.1").put(vault)
    other = new_picture(patient.id, study="1.2").put(vault)
    vault.delete_image(kept.id)
    assert [one.study.uid for one in vault.studies(patient.id)] == ["1.2"]
    assert len(object_files(folder)) == 3
    assert vault.find_by_sop(kept.sop_instance_uids) == []
    assert vault.check(deep=True).is_sound
    assert vault.open_pixels(other.id).shape == other.shape


def test_one_damaged_thumbnail_does_not_hide_the_others(
    vault: Vault, patient: Patient, folder: Path
) -> None:
    first = new_picture(patient.id).put(vault)
    before = set(object_files(folder))
    second = new_picture(patient.id, np.ones((3, 3), np.uint8)).put(vault)
    for path in set(object_files(folder)) - before:
        path.write_bytes(b"damage")
    assert list(vault.thumbnails([first.id, second.id, ImageId(new_id())])) == [first.id]


# settings, drafts, head


def test_settings_are_kept_per_scope_and_user(vault: Vault) -> None:
    eva, adam = UserId("e" * 32), UserId("a" * 32)
    vault.set_setting(SettingScope.USER, "theme", '"dark"', eva)
    vault.set_setting(SettingScope.WORKSTATION, "theme", '"light"')
    assert vault.setting(SettingScope.USER, "theme", eva) == '"dark"'
    assert vault.setting(SettingScope.USER, "theme", adam) is None
    assert vault.setting(SettingScope.WORKSTATION, "theme") == '"light"'
    vault.set_setting(SettingScope.USER, "theme", None, eva)
    assert vault.setting(SettingScope.USER, "theme", eva) is None
    with pytest.raises(ValueError, match="user"):
        vault.setting(SettingScope.USER, "theme")


def test_a_draft_comes_back_to_its_owner_only(vault: Vault) -> None:
    eva, adam = UserId("e" * 32), UserId("a" * 32)
    vault.save_draft(eva, "desk", b"\0state")
    assert vault.draft(eva, "desk") == b"\0state"
    assert vault.draft(adam, "desk") is None
    vault.save_draft(eva, "desk", None)
    assert vault.draft(eva, "desk") is None


def test_each_write_moves_the_head_and_a_failed_one_does_not(
    vault: Vault, patient: Patient
) -> None:
    before = vault.head()
    new_picture(patient.id).put(vault)
    after = vault.head()
    assert after.generation == before.generation + 1
    assert after.digest != before.digest
    with pytest.raises(ValueError, match="already"):
        vault.add_patient(patient)
    assert vault.head() == after
    assert vault.has_passed(before)
    assert not vault.has_passed(VaultHead(after.generation, before.digest))


def test_two_stores_with_the_same_history_are_different_branches(tmp_path: Path) -> None:
    heads = []
    for name in ("one", "two"):
        Vault.create(tmp_path / name, new_keys())
        with Vault.open(tmp_path / name, new_keys()) as vault:
            heads.append(vault.head())
    assert heads[0].generation == heads[1].generation
    with pytest.raises(RolledBack):
        Vault.open(tmp_path / "one", new_keys(), expected=heads[1])


def test_secrets_do_not_show_in_what_keys_print() -> None:
    assert bytes([1]).hex() * 3 not in repr(new_keys())
    assert isinstance(new_keys().epochs[1], Secret)
