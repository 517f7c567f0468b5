"""Multi-frame files: their functional groups say whether they are a volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.support import dicom_files
from viewer.dicom.write import to_bytes
from viewer.ingest.arrival import Arrival
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


def test_frames_without_places_are_a_film(tmp_path: Path) -> None:
    dataset = _enhanced()
    del dataset.PerFrameFunctionalGroupsSequence
    record = _only_arrival(dataset, tmp_path).picture.record
    assert (record.shape, record.affine_lps, record.notes) == ((4, 24, 20), None, ())
