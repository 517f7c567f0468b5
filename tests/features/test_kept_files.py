"""What is no picture of ours: kept whole in its chart, never lost, never opened as an image."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from tests.support.practice import OFFICER, PASSWORD, a_patient, open_clinic, write_images
from tests.unit.vault.made_up import object_files
from viewer.app.clinic import Clinic
from viewer.app.errors import ImageNotShown
from viewer.app.use_cases import exporting, importing, library, sharing, store
from viewer.dicom.write import to_bytes
from viewer.model.image import ImageRecord, ImageState
from viewer.vault.catalog.images import Role

UNKNOWN = UID("1.2.826.0.1.3680043.10.1234.99.1")


def an_object(sop_class: UID = UNKNOWN, number: int = 1, words: str = "Surgical report") -> bytes:
    """Return a DICOM object of a class that nobody shows, a program in its preamble."""
    patient, ds = a_patient(), Dataset()
    ds.PatientName, ds.PatientID = f"{patient.family_name}^Ada", patient.chart_number
    ds.PatientBirthDate, ds.PatientSex = "19870412", "F"
    ds.StudyInstanceUID, ds.StudyDate = "1.2.826.0.1.3680043.10.1234.7", date(2026, 11, 1)
    ds.SeriesInstanceUID, ds.Modality = "1.2.826.0.1.3680043.10.1234.7.77", "OT"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, f"1.2.826.0.1.3680043.10.1234.7.77.{number}"
    ds.SeriesDescription = ds.ContentDescription = words
    ds.add_new(0x00991001, "OB", b"\0\1" * 1000)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return b"#!/bin/sh\nrm -rf /".ljust(128, b"\0") + to_bytes(ds)[128:]


@pytest.fixture
def practice(tmp_path: Path):  # type: ignore[no-untyped-def]
    write_images(tmp_path / "in", cbct=False)
    (tmp_path / "in" / "strange.dcm").write_bytes(an_object())
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        yield clinic, tmp_path


def bring(clinic: Clinic, folder: Path) -> importing.ImportReport:
    return importing.import_paths(clinic, importing.ImportPaths((folder,)))


def kept_in(clinic: Clinic) -> ImageRecord:
    (chart,) = library.list_store(clinic, library.ListStore())
    images = [image for study in chart.studies for image in study.images]
    assert len(images) == 3
    return next(image for image in images if image.state is ImageState.KEPT)


def test_an_object_of_no_known_class_is_kept_whole_in_its_chart_and_says_why(
    practice: tuple[Clinic, Path],
) -> None:
    clinic, folder = practice
    report = bring(clinic, folder / "in")
    assert (len(report.shown), len(report.kept), report.refusals) == (2, 1, ())
    record = kept_in(clinic)
    assert record.reason
    assert record.is_file
    content = (folder / "in" / "strange.dcm").read_bytes()
    stored = clinic.vault.open_pixels(record.id).tobytes()
    assert stored == bytes(128) + content[128:]


def test_it_is_recognised_when_it_comes_again_and_a_changed_one_is_a_conflict(
    practice: tuple[Clinic, Path],
) -> None:
    clinic, folder = practice
    bring(clinic, folder / "in")
    again = bring(clinic, folder / "in")
    assert (len(again.new), len(again.stored)) == (0, 3)
    changed = folder / "changed.dcm"
    changed.write_bytes(an_object(words="Another report"))
    report = bring(clinic, changed)
    assert len(report.waiting) == 1
    assert kept_in(clinic).id == again.stored[-1].record.id


def test_nothing_opens_exports_or_shares_it_as_an_image(practice: tuple[Clinic, Path]) -> None:
    clinic, folder = practice
    bring(clinic, folder / "in")
    record = kept_in(clinic)
    with pytest.raises(ImageNotShown):
        library.open_image(clinic, library.OpenImage(record.id))
    request = exporting.ExportPixels(record.id, folder / "out.npy")
    with pytest.raises(ImageNotShown):
        exporting.export_pixels(clinic, request)
    with pytest.raises(ImageNotShown):
        sharing.plan_share(clinic, sharing.PlanShare((record.id,), "referral"))
    assert not (folder / "out.npy").exists()
    small = library.show_thumbnails(clinic, library.ShowThumbnails(None, (record.id,)))
    assert small[record.id].size


def test_a_repair_gives_it_back_what_is_drawn_and_tells_what_is_lost(
    practice: tuple[Clinic, Path],
) -> None:
    clinic, folder = practice
    bring(clinic, folder / "in")
    record = kept_in(clinic)
    with clinic.vault._catalog.read() as cursor:
        row = cursor.execute(
            "SELECT id FROM objects WHERE image_id = ? AND role = ?",
            (record.id, Role.PREVIEW.value),
        ).fetchone()
    (small,) = [path for path in object_files(folder / "store") if path.name == row[0]]
    small.unlink()
    repaired = store.repair_store(clinic, store.RepairStore())
    assert any("drawn anew" in words for words in repaired.done)
    assert store.check_store(clinic, store.CheckStore(deep=True)).is_sound
