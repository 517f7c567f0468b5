"""Arrivals of doubtful persons: hidden until somebody decides, then where told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
import pydicom
import pytest

from tests.support.practice import (
    OFFICER,
    PASSWORD,
    a_patient,
    add_person,
    open_clinic,
    write_images,
)
from viewer.app.clinic import Clinic
from viewer.app.errors import NothingChosen, StillInConflict
from viewer.app.matching import Doubt
from viewer.app.review_list import Keep, WaitingCase
from viewer.app.use_cases import (
    charts,
    exporting,
    importing,
    keys,
    library,
    outlook,
    review,
    sharing,
    store,
    trail,
    waiting,
)
from viewer.dicom.headers import unpack_headers
from viewer.model.errors import BitewingError
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import ImageRecord, ImageState
from viewer.model.patient import Patient
from viewer.model.tooth import Tooth
from viewer.session.audit.events import Entry, EventFilter, EventKind, Outcome
from viewer.session.errors import NotPermitted
from viewer.vault.errors import NotInStore, UnderLegalHold

ADA = a_patient()
WRONG = attrs.evolve(ADA, family_name="Wrongly", given_name="Bert", birth_date=date(1950, 1, 30))
OTHER = attrs.evolve(WRONG, chart_number="2002")


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with open_clinic(tmp_path / "store") as made:
        made.log_in(OFFICER, PASSWORD)
        yield made


def bring(clinic: Clinic, folder: Path) -> importing.ImportReport:
    return importing.import_paths(clinic, importing.ImportPaths((folder,)))


def arrive(
    clinic: Clinic, tmp_path: Path, patient: Patient, seed: int = 7
) -> importing.ImportReport:
    folder = tmp_path / f"in-{patient.family_name}-{patient.chart_number}-{seed}"
    return bring(clinic, write_images(folder, patient, cbct=False, seed=seed))


def listed(clinic: Clinic) -> list[WaitingCase]:
    return waiting.list_waiting(clinic, waiting.ListWaiting())


def only_case(clinic: Clinic) -> WaitingCase:
    (case,) = listed(clinic)
    return case


def images_of(clinic: Clinic, patient_id: PatientId) -> list[ImageRecord]:
    chart = library.open_chart(clinic, library.OpenChart(patient_id))
    return [image for study in chart.studies for image in study.images]


def chart_of(clinic: Clinic, patient: Patient) -> PatientId:
    rows = library.find_patients(clinic, library.FindPatients(patient.family_name))
    (row,) = [each for each in rows if each.patient.chart_number == patient.chart_number]
    return row.patient.id


def corrections(clinic: Clinic) -> list[Entry]:
    reader = trail.open_trail(clinic, trail.OpenTrail())
    events = reader.page(EventFilter(kinds=frozenset({EventKind.CHART_CORRECTED})), 0, 100)
    return [event.entry for event in reversed(events)]


def test_a_known_number_with_another_name_is_in_no_chart_until_a_person_decides(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    before = images_of(clinic, mine)
    report = arrive(clinic, tmp_path, WRONG, seed=40)
    assert len(report.waiting) == 2
    assert report.patient_ids == ()
    assert images_of(clinic, mine) == before
    assert library.find_patients(clinic, library.FindPatients("Wrongly")) == []
    assert [row.patient.id for row in library.find_patients(clinic, library.FindPatients())] == [
        mine
    ]
    case = only_case(clinic)
    assert case.patient.family_name == "Wrongly"
    assert Doubt.NUMBER_TAKEN.value in case.doubts
    assert [each.patient.id for each in case.near] == [mine]
    assert len(case.thumbnails) == 2


def test_nothing_that_waits_is_found_by_any_list_search_view_share_or_export(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    arrive(clinic, tmp_path, WRONG, seed=40)
    case = only_case(clinic)
    hidden, image = case.patient.id, case.images[0].record.id
    refused: list[Callable[[], object]] = [
        lambda: library.open_chart(clinic, library.OpenChart(hidden)),
        lambda: library.open_image(clinic, library.OpenImage(image)),
        lambda: library.show_thumbnails(clinic, library.ShowThumbnails(None, (image,))),
        lambda: sharing.plan_share(clinic, sharing.PlanShare((image,), "referral")),
        lambda: exporting.export_pixels(
            clinic, exporting.ExportPixels(image, tmp_path / "x.npy", replace=True)
        ),
        lambda: charts.move_images(clinic, charts.MoveImages((image,), mine, "shortcut")),
        lambda: charts.set_teeth(clinic, charts.SetTeeth((image,), (Tooth(11),))),
        lambda: charts.merge_charts(clinic, charts.MergeCharts(hidden, mine, "shortcut")),
        lambda: charts.merge_charts(clinic, charts.MergeCharts(mine, hidden, "shortcut")),
    ]
    for attempt in refused:
        with pytest.raises(NotInStore):
            attempt()
    assert library.show_thumbnails(clinic, library.ShowThumbnails(hidden, (image,))) == {}
    assert not (tmp_path / "x.npy").exists()
    everything = library.list_store(clinic, library.ListStore())
    assert [each.patient.id for each in everything] == [mine]
    for name in (hidden, WRONG.chart_number):
        found = library.list_store(clinic, library.ListStore(name))
        assert hidden not in [each.patient.id for each in found]
    assert outlook.find_by_number(clinic, outlook.FindByNumber("1001")) is not None
    assert clinic.vault.keeping.patients_named("1001") == [mine]
    labels = review.find_reviewed(clinic, review.FindReviewed("Wrongly"))
    assert labels == []


def test_assigned_images_are_in_the_chart_with_who_the_file_says_it_is_of(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    arrive(clinic, tmp_path, WRONG, seed=40)
    case = only_case(clinic)
    expected = {
        each.record.id: clinic.vault.hidden.open_pixels(each.record.id) for each in case.images
    }
    headers = {each: clinic.vault.hidden.headers(each) for each in expected}
    request = waiting.AssignWaiting(case.patient.id, mine, "the name was not changed at the unit")
    moved = waiting.assign_waiting(clinic, request)
    assert listed(clinic) == []
    assert len(images_of(clinic, mine)) == 4
    for record in moved:
        assert record.patient_id == mine
        assert record.arrived_as is not None
        assert record.arrived_as.family_name == "Wrongly"
        assert record.notes == ()
        shown = library.open_image(clinic, library.OpenImage(record.id))
        np.testing.assert_array_equal(shown.pixels, expected[record.id])
        assert clinic.vault.headers(record.id) == headers[record.id]
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
    intent, done = corrections(clinic)
    assert (intent.outcome, done.outcome) == (Outcome.INTENT, Outcome.DONE)
    assert intent.patient_id == mine
    assert set(intent.objects) == set(expected)
    assert case.patient.id in intent.why
    assert mine in intent.why
    assert "the name was not changed" in intent.why


def test_a_second_import_of_what_was_corrected_stays_where_a_person_put_it(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    folder = write_images(tmp_path / "wrong", WRONG, cbct=False, seed=40)
    bring(clinic, folder)
    case = only_case(clinic)
    waiting.assign_waiting(clinic, waiting.AssignWaiting(case.patient.id, mine, "same person"))
    again = bring(clinic, folder)
    assert again.new == ()
    assert {each.patient.id for each in again.stored} == {mine}
    assert listed(clinic) == []


def test_arrivals_that_say_the_same_wait_together_and_are_not_stored_twice(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    folder = write_images(tmp_path / "wrong", WRONG, cbct=False, seed=40)
    bring(clinic, folder)
    assert bring(clinic, folder).new == ()
    arrive(clinic, tmp_path, WRONG, seed=41)
    assert len(only_case(clinic).images) == 4


def test_somebody_new_gets_a_chart_of_his_own(clinic: Clinic, tmp_path: Path) -> None:
    arrive(clinic, tmp_path, ADA)
    arrive(clinic, tmp_path, WRONG, seed=40)
    case = only_case(clinic)
    patient = waiting.chart_waiting(clinic, waiting.ChartWaiting(case.patient.id, "number reused"))
    assert listed(clinic) == []
    found = library.find_patients(clinic, library.FindPatients("Wrongly"))
    assert [(row.patient, row.image_count) for row in found] == [(patient, 2)]
    assert all(each.notes == () for each in images_of(clinic, patient.id))
    again = arrive(clinic, tmp_path, WRONG, seed=42)
    assert again.patient_ids == (patient.id,)


def test_a_chart_without_a_name_is_made_only_once_somebody_says_who_it_is(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, attrs.evolve(ADA, family_name="", given_name="", raw_name=""))
    case = only_case(clinic)
    assert case.doubts == (Doubt.NO_NAME.value,)
    with pytest.raises(NothingChosen):
        waiting.chart_waiting(clinic, waiting.ChartWaiting(case.patient.id, "new"))
    said = attrs.evolve(case.patient, family_name="Example", given_name="Ada")
    patient = waiting.chart_waiting(clinic, waiting.ChartWaiting(case.patient.id, "new", said))
    assert patient.family_name == "Example"
    (image, _) = images_of(clinic, patient.id)
    assert image.arrived_as == case.patient


def test_what_is_rejected_is_gone_with_its_keys_and_may_come_again(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    folder = write_images(tmp_path / "wrong", WRONG, cbct=False, seed=40)
    bring(clinic, folder)
    case = only_case(clinic)
    assert waiting.reject_waiting(clinic, waiting.RejectWaiting(case.patient.id, "not ours")) == 2
    assert listed(clinic) == []
    objects = {path.name for path in (clinic.folder / "objects").rglob("*") if path.is_file()}
    assert len(objects) == 6  # three of each of Ada's two images
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
    assert len(bring(clinic, folder).new) == 2


def test_one_of_several_images_can_be_rejected_or_assigned(clinic: Clinic, tmp_path: Path) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    arrive(clinic, tmp_path, WRONG, seed=40)
    case = only_case(clinic)
    first, second = (each.record.id for each in case.images)
    waiting.assign_waiting(
        clinic, waiting.AssignWaiting(case.patient.id, mine, "this one is", (first,))
    )
    assert [each.record.id for each in only_case(clinic).images] == [second]
    waiting.reject_waiting(clinic, waiting.RejectWaiting(case.patient.id, "not ours", (second,)))
    assert listed(clinic) == []
    assert first in [each.id for each in images_of(clinic, mine)]


@pytest.mark.parametrize("reason", ["", "   "])
def test_every_correction_needs_a_reason(clinic: Clinic, tmp_path: Path, reason: str) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    arrive(clinic, tmp_path, WRONG, seed=40)
    who = only_case(clinic).patient.id
    image = images_of(clinic, mine)[0].id
    for attempt in (
        lambda: waiting.assign_waiting(clinic, waiting.AssignWaiting(who, mine, reason)),
        lambda: waiting.chart_waiting(clinic, waiting.ChartWaiting(who, reason)),
        lambda: waiting.reject_waiting(clinic, waiting.RejectWaiting(who, reason)),
        lambda: charts.move_images(clinic, charts.MoveImages((image,), mine, reason)),
        lambda: charts.merge_charts(clinic, charts.MergeCharts(mine, mine, reason)),
    ):
        with pytest.raises(NothingChosen):
            attempt()
    assert len(only_case(clinic).images) == 2


def test_the_front_desk_corrects_charts_and_a_consultant_does_not(
    clinic: Clinic, tmp_path: Path
) -> None:
    for role in ("front_desk", "consultant"):
        add_person(clinic, role)
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    arrive(clinic, tmp_path, WRONG, seed=40)
    case = only_case(clinic)
    request = waiting.AssignWaiting(case.patient.id, mine, "asked at the desk")
    clinic.log_in("consultant person", PASSWORD)
    for attempt in (
        lambda: listed(clinic),
        lambda: waiting.count_waiting(clinic, waiting.CountWaiting()),
        lambda: waiting.assign_waiting(clinic, request),
    ):
        with pytest.raises(NotPermitted):
            attempt()
    clinic.log_in("front_desk person", PASSWORD)
    assert waiting.count_waiting(clinic, waiting.CountWaiting()) == 1
    waiting.assign_waiting(clinic, request)
    assert len(images_of(clinic, mine)) == 4


# the same identifier, other contents


def changed(folder: Path, into: Path, *, pixels: bool) -> Path:
    """Write the bitewing of a folder again with another pixel or another description."""
    into.mkdir()
    data = pydicom.dcmread(folder / "bitewing.dcm")
    if pixels:
        content = bytearray(data.PixelData)
        content[0] ^= 1
        data.PixelData = bytes(content)
    else:
        data.SeriesDescription = "Another description"
    data.save_as(into / "again.dcm")
    return into


@pytest.mark.parametrize("pixels", [True, False])
def test_an_identifier_with_other_contents_waits_and_both_are_shown(
    clinic: Clinic, tmp_path: Path, pixels: bool
) -> None:
    folder = write_images(tmp_path / "in", ADA, cbct=False)
    bring(clinic, folder)
    mine = chart_of(clinic, ADA)
    report = bring(clinic, changed(folder, tmp_path / "again", pixels=pixels))
    assert len(report.waiting) == 1
    assert len(images_of(clinic, mine)) == 2
    case = only_case(clinic)
    (image,) = case.conflicts
    assert image.conflicts[0].patient_id == mine
    with pytest.raises(StillInConflict):
        waiting.assign_waiting(clinic, waiting.AssignWaiting(case.patient.id, mine, "in haste"))
    with pytest.raises(StillInConflict):
        waiting.chart_waiting(clinic, waiting.ChartWaiting(case.patient.id, "in haste"))
    compared = waiting.compare_conflict(clinic, waiting.CompareConflict(image.record.id))
    assert compared.pixels_differing == (1 if pixels else 0)
    fields = [(each.name, each.stored, each.arriving) for each in compared.fields]
    description = ("Series Description", "Bitewing", "Another description")
    assert fields == ([] if pixels else [description])


@pytest.mark.parametrize("keep", Keep)
def test_a_conflict_never_loses_the_stored_image(
    clinic: Clinic, tmp_path: Path, keep: Keep
) -> None:
    folder = write_images(tmp_path / "in", ADA, cbct=False)
    first = {each.record.id for each in bring(clinic, folder).stored}
    mine = chart_of(clinic, ADA)
    again = changed(folder, tmp_path / "again", pixels=True)
    bring(clinic, again)
    (image,) = only_case(clinic).conflicts
    request = waiting.SettleConflict(image.record.id, keep, "compared both")
    waiting.settle_conflict(clinic, request)
    now = {each.id: each for each in images_of(clinic, mine)}
    assert first <= now.keys()
    assert (image.record.id in now) == (keep is not Keep.STORED)
    old = now[image.conflicts[0].id]
    is_replaced = keep is Keep.ARRIVED
    assert old.state is (ImageState.KEPT if is_replaced else ImageState.SHOWN)
    assert clinic.vault.open_pixels(old.id).shape == old.shape
    assert listed(clinic) == []
    if keep is not Keep.STORED:
        assert bring(clinic, again).new == ()
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
    assert any("conflict" in entry.why for entry in corrections(clinic))


# a mistake that is noticed later


def two_charts(clinic: Clinic, tmp_path: Path) -> tuple[PatientId, PatientId]:
    arrive(clinic, tmp_path, ADA)
    arrive(clinic, tmp_path, OTHER, seed=50)
    return chart_of(clinic, ADA), chart_of(clinic, OTHER)


def test_a_stored_image_goes_to_another_chart_and_back(clinic: Clinic, tmp_path: Path) -> None:
    ada, bert = two_charts(clinic, tmp_path)
    image = images_of(clinic, ada)[0]
    pixels = clinic.vault.open_pixels(image.id)
    (moved,) = charts.move_images(clinic, charts.MoveImages((image.id,), bert, "it is Bert's"))
    assert moved.patient_id == bert
    assert moved.arrived_as == clinic.vault.patient(ada)
    assert len(images_of(clinic, ada)) == 1
    np.testing.assert_array_equal(clinic.vault.open_pixels(image.id), pixels)
    (back,) = charts.move_images(clinic, charts.MoveImages((image.id,), ada, "it was Ada's"))
    assert back == image
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound


def test_images_of_two_patients_are_not_moved_at_once(clinic: Clinic, tmp_path: Path) -> None:
    ada, bert = two_charts(clinic, tmp_path)
    both = (images_of(clinic, ada)[0].id, images_of(clinic, bert)[0].id)
    with pytest.raises(NothingChosen):
        charts.move_images(clinic, charts.MoveImages(both, bert, "all of it"))


def test_nothing_leaves_a_chart_under_legal_hold(clinic: Clinic, tmp_path: Path) -> None:
    from viewer.app.use_cases import keeping

    ada, bert = two_charts(clinic, tmp_path)
    keeping.put_hold(clinic, keeping.PutHold(ada, "letter of the court"))
    image = images_of(clinic, ada)[0].id
    with pytest.raises(UnderLegalHold):
        charts.move_images(clinic, charts.MoveImages((image,), bert, "it is Bert's"))
    with pytest.raises(UnderLegalHold):
        charts.merge_charts(clinic, charts.MergeCharts(ada, bert, "one person"))
    assert len(images_of(clinic, ada)) == 2


def test_two_charts_of_one_person_become_one_and_two_again(clinic: Clinic, tmp_path: Path) -> None:
    ada, bert = two_charts(clinic, tmp_path)
    before = images_of(clinic, ada), images_of(clinic, bert)
    charts.merge_charts(clinic, charts.MergeCharts(ada, bert, "married"))
    assert {each.id for each in images_of(clinic, bert)} == {
        each.id for some in before for each in some
    }
    assert library.find_patients(clinic, library.FindPatients("Example")) == []
    with pytest.raises(NotInStore):
        library.open_chart(clinic, library.OpenChart(ada))
    charts.unmerge_charts(clinic, charts.UnmergeCharts(ada, "two persons after all"))
    assert (images_of(clinic, ada), images_of(clinic, bert)) == before
    assert chart_of(clinic, ADA) == ada
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound


def test_erasing_a_chart_takes_along_who_was_merged_into_it(clinic: Clinic, tmp_path: Path) -> None:
    ada, bert = two_charts(clinic, tmp_path)
    charts.merge_charts(clinic, charts.MergeCharts(ada, bert, "married"))
    keys.erase_patient(clinic, keys.ErasePatient(bert, "asked to"))
    assert clinic.vault.hidden.merged() == []
    with pytest.raises(NotInStore):
        clinic.vault.hidden.patient(ada)


# teeth and sides


def elements(clinic: Clinic, image_id: ImageId) -> pydicom.Dataset:
    raw = unpack_headers(clinic.vault.headers(image_id))[0]
    return pydicom.filereader.read_dataset(
        BytesIO(raw), is_implicit_VR=False, is_little_endian=True
    )


def test_teeth_and_side_are_set_for_a_whole_visit_and_the_header_stays(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    images = images_of(clinic, mine)
    headers = [clinic.vault.headers(each.id) for each in images]
    teeth = (Tooth(36), Tooth(37))
    ids = tuple(each.id for each in images)
    before = charts.set_teeth(clinic, charts.SetTeeth(ids, teeth, "L"))
    assert list(before) == images
    for record in images_of(clinic, mine):
        assert (record.teeth, record.laterality) == (teeth, "L")
    assert [clinic.vault.headers(each.id) for each in images] == headers
    bitewing = next(each for each in images if each.teeth)
    assert elements(clinic, bitewing.id).ImageLaterality == "R"
    why = corrections(clinic)[-1].why
    assert "36, 37, side L" in why
    assert "15, 16, 45, 46, side R" in why
    for record in before:
        request = charts.SetTeeth((record.id,), record.teeth, record.laterality)
        charts.set_teeth(clinic, request)
    assert images_of(clinic, mine) == images


@pytest.mark.parametrize(
    ("teeth", "side"), [(None, None), ((Tooth(19),), None), (None, "left"), ((Tooth(86),), "L")]
)
def test_what_is_no_tooth_or_no_side_is_not_set(
    clinic: Clinic, tmp_path: Path, teeth: tuple[Tooth, ...] | None, side: str | None
) -> None:
    arrive(clinic, tmp_path, ADA)
    images = images_of(clinic, chart_of(clinic, ADA))
    with pytest.raises(BitewingError):
        charts.set_teeth(clinic, charts.SetTeeth((images[0].id,), teeth, side))
    assert images_of(clinic, chart_of(clinic, ADA)) == images


# what becomes of them in the life of the store


def test_what_waits_survives_new_keys_and_sealing_anew_and_is_still_hidden(
    clinic: Clinic, tmp_path: Path
) -> None:
    arrive(clinic, tmp_path, ADA)
    mine = chart_of(clinic, ADA)
    arrive(clinic, tmp_path, WRONG, seed=40)
    keys.rotate_keys(clinic, keys.RotateKeys())
    keys.seal_anew(clinic, keys.SealAnew())
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
    case = only_case(clinic)
    assert len(case.thumbnails) == 2
    assert library.find_patients(clinic, library.FindPatients("Wrongly")) == []
    waiting.assign_waiting(clinic, waiting.AssignWaiting(case.patient.id, mine, "same person"))
    assert len(images_of(clinic, mine)) == 4
