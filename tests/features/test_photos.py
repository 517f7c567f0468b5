"""Photos and scans from a phone to the chart: what is kept, what is left behind, who is asked."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pydicom
import pytest
import trimesh
from PIL import Image, ImageOps
from pydicom.data import get_testdata_file
from reportlab.pdfgen.canvas import Canvas

from tests.support.heif_files import heic
from tests.support.photo_files import (
    LATITUDE,
    TEXTS,
    marked_exif,
    marked_jpeg,
    marked_png,
    marked_tiff,
)
from tests.support.practice import OFFICER, PASSWORD, found, open_clinic, write_images
from viewer.app.clinic import Clinic
from viewer.app.commands.console import Console
from viewer.app.commands.main import run
from viewer.app.errors import ImageNotShown, NothingChosen
from viewer.app.use_cases import importing, library, trail, waiting
from viewer.app.use_cases.documents import LookAtDocument, look_at_document
from viewer.app.use_cases.photos import (
    Chosen,
    ImportPhotos,
    ImportReport,
    Label,
    Looked,
    NewPatient,
    Refusal,
    import_photos,
    look_at,
)
from viewer.dicom.headers import unpack_headers
from viewer.model.ids import ImageId
from viewer.model.image import ImageKind, ImageRecord, ImageState, Photometric
from viewer.model.json import to_json
from viewer.model.tooth import Tooth
from viewer.session.audit.events import EventFilter, EventKind, Outcome
from viewer.session.keystore import FileKeyStore


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        importing.import_paths(
            clinic, importing.ImportPaths((write_images(tmp_path / "dicom", cbct=False),))
        )
        yield clinic


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "phone"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(marked_jpeg(orientation=6))
    (folder / "b.png").write_bytes(marked_png())
    (folder / "c.tif").write_bytes(marked_tiff())
    (folder / "d.heic").write_bytes(heic(exif=marked_exif().tobytes()))
    return folder


def looked_at(*paths: Path) -> list[Looked]:
    found = list(look_at(paths, lambda *_: None, lambda: False))
    assert not [one for one in found if isinstance(one, Refusal)]
    return [one for one in found if isinstance(one, Looked)]


def put(clinic: Clinic, label: Label, *paths: Path, patient: Any = "1001") -> ImportReport:
    chosen = tuple(Chosen(one, attrs.evolve(label, taken=one.taken)) for one in looked_at(*paths))
    return import_photos(clinic, ImportPhotos(patient, chosen))


def test_photos_land_in_the_chart_that_was_chosen_and_open_as_they_looked(
    clinic: Clinic, photos: Path
) -> None:
    label = Label(ImageKind.PHOTO, "Occlusal upper", (Tooth(11), Tooth(21)), "B")

    report = put(clinic, label, photos)

    assert len(report.new) == 4
    chart = library.list_store(clinic, library.ListStore("1001"))
    assert len(chart) == 1
    upright = ImageOps.exif_transpose(Image.open(photos / "a.jpg"))
    picture = library.open_image(clinic, library.OpenImage(report.new[0].record.id))
    assert np.array_equal(picture.pixels, np.asarray(upright))
    record = picture.record
    assert (record.kind, record.description) == (ImageKind.PHOTO, "Occlusal upper")
    assert (record.teeth, record.laterality) == ((11, 21), "B")
    assert record.acquired is not None
    assert record.acquired.isoformat() == "2024-05-14T09:31:07"
    assert record.grey.photometric is Photometric.RGB


def test_sixteen_bits_of_a_scanned_film_stay_and_no_millimetres_are_claimed(
    clinic: Clinic, photos: Path
) -> None:
    report = put(clinic, Label(ImageKind.PERIAPICAL), photos / "c.tif")

    record = report.new[0].record
    assert (record.dtype, record.grey.bits_stored, record.spacing) == ("uint16", 16, None)
    assert any("calibrate before you measure" in note for note in record.notes)
    assert record.modality == "IO"


def everything_sealed(clinic: Clinic, report: ImportReport) -> bytes:
    """Return all that the store would give back of what was imported, in the clear."""
    parts = []
    for each in report.stored:
        vault = clinic.vault
        parts += [to_json(each.record).encode(), vault.open_pixels(each.record.id).tobytes()]
        parts += unpack_headers(vault.headers(each.record.id))
        parts += [each.tobytes() for each in vault.thumbnails((each.record.id,)).values()]
        for role in ("original", "overlays"):
            parts += [bytes(vault.part_of(each.record.id, role) or b"")]
    return b"\n".join(parts)


def test_no_place_device_name_or_comment_is_in_anything_that_is_stored(
    clinic: Clinic, photos: Path, tmp_path: Path
) -> None:
    report = put(clinic, Label(ImageKind.PHOTO), photos)

    stored = everything_sealed(clinic, report)
    rows = b"".join(_catalog_rows(clinic))
    for text in (*TEXTS, str(LATITUDE[2])):
        assert text.encode() not in stored
        assert text.encode() not in rows
        assert text.encode("utf-16-le") not in stored
    assert b"a.jpg" not in stored + rows
    for data_set in (pydicom.dcmread(io.BytesIO(h), force=True) for h in _headers(clinic, report)):
        assert not [e for e in data_set.iterall() if e.tag.is_private]


def _headers(clinic: Clinic, report: ImportReport) -> list[bytes]:
    return [
        h for each in report.stored for h in unpack_headers(clinic.vault.headers(each.record.id))
    ]


def _catalog_rows(clinic: Clinic) -> Iterator[bytes]:
    with clinic.vault._catalog.read() as cursor:
        names = cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            for row in cursor.execute(f'SELECT * FROM "{name}"').fetchall():  # noqa: S608
                yield repr(row).encode()
                yield b"".join(value for value in row if isinstance(value, bytes))


def test_the_trail_says_what_kinds_of_things_were_left_behind_and_never_what_they_said(
    clinic: Clinic, photos: Path
) -> None:
    put(clinic, Label(ImageKind.PHOTO), photos)

    chosen = EventFilter(kinds=frozenset({EventKind.IMPORT}))
    newest = trail.open_trail(clinic, trail.OpenTrail()).page(chosen, 0, 1)[0].entry
    assert newest.outcome is Outcome.DONE
    why = newest.why
    for words in ("place (GPS)", "camera or scanner", "names of people", "maker's notes", "XMP"):
        assert words in why
    assert not [text for text in TEXTS if text in why]


def test_the_same_photo_twice_is_stored_once_and_turned_by_hand_it_is_another(
    clinic: Clinic, photos: Path
) -> None:
    once = put(clinic, Label(ImageKind.PHOTO), photos / "a.jpg")
    twice = put(clinic, Label(ImageKind.PHOTO), photos / "a.jpg")
    turned = put(clinic, Label(ImageKind.PHOTO, quarter_turns=1), photos / "a.jpg")

    assert [len(report.new) for report in (once, twice, turned)] == [1, 0, 1]
    first, second = (
        library.open_image(clinic, library.OpenImage(report.new[0].record.id)).pixels
        for report in (once, turned)
    )
    assert np.array_equal(second, np.rot90(first, -1))


def test_a_photo_taken_through_a_mirror_is_flipped_before_it_is_stored(
    clinic: Clinic, photos: Path
) -> None:
    plain = put(clinic, Label(ImageKind.PHOTO), photos / "b.png")
    flipped = put(
        clinic, Label(ImageKind.PHOTO, is_flipped=True, quarter_turns=2), photos / "b.png"
    )

    first, second = (
        library.open_image(clinic, library.OpenImage(report.new[0].record.id)).pixels
        for report in (plain, flipped)
    )
    assert np.array_equal(second, first[::-1])


def test_a_new_patient_is_made_with_the_photos_and_never_beside_a_chart_of_the_same_number(
    clinic: Clinic, photos: Path
) -> None:
    new = NewPatient("77", "Neumann", "Nora")

    report = put(clinic, Label(ImageKind.PHOTO), photos / "b.png", patient=new)

    assert report.new[0].patient.display_name == "Neumann, Nora"
    with pytest.raises(NothingChosen, match="already"):
        put(clinic, Label(), photos / "b.png", patient=NewPatient("1001", "Other"))
    with pytest.raises(NothingChosen, match="number and a name"):
        put(clinic, Label(), photos / "b.png", patient=NewPatient("", "Other"))


def test_a_photo_that_comes_in_a_folder_waits_for_somebody_to_say_whose_it_is(
    clinic: Clinic, photos: Path
) -> None:
    report = importing.import_paths(clinic, importing.ImportPaths((photos,)))

    assert len(report.waiting) == 4
    assert len(library.list_store(clinic, library.ListStore())) == 1
    assert not [text for text in TEXTS if text.encode() in everything_hidden(clinic, report)]


def everything_hidden(clinic: Clinic, report: ImportReport) -> bytes:
    hidden = clinic.vault.hidden
    return b"".join(
        to_json(each.record).encode() + b"".join(unpack_headers(hidden.headers(each.record.id)))
        for each in report.stored
    )


def test_a_hostile_photo_is_refused_while_it_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(marked_jpeg()[:700])
    (tmp_path / "text.txt").write_text("no picture")

    found = list(look_at((tmp_path,), lambda *_: None, lambda: False))

    assert [type(one) for one in found] == [Refusal, Refusal]
    reasons = [one.reason for one in found if isinstance(one, Refusal)]
    assert reasons == ["The file is damaged and cannot be read.", "This is not an image file."]


def test_a_photo_that_was_changed_after_it_was_looked_at_is_not_stored(
    clinic: Clinic, photos: Path
) -> None:
    chosen = tuple(Chosen(one, Label()) for one in looked_at(photos / "a.jpg"))
    (photos / "a.jpg").write_bytes(marked_jpeg(picture=np.zeros((5, 5, 3), np.uint8)))

    report = import_photos(clinic, ImportPhotos("1001", chosen))

    assert not report.stored
    assert "changed" in report.refusals[0].reason


def test_a_surface_is_kept_bit_for_bit_with_its_unit_and_a_picture(
    clinic: Clinic, tmp_path: Path
) -> None:
    ball = trimesh.creation.icosphere(radius=0.03)
    (tmp_path / "guide.stl").write_bytes(bytes(ball.export(file_type="stl")))

    report = put(clinic, Label(ImageKind.MODEL), tmp_path / "guide.stl")

    record = report.kept[0].record
    assert (record.kind, record.state) == (ImageKind.MODEL, ImageState.KEPT)
    assert record.description == f"STL model, {len(ball.faces)} triangles"
    assert any(note.startswith("The file is in metres") for note in record.notes)
    stored = clinic.vault.open_pixels(record.id).tobytes()
    assert stored == (tmp_path / "guide.stl").read_bytes()
    small = clinic.vault.thumbnails((record.id,))[record.id]
    assert small.shape == (256, 256, 3)
    assert small.any()
    again = put(clinic, Label(ImageKind.MODEL), tmp_path / "guide.stl")
    assert not again.new


def test_a_document_is_kept_whole_and_its_pages_can_be_looked_at(
    clinic: Clinic, tmp_path: Path
) -> None:
    canvas = Canvas(str(tmp_path / "plan.pdf"), pagesize=(300, 400))
    for colour in (1, 0):
        canvas.setFillColorRGB(colour, 0, 0)
        canvas.rect(0, 0, 300, 400, fill=1)
        canvas.showPage()
    canvas.save()

    record = put(clinic, Label(ImageKind.DOCUMENT), tmp_path / "plan.pdf").kept[0].record
    shown = look_at_document(clinic, LookAtDocument(record.id, 1))

    assert (record.kind, record.description) == (ImageKind.DOCUMENT, "PDF, 2 pages")
    assert clinic.vault.open_pixels(record.id).tobytes() == (tmp_path / "plan.pdf").read_bytes()
    assert (shown.page, shown.pages) == (1, 2)
    assert shown.picture is not None
    assert not shown.picture[50, 50].any()
    newest = trail.open_trail(clinic, trail.OpenTrail())
    views = newest.page(EventFilter(kinds=frozenset({EventKind.VIEW})), 0, 5)
    assert views[0].entry.why == "document, page 2"
    with pytest.raises(ImageNotShown):
        look_at_document(clinic, LookAtDocument(_shown_image(clinic)))


def test_a_report_that_was_imported_can_be_read_as_text(clinic: Clinic, tmp_path: Path) -> None:
    shutil.copy(str(get_testdata_file("test-SR.dcm")), tmp_path / "report.dcm")
    report = importing.import_paths(clinic, importing.ImportPaths((tmp_path / "report.dcm",)))
    kept = report.stored[0].record
    if report.waiting:
        put_in_chart = charts_of(clinic, kept.id)
        assert put_in_chart

    shown = look_at_document(clinic, LookAtDocument(kept.id))

    assert shown.report is not None
    assert any(line.value == "3 cm" for line in shown.report.lines)


def charts_of(clinic: Clinic, image_id: ImageId) -> tuple[ImageRecord, ...]:
    """Have what waits assigned to the one chart there is."""
    chart = library.list_store(clinic, library.ListStore("1001"))[0].patient
    waits = clinic.vault.hidden.record(image_id).patient_id
    request = waiting.AssignWaiting(waits, chart.id, "seen", (image_id,))
    return tuple(waiting.assign_waiting(clinic, request))


def _shown_image(clinic: Clinic) -> ImageId:
    chart = library.list_store(clinic, library.ListStore("1001"))[0]
    images = [image for study in chart.studies for image in study.images]
    return next(image.id for image in images if image.state is ImageState.SHOWN)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
@pytest.mark.parametrize("kind", [ImageKind.PHOTO, ImageKind.PANORAMIC, ImageKind.DOCUMENT])
def test_the_headers_made_for_photos_and_scans_are_valid_dicom(
    clinic: Clinic, photos: Path, tmp_path: Path, kind: ImageKind
) -> None:
    name = "a.jpg" if kind is ImageKind.PHOTO else "c.tif"
    label = Label(kind, teeth=(Tooth(11),), laterality="R")
    report = put(clinic, label, photos / name)
    record = report.new[0].record
    ds = pydicom.dcmread(io.BytesIO(_headers(clinic, report)[0]), force=True)
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds.PixelData = clinic.vault.open_pixels(record.id).tobytes()
    ds["PixelData"].VR = "OB" if record.dtype == "uint8" else "OW"
    ds.save_as(tmp_path / "made.dcm", enforce_file_format=True)

    said = subprocess.run(
        ["dciodvfy", str(tmp_path / "made.dcm")], capture_output=True, text=True, check=False
    )

    errors = [line for line in said.stderr.splitlines() if line.startswith("Error")]
    assert errors == []


def test_the_command_line_puts_photos_into_a_chart(tmp_path: Path, photos: Path) -> None:
    found(tmp_path / "shop", FileKeyStore(tmp_path / "keys.json"))
    office = Office(tmp_path / "shop", tmp_path / "keys.json")
    assert office.bitewing("import", str(write_images(tmp_path / "in", cbct=False))).status == 0

    said = office.bitewing(
        "photo", "add", str(photos / "a.jpg"), "--patient", "1001", "--view", "Smile",
        "--teeth", "11,12", "--date", "2025-02-03", "--json",
    )  # fmt: skip
    wrong = office.bitewing("photo", "add", str(photos), "--patient", "9", "--teeth", "99")

    assert said.status == 0, said.err
    assert [each["modality"] for each in json.loads(said.out)["stored"]] == ["XC"]
    assert "no tooth" in wrong.err


@attrs.frozen
class Said:
    status: int
    out: str
    err: str


@attrs.frozen
class Office:
    store: Path
    keys: Path

    def bitewing(self, *words: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        before = ["--store", str(self.store), "--keystore", f"file:{self.keys}"]
        before += ["--user", OFFICER, "--password-file", "-"]
        status = run([*before, *words], Console(out, err, io.StringIO(f"{PASSWORD}\n")))
        return Said(status, out.getvalue(), err.getvalue())
