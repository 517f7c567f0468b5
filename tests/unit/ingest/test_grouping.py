"""Multi-frame files: their functional groups say whether they are a volume."""

from __future__ import annotations

from pathlib import Path

import data_store
import numpy as np
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.support import dicom_files
from tests.support.series import source
from viewer.dicom.encode import transcode
from viewer.dicom.write import to_bytes
from viewer.ingest.arrival import Arrival
from viewer.ingest.grouping import plan
from viewer.ingest.importer import read
from viewer.model.image import ImageKind

_ORDER = (2, 0, 3, 1)


def _item(keyword: str, **attributes: object) -> Dataset:
    inner, outer = Dataset(), Dataset()
    for name, value in attributes.items():
        setattr(inner, name, value)
    setattr(outer, keyword, Sequence([inner]))
    return outer


def _enhanced() -> Dataset:
    """Return one multi-frame CT whose frames come in the order of `_ORDER`."""
    planes = dicom_files.ct(dicom_files.oblique_affine(), planes=4)
    dataset = planes[0]
    shared = _item("PixelMeasuresSequence", PixelSpacing=dataset.PixelSpacing)
    shared.update(
        _item("PlaneOrientationSequence", ImageOrientationPatient=dataset.ImageOrientationPatient)
    )
    shared.update(_item("PixelValueTransformationSequence", RescaleSlope=2, RescaleIntercept=-1000))
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _item("PlanePositionSequence", ImagePositionPatient=planes[n].ImagePositionPatient)
        for n in _ORDER
    )
    dataset.PixelData = b"".join(planes[n].PixelData for n in _ORDER)
    dataset.NumberOfFrames = len(_ORDER)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, keyword)
    return dataset


def _only_arrival(dataset: Dataset, folder: Path) -> Arrival:
    (folder / "frames.dcm").write_bytes(to_bytes(dataset))
    (found,) = read([folder], progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(found, Arrival)
    return found


def test_shuffled_frames_are_put_in_their_places(tmp_path: Path) -> None:
    picture = _only_arrival(_enhanced(), tmp_path).picture
    assert picture.record.kind is ImageKind.CBCT
    assert np.array_equal(picture.pixels, dicom_files.voxels(4))
    assert np.allclose(picture.affine, dicom_files.oblique_affine(), atol=1e-9)
    assert (picture.record.grey.slope, picture.record.grey.intercept) == (2.0, -1000.0)


def test_uneven_frames_stay_a_film_with_the_reason(tmp_path: Path) -> None:
    dataset = _enhanced()
    places = dataset.PerFrameFunctionalGroupsSequence
    far = places[0].PlanePositionSequence[0]
    far.ImagePositionPatient = [str(float(x) + 5) for x in far.ImagePositionPatient]
    record = _only_arrival(dataset, tmp_path).picture.record
    assert not record.is_volume
    assert record.shape == (4, 24, 20)
    assert "Not shown as a volume." in record.notes[0]


def test_frames_without_places_are_a_film_and_a_scan_of_such_says_so(tmp_path: Path) -> None:
    dataset = _enhanced()
    del dataset.PerFrameFunctionalGroupsSequence
    record = _only_arrival(dataset, tmp_path).picture.record
    assert (record.shape, record.affine_lps) == ((4, 24, 20), None)
    assert "does not say where its frames lie" in record.notes[0]


def _frame(at: int, **content: object) -> Dataset:
    """Return the functional groups of a frame at a plane of the oblique series."""
    planes = dicom_files.ct(dicom_files.oblique_affine(), planes=4)
    item = _item("PlanePositionSequence", ImagePositionPatient=planes[at].ImagePositionPatient)
    item.update(_item("FrameContentSequence", **content))
    return item


@pytest.mark.parametrize("syntax", ["", "1.2.840.10008.1.2.5"])
def test_points_in_time_in_one_file_are_a_volume_each(tmp_path: Path, syntax: str) -> None:
    dataset = _enhanced()
    order = [(at, time) for at in _ORDER for time in (2, 1)]
    voxels = {1: dicom_files.voxels(4), 2: dicom_files.voxels(4) + np.int16(5)}
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _frame(at, TemporalPositionIndex=time) for at, time in order
    )
    dataset.NumberOfFrames = len(order)
    dataset.PixelData = b"".join(voxels[time][at].tobytes() for at, time in order)
    if syntax:
        dataset = transcode(dataset, syntax)
    (tmp_path / "frames.dcm").write_bytes(to_bytes(dataset))
    early, late = read([tmp_path], progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(early, Arrival)
    assert isinstance(late, Arrival)
    assert np.array_equal(early.picture.pixels, voxels[1])
    assert np.array_equal(late.picture.pixels, voxels[2])
    assert np.allclose(late.picture.affine, dicom_files.oblique_affine(), atol=1e-9)
    assert "differ in point in time" in late.picture.record.notes[0]
    assert late.original is not None


def test_a_frame_that_is_missing_leaves_its_plane_empty(tmp_path: Path) -> None:
    dataset = _enhanced()
    planes = dicom_files.ct(dicom_files.oblique_affine(), planes=6)
    order = (4, 0, 3, 1, 5)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        _item("PlanePositionSequence", ImagePositionPatient=planes[n].ImagePositionPatient)
        for n in order
    )
    dataset.NumberOfFrames = len(order)
    dataset.PixelData = b"".join(planes[n].PixelData for n in order)
    arrival = _only_arrival(dataset, tmp_path)
    record, pixels = arrival.picture.record, arrival.picture.pixels
    assert record.caution == "Slices missing: 3"
    assert (pixels[2] == record.grey.padding_from).all()
    assert np.array_equal(np.delete(pixels, 2, 0), np.delete(dicom_files.voxels(6), 2, 0))
    assert arrival.original is not None


def test_each_frame_has_its_own_rescale(tmp_path: Path) -> None:
    dataset = _enhanced()
    slopes = {n: 1 + n for n in _ORDER}
    for n, item in zip(_ORDER, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        item.update(
            _item(
                "PixelValueTransformationSequence", RescaleSlope=slopes[n], RescaleIntercept=-n,
            )
        )  # fmt: skip
    picture = _only_arrival(dataset, tmp_path).picture
    expected = [plane.astype(int) * slopes[n] - n for n, plane in enumerate(dicom_files.voxels(4))]
    assert picture.record.dtype == "int16"
    assert np.array_equal(picture.pixels, np.stack(expected))
    assert (picture.record.grey.slope, picture.record.grey.intercept) == (1.0, 0.0)


def test_two_stacks_that_point_in_two_directions_are_two_volumes() -> None:
    dataset = _enhanced()
    groups = dataset.PerFrameFunctionalGroupsSequence
    turned = [(0, 1, 0, 0, 0, -1)] * 2
    for at, (item, axes) in enumerate(zip(groups[:2], turned, strict=True)):
        item.update(_item("PlaneOrientationSequence", ImageOrientationPatient=list(axes)))
        item.PlanePositionSequence[0].ImagePositionPatient = [float(at), 0.0, 0.0]
    one, other = plan([source(dataset)])
    assert {one.planes, other.planes} == {2}
    assert sorted(one.slots[0]) == sorted(other.slots[0]) == [-1, -1, 0, 1]
    assert not one.is_whole


@pytest.mark.parametrize(
    "sop_class",
    [
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
        "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
        "1.2.840.10008.5.1.4.1.1.13.1.2",  # X-Ray 3D Craniofacial
        "1.2.840.10008.5.1.4.1.1.7.3",  # Multi-frame Grayscale Word Secondary Capture
    ],
)
def test_every_class_of_frames_with_places_is_a_volume(sop_class: str) -> None:
    dataset = _enhanced()
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    (one,) = plan([source(dataset)])
    assert np.allclose(one.affine, dicom_files.oblique_affine(), atol=1e-9)
    assert one.is_whole


def test_frames_of_a_real_enhanced_ct_lie_where_simpleitk_has_them() -> None:
    path = Path(data_store.__file__).parent / "data" / "eCT_Supplemental.dcm"
    (found,) = read([path], progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(found, Arrival)
    picture, image = found.picture, SimpleITK.ReadImage(str(path))
    values = SimpleITK.GetArrayFromImage(image)
    grey = picture.record.grey
    for k, plane in enumerate(picture.pixels):
        x, y, z = (float(v) for v in (picture.affine @ (0, 0, k, 1))[:3])
        i, j, there = image.TransformPhysicalPointToIndex((x, y, z))
        assert (i, j) == (0, 0)
        assert np.array_equal(plane * grey.slope + grey.intercept, values[there])
