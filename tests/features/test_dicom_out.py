"""DICOM out through the whole house: store, folder, and what others make of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import attrs
import data_store
import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.fileset import FileSet

from tests.support.dicom_twice import Held, apart, batches
from tests.support.practice import OFFICER, PASSWORD, a_patient, open_clinic, write_images
from viewer.app.clinic import Clinic
from viewer.app.dicom_files import files_of
from viewer.app.errors import DestinationFault, DestinationRefused, NotConfirmed
from viewer.app.jobs import SilentControl
from viewer.app.use_cases import charts, dicom_out, importing, trail, waiting
from viewer.dicom.encode import transcode
from viewer.dicom.write import to_bytes
from viewer.ingest.arrival import Arrival, KeptFile
from viewer.ingest.importer import read
from viewer.model.errors import Cancelled, UserError
from viewer.model.image import ImageRecord
from viewer.model.tooth import Tooth
from viewer.redact.quiet import quiet_pydicom
from viewer.session.audit.events import EventFilter, EventKind, Outcome

PYDICOM = Path(str(files("pydicom"))) / "data" / "test_files"
PYDICOM_DATA = Path(data_store.__file__).parent / "data"
JPEG_LOSSLESS, IMPLICIT = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of one patient: plain, implicit, compressed, a volume, with something in a preamble."""
    made = write_images(tmp_path_factory.mktemp("in") / "files")
    for name, syntax in (("bitewing", IMPLICIT), ("pano", JPEG_LOSSLESS)):
        ds = pydicom.dcmread(made / f"{name}.dcm")
        ds.add_new(0x00090010, "LO", "ACME")
        ds.add_new(0x00091001, "UN", b"of the maker")
        (made / f"{name}.dcm").write_bytes(b"MZ" + to_bytes(transcode(ds, syntax))[2:])
    return made


@pytest.fixture(scope="module")
def practice(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Clinic, list[ImageRecord]]]:
    """A practice in which nobody changes anything."""
    yield from _practice(folder, tmp_path_factory.mktemp("practice"))


@pytest.fixture
def own_practice(folder: Path, tmp_path: Path) -> Iterator[tuple[Clinic, list[ImageRecord]]]:
    yield from _practice(folder, tmp_path)


def _practice(folder: Path, where: Path) -> Iterator[tuple[Clinic, list[ImageRecord]]]:
    with open_clinic(where / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        report = importing.import_paths(clinic, importing.ImportPaths((folder,)))
        yield clinic, [each.record for each in report.stored]


def _order(where: Path, records: list[ImageRecord], **more: object) -> dicom_out.ExportDicom:
    order = dicom_out.ExportDicom(
        where, "referral", "Dr. X", patient=records[0].patient_id, leaves_unsealed=True
    )
    return attrs.evolve(order, **more)


def _by_uid(paths: Iterator[Path] | list[Path]) -> dict[str, bytes]:
    contents = [path.read_bytes() for path in paths if path.is_file()]
    return {str(pydicom.dcmread(BytesIO(c)).SOPInstanceUID): c for c in contents}


@contextmanager
def _medium(folder: Path) -> Iterator[FileSet]:
    """Open a medium as pydicom does; it makes a folder of its own for it, which goes again."""
    medium = FileSet(folder / "DICOMDIR")
    try:
        yield medium
    finally:
        medium._stage["t"].cleanup()


def _printed(content: bytes, where: Path) -> list[str]:
    """What dcmdump prints of a data set, without the meta group."""
    path = where / "one.dcm"
    path.write_bytes(content)
    printed = subprocess.run(
        ["dcmdump", "-q", "+L", "+R", "4096", str(path)], capture_output=True, check=True
    ).stdout.decode("latin-1")
    return [line for line in printed.splitlines() if re.match(r" *\([0-9a-f]{4},", line)][:]


def _complaints(content: bytes, where: Path) -> set[str]:
    path = where / "one.dcm"
    path.write_bytes(content)
    told = subprocess.run(["dciodvfy", str(path)], capture_output=True, check=False)
    lines = (told.stdout + told.stderr).decode("latin-1").splitlines()
    return {line for line in lines if line.startswith("Error")}


def test_a_patient_leaves_element_by_element_as_he_came(
    practice: tuple[Clinic, list[ImageRecord]], folder: Path, tmp_path: Path
) -> None:
    clinic, records = practice
    exported = dicom_out.export_dicom(clinic, _order(tmp_path / "out", records))
    before = _by_uid(list(folder.iterdir()))
    after = _by_uid(list((tmp_path / "out" / "IMAGES").iterdir()))
    assert before.keys() == after.keys()
    assert [found for uid in before for found in apart(before[uid], after[uid])] == []
    assert exported.written.files == len(before) + 1
    assert exported.left_out == ()


def test_a_compressed_file_leaves_byte_for_byte_but_for_its_preamble(
    practice: tuple[Clinic, list[ImageRecord]], folder: Path, tmp_path: Path
) -> None:
    clinic, records = practice
    dicom_out.export_dicom(clinic, _order(tmp_path / "out", records))
    came = (folder / "pano.dcm").read_bytes()
    assert came[:2] == b"MZ"
    left = _by_uid(list((tmp_path / "out" / "IMAGES").iterdir()))
    uid = str(pydicom.dcmread(BytesIO(came)).SOPInstanceUID)
    assert left[uid] == bytes(128) + came[128:]
    assert all(content[:128] == bytes(128) for content in left.values())


def test_names_on_the_medium_are_numbers_and_its_digests_hold(
    practice: tuple[Clinic, list[ImageRecord]], tmp_path: Path
) -> None:
    clinic, records = practice
    out = tmp_path / "out"
    exported = dicom_out.export_dicom(clinic, _order(out, records))
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    images = [name for name in names if name.startswith("IMAGES/")]
    assert images == [f"IMAGES/{n:08d}" for n in range(1, len(images) + 1)]
    assert set(names) - set(images) == {"DICOMDIR", "SHA256.TXT"}
    checked = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256.TXT"], cwd=out, check=False)
    assert checked.returncode == 0
    found = subprocess.run(["sha256sum", "SHA256.TXT"], cwd=out, capture_output=True, check=True)
    assert found.stdout.decode().split()[0] == exported.written.sha256


def test_pydicom_and_dcmtk_read_the_table_of_contents(
    practice: tuple[Clinic, list[ImageRecord]], tmp_path: Path
) -> None:
    clinic, records = practice
    out = tmp_path / "out"
    dicom_out.export_dicom(clinic, _order(out, records))
    with quiet_pydicom(), _medium(out) as medium:
        listed = {Path(instance.path).relative_to(out).as_posix() for instance in medium}
        people = medium.find_values("PatientID")
    assert listed == {f"IMAGES/{path.name}" for path in (out / "IMAGES").iterdir()}
    assert people == ["1001"]
    if shutil.which("dciodvfy"):
        assert _complaints((out / "DICOMDIR").read_bytes(), tmp_path) == set()
    if shutil.which("dcmdump"):
        printed = subprocess.run(
            ["dcmdump", str(out / "DICOMDIR")], capture_output=True, check=True
        )
        assert printed.stderr == b""


def test_simpleitk_reads_the_volume_that_left_as_the_one_that_came(
    practice: tuple[Clinic, list[ImageRecord]], folder: Path, tmp_path: Path
) -> None:
    clinic, records = practice
    volume = next(record for record in records if record.is_volume)
    order = _order(tmp_path / "out", records, patient="", image_ids=(volume.id,))
    dicom_out.export_dicom(clinic, order)
    came, left = (
        SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(where), uid))
        for where in (folder, tmp_path / "out" / "IMAGES")
        for uid in [str(volume.series_uid)]
    )
    assert np.array_equal(SimpleITK.GetArrayFromImage(came), SimpleITK.GetArrayFromImage(left))
    assert came.GetOrigin() == left.GetOrigin()
    assert came.GetSpacing() == left.GetSpacing()
    assert came.GetDirection() == left.GetDirection()


def test_dcmdump_prints_what_left_as_what_came(
    practice: tuple[Clinic, list[ImageRecord]], folder: Path, tmp_path: Path
) -> None:
    if shutil.which("dcmdump") is None:
        pytest.skip("dcmtk is not installed")
    clinic, records = practice
    dicom_out.export_dicom(clinic, _order(tmp_path / "out", records))
    before = _by_uid([folder / "pano.dcm", folder / "ct000.dcm"])
    after = _by_uid(list((tmp_path / "out" / "IMAGES").iterdir()))
    for uid, content in before.items():
        mine = [line for line in _printed(after[uid], tmp_path) if "(0002," not in line]
        assert mine == [line for line in _printed(content, tmp_path) if "(0002," not in line]


REAL = ("CT_small.dcm", "MR_small_implicit.dcm", "JPEG2000.dcm", "MR_small_bigendian.dcm",
        "SC_rgb_rle.dcm", "examples_palette.dcm", "image_dfl.dcm", "test-SR.dcm")  # fmt: skip


def _read(paths: list[Path]) -> Iterator[object]:
    for batch in batches(paths):
        yield from read(batch, progress=lambda *_: None, is_cancelled=lambda: False)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools are not installed")
def test_dciodvfy_finds_no_error_in_what_left_that_the_source_did_not_have(
    tmp_path: Path,
) -> None:
    paths = [PYDICOM / name for name in REAL]
    checked = set()
    with quiet_pydicom():
        for one in _read(paths):
            assert isinstance(one, (Arrival, KeptFile))
            path = Path(one.sources[0].split("\0")[0])
            held = Held(one)
            now = datetime(2026, 11, 23, tzinfo=UTC)
            (left,) = files_of(held, held.record, one.patient, now, lambda: False)  # type: ignore[arg-type]
            new = _complaints(bytes(left.content), tmp_path)
            assert new <= _complaints(path.read_bytes(), tmp_path), path.name
            checked.add(path.name)
    assert checked == set(REAL)


def test_side_and_teeth_set_by_hand_leave_with_what_they_were(
    own_practice: tuple[Clinic, list[ImageRecord]], folder: Path, tmp_path: Path
) -> None:
    clinic, records = own_practice
    bitewing = next(record for record in records if record.modality == "IO")
    charts.set_teeth(clinic, charts.SetTeeth((bitewing.id,), (Tooth(36),), "L"))
    order = _order(tmp_path / "out", records, patient="", image_ids=(bitewing.id,))
    dicom_out.export_dicom(clinic, order)
    left = (tmp_path / "out" / "IMAGES" / "00000001").read_bytes()
    ds = pydicom.dcmread(BytesIO(left))
    assert (ds.ImageLaterality, ds.PrimaryAnatomicStructureSequence[0].CodeValue) == (
        "L",
        "866006002",
    )
    assert ds.OriginalAttributesSequence[0].ModifiedAttributesSequence[0].ImageLaterality == "R"
    found = apart((folder / "bitewing.dcm").read_bytes(), left)
    assert {each.path[:11] for each in found} == {"(0008,2228)", "(0020,0062)", "(0400,0561)"}
    if shutil.which("dciodvfy"):
        known = _complaints((folder / "bitewing.dcm").read_bytes(), tmp_path)
        assert _complaints(left, tmp_path) - known == set()


def test_images_that_were_moved_leave_under_the_patient_whom_a_person_chose(
    own_practice: tuple[Clinic, list[ImageRecord]], tmp_path: Path
) -> None:
    clinic, records = own_practice
    bitewing = next(record for record in records if record.modality == "IO")
    other = write_images(tmp_path / "other", a_patient("Other", "2002"), cbct=False, seed=9)
    report = importing.import_paths(clinic, importing.ImportPaths((other,)))
    target = report.stored[0].record.patient_id
    charts.move_images(clinic, charts.MoveImages((bitewing.id,), target, "wrong chart"))
    moved = next(each for each in clinic.vault.images(target) if each.arrived_as is not None)
    order = _order(tmp_path / "out", records, patient="", image_ids=(moved.id,))
    dicom_out.export_dicom(clinic, order)
    ds = pydicom.dcmread(tmp_path / "out" / "IMAGES" / "00000001")
    assert (str(ds.PatientName), ds.PatientID) == ("Other^Ada", "2002")
    old = ds.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert (str(old.PatientName), old.PatientID) == ("Example^Ada", "1001")


def test_a_report_that_is_kept_leaves_byte_for_byte(tmp_path: Path) -> None:
    with open_clinic(tmp_path / "store") as clinic, quiet_pydicom():
        clinic.log_in(OFFICER, PASSWORD)
        ds = pydicom.dcmread(PYDICOM / "test-SR.dcm")
        ds.PatientID, ds.PatientName, ds.PatientBirthDate = "77", "Rossi^Lena", "19870412"
        path = tmp_path / "report.dcm"
        ds.save_as(path)
        (stored,) = importing.import_paths(clinic, importing.ImportPaths((path,))).stored
        order = _order(tmp_path / "out", [stored.record])
        dicom_out.export_dicom(clinic, order)
        left = (tmp_path / "out" / "IMAGES" / "00000001").read_bytes()
        assert left == bytes(128) + path.read_bytes()[128:]
        with _medium(tmp_path / "out") as medium:
            assert [instance.SOPInstanceUID for instance in medium] == [ds.SOPInstanceUID]


def test_nothing_leaves_before_somebody_said_that_it_leaves_unsealed(
    practice: tuple[Clinic, list[ImageRecord]], tmp_path: Path
) -> None:
    clinic, records = practice
    with pytest.raises(NotConfirmed):
        dicom_out.export_dicom(clinic, _order(tmp_path / "out", records, leaves_unsealed=False))
    with pytest.raises(UserError, match="Purpose"):
        dicom_out.export_dicom(clinic, _order(tmp_path / "out", records, purpose=" "))
    assert not (tmp_path / "out").exists()


def test_what_is_there_already_is_never_overwritten_nor_followed(
    practice: tuple[Clinic, list[ImageRecord]], tmp_path: Path
) -> None:
    clinic, records = practice
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        with pytest.raises(DestinationRefused):
            dicom_out.export_dicom(clinic, _order(tmp_path / name, records))


class _SecondThoughts(SilentControl):
    """Cancels as soon as there are files at the destination."""

    def __init__(self, where: Path) -> None:
        super().__init__()
        self._where = where
        self.had_files = False

    def is_cancelled(self) -> bool:
        self.had_files |= bool(list(self._where.glob(".*/IMAGES/*")))
        return self.had_files


def test_a_cancel_after_some_files_leaves_nothing_and_an_entry(
    practice: tuple[Clinic, list[ImageRecord]], tmp_path: Path
) -> None:
    clinic, records = practice
    control = _SecondThoughts(tmp_path)
    with pytest.raises(Cancelled):
        dicom_out.export_dicom(clinic, _order(tmp_path / "out", records), control)
    assert control.had_files
    assert list(tmp_path.iterdir()) == []
    reader = trail.open_trail(clinic, trail.OpenTrail())
    newest = reader.page(EventFilter(kinds=frozenset({EventKind.EXPORT})), 0, 1)[0]
    assert newest.entry.outcome is Outcome.CANCELLED


def test_a_disk_that_fails_leaves_nothing(
    practice: tuple[Clinic, list[ImageRecord]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic, records = practice
    out = tmp_path / "medium" / "out"
    out.parent.mkdir()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("viewer.app.dicom_folder.os", SimpleNamespace(fsync=full))
    with pytest.raises(DestinationFault):
        dicom_out.export_dicom(clinic, _order(out, records))
    assert list(out.parent.iterdir()) == []


def test_a_volume_of_another_program_leaves_as_the_file_it_came_as(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5) - 9)
    (tmp_path / "in").mkdir()
    SimpleITK.WriteImage(image, str(tmp_path / "in" / "volume.nrrd"))
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        report = importing.import_paths(clinic, importing.ImportPaths((tmp_path / "in",)))
        (stored,) = report.stored
        request = waiting.ChartWaiting(stored.patient.id, "new", a_patient())
        patient = waiting.chart_waiting(clinic, request)
        record = attrs.evolve(stored.record, patient_id=patient.id)
        (leaving,) = files_of(clinic.vault, record, patient, datetime.now(UTC), lambda: False)
        assert (leaving.is_dicom, leaving.suffix) == (False, "NRD")
        assert bytes(leaving.content) == (tmp_path / "in" / "volume.nrrd").read_bytes()


def test_odd_values_on_the_way_out_are_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a reader remarks about a value holds the value."""
    source = write_images(tmp_path / "in", cbct=False, seed=11)
    with quiet_pydicom():
        ds = pydicom.dcmread(source / "bitewing.dcm")
        ds.PatientSex = "Zyxwvut is no sex"
        ds.save_as(source / "bitewing.dcm")
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        paths = importing.ImportPaths((source / "bitewing.dcm",))
        records = [each.record for each in importing.import_paths(clinic, paths).stored]
        dicom_out.export_dicom(clinic, _order(tmp_path / "out", records))
    assert "Zyxwvut" not in caplog.text
