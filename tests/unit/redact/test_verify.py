"""Applying a plan, and the verifier against planted faults."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
import pydicom
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.support import shares
from tests.support.tools import dicom_errors
from viewer.redact.apply import apply_plan, file_bytes
from viewer.redact.errors import VerifyFailed
from viewer.redact.plan import Fate, RedactionPlan, ShareSubject
from viewer.redact.verify import verify_share

FIRST = "IMAGES/IM000001"
Files = dict[str, bytes]


def _applied(plan: RedactionPlan, *subjects: ShareSubject) -> Files:
    return {file.name: file.content for file in apply_plan(plan, subjects)}


def _marked_panoramic() -> ShareSubject:
    """Return a panoramic with a marker in every place where one could hide."""
    ds, pixels = shares.panoramic_set(patient := shares.somebody())
    ds.ReferringPhysicianName = "Zwetschgenbaum^Otto"
    ds.InstitutionName, ds.InstitutionAddress = "Zwetschgenbaum Clinic", "Mirabellenweg 12"
    ds.PatientAddress, ds.PatientTelephoneNumbers = "Mirabellenweg 12", "+49 555 019283"
    ds.PatientComments = ds.ImageComments = "Mrs Quastenflosser called"
    ds.StudyDescription, ds.OtherPatientIDs = "for Quastenflosser", "ALT-998877"
    ds.Manufacturer = "Zwetschgenbaum Imaging"
    block = ds.private_block(0x0099, "HIDDEN", create=True)
    block.add_new(1, "LO", "Quastenflosser")
    block.add_new(2, "OB", base64.b64encode(b"Quastenflosser Wilhelmina!"))
    block.add_new(3, "UN", "Quastenflosser".encode("utf-16-le"))
    inner = Dataset()
    inner.CodeValue, inner.CodingSchemeDesignator = "1", "99X"
    inner.CodeMeaning = "Jaw of Quastenflosser"
    inner.PatientName = "Quastenflosser^Wilhelmina"
    ds.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = Sequence([inner])
    return shares.subject_of(patient, [ds], pixels, shares.ImageKind.PANORAMIC)


MARKERS = [
    "quastenflosser", "wilhelmina", "ch-471188", "19840309", "zwetschgenbaum", "mirabellenweg",
    "019283", "alt-998877", "hidden",
]  # fmt: skip


def test_marker_identifiers_planted_everywhere_do_not_leave_deidentified() -> None:
    subject = _marked_panoramic()
    plan = shares.a_plan("teaching", subject)
    files = _applied(plan, subject)
    verify_share(plan, [subject], files)
    everything = b"".join(files.values())
    texts = [everything.lower(), everything.replace(b"\0", b"").lower()]
    coded = [base64.b64encode(b"Quastenflosser")[:16], b"Quastenflosser".hex().encode()]
    assert [m for m in MARKERS for text in texts if m.encode() in text] == []
    assert [c for c in coded if c in everything] == []


def test_a_referral_keeps_the_patient_and_loses_everybody_else() -> None:
    subject = _marked_panoramic()
    plan = shares.a_plan("referral", subject)
    files = _applied(plan, subject)
    report = verify_share(plan, [subject], files)
    finished = pydicom.dcmread(BytesIO(files[FIRST]))
    assert str(finished.PatientName) == "Quastenflosser^Wilhelmina"
    assert finished.PatientIdentityRemoved == "NO"
    assert "DeidentificationMethodCodeSequence" not in finished
    assert b"wetschgenbaum" not in files[FIRST]
    assert report.identifiers >= 5


@pytest.mark.parametrize("profile", ["referral", "insurer", "teaching", "patient_copy"])
def test_each_profile_gives_files_as_valid_as_their_source(profile: str, tmp_path: Path) -> None:
    subjects = [shares.a_panoramic(), shares.a_bitewing()]
    if profile in ("referral", "patient_copy"):
        subjects += [shares.a_volume(planes=2), shares.a_photo()]
    for subject in subjects:
        plan = shares.a_plan(profile, subject)
        files = _applied(plan, subject)
        verify_share(plan, [subject], files)
        for name, content in files.items():
            if name.startswith("IMAGES"):
                path = tmp_path / "one.dcm"
                path.write_bytes(content)
                assert dicom_errors(path) == []


def test_a_volume_becomes_its_slices_again_with_place_rescale_and_cover() -> None:
    subject = shares.a_volume(planes=4)
    plan = shares.a_plan("referral", subject)
    files = _applied(plan, subject)
    verify_share(plan, [subject], files)
    names, cover = plan.images[0].names, plan.images[0].cover
    assert cover is not None
    slices = [pydicom.dcmread(BytesIO(files[name])) for name in names]
    assert np.array_equal(np.stack([s.pixel_array for s in slices]), subject.pixels)
    assert [float(s.ImagePositionPatient[2]) for s in slices] == pytest.approx(
        [12.5, 12.9, 13.3, 13.7]
    )
    assert {(float(s.RescaleSlope), float(s.RescaleIntercept)) for s in slices} == {(2, -1000)}
    assert {s.ImageComments for s in slices} == {shares.FACTS.mark_text}
    page = pydicom.dcmread(BytesIO(files[cover.name]))
    assert page.pixel_array.max() > 200
    assert page.StudyInstanceUID == slices[0].StudyInstanceUID


def test_modality_values_in_the_store_leave_with_the_rescale_of_the_record() -> None:
    subject = shares.a_volume()
    grey = attrs.evolve(subject.record.grey, slope=1.0, intercept=0.0)
    plain = attrs.evolve(subject, record=attrs.evolve(subject.record, grey=grey))
    files = _applied(shares.a_plan("referral", plain), plain)
    finished = pydicom.dcmread(BytesIO(files[FIRST]))
    assert (float(finished.RescaleSlope), float(finished.RescaleIntercept)) == (1, 0)


def test_a_patients_copy_is_everything_as_it_was() -> None:
    subject = _marked_panoramic()
    plan = shares.a_plan("patient_copy", subject)
    files = _applied(plan, subject)
    verify_share(plan, [subject], files)
    finished = pydicom.dcmread(BytesIO(files[FIRST]))
    assert finished[0x00991001].value == "Quastenflosser"
    assert np.array_equal(finished.pixel_array, subject.pixels)
    assert finished.SOPInstanceUID == subject.record.sop_instance_uids[0]


def _changed(change: Callable[[Dataset], None]) -> Callable[[Files], None]:
    def plant(files: Files) -> None:
        ds = pydicom.dcmread(BytesIO(files[FIRST]))
        change(ds)
        files[FIRST] = file_bytes(ds)

    return plant


def _set(keyword: str, value: object) -> Callable[[Files], None]:
    return _changed(lambda ds: setattr(ds, keyword, value))


def _private(ds: Dataset) -> None:
    ds.private_block(0x0099, "X", create=True).add_new(1, "LO", "x")


def _one_pixel(ds: Dataset) -> None:
    raw = bytearray(ds.PixelData)
    raw[1001] ^= 1
    ds.PixelData = bytes(raw)


def _blank_mark(ds: Dataset) -> None:
    rows = ds.pixel_array.copy()
    rows[90:] = 40
    ds.PixelData = rows.tobytes()


def _nested_name(ds: Dataset) -> None:
    ds.AnatomicRegionSequence[0].PatientName = "X^Y"


def _nested_hex(ds: Dataset) -> None:
    ds.AnatomicRegionSequence[0].CodeMeaning = b"Quastenflosser".hex()


def _drop_mark(ds: Dataset) -> None:
    ds.Rows, ds.PixelData = 90, ds.PixelData[: 90 * 240 * 2]


def _preamble(files: Files) -> None:
    files[FIRST] = b"Quasten".ljust(128, b"\0") + files[FIRST][128:]


def _tail(files: Files) -> None:
    files[FIRST] += "Quastenflosser".encode("utf-16-be")


def _talking_preview(files: Files) -> None:
    name = "PREVIEWS/PV000001.PNG"
    info, buffer = PngInfo(), BytesIO()
    info.add_text("Author", "nobody")
    Image.open(BytesIO(files[name])).save(buffer, "PNG", pnginfo=info)
    files[name] = buffer.getvalue()


def _second_file(files: Files) -> None:
    files["IMAGES/IM000009"] = files[FIRST]


def _lost_file(files: Files) -> None:
    del files["PREVIEWS/PV000001.PNG"]


def _manifest_talks(files: Files) -> None:
    files["manifest.json"] = b'{"note":"' + base64.b64encode(b"xQuastenflosser") + b'"}'


def _meta_talks(files: Files) -> None:
    ds = pydicom.dcmread(BytesIO(files[FIRST]))
    ds.file_meta.SourceApplicationEntityTitle = "LINDEN"
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    files[FIRST] = buffer.getvalue()


FAULTS: dict[str, Callable[[Files], None]] = {
    "a kept address": _set("PatientAddress", "Mirabellenweg 12"),
    "a kept name": _set("PatientName", "Quastenflosser^Wilhelmina"),
    "a kept institution": _set("InstitutionName", "Zwetschgenbaum Clinic"),
    "a private tag": _changed(_private),
    "an original UID": _changed(
        lambda ds: setattr(ds, "StudyInstanceUID", SUBJECT.record.study_uid)
    ),
    "a UID for another": _changed(lambda ds: setattr(ds, "SeriesInstanceUID", ds.StudyInstanceUID)),
    "one changed pixel": _changed(_one_pixel),
    "a blank mark": _changed(_blank_mark),
    "no mark": _changed(_drop_mark),
    "a name nested": _changed(_nested_name),
    "a name in hex": _changed(_nested_hex),
    "a name in the preamble": _preamble,
    "a name after the pixels": _tail,
    "a claim withdrawn": _set("PatientIdentityRemoved", "NO"),
    "another spacing": _set("ImagerPixelSpacing", [0.2, 0.2]),
    "a lost attribute": _changed(lambda ds: delattr(ds, "Modality")),
    "a talking preview": _talking_preview,
    "an extra file": _second_file,
    "a lost file": _lost_file,
    "a name in the manifest, in base64": _manifest_talks,
    "a talking meta group": _meta_talks,
    "no DICOM at all": lambda files: files.update({FIRST: b"nothing"}),
}
SUBJECT = _marked_panoramic()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_verifier_catches(fault: str) -> None:
    plan = shares.a_plan("teaching", SUBJECT)
    files = _applied(plan, SUBJECT)
    verify_share(plan, [SUBJECT], files)
    FAULTS[fault](files)
    with pytest.raises(VerifyFailed) as caught:
        verify_share(plan, [SUBJECT], files)
    said = " ".join(caught.value.findings) + str(caught.value)
    assert not [marker for marker in MARKERS if marker in said.casefold()]


def test_the_verifier_trusts_the_table_more_than_a_plan_that_keeps_too_much() -> None:
    plan = shares.a_plan("referral", SUBJECT)
    actions = tuple(
        attrs.evolve(a, fate=Fate.KEEP, new=a.old) if a.name == "PatientAddress" else a
        for a in plan.images[0].actions[0]
    )
    bad = attrs.evolve(plan, images=(attrs.evolve(plan.images[0], actions=(actions,)),))
    files = _applied(bad, SUBJECT)
    with pytest.raises(VerifyFailed) as caught:
        verify_share(bad, [SUBJECT], files)
    assert any("standard's table" in finding for finding in caught.value.findings)


def test_two_instances_with_one_uid_are_caught() -> None:
    subject = shares.a_volume(planes=2)
    plan = shares.a_plan("referral", subject)
    files = _applied(plan, subject)
    first = pydicom.dcmread(BytesIO(files[FIRST]))
    second = pydicom.dcmread(BytesIO(files["IMAGES/IM000002"]))
    second.SOPInstanceUID = first.SOPInstanceUID
    files["IMAGES/IM000002"] = file_bytes(second)
    with pytest.raises(VerifyFailed) as caught:
        verify_share(plan, [subject], files)
    assert "two instances have the same UID" in caught.value.findings


def test_slices_that_changed_places_are_caught() -> None:
    subject = shares.a_volume(planes=3)
    plan = shares.a_plan("referral", subject)
    files = _applied(plan, subject)
    one, two = plan.images[0].names[0], plan.images[0].names[1]
    files[one], files[two] = files[two], files[one]
    with pytest.raises(VerifyFailed):
        verify_share(plan, [subject], files)
