"""The demo practice is complete, fictional, valid DICOM, and made only once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK

from viewer.demo import people
from viewer.demo.errors import DemoNotWritten
from viewer.demo.phantom import PhantomSpec, make_cbct
from viewer.demo.practice import (
    DemoManifest,
    DemoOptions,
    cached_demo_practice,
    write_demo_practice,
)
from viewer.model.errors import Cancelled
from viewer.model.image import ImageKind
from viewer.model.resources import resource_path

COARSE = DemoOptions(2.0, 0.6, 0.4, 0.8, 0.8, 2.0, 1.5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoManifest, list[float]]:
    folder = tmp_path_factory.mktemp("demo")
    shares: list[float] = []
    manifest = write_demo_practice(
        folder, progress=lambda share, what: shares.append(share), options=COARSE
    )
    return folder, manifest, shares


def test_it_holds_every_kind_of_picture(made: tuple[Path, DemoManifest, list[float]]) -> None:
    _, manifest, _ = made
    assert manifest.count(ImageKind.PERIAPICAL) >= 14
    assert manifest.count(ImageKind.BITEWING) >= 9
    assert manifest.count(ImageKind.PANORAMIC) >= 2
    assert manifest.count(ImageKind.CEPHALOMETRIC) == 2
    assert manifest.count(ImageKind.PHOTO) == 3
    assert manifest.count(ImageKind.CBCT) == 54


def test_progress_goes_up_to_one(made: tuple[Path, DemoManifest, list[float]]) -> None:
    shares = made[2]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_every_patient_is_fictional_and_keeps_name_and_script(
    made: tuple[Path, DemoManifest, list[float]],
) -> None:
    folder, manifest, _ = made
    names = {}
    for file in manifest.files:
        dataset = pydicom.dcmread(folder / file.name, stop_before_pixels=True)
        assert dataset.SpecificCharacterSet == "ISO_IR 192"
        names[str(dataset.PatientID)] = str(dataset.PatientName)
    assert names == {p.chart_number: p.raw_name for p in people.PATIENTS}
    assert all(number.startswith("DEMO-") for number in names)
    assert len(people.LONG.family_name) == 35


def test_burned_in_text_is_declared(made: tuple[Path, DemoManifest, list[float]]) -> None:
    folder, manifest, _ = made
    declared = {
        file.chart_number: pydicom.dcmread(folder / file.name).BurnedInAnnotation
        for file in manifest.files
        if file.kind is ImageKind.CEPHALOMETRIC
    }
    assert declared == {people.CHILD.chart_number: "YES", people.OSKAR.chart_number: "NO"}


def test_another_reader_sees_the_cbct_with_the_same_voxels_and_place(
    made: tuple[Path, DemoManifest, list[float]],
) -> None:
    folder, manifest, _ = made
    files = [str(folder / f.name) for f in manifest.files if f.kind is ImageKind.CBCT]
    itk: Any = SimpleITK
    reader = itk.ImageSeriesReader()
    reader.SetFileNames(files)
    image = reader.Execute()
    phantom = make_cbct(PhantomSpec(voxel_mm=COARSE.cbct_voxel_mm))
    grey = phantom.voxels_kji.astype(int) + int(phantom.intercept)
    assert np.array_equal(itk.GetArrayFromImage(image), grey)
    assert image.GetOrigin() == pytest.approx(tuple(phantom.affine_lps[:3, 3]))
    assert image.GetSpacing() == pytest.approx((2.0, 2.0, 2.0))
    assert image.GetDirection() == pytest.approx(np.eye(3).ravel())


def test_teeth_are_in_each_films_header(made: tuple[Path, DemoManifest, list[float]]) -> None:
    folder, manifest, _ = made
    films = [f for f in manifest.files if f.kind in (ImageKind.PERIAPICAL, ImageKind.BITEWING)]
    for file in films:
        dataset = pydicom.dcmread(folder / file.name, stop_before_pixels=True)
        assert len(dataset.PrimaryAnatomicStructureSequence) >= 2, file.name
        assert dataset.ImagerPixelSpacing[0] > 0


def test_cancelling_stops_at_once() -> None:
    with pytest.raises(Cancelled):
        write_demo_practice(Path("never-made"), is_cancelled=lambda: True, options=COARSE)
    assert not Path("never-made").exists()


@pytest.fixture
def small_practice(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make the practice one photo visit, and count how often it is made."""
    from viewer.demo import practice

    runs: list[int] = []
    photos = next(v for v in practice._VISITS if v.label == "Photos")

    def counted(options: DemoOptions):  # type: ignore[no-untyped-def]
        runs.append(1)
        return photos.make(options)

    monkeypatch.setattr(practice, "_VISITS", (practice._Visit("Photos", 1, counted),))
    return runs


def test_a_second_start_makes_nothing(tmp_path: Path, small_practice: list[int]) -> None:
    first = cached_demo_practice(tmp_path, options=COARSE)
    before = {p: p.stat().st_mtime_ns for p in first.rglob("*.dcm")}
    second = cached_demo_practice(tmp_path, options=COARSE)
    assert second == first
    assert {p: p.stat().st_mtime_ns for p in second.rglob("*.dcm")} == before
    assert len(small_practice) == 1


def _flip_a_byte(images: Path) -> None:
    path = next(images.rglob("*.dcm"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _remove_one(images: Path) -> None:
    next(images.rglob("*.dcm")).unlink()


def _slip_one_in(images: Path) -> None:
    (images / "evil.dcm").write_bytes(b"not written by us")


def _break_the_manifest(images: Path) -> None:
    (images.parent / "manifest.json").write_text("{")


@pytest.mark.parametrize("spoil", [_flip_a_byte, _remove_one, _slip_one_in, _break_the_manifest])
def test_a_spoiled_cache_is_made_anew(tmp_path: Path, small_practice: list[int], spoil) -> None:  # type: ignore[no-untyped-def]
    images = cached_demo_practice(tmp_path, options=COARSE)
    spoil(images)
    cached_demo_practice(tmp_path, options=COARSE)
    assert len(small_practice) == 2
    assert not (images / "evil.dcm").exists()
    assert [p.name for p in tmp_path.iterdir()] == [images.parent.name]


def test_a_cancelled_start_leaves_nothing_behind(tmp_path: Path, small_practice: list[int]) -> None:
    with pytest.raises(Cancelled):
        cached_demo_practice(tmp_path, is_cancelled=lambda: True, options=COARSE)
    assert small_practice
    assert not list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_is_a_plain_fault(
    tmp_path: Path, small_practice: list[int]
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DemoNotWritten) as fault:
        cached_demo_practice(tmp_path / "file", options=COARSE)
    assert not small_practice
    assert str(tmp_path) not in str(fault.value)


def test_resources_are_small_and_each_picture_has_its_licence() -> None:
    files = [p for p in resource_path("demo").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 8_000_000
    for folder in ("bitewing", "ceph", "photo"):
        assert "MIT License" in resource_path("demo", folder, "LICENSE").read_text("utf-8")
    assert "Apache License" in resource_path("demo", "cbct", "LICENSE.txt").read_text("utf-8")


def test_every_shipped_picture_is_named_in_the_list_of_sources() -> None:
    root = resource_path("demo")
    sources = (root / "SOURCES.md").read_text("utf-8")
    for path in root.rglob("*"):
        if path.is_file() and path.suffix in {".jpg", ".png", ".gz", ".json", ".toml"}:
            assert path.relative_to(root).as_posix() in sources


def test_shipped_pictures_carry_no_metadata() -> None:
    from PIL import Image

    for path in resource_path("demo").rglob("*.jpg"):
        with Image.open(path) as image:
            assert not image.getexif()


def test_the_staff_have_names_and_roles_and_no_passwords() -> None:
    text = resource_path("demo", "people.toml").read_text("utf-8")
    staff = tomllib.loads(text)["person"]
    assert {row["role"] for row in staff} >= {"dentist", "hygienist", "assistant", "front_desk"}
    assert all(set(row) == {"name", "role"} for row in staff)
