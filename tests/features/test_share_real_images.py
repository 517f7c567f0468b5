"""Real files of many makers go through import, plan, apply and verify without a false alarm."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tests.support import shares
from viewer.ingest.arrival import Arrival
from viewer.ingest.importer import read
from viewer.model.ids import ImageId, PatientId
from viewer.redact.apply import apply_plan
from viewer.redact.errors import PlanRefused
from viewer.redact.plan import ShareSubject, make_plan
from viewer.redact.profiles import profile_named
from viewer.redact.verify import verify_share

FOLDERS = (
    "dental/2d/intraoral_photo",
    "dicom/presidio_burned_in",
    "dicom/cornerstone3d_testImages",
    "dicom/highdicom",
    "ct-geometry/philips_phantom_5mm",
    "dicom/dwv_sr_dicomdir",
)


def _subjects(folder: Path) -> list[ShareSubject]:
    found = read([folder], progress=lambda *_: None, is_cancelled=lambda: False)
    return [
        ShareSubject(
            attrs.evolve(
                one.picture.record, id=ImageId(f"{n:032x}"), patient_id=PatientId("0" * 32)
            ),
            one.picture.pixels,
            one.headers,
        )
        for n, one in enumerate(found)
        if isinstance(one, Arrival)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_images_leave_verified_or_are_refused_with_a_reason(
    shared_data: Path, folder: str
) -> None:
    subjects = _subjects(shared_data / folder)
    assert subjects
    refused: list[tuple[str, str]] = []
    for subject in subjects:
        for profile in ("referral", "teaching", "patient_copy"):
            try:
                plan = make_plan([subject], profile_named(profile), shares.FACTS)
            except PlanRefused as refusal:
                refused.append((profile, refusal.what))
                continue
            plan = plan.confirmed({doubt.id for doubt in plan.doubts})
            files = {file.name: file.content for file in apply_plan(plan, [subject])}
            report = verify_share(plan, [subject], files)
            assert report.compared_pixels == subject.pixels.size
    assert all(profile == "teaching" or "whole DICOM file" in why for profile, why in refused)
