"""Written data sets: the standard's own checker and independent readers judge them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.support import dicom_files
from tests.support.tools import dicom_errors
from viewer.dicom import write
from viewer.dicom.encode import transcode
from viewer.dicom.errors import Unsupported
from viewer.model.image import ImageKind, Photometric
from viewer.model.tooth import Tooth

_PIXELS = (np.arange(24 * 18, dtype=np.uint16) * 5).reshape(24, 18)


def _periapical() -> Dataset:
    return write.intraoral(
        dicom_files.PATIENT,
        dicom_files.study(),
        _PIXELS,
        kind=ImageKind.PERIAPICAL,
        teeth=[Tooth(55)],
        laterality="R",
        spacing_mm=(0.02, 0.02),
        patient_orientation=("A", "F"),
        photometric=Photometric.MONOCHROME1,
    )


def _panoramic() -> Dataset:
    return write.panoramic(dicom_files.PATIENT, dicom_files.study(), _PIXELS, spacing_mm=(0.1, 0.1))


def _ceph() -> Dataset:
    return write.cephalometric(
        dicom_files.PATIENT,
        dicom_files.study(),
        _PIXELS,
        spacing_mm=(0.1, 0.1),
        source_to_detector_mm=1500,
        source_to_patient_mm=1400,
    )


_KINDS = {
    "ct": lambda: dicom_files.ct(dicom_files.oblique_affine())[0],
    "bitewing": dicom_files.bitewing,
    "periapical": _periapical,
    "panoramic": _panoramic,
    "ceph": _ceph,
    "photo": dicom_files.photo,
}


@pytest.mark.parametrize("kind", _KINDS)
def test_dciodvfy_finds_no_error_in_a_written_picture(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.dcm"
    path.write_bytes(write.to_bytes(_KINDS[kind]()))
    assert dicom_errors(path) == []


@pytest.mark.parametrize("kind", _KINDS)
def test_pydicom_reads_back_the_written_pixels(kind: str, tmp_path: Path) -> None:
    dataset = _KINDS[kind]()
    path = tmp_path / "picture.dcm"
    path.write_bytes(write.to_bytes(dataset))
    assert dcmread(path).pixel_array.tobytes() == dataset.PixelData


@pytest.mark.parametrize("affine", [dicom_files.axial_affine(), dicom_files.oblique_affine()])
def test_simpleitk_finds_the_voxels_where_the_affine_puts_them(
    affine: np.ndarray, tmp_path: Path
) -> None:
    paths = dicom_files.save(tmp_path, dicom_files.ct(affine))
    image = SimpleITK.ReadImage([str(path) for path in paths])
    for index in ((0, 0, 0), (19, 0, 0), (0, 23, 0), (7, 11, 5)):
        expected = affine @ (*index, 1)
        assert (
            image.TransformContinuousIndexToPhysicalPoint(  # type: ignore[no-untyped-call]
                [float(i) for i in index]
            )
            == pytest.approx(expected[:3], abs=1e-4)
        )


def test_the_teeth_of_an_intraoral_picture_are_snomed_codes() -> None:
    codes = [item.CodeValue for item in dicom_files.bitewing().PrimaryAnatomicStructureSequence]
    assert codes == ["865988009", "866006002"]


def test_a_decimal_string_never_exceeds_sixteen_characters() -> None:
    affine = dicom_files.axial_affine()
    affine[:3, 3] = (-123.456789012345, 1e-17, 1 / 3)
    position = dicom_files.ct(affine)[0].ImagePositionPatient
    assert all(len(str(x)) <= 16 for x in position)
    assert [float(x) for x in position] == pytest.approx(affine[:3, 3], abs=1e-9)


def test_a_lossy_transfer_syntax_is_refused() -> None:
    with pytest.raises(Unsupported):
        transcode(dicom_files.bitewing(), "1.2.840.10008.1.2.4.50")
