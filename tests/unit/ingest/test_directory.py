"""Discs with a table of contents: real ones of several writers, and hostile ones."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pydicom
import pytest
from pydicom.config import disable_value_validation
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from tests.support import dicom_files
from tests.support.discs import write_disc
from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.directory import Disc, is_within
from viewer.ingest.importer import read

_MISSING = "names this file, but it is not there"
_OUTSIDE = "names a place outside"


def _read(*paths: Path) -> tuple[list[Arrival | KeptFile], list[Refusal]]:
    found = list(read(paths, progress=lambda *_: None, is_cancelled=lambda: False))
    refusals = [one for one in found if isinstance(one, Refusal)]
    return [one for one in found if not isinstance(one, Refusal)], refusals


def _uids(arrivals: Sequence[Arrival | KeptFile]) -> set[str]:
    records = [one.picture.record if isinstance(one, Arrival) else one.record for one in arrivals]
    return {uid for record in records for uid in record.sop_instance_uids}


def _table(path: Path, places: Sequence[Sequence[str]], uids: Sequence[str] = ()) -> Path:
    """Write a table of contents that names these places and nothing else."""
    records = []
    for n, place in enumerate(places):
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = 0
        record.RecordInUseFlag = 0xFFFF
        record.DirectoryRecordType = "IMAGE"
        with disable_value_validation():
            record.ReferencedFileID = list(place)
        record.ReferencedSOPInstanceUIDInFile = uids[n] if uids else generate_uid()
        records.append(record)
    table = Dataset()
    table.file_meta = FileMetaDataset()
    table.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    table.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    table.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    table.FileSetID = "DISC"
    table.FileSetConsistencyFlag = 0
    table.DirectoryRecordSequence = records
    path.parent.mkdir(parents=True, exist_ok=True)
    with disable_value_validation():
        pydicom.dcmwrite(path, table, enforce_file_format=True)
    return path


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """Return a disc with one named picture in a folder, and its table of contents."""
    root = tmp_path / "disc"
    (root / "DICOM").mkdir(parents=True)
    dataset = dicom_files.bitewing()
    dicom_files.save(root / "DICOM", [dataset])[0].rename(root / "DICOM" / "IM000001")
    _table(root / "DICOMDIR", [("DICOM", "IM000001")], [dataset.SOPInstanceUID])
    return root


@pytest.mark.parametrize(
    "name",
    ["DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit", "DICOMDIR-nooffset", "DICOMDIR-nopatient"],
)
def test_a_table_chosen_alone_leads_to_the_files_that_pydicom_finds(name: str) -> None:
    path = Path(str(get_testdata_file("dicomdirtests/DICOMDIR"))).with_name(name)
    table = pydicom.dcmread(path, force=True)
    named = {
        str(record.ReferencedSOPInstanceUIDInFile)
        for record in table.DirectoryRecordSequence
        if "ReferencedFileID" in record
    }
    arrivals, refusals = _read(path)
    assert refusals == []
    assert len(named) == 31 or name == "DICOMDIR-nopatient"
    assert named <= _uids(arrivals)


def test_a_disc_of_another_writer_leads_to_all_its_instances(tmp_path: Path) -> None:
    datasets = [*dicom_files.ct(planes=4), dicom_files.bitewing(), dicom_files.photo()]
    disc = write_disc(tmp_path, datasets)
    for chosen in (disc, disc / "DICOMDIR"):
        arrivals, refusals = _read(chosen)
        assert refusals == []
        assert _uids(arrivals) == {str(dataset.SOPInstanceUID) for dataset in datasets}


def test_names_as_iso_9660_writes_them_are_found(disc: Path) -> None:
    named = disc / "DICOM" / "IM000001"
    named.rename(disc / "DICOM" / "im000001.;1")
    (disc / "DICOM").rename(disc / "dicom")
    arrivals, refusals = _read(disc / "DICOMDIR")
    assert (len(arrivals), refusals) == (1, [])


def test_a_file_beside_the_named_ones_is_read_as_well(disc: Path) -> None:
    dicom_files.save(disc / "DICOM", [dicom_files.photo()])
    (disc / "viewer.exe").write_bytes(b"MZ")
    arrivals, refusals = _read(disc / "DICOMDIR")
    assert (len(arrivals), refusals) == (2, [])
    arrivals, refusals = _read(disc)
    assert len(arrivals) == 2
    assert [refusal.name_hint for refusal in refusals] == ["viewer.exe"]


def test_a_named_file_that_is_not_there_is_told_unless_it_lies_elsewhere(disc: Path) -> None:
    (disc / "DICOM" / "IM000001").rename(disc / "moved")
    arrivals, refusals = _read(disc)
    assert (len(arrivals), refusals) == (1, [])
    (disc / "moved").unlink()
    arrivals, refusals = _read(disc)
    assert arrivals == []
    assert [(one.name_hint, _MISSING in one.reason) for one in refusals] == [("IM000001", True)]


_PLACES = [
    ("..", "secret"),
    ("DICOM", "..", "..", "secret"),
    ("/etc/passwd",),
    ("C:", "secret"),
    ("\\\\server\\share\\secret",),
    (".", "secret"),
    ("DICOM/../../secret",),
    ("secret?",),
    ("A" * 300,),
    ("...", "secret"),
]


def test_a_place_outside_the_disc_is_told_and_never_looked_at(
    disc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = dicom_files.save(disc.parent, [dicom_files.photo()])[0]
    secret.rename(disc.parent / "secret")
    looked_at: list[Path] = []
    find = Disc.find

    def noted(disc: Disc, names: tuple[str, ...]) -> Path | None:
        looked_at.append(Path(*names))
        return find(disc, names)

    monkeypatch.setattr(Disc, "find", noted)
    _table(disc / "DICOMDIR", _PLACES)
    arrivals, refusals = _read(disc / "DICOMDIR")
    assert arrivals == []
    assert len(refusals) == len(_PLACES) - 1  # one is another one, written with slashes
    assert all(_OUTSIDE in each.reason or _MISSING in each.reason for each in refusals)
    assert sum(_OUTSIDE in each.reason for each in refusals) >= len(_PLACES) - 2
    assert all(".." not in path.parts and is_within(path.parts) for path in looked_at)


def test_links_on_a_disc_lead_nowhere(disc: Path) -> None:
    outside = disc.parent / "outside"
    outside.mkdir()
    secret = dicom_files.save(outside, [dicom_files.photo()])[0]
    (disc / "LINK").symlink_to(outside)
    (disc / "DICOM" / "IM2").symlink_to(secret)
    _table(disc / "DICOMDIR", [("LINK", secret.name), ("DICOM", "IM2"), ("DICOM", "IM000001")])
    arrivals, refusals = _read(disc / "DICOMDIR")
    assert len(arrivals) == 1
    assert all(_MISSING in refusal.reason for refusal in refusals)
    assert len(refusals) == 2


def test_records_whose_offsets_run_in_circles_are_read_once_each(disc: Path) -> None:
    table = pydicom.dcmread(disc / "DICOMDIR")
    table.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 7
    for record in table.DirectoryRecordSequence:
        record.OffsetOfTheNextDirectoryRecord = 7
        record.OffsetOfReferencedLowerLevelDirectoryEntity = 7
    table.DirectoryRecordSequence = [*table.DirectoryRecordSequence] * 50
    table.save_as(disc / "DICOMDIR")
    arrivals, refusals = _read(disc)
    assert (len(arrivals), refusals) == (1, [])


def test_a_table_that_is_cut_leads_as_far_as_it_goes(disc: Path) -> None:
    content = (disc / "DICOMDIR").read_bytes()
    (disc / "DICOMDIR").write_bytes(content[:-3])
    arrivals, _ = _read(disc)
    assert len(arrivals) == 1


def test_a_table_of_which_too_little_is_left_is_told_and_the_disc_read_all_the_same(
    disc: Path,
) -> None:
    content = (disc / "DICOMDIR").read_bytes()
    (disc / "DICOMDIR").write_bytes(content[:400])
    arrivals, refusals = _read(disc)
    assert len(arrivals) == 1
    assert ["names no file" in refusal.reason for refusal in refusals] == [True]


def test_the_real_disc_with_reports_is_read_whole(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "dicom" / "dwv_sr_dicomdir" / "data"
    shutil.copyfile(source / "DICOMDIR", tmp_path / "DICOMDIR")
    table = pydicom.dcmread(tmp_path / "DICOMDIR")
    named = [r for r in table.DirectoryRecordSequence if "ReferencedFileID" in r]
    arrivals, refusals = _read(tmp_path)
    assert arrivals == []
    assert len(refusals) == len({tuple(record.ReferencedFileID) for record in named})
