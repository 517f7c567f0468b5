"""From files to arrivals: volumes where SimpleITK has them, refusals for the rest."""

from __future__ import annotations

import shutil
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.support import dicom_files
from viewer.dicom.encode import transcode
from viewer.dicom.headers import unpack_headers
from viewer.dicom.kept import what_in_words
from viewer.dicom.write import to_bytes
from viewer.ingest.arrival import Arrival, KeptFile, Refusal
from viewer.ingest.held import HeldHeaders
from viewer.ingest.importer import read
from viewer.model.errors import Cancelled
from viewer.model.image import ImageKind, ImageState, Photometric

_JPEG_LS = "1.2.840.10008.1.2.4.80"


def _read(*paths: Path) -> tuple[list[Arrival], list[Refusal]]:
    found = list(read(paths, progress=lambda *_: None, is_cancelled=lambda: False))
    arrivals = [one for one in found if isinstance(one, Arrival)]
    return arrivals, [one for one in found if isinstance(one, Refusal)]


def _modality_values(arrival: Arrival) -> NDArray[np.float64]:
    grey = arrival.picture.record.grey
    return arrival.picture.pixels.astype(np.float64) * grey.slope + grey.intercept


def _assert_same_as_simpleitk(arrival: Arrival, folder: Path) -> None:
    reader = SimpleITK.ImageSeriesReader()  # type: ignore[no-untyped-call]
    names = reader.GetGDCMSeriesFileNames(str(folder))  # type: ignore[no-untyped-call]
    reader.SetFileNames(names)  # type: ignore[no-untyped-call]
    image = reader.Execute()  # type: ignore[no-untyped-call]
    theirs = SimpleITK.GetArrayFromImage(image)
    affine, voxels = arrival.picture.affine, _modality_values(arrival)
    corners = [(0, 0, 0), *(tuple(n - 1 for n in voxels.shape[::-1]),), (1, 2, 1)]
    for index in corners:
        point = (affine @ (*index, 1))[:3]
        there = image.TransformPhysicalPointToIndex([float(x) for x in point])
        back = image.TransformIndexToPhysicalPoint(there)
        assert back == pytest.approx(point, abs=1e-3)
        assert theirs[there[::-1]] == voxels[index[::-1]]
    is_turned = image.TransformPhysicalPointToIndex([float(x) for x in affine[:3, 3]])[2] != 0
    assert np.array_equal(theirs[::-1] if is_turned else theirs, voxels)


def _flipped_affine() -> NDArray[np.float64]:
    affine = dicom_files.axial_affine()
    affine[:3, :3] = affine[:3, :3] @ np.diag([-1.0, 1.0, 1.0])
    return affine


@pytest.mark.parametrize(
    "affine", [dicom_files.axial_affine(), dicom_files.oblique_affine(), _flipped_affine()]
)
def test_a_generated_series_is_the_volume_that_simpleitk_reads(
    affine: NDArray[np.float64], tmp_path: Path
) -> None:
    dicom_files.save(tmp_path, dicom_files.ct(affine))
    arrivals, refusals = _read(tmp_path)
    assert refusals == []
    assert len(arrivals) == 1
    _assert_same_as_simpleitk(arrivals[0], tmp_path)


def test_the_real_phantom_is_the_volume_that_simpleitk_reads(
    shared_data: Path, tmp_path: Path
) -> None:
    for path in (shared_data / "ct-geometry" / "philips_phantom_5mm").glob("I*"):
        shutil.copyfile(path, tmp_path / path.name)
    arrivals, refusals = _read(tmp_path)
    assert refusals == []
    assert [arrival.picture.record.shape for arrival in arrivals] == [(28, 512, 512)]
    _assert_same_as_simpleitk(arrivals[0], tmp_path)


def test_each_kind_of_picture_arrives_with_its_facts(tmp_path: Path) -> None:
    dicom_files.save(tmp_path, [dicom_files.bitewing(), dicom_files.photo()])
    arrivals, _ = _read(tmp_path)
    by_kind = {arrival.picture.record.kind: arrival for arrival in arrivals}
    bitewing, photo = by_kind[ImageKind.BITEWING], by_kind[ImageKind.PHOTO]
    record = bitewing.picture.record
    assert bitewing.patient.display_name == "Muster, Märta"
    assert (record.teeth, record.laterality, record.burned_in) == ((26, 36), "L", "NO")
    assert (record.shape, record.dtype) == ((40, 30), "uint16")
    assert record.patient_orientation == ("P", "F")
    assert photo.picture.record.shape == (18, 22, 3)
    assert photo.picture.record.grey.photometric is Photometric.RGB
    assert photo.thumbnail.tolist() == photo.picture.pixels.tolist()


def test_pixels_are_the_stored_bytes_and_their_digest_is_left_to_the_store(tmp_path: Path) -> None:
    dataset = dicom_files.bitewing()
    dicom_files.save(tmp_path, [dataset])
    arrivals, _ = _read(tmp_path)
    assert arrivals[0].picture.pixels.tobytes() == dataset.PixelData
    assert arrivals[0].picture.record.pixel_sha256 == ""


def test_the_headers_are_kept_bit_for_bit_without_pixels(tmp_path: Path) -> None:
    datasets = dicom_files.ct(planes=3)
    paths = dicom_files.save(tmp_path, datasets)
    arrivals, _ = _read(tmp_path)
    kept = unpack_headers(arrivals[0].headers)
    assert len(kept) == 3
    assert all(header in path.read_bytes() for header, path in zip(kept, paths, strict=True))
    assert all(len(header) < 3000 for header in kept)


def test_slices_with_different_rescales_become_modality_values(tmp_path: Path) -> None:
    datasets = dicom_files.ct(planes=3)
    for n, dataset in enumerate(datasets):
        dataset.RescaleSlope, dataset.RescaleIntercept = n + 1, -100 * n
    dicom_files.save(tmp_path, datasets)
    arrivals, _ = _read(tmp_path)
    picture = arrivals[0].picture
    stored = dicom_files.voxels(3).astype(np.int64)
    expected = [plane * (n + 1) - 100 * n for n, plane in enumerate(stored)]
    assert np.array_equal(picture.pixels, expected)
    assert (picture.record.grey.slope, picture.record.grey.intercept) == (1.0, 0.0)
    assert any("rescale" in note for note in picture.record.notes)


def test_a_series_of_two_orientations_becomes_two_volumes(tmp_path: Path) -> None:
    first = dicom_files.ct(dicom_files.axial_affine())
    second = dicom_files.ct(dicom_files.oblique_affine())
    _join_series(first[0], second)
    dicom_files.save(tmp_path, [*first, *second])
    arrivals, _ = _read(tmp_path)
    assert [arrival.picture.record.kind for arrival in arrivals] == [ImageKind.CBCT] * 2


def _join_series(pattern: Dataset, datasets: list[Dataset]) -> None:
    for dataset in datasets:
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
            setattr(dataset, keyword, getattr(pattern, keyword))


def test_a_damaged_slice_is_refused_and_its_plane_stays_empty(tmp_path: Path) -> None:
    datasets = [transcode(dataset, _JPEG_LS) for dataset in dicom_files.ct()]
    paths = dicom_files.save(tmp_path, datasets)
    content = bytearray(paths[2].read_bytes())
    content[-60:-20] = b"\xff" * 40
    paths[2].write_bytes(content)
    arrivals, refusals = _read(tmp_path)
    assert [refusal.source for refusal in refusals] == [paths[2]]
    (volume,) = arrivals
    record, pixels = volume.picture.record, volume.picture.pixels
    assert record.caution == "Slices missing: 3"
    assert (pixels[2] == record.grey.padding_from).all()
    assert np.array_equal(np.delete(pixels, 2, axis=0), np.delete(dicom_files.voxels(), 2, axis=0))


def test_files_that_are_no_pictures_are_refused_with_plain_reasons(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("read me")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    (tmp_path / "c.zip").write_bytes(b"PK\3\4" + bytes(50))
    (tmp_path / "d.dcm").write_bytes(b"")
    _, refusals = _read(tmp_path)
    assert sorted((refusal.name_hint, refusal.reason) for refusal in refusals) == [
        ("a.txt", "This is not an image file."),
        ("b.png", "The file is damaged and cannot be read."),
        ("c.zip", "The archive is damaged: it has no table of contents."),
        ("d.dcm", "This is not an image file."),
    ]


def test_links_are_refused_wherever_they_point(tmp_path: Path) -> None:
    outside, chosen = tmp_path / "outside", tmp_path / "chosen"
    outside.mkdir()
    chosen.mkdir()
    secret = dicom_files.save(outside, [dicom_files.bitewing()])[0]
    (chosen / "file.dcm").symlink_to(secret)
    (chosen / "folder").symlink_to(outside)
    arrivals, refusals = _read(chosen)
    assert arrivals == []
    assert sorted(refusal.name_hint for refusal in refusals) == ["file.dcm", "folder"]
    assert all("links are not followed" in refusal.reason for refusal in refusals)


def test_the_same_picture_twice_is_read_once(tmp_path: Path) -> None:
    path = dicom_files.save(tmp_path, [dicom_files.bitewing()])[0]
    shutil.copyfile(path, tmp_path / "zz.dcm")
    arrivals, refusals = _read(tmp_path)
    assert len(arrivals) == 1
    assert [refusal.name_hint for refusal in refusals] == ["zz.dcm"]


def test_a_disc_whose_files_lie_elsewhere_than_it_says_is_read_whole(shared_data: Path) -> None:
    arrivals, refusals = _read(shared_data / "ct-geometry" / "philips_phantom_5mm")
    assert len(arrivals) == 1
    assert refusals == []


def test_progress_rises_to_the_total_and_never_falls(tmp_path: Path) -> None:
    dicom_files.save(tmp_path, [*dicom_files.ct(), dicom_files.photo()])
    (tmp_path / "readme.txt").write_text("x")
    seen: list[tuple[int, int]] = []
    list(
        read(
            [tmp_path],
            progress=lambda done, total, _: seen.append((done, total)),
            is_cancelled=lambda: False,
        )
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (16, 16)


def test_cancelling_stops_at_the_next_file(tmp_path: Path) -> None:
    dicom_files.save(tmp_path, dicom_files.ct())
    steps: list[int] = []
    with pytest.raises(Cancelled):
        list(
            read(
                [tmp_path],
                progress=lambda done, *_: steps.append(done),
                is_cancelled=lambda: len(steps) >= 3,
            )
        )
    assert len(steps) == 3


@pytest.mark.parametrize(
    ("modality", "sop_class", "what"),
    [
        ("SR", "1.2.840.10008.5.1.4.1.1.88.33", "Structured report"),
        ("PR", "1.2.840.10008.5.1.4.1.1.11.1", "Presentation state"),
        ("SEG", "1.2.840.10008.5.1.4.1.1.66.4", "Segmentation"),
        ("KO", "1.2.840.10008.5.1.4.1.1.88.59", "Key object selection"),
        ("REG", "1.2.840.10008.5.1.4.1.1.66.1", "Spatial registration"),
        ("RTSTRUCT", "1.2.840.10008.5.1.4.1.1.481.3", "Contours"),
        ("M3D", "1.2.840.10008.5.1.4.1.1.104.3", "Surface model (STL)"),
        ("OT", "1.2.840.10008.5.1.4.1.1.99.99", "Unknown kind of object"),
    ],
)
def test_what_is_no_picture_says_what_it_is(modality: str, sop_class: str, what: str) -> None:
    dataset = Dataset()
    dataset.Modality, dataset.SOPClassUID = modality, sop_class
    assert what_in_words(dataset) == what


def test_an_object_without_a_picture_is_kept_whole_under_its_patient(tmp_path: Path) -> None:
    """Whatever it is: nothing that a disc holds is lost because it is not shown."""
    dataset = dicom_files.bitewing()
    dataset.Modality, dataset.SOPClassUID = "REG", "1.2.840.10008.5.1.4.1.1.66.1"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated"):
        delattr(dataset, keyword)
    (path,) = dicom_files.save(tmp_path, [dataset])
    hostile = b"MZ" + b"run me" * 21
    path.write_bytes(hostile + path.read_bytes()[128:])
    (kept,) = read([path], progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(kept, KeptFile)
    assert kept.content.tobytes() == bytes(128) + path.read_bytes()[128:]
    assert kept.record.state is ImageState.KEPT
    assert (kept.record.shape, kept.record.dtype) == ((path.stat().st_size,), "uint8")
    assert kept.record.reason.startswith("Spatial registration")
    assert kept.patient.display_name == "Muster, Märta"
    assert kept.record.sop_instance_uids == (dataset.SOPInstanceUID,)
    assert len(unpack_headers(kept.headers)) == 1


def test_the_real_reports_and_segmentations_are_kept(shared_data: Path) -> None:
    folder = shared_data / "dicom" / "highdicom"
    found = list(read([folder], progress=lambda *_: None, is_cancelled=lambda: False))
    kept = {one.record.modality for one in found if isinstance(one, KeptFile)}
    assert {"SR", "SEG"} <= kept


def test_a_file_that_vanishes_in_the_middle_is_one_refusal(tmp_path: Path) -> None:
    paths = dicom_files.save(tmp_path, [dicom_files.bitewing() for _ in range(5)])

    def vanish(done: int, _total: int, _what: str) -> None:
        if done == 5:
            paths[3].unlink(missing_ok=True)

    found = list(read([tmp_path], progress=vanish, is_cancelled=lambda: False))
    assert sum(isinstance(one, Arrival) for one in found) == 4
    refusals = [one for one in found if isinstance(one, Refusal)]
    assert [refusal.source for refusal in refusals] == [paths[3]]


def test_a_file_that_is_exchanged_between_header_and_picture_is_refused(tmp_path: Path) -> None:
    (path,) = dicom_files.save(tmp_path, [dicom_files.bitewing()])
    other = to_bytes(dicom_files.photo())

    def exchange(done: int, _total: int, _what: str) -> None:
        if done == 1:
            path.write_bytes(other)

    (found,) = read([path], progress=exchange, is_cancelled=lambda: False)
    assert isinstance(found, Refusal)
    assert "changed while it was read" in found.reason


def test_headers_that_memory_has_no_room_for_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dicom_files.save(tmp_path, [*dicom_files.ct(planes=5), dicom_files.bitewing()])
    usual, _ = _read(tmp_path)
    monkeypatch.setattr(HeldHeaders, "__init__", partialmethod(HeldHeaders.__init__, most_bytes=9))
    again, refusals = _read(tmp_path)
    assert refusals == []
    assert [one.headers for one in again] == [one.headers for one in usual]
    assert len(again) == 2


def test_a_large_document_within_dicom_is_kept_whole(tmp_path: Path) -> None:
    dataset = dicom_files.bitewing()
    dataset.Modality, dataset.SOPClassUID = "DOC", "1.2.840.10008.5.1.4.1.1.104.1"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated"):
        delattr(dataset, keyword)
    dataset.EncapsulatedDocument = b"%PDF-1.4\n" + bytes((40 << 20) - 9)
    (path,) = dicom_files.save(tmp_path, [dataset])
    (kept,) = read([path], progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(kept, KeptFile)
    assert kept.record.kind is ImageKind.DOCUMENT
    assert kept.record.size_bytes == path.stat().st_size
    assert len(kept.headers) < 1 << 20
