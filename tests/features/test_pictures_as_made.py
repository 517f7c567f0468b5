"""Tables, overlays, frames and odd pixels of a file, from import to what is opened and shared."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import attrs
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.support import dicom_files, shares
from tests.support.practice import OFFICER, PASSWORD, open_clinic
from viewer.app.clinic import Clinic
from viewer.app.use_cases import importing, library
from viewer.dicom.write import to_bytes
from viewer.ingest.arrival import Arrival
from viewer.ingest.importer import read
from viewer.model.ids import ImageId, PatientId
from viewer.model.image import Picture
from viewer.redact.apply import apply_plan
from viewer.redact.plan import ShareSubject, make_plan
from viewer.redact.profiles import profile_named

_NAME = b"DOE^JANE IN THE OVERLAY."


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        yield clinic


def _with_overlay() -> Dataset:
    ds = dicom_files.bitewing()
    ds.add_new(0x60000010, "US", ds.Rows)
    ds.add_new(0x60000011, "US", ds.Columns)
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    size = ds.Rows * ds.Columns // 8
    ds.add_new(0x60003000, "OW", _NAME.ljust(size, b"\0"))
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        if keyword in ds:
            delattr(ds, keyword)
    ds.PixelAspectRatio = [2, 1]
    entries = np.arange(4096, dtype="<u2")
    item = Dataset()
    item.add_new(0x00283002, "US", [4096, 0, 12])
    item.add_new(0x00283006, "OW", entries.tobytes())
    ds.VOILUTSequence = [item]
    return ds


def _opened(clinic: Clinic) -> Picture:
    (chart,) = library.list_store(clinic, library.ListStore())
    (record,) = [image for study in chart.studies for image in study.images]
    return library.open_image(clinic, library.OpenImage(record.id))


def test_table_overlay_and_proportion_are_there_when_the_picture_is_opened(
    clinic: Clinic, tmp_path: Path
) -> None:
    source = tmp_path / "in" / "picture.dcm"
    source.parent.mkdir()
    source.write_bytes(to_bytes(_with_overlay()))
    importing.import_paths(clinic, importing.ImportPaths((source.parent,)))
    picture = _opened(clinic)
    assert picture.record.aspect == 2.0
    assert np.array_equal(picture.record.grey.tables[0].entries, np.arange(4096))
    (plane,) = picture.overlays
    assert plane.packed.tobytes().startswith(_NAME)


def test_what_is_shared_holds_no_overlay(tmp_path: Path) -> None:
    (tmp_path / "picture.dcm").write_bytes(to_bytes(_with_overlay()))
    for content in _shared(tmp_path):
        assert _NAME not in content


def test_a_colour_film_leaves_with_all_its_frames(tmp_path: Path) -> None:
    ds = dicom_files.photo()
    ds.NumberOfFrames = 3
    ds.PixelData = ds.PixelData * 3
    (tmp_path / "film.dcm").write_bytes(to_bytes(ds))
    wanted = np.frombuffer(ds.PixelData, np.uint8).reshape(3, ds.Rows, ds.Columns, 3)
    (shared,) = [content for content in _shared(tmp_path) if content[128:132] == b"DICM"]
    frames = pydicom.dcmread(BytesIO(shared)).pixel_array
    # Below each frame a band may say who it was shared with.
    assert np.array_equal(frames[:, : ds.Rows], wanted)


def _shared(folder: Path) -> list[bytes]:
    (arrival,) = read([folder], progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(arrival, Arrival)
    record = attrs.evolve(
        arrival.picture.record, id=ImageId("1" * 32), patient_id=PatientId("0" * 32)
    )
    subject = ShareSubject(record, arrival.picture.pixels, arrival.headers)
    plan = make_plan([subject], profile_named("referral"), shares.FACTS)
    plan = plan.confirmed({doubt.id for doubt in plan.doubts})
    return [bytes(file.content) for file in apply_plan(plan, [subject])]
