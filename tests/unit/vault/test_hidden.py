"""Patients without a chart, and images that go from one patient to another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import attrs
import numpy as np
import pytest

from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from viewer.model.errors import Cancelled
from viewer.model.ids import PatientId, UserId
from viewer.model.patient import Patient
from viewer.vault.catalog import keeping as rows
from viewer.vault.errors import NotInStore, StoreFault, UnderLegalHold
from viewer.vault.records import Standing
from viewer.vault.store import Vault

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def waits(vault: Vault) -> Patient:
    made = new_patient("Wartend", "Wanda", "BW-0012")
    vault.hidden.add_waiting(made, "issuer", NOW)
    return made


def test_nothing_of_somebody_who_waits_is_handed_out(
    vault: Vault, patient: Patient, waits: Patient
) -> None:
    kept = new_picture(waits.id).put(vault)
    refused: tuple[Callable[[], object], ...] = (
        lambda: vault.patient(waits.id),
        lambda: vault.record(kept.id),
        lambda: vault.thumbnail(kept.id),
        lambda: vault.open_pixels(kept.id),
        lambda: vault.open_outwards(kept.id, 0, lambda pixels, planes: None),
        lambda: vault.headers(kept.id),
    )
    for look in refused:
        with pytest.raises(NotInStore):
            look()
    assert [row.patient for row in vault.patients()] == [patient]
    for text in ("Wartend", "wanda", "BW", "1980"):
        assert waits not in [row.patient for row in vault.patients(text)]
    assert vault.find_patient("BW-0012") == [patient]
    assert vault.find_patient("BW-0012", "issuer") == []
    assert vault.patients_named("BW-0012") == [patient]
    assert vault.patients_named(waits.id) == []
    assert vault.keeping.patients_named(waits.id) == []
    assert vault.studies(waits.id) == []
    assert vault.study_images(waits.id, kept.study_uid) == []
    assert vault.images(waits.id) == []
    assert vault.those_of(waits.id, [kept.id]) == []
    assert vault.thumbnails([kept.id]) == {}
    assert vault.find_by_sop(kept.sop_instance_uids) == []
    assert vault.resembling(waits, ['"wartend"']) == [(patient, "")]


def test_the_review_list_and_the_check_see_what_waits(vault: Vault, waits: Patient) -> None:
    picture = new_picture(waits.id)
    kept = picture.put(vault)
    (there,) = vault.hidden.waiting()
    assert (there.patient, there.issuer, there.since) == (waits, "issuer", NOW)
    assert vault.hidden.count_waiting() == 1
    assert vault.hidden.record(kept.id) == kept
    np.testing.assert_array_equal(vault.hidden.open_pixels(kept.id), picture.pixels)
    assert set(vault.hidden.thumbnails([kept.id])) == {kept.id}
    report = vault.check(deep=True)
    assert report.is_sound
    assert report.objects_checked == 3


def test_a_chart_of_ones_own_is_found_at_once_under_the_same_key(
    vault: Vault, waits: Patient
) -> None:
    kept = new_picture(waits.id).put(vault)
    before = {path.name for path in object_files(vault._layout.folder)}
    assert vault.hidden.make_chart(waits.id) == waits
    assert [row.patient for row in vault.patients("wart")] == [waits]
    assert vault.record(kept.id) == kept
    assert {path.name for path in object_files(vault._layout.folder)} == before
    with pytest.raises(NotInStore):
        vault.hidden.make_chart(waits.id)


def test_files_set_aside_lie_under_one_nobody(vault: Vault) -> None:
    assert vault.hidden.set_aside_studies() == []
    nobody = vault.hidden.set_aside(NOW)
    assert vault.hidden.set_aside(NOW) == nobody
    new_picture(nobody.id).put(vault)
    assert len(vault.hidden.set_aside_studies()) == 1
    assert vault.hidden.standing(nobody.id) is Standing.SET_ASIDE
    assert vault.patients() == []
    assert vault.hidden.waiting() == []


def test_a_moved_image_is_sealed_under_the_other_patients_key_alone(
    vault: Vault, patient: Patient, waits: Patient
) -> None:
    picture = new_picture(waits.id)
    kept = picture.put(vault)
    before = {path.name for path in object_files(vault._layout.folder)}
    (moved,) = vault.moving.move(
        [kept.id], patient.id, lambda record: attrs.evolve(record, arrived_as=waits)
    )
    assert (moved.patient_id, moved.arrived_as) == (patient.id, waits)
    assert vault.record(kept.id) == moved
    np.testing.assert_array_equal(vault.open_pixels(kept.id), picture.pixels)
    assert vault.headers(kept.id) == picture.headers
    after = {path.name for path in object_files(vault._layout.folder)}
    assert len(after) == len(before) == 3
    assert not after & before
    with pytest.raises(NotInStore):
        vault.hidden.patient(waits.id)
    with vault._catalog.read() as cursor:
        sql = "SELECT count(*) FROM patient_keys WHERE patient_id = ?"
        assert cursor.execute(sql, (waits.id,)).fetchone() == (0,)
    assert list(vault._catalog.put_back(lambda: None)) == []
    assert vault.check(deep=True).is_sound


def test_an_image_joins_the_visit_that_the_other_chart_has_already(
    vault: Vault, patient: Patient, waits: Patient
) -> None:
    mine = new_picture(patient.id, day=date(2024, 2, 29)).put(vault)
    theirs = new_picture(waits.id, day=date(2020, 1, 1)).put(vault)
    vault.moving.move([theirs.id], patient.id)
    (visit,) = vault.studies(patient.id)
    assert visit.study.date == date(2024, 2, 29)
    assert {image.id for image in visit.images} == {mine.id, theirs.id}


def test_when_an_image_was_last_looked_at_goes_along(
    vault: Vault, patient: Patient, waits: Patient
) -> None:
    kept = new_picture(waits.id).put(vault)
    with vault._catalog.write() as cursor:
        rows.put_uses(cursor, [kept.id], date(2026, 3, 1))
    vault.moving.move([kept.id], patient.id)
    with vault._catalog.read() as cursor:
        sql = "SELECT day FROM image_uses JOIN images ON images.number = image WHERE id = ?"
        assert cursor.execute(sql, (kept.id,)).fetchone() == (date(2026, 3, 1).toordinal(),)


def test_a_cancelled_or_refused_move_leaves_everything_where_it_was(
    vault: Vault, patient: Patient, waits: Patient
) -> None:
    picture = new_picture(waits.id)
    kept = picture.put(vault)
    before = {path.name for path in object_files(vault._layout.folder)}
    with pytest.raises(Cancelled):
        vault.moving.move([kept.id], patient.id, is_cancelled=lambda: True)
    with pytest.raises(NotInStore):
        vault.moving.move([kept.id], PatientId("f" * 32))
    assert vault.hidden.record(kept.id) == kept
    np.testing.assert_array_equal(vault.hidden.open_pixels(kept.id), picture.pixels)
    assert {path.name for path in object_files(vault._layout.folder)} == before


def test_the_old_objects_stay_until_the_head_is_kept_outside(
    vault: Vault, patient: Patient, waits: Patient
) -> None:
    kept = new_picture(waits.id).put(vault)

    def refuse() -> None:
        raise StoreFault

    with pytest.raises(StoreFault):
        vault.moving.move([kept.id], patient.id, before_removal=refuse)
    assert len(object_files(vault._layout.folder)) == 6
    assert vault.record(kept.id).patient_id == patient.id


def test_an_image_under_legal_hold_stays_where_it_is(vault: Vault, patient: Patient) -> None:
    other = new_patient("Anders", chart="BW-9")
    vault.add_patient(other)
    kept = new_picture(patient.id).put(vault)
    vault.keeping.put_hold(patient.id, "court", UserId("u" * 32))
    with pytest.raises(UnderLegalHold):
        vault.moving.move([kept.id], other.id)
    with pytest.raises(UnderLegalHold):
        vault.moving.merge(patient.id, other.id, NOW)
    assert vault.record(kept.id) == kept
    assert len(object_files(vault._layout.folder)) == 3


def test_merged_charts_come_apart_with_what_is_still_there(vault: Vault, patient: Patient) -> None:
    other = new_patient("Anders", chart="BW-9")
    vault.add_patient(other)
    first = new_picture(patient.id).put(vault)
    second = new_picture(patient.id).put(vault)
    third = new_picture(other.id).put(vault)
    vault.moving.merge(patient.id, other.id, NOW)
    assert {image.id for image in vault.images(other.id)} == {first.id, second.id, third.id}
    assert [row.patient for row in vault.patients()] == [other]
    (gone,) = vault.hidden.merged()
    assert (gone.patient, gone.into) == (patient, other.id)
    vault.delete_image(first.id)
    vault.moving.take_apart(patient.id)
    assert [image.id for image in vault.images(patient.id)] == [second.id]
    assert [image.id for image in vault.images(other.id)] == [third.id]
    assert vault.hidden.merged() == []
    assert vault.check(deep=True).is_sound


def test_erasing_somebody_erases_who_was_merged_into_him_over_others(vault: Vault) -> None:
    people = [new_patient(name, chart=name) for name in ("A", "B", "C")]
    for each in people:
        vault.add_patient(each)
    vault.moving.merge(people[0].id, people[1].id, NOW)
    vault.moving.merge(people[1].id, people[2].id, NOW)
    vault.erase_patient(people[2].id)
    for each in people:
        with pytest.raises(NotInStore):
            vault.hidden.patient(each.id)


def test_who_waits_is_due_for_no_purge(vault: Vault, waits: Patient) -> None:
    new_picture(waits.id, day=date(1990, 1, 1)).put(vault)
    with vault._catalog.read() as cursor:
        assert rows.last_visits(cursor, 0) == []


def test_new_keys_and_sealing_anew_reach_what_waits(vault: Vault, waits: Patient) -> None:
    kept = new_picture(waits.id).put(vault)
    assert vault.rotate(new_keys(epochs=2)).is_complete
    assert vault.reseal().objects == 3
    assert vault.hidden.open_pixels(kept.id).shape == kept.shape
    assert vault.check(deep=True).is_sound
