from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from reportlab.pdfgen.canvas import Canvas

from viewer.ingest.foreign.document_facts import MAX_DEPTH, is_readable
from viewer.ingest.foreign.pages import page_picture, pages_of
from viewer.ingest.foreign.refusals import PhotoRefused
from viewer.ingest.foreign.reports import report_of


def a_pdf(*, password: str = "", script: bool = False, side: float = 300) -> bytes:
    buffer = io.BytesIO()
    made = Canvas(buffer, pagesize=(side, side * 4 / 3), encrypt=password or None)
    made.drawString(50, 300, "Plan of treatment")
    if script:
        made.linkURL("http://127.0.0.1:9/", (0, 0, 300, 400))
        made.acroForm.textfield(name="name", x=50, y=50, width=100, height=20, value="typed")
    made.showPage()
    made.setFillColorRGB(1, 0, 0)
    made.rect(0, 0, side / 2, side * 4 / 3, stroke=0, fill=1)
    made.showPage()
    made.save()
    return buffer.getvalue()


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is not installed")
def test_a_page_looks_as_poppler_draws_it(tmp_path: Path) -> None:
    (tmp_path / "in.pdf").write_bytes(a_pdf())
    order = ["pdftoppm", "-r", "72", "-png", str(tmp_path / "in.pdf"), str(tmp_path / "page")]
    subprocess.run(order, check=True, timeout=60)

    for page in (0, 1):
        theirs = np.asarray(Image.open(tmp_path / f"page-{page + 1}.png").convert("RGB"))
        ours = page_picture(a_pdf(), page, 400)
        assert ours.shape == theirs.shape == (400, 300, 3)
        assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 3


def test_an_encapsulated_document_is_the_same_document() -> None:
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    ds.SOPInstanceUID = "1.2.3"
    ds.EncapsulatedDocument = a_pdf() + b"\0" * (len(a_pdf()) % 2)
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)

    assert pages_of(buffer.getvalue()).count == 2
    assert np.array_equal(page_picture(buffer.getvalue(), 1, 200), page_picture(a_pdf(), 1, 200))


def test_forms_are_not_drawn_and_links_are_not_followed() -> None:
    plain, active = page_picture(a_pdf(), 0, 400), page_picture(a_pdf(script=True), 0, 400)

    assert plain.shape == active.shape
    field = active[330:350, 50:150]
    assert not (field < 60).all(axis=-1).any()  # no typed letters


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (a_pdf(password="secret"), "password"),
        (a_pdf()[:200], "damaged"),
        (b"%PDF-1.7\n" + b"<" * 5000, "damaged"),
    ],
)
def test_a_document_that_cannot_be_read_says_why(content: bytes, words: str) -> None:
    with pytest.raises(PhotoRefused, match=words):
        pages_of(content)


def test_a_page_of_a_kilometre_is_refused_and_a_page_too_many_is_none() -> None:
    with pytest.raises(PhotoRefused):
        page_picture(a_pdf(side=20_000), 0, 400)
    with pytest.raises(PhotoRefused):
        page_picture(a_pdf(), 2, 400)


def lines_of(content: bytes) -> list[str]:
    return ["  " * each.depth + f"{each.name}: {each.value}" for each in report_of(content).lines]


def test_a_measurement_report_reads_as_names_values_and_units(shared_data: Path) -> None:
    folder = shared_data / "dicom/dwv_sr_dicomdir/annotation/tid1500-0"

    lines = lines_of((folder / "sr-ruler.dcm").read_bytes())

    assert lines[0] == "Imaging Measurement Report: "
    assert any(line.strip() == "Length: 4.025316455696 mm" for line in lines)
    assert any("Source Image: refers to an image" in line for line in lines)


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dcmtk is not installed")
def test_every_text_and_number_that_dcmtk_finds_is_in_the_lines() -> None:
    path = str(get_testdata_file("test-SR.dcm"))
    done = subprocess.run(["dsrdump", "-Ec", path], capture_output=True, check=False, timeout=60)
    said = " ".join(lines_of(Path(path).read_bytes()))

    assert b"TEXT" in done.stdout
    for words in ("A mass of", "was detected.", "3 cm", "Sample Code 1", "circle with 2 points"):
        assert words in said


def deep_report(depth: int, text: str = "x") -> bytes:
    ds = inner = Dataset()
    for _ in range(depth):
        item = Dataset()
        item.ValueType, item.TextValue = "TEXT", text
        inner.ContentSequence = [item]
        inner = item
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.3"
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def test_mark_up_and_control_characters_are_only_text() -> None:
    report = report_of(deep_report(1, "<b>x</b><script>\x1b[31m\x07</script>"))

    assert report.lines[-1].value.startswith("<b>x</b><script>")
    assert is_readable(report)


def test_a_report_without_end_is_cut_and_says_so() -> None:
    report = report_of(deep_report(20, "y" * 60_000))

    assert report.lines[-1].name.startswith("… the report is longer")
    assert is_readable(report)
    assert max(line.depth for line in report.lines) <= MAX_DEPTH


def test_what_has_no_content_is_no_report() -> None:
    with pytest.raises(PhotoRefused, match="no report"):
        report_of(deep_report(0))
