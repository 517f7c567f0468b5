"""What a plan says before anything leaves: doubts, refusals, marks, identity."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import numpy as np
import pytest

from tests.support import shares
from viewer.model.image import ImageKind
from viewer.model.resources import resource_path
from viewer.redact.apply import apply_plan
from viewer.redact.errors import (
    PlanRefused,
    PlanUnconfirmed,
    ProfileUnusable,
    SourceUnreadable,
)
from viewer.redact.plan import Fate, make_plan, preview_pixels
from viewer.redact.profiles import profile_named, profiles, read_profile


def test_the_profiles_are_offered_in_their_order() -> None:
    assert list(profiles()) == ["referral", "insurer", "patient_copy", "teaching"]


def test_a_profile_that_claims_to_deidentify_and_keeps_the_name_is_refused() -> None:
    content = resource_path("redaction", "4-teaching.toml").read_text("utf-8")
    evil = content.replace("expiry_days", 'keeps = ["PatientName"]\nexpiry_days')
    with pytest.raises(ProfileUnusable, match="keeps what identifies"):
        read_profile(evil)


@pytest.mark.parametrize("line", ['options = ["retain_everything"]', 'keeps = ["NoSuchName"]'])
def test_a_profile_with_an_unknown_word_is_refused(line: str) -> None:
    content = resource_path("redaction", "2-insurer.toml").read_text("utf-8")
    kept = "\n".join(x for x in content.splitlines() if not x.startswith("keeps"))
    with pytest.raises(ProfileUnusable):
        read_profile(kept.replace("expiry_days", line + "\nexpiry_days"))


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(ProfileUnusable, match="referral"):
        profile_named("marketing")


@pytest.mark.parametrize(
    ("profile", "said", "outcome"),
    [
        ("referral", "NO", 0),
        ("referral", "", 1),
        ("referral", "YES", 1),
        ("teaching", "NO", 1),
        ("teaching", "", 1),
        ("patient_copy", "YES", 0),
    ],
)
def test_burned_in_text_that_nobody_checked_is_a_doubt(
    profile: str, said: str, outcome: int
) -> None:
    plan = make_plan(
        [shares.a_panoramic(BurnedInAnnotation=said)], profile_named(profile), shares.FACTS
    )
    assert len(plan.open_doubts) == outcome


def test_declared_text_does_not_leave_deidentified() -> None:
    subject = shares.a_panoramic(BurnedInAnnotation="YES")
    with pytest.raises(PlanRefused, match="burned into"):
        make_plan([subject], profile_named("teaching"), shares.FACTS)


def test_photos_and_volumes_do_not_leave_deidentified() -> None:
    for subject in (shares.a_photo(), shares.a_volume()):
        with pytest.raises(PlanRefused, match="face"):
            make_plan([subject], profile_named("teaching"), shares.FACTS)


def test_two_patients_do_not_leave_together_with_their_names() -> None:
    two = [shares.a_panoramic(shares.somebody("Axolotl")), shares.a_panoramic()]
    with pytest.raises(PlanRefused, match="more than one patient"):
        make_plan(two, profile_named("referral"), shares.FACTS)
    aliases = {
        action.new
        for image in make_plan(two, profile_named("teaching"), shares.FACTS).images
        for action in image.actions[0]
        if action.name == "PatientID"
    }
    assert aliases == {"ANON-1", "ANON-2"}


def test_a_purpose_that_names_the_patient_is_refused_for_teaching() -> None:
    facts = attrs.evolve(shares.FACTS, purpose="The case of Mrs quastenflosser")
    with pytest.raises(PlanRefused, match="names the patient"):
        make_plan([shares.a_panoramic()], profile_named("teaching"), facts)


def test_nothing_is_applied_before_a_person_looked() -> None:
    subject = shares.a_panoramic(BurnedInAnnotation="YES")
    plan = make_plan([subject], profile_named("referral"), shares.FACTS)
    with pytest.raises(PlanUnconfirmed):
        next(apply_plan(plan, [subject]))


def test_files_that_name_different_patients_are_a_doubt() -> None:
    patient = shares.somebody()
    other = shares.a_volume(shares.somebody("Axolotl"), planes=2)
    mine = shares.a_volume(patient, planes=2)
    mixed = attrs.evolve(mine, headers=_first_header_of_each(mine.headers, other.headers))
    plan = make_plan([mixed], profile_named("referral"), shares.FACTS)
    assert any("different patients" in doubt.words for doubt in plan.open_doubts)


def _first_header_of_each(one: bytes, two: bytes) -> bytes:
    from viewer.dicom.headers import pack_headers, unpack_headers

    return pack_headers([unpack_headers(one)[0], unpack_headers(two)[1]])


def test_a_header_of_another_picture_is_refused() -> None:
    one, two = shares.a_volume(planes=3), shares.a_volume(planes=4)
    with pytest.raises(SourceUnreadable):
        make_plan([attrs.evolve(one, headers=two.headers)], profile_named("referral"), shares.FACTS)


def test_slices_in_another_order_than_their_headers_are_refused() -> None:
    from viewer.dicom.headers import pack_headers, unpack_headers

    subject = shares.a_volume(planes=3)
    turned = pack_headers(reversed(unpack_headers(subject.headers)))
    with pytest.raises(SourceUnreadable):
        make_plan([attrs.evolve(subject, headers=turned)], profile_named("referral"), shares.FACTS)


def test_no_two_plans_share_a_uid_and_one_plan_is_consistent() -> None:
    patient = shares.somebody()
    subjects = [shares.a_volume(patient), shares.a_panoramic(patient)]
    first, second = (_new_uids(shares.a_plan("referral", *subjects)) for _ in range(2))
    assert len(first) > 5
    assert first.isdisjoint(second)


def _new_uids(plan: shares.RedactionPlan) -> set[str]:
    return {
        action.new
        for image in plan.images
        for actions in image.actions
        for action in actions
        if action.fate is Fate.NEW_UID
    }


def test_the_band_lies_below_the_picture_and_changes_no_pixel() -> None:
    for subject in (shares.a_panoramic(), shares.a_bitewing(), shares.a_photo()):
        image = shares.a_plan("referral", subject).images[0]
        after = preview_pixels(subject, image)
        rows = subject.pixels.shape[0]
        assert image.mark is not None
        assert after.shape[0] == rows + image.mark.rows
        assert np.array_equal(after[:rows], subject.pixels)
        assert after[rows:].max() > after[rows:].min()


def test_an_inverted_radiographs_band_is_light_on_dark() -> None:
    subject = shares.a_bitewing()
    after = preview_pixels(subject, shares.a_plan("referral", subject).images[0])
    assert np.median(after[subject.pixels.shape[0] :]) == subject.pixels.max()


def test_names_are_numbers_and_the_plan_says_what_stays_readable() -> None:
    subject = shares.a_panoramic()
    plan = shares.a_plan("referral", subject)
    assert plan.images[0].names == ("IMAGES/IM000001",)
    assert dict(plan.identity)["Name"] == "Quastenflosser^Wilhelmina"
    assert shares.a_plan("teaching", subject).identity == ()


def test_a_mark_says_recipient_purpose_day_and_number() -> None:
    facts = attrs.evolve(shares.FACTS, made=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert facts.mark_text == "Dr. Ines Weiß · Wisdom teeth · 2026-01-02 · S-2026-0042"


def test_an_image_of_unknown_kind_is_a_doubt() -> None:
    subject = shares.a_panoramic()
    unknown = attrs.evolve(subject, record=attrs.evolve(subject.record, kind=ImageKind.OTHER))
    plan = make_plan([unknown], profile_named("referral"), shares.FACTS)
    assert [doubt.id.split("-")[0] for doubt in plan.open_doubts] == ["other"]
