"""How long images are kept: the table, the days, and a purge that nobody hurries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vault.made_up import new_keys, new_patient, new_picture, object_files
from tests.unit.vault.test_keeping import Trail
from viewer.model.errors import EnvironmentFault
from viewer.model.ids import ImageId, PatientId, UserId, new_id
from viewer.model.image import ImageKind
from viewer.model.patient import Patient
from viewer.vault.errors import (
    ClockDoubtful,
    KeepingRefused,
    NotInStore,
    StoreDamaged,
    UnderLegalHold,
)
from viewer.vault.keeping.retention import (
    KeptImage,
    KeptPatient,
    due_of,
    kept_until,
    years_later,
)
from viewer.vault.keeping.rules import (
    Retention,
    Rules,
    defaults,
    rules_from,
    rules_text,
    sources,
)
from viewer.vault.store import Vault

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
OFFICER = UserId("f" * 32)
GROWN_UP = date(1970, 1, 1)


def patient_of(*made: date | None, born: date | None = GROWN_UP) -> KeptPatient:
    images = tuple(KeptImage(ImageId(new_id()), "bitewing", day) for day in made)
    return KeptPatient(PatientId("p" * 32), "1", born, images)


def until(patient: KeptPatient, index: int = 0) -> date | None:
    return kept_until(defaults(), patient, patient.images[index])


# the table


def test_the_defaults_are_ten_years_and_for_minors_until_twenty_eight() -> None:
    assert set(defaults().years.values()) == {10}
    assert (defaults().minor_age, defaults().minor_extra_years) == (18, 10)
    assert defaults().floor_years == 6
    assert len(sources()) >= 4
    assert any("164.316" in source.rule and "not" in source.says for source in sources())


def test_every_kind_of_image_has_a_period() -> None:
    assert set(defaults().years) == {kind.value for kind in ImageKind}
    with pytest.raises(KeepingRefused):
        defaults().changed({"hologram": 10})


@pytest.mark.parametrize("years", [5, 0, -1, 500])
def test_a_period_below_the_floor_or_absurd_is_refused(years: int) -> None:
    with pytest.raises(KeepingRefused):
        defaults().changed({"cbct": years})


def test_rules_stored_before_there_were_models_and_documents_treat_them_as_others() -> None:
    stored = json.loads(rules_text(Rules(defaults().changed({"other": 15}))))
    del stored["retention"]["years"]["model"], stored["retention"]["years"]["document"]
    years = rules_from(json.dumps(stored)).retention.years
    assert years["model"] == years["document"] == 15


def test_a_lowered_floor_in_the_store_is_not_believed() -> None:
    low = attrs.evolve(defaults(), floor_years=1, years=dict.fromkeys(defaults().years, 1))
    from viewer.vault.keeping.rules import Rules, rules_text

    with pytest.raises(StoreDamaged):
        rules_from(rules_text(Rules(low)))


# the days


def test_an_adults_image_is_kept_ten_years_after_the_last_visit_not_after_it_was_made() -> None:
    patient = patient_of(date(2001, 3, 1), date(2010, 5, 17))
    assert until(patient, 0) == until(patient, 1) == date(2020, 5, 17)


def test_a_childs_image_is_kept_until_twenty_eight_or_ten_years_whichever_is_later() -> None:
    born = date(2000, 2, 29)
    assert until(patient_of(date(2005, 1, 1), born=born)) == date(2028, 2, 29)
    late = patient_of(date(2005, 1, 1), date(2024, 1, 1), born=born)
    assert until(late, 0) == date(2034, 1, 1)


def test_the_eighteenth_birthday_ends_childhood() -> None:
    born = date(2000, 6, 1)
    assert until(patient_of(date(2018, 5, 31), born=born)) == date(2028, 6, 1)
    assert until(patient_of(date(2018, 6, 1), born=born)) == date(2028, 6, 1)
    assert until(patient_of(date(2015, 6, 1), born=date(1990, 1, 1))) == date(2025, 6, 1)


def test_without_a_birth_date_anybody_may_be_a_child() -> None:
    assert until(patient_of(date(2010, 1, 1), born=None)) == date(2038, 1, 1)


def test_without_a_day_an_image_is_kept_for_ever() -> None:
    patient = patient_of(None, date(1990, 1, 1))
    assert until(patient, 0) is None
    due = due_of(defaults(), patient, date(2026, 1, 1))
    assert due is not None
    assert due.image_ids == (patient.images[1].image_id,)
    assert not due.is_whole


def test_a_planned_visit_is_a_visit() -> None:
    patient = attrs.evolve(patient_of(date(2000, 1, 1)), pinned=(date(2020, 1, 1),))
    assert until(patient) == date(2030, 1, 1)


def test_the_last_day_itself_still_counts_as_kept() -> None:
    patient = patient_of(date(2010, 5, 17))
    assert due_of(defaults(), patient, date(2020, 5, 17)) is None
    assert due_of(defaults(), patient, date(2020, 5, 18)) is not None


days = st.dates(date(1950, 1, 1), date(2026, 1, 1))


@given(st.lists(days, min_size=1, max_size=5), st.none() | days, days, st.integers(6, 40))
def test_nothing_is_ever_due_before_its_period_nor_sooner_with_more_visits(
    made: list[date], born: date | None, another: date, years: int
) -> None:
    rules = Retention(dict.fromkeys(defaults().years, years), 18, 10, 6)
    patient = patient_of(*made, born=born)
    longer = attrs.evolve(patient, pinned=(another,))
    for image in patient.images:
        end = kept_until(rules, patient, image)
        assert end is not None
        assert image.made is not None
        assert end >= years_later(max(made), years)
        later = kept_until(rules, longer, image)
        assert later is not None
        assert later >= years_later(max(*made, another), years)
        if born is not None and image.made < years_later(born, 18):
            assert end >= years_later(born, 28)
        due = due_of(rules, patient, end)
        assert due is None or image.image_id not in due.image_ids


# a store in which something is due


@pytest.fixture
def old(vault: Vault) -> Patient:
    """Somebody last here in 2010, with two images."""
    vault.keeping.now = lambda: NOW
    person = new_patient("Old")
    vault.add_patient(person)
    for number, day in enumerate((date(2005, 1, 1), date(2010, 5, 17))):
        new_picture(person.id, study=f"1.{number}", day=day).put(vault)
    return person


@pytest.fixture
def recent(vault: Vault) -> Iterator[Patient]:
    person = new_patient("Recent", chart="BW-9")
    vault.add_patient(person)
    new_picture(person.id, study="2.1", day=date(2024, 1, 1)).put(vault)
    return person  # type: ignore[return-value]


def test_due_lists_whose_time_is_over_and_removes_nothing(
    vault: Vault, old: Patient, recent: Patient
) -> None:
    [due] = vault.keeping.due()
    assert (due.patient_id, due.kept_until) == (old.id, date(2020, 5, 17))
    assert (due.is_whole, due.is_held, len(due.image_ids)) == (True, False, 2)
    assert vault.keeping.due(date(2019, 1, 1)) == []
    assert len(vault.keeping.due(date(2040, 1, 1))) == 2
    assert len(vault.images(old.id)) == 2


def test_a_purge_removes_rows_and_objects_of_what_was_confirmed(
    vault: Vault, folder: Path, old: Patient, recent: Patient
) -> None:
    trail = Trail()
    [due] = vault.keeping.due()
    assert vault.keeping.purge(old.id, due.code, trail) == due
    assert vault.patients("old") == []
    assert len(object_files(folder)) == 3
    assert [told.image_ids for told in trail.told] == [due.image_ids]
    assert all(trail.told[0].digests)
    assert vault.check(deep=True).findings == ()


def test_a_purge_of_all_there_is_erases_the_patient_with_all_keys(
    vault: Vault, old: Patient
) -> None:
    [due] = vault.keeping.due()
    vault.keeping.purge(old.id, due.code, Trail())
    with pytest.raises(NotInStore):
        vault.patient(old.id)
    assert vault.keys.erased() == [old.id]
    with vault._catalog.read() as cursor:
        keys = cursor.execute("SELECT count(*) FROM patient_keys WHERE patient_id = ?", (old.id,))
        assert keys.fetchone() == (0,)


def test_a_purge_is_refused_before_the_periods_end_whatever_was_confirmed(
    vault: Vault, recent: Patient
) -> None:
    vault.keeping.now = lambda: NOW
    [ahead] = vault.keeping.due(date(2040, 1, 1))
    with pytest.raises(KeepingRefused, match="No period"):
        vault.keeping.purge(recent.id, ahead.code, Trail())
    assert len(vault.images(recent.id)) == 1


def test_a_purge_is_refused_if_the_list_changed_since_it_was_confirmed(
    vault: Vault, old: Patient
) -> None:
    [due] = vault.keeping.due()
    new_picture(old.id, study="1.9", day=date(2009, 1, 1)).put(vault)
    with pytest.raises(KeepingRefused, match="not what was confirmed"):
        vault.keeping.purge(old.id, due.code, Trail())
    assert len(vault.images(old.id)) == 3


def test_nothing_is_purged_if_the_trail_cannot_be_written(
    vault: Vault, folder: Path, old: Patient
) -> None:
    trail = Trail()
    trail.is_full = True
    [due] = vault.keeping.due()
    with pytest.raises(EnvironmentFault):
        vault.keeping.purge(old.id, due.code, trail)
    assert len(vault.images(old.id)) == 2
    assert vault.check(deep=True).findings == ()


def test_nothing_is_purged_under_legal_hold(vault: Vault, old: Patient) -> None:
    [due] = vault.keeping.due()
    vault.keeping.put_hold(old.id, "Letter of the court", OFFICER)
    assert vault.keeping.due()[0].is_held
    with pytest.raises(UnderLegalHold):
        vault.keeping.purge(old.id, due.code, Trail())


def test_a_clock_set_forward_makes_nothing_due_for_purge(
    vault: Vault, folder: Path, recent: Patient
) -> None:
    vault.keeping.now = lambda: NOW
    vault.close()
    with Vault.open(folder, new_keys()) as again:
        again.keeping.now = lambda: NOW + timedelta(days=365 * 30)
        [due] = again.keeping.due()
        with pytest.raises(ClockDoubtful):
            again.keeping.purge(recent.id, due.code, Trail())
        assert len(again.images(recent.id)) == 1


def test_a_clock_set_back_purges_nothing_either(vault: Vault, folder: Path, old: Patient) -> None:
    vault.close()
    with Vault.open(folder, new_keys()) as again:
        again.keeping.now = lambda: NOW - timedelta(days=1)
        [due] = again.keeping.due()
        with pytest.raises(ClockDoubtful):
            again.keeping.purge(old.id, due.code, Trail())


def test_a_longer_period_set_by_the_practice_counts_at_once(vault: Vault, old: Patient) -> None:
    vault.keeping.set_retention({"periapical": 30})
    assert vault.keeping.due() == []
    vault.keeping.set_retention({"periapical": 6}, minor_extra_years=0)
    assert vault.keeping.due()[0].kept_until == date(2016, 5, 17)


def test_a_purge_takes_only_the_kinds_whose_time_is_over(vault: Vault, old: Patient) -> None:
    made = new_picture(old.id, study="1.5", day=date(2008, 1, 1))
    volume = attrs.evolve(made, record=attrs.evolve(made.record, kind=ImageKind.CBCT)).put(vault)
    vault.keeping.set_retention({"cbct": 30})
    [due] = vault.keeping.due()
    assert volume.id not in due.image_ids
    assert not due.is_whole
    vault.keeping.purge(old.id, due.code, Trail())
    assert [image.id for image in vault.images(old.id)] == [volume.id]
