"""One file that holds two volumes: both are stored, and neither conflicts with the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.support import dicom_files
from tests.support.practice import OFFICER, PASSWORD, open_clinic
from viewer.app.charting import SAME_IDENTIFIER
from viewer.app.use_cases import importing
from viewer.dicom.write import to_bytes


def _item(keyword: str, **attributes: object) -> Dataset:
    inner, outer = Dataset(), Dataset()
    for name, value in attributes.items():
        setattr(inner, name, value)
    setattr(outer, keyword, Sequence([inner]))
    return outer


def _two_points_in_time() -> Dataset:
    planes = dicom_files.ct(dicom_files.oblique_affine(), planes=4)
    dataset, frames = planes[0], []
    for time in (1, 2):
        for plane in planes:
            frame = _item("PlanePositionSequence", ImagePositionPatient=plane.ImagePositionPatient)
            frame.update(_item("FrameContentSequence", TemporalPositionIndex=time))
            frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    voxels = dicom_files.voxels(4)
    dataset.PixelData = voxels.tobytes() + (voxels + np.int16(3)).tobytes()
    dataset.NumberOfFrames = 8
    return dataset


def test_both_volumes_of_one_file_are_stored_once_and_a_changed_one_still_waits(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    dataset = _two_points_in_time()
    (tmp_path / "in" / "frames.dcm").write_bytes(to_bytes(dataset))
    with open_clinic(tmp_path / "store") as clinic:
        clinic.log_in(OFFICER, PASSWORD)
        request = importing.ImportPaths((tmp_path / "in",))
        report = importing.import_paths(clinic, request)
        assert [each.record.shape for each in report.new] == [(4, 24, 20)] * 2
        assert len({each.patient.id for each in report.new}) == 1
        again = importing.import_paths(clinic, request)
        assert again.new == ()
        assert [each.patient.chart_number for each in again.stored] == ["T-0042"] * 2
        dataset.PixelData = dataset.PixelData[:-2] + b"\x07\x07"
        (tmp_path / "in" / "frames.dcm").write_bytes(to_bytes(dataset))
        (changed,) = importing.import_paths(clinic, request).new
        assert SAME_IDENTIFIER in changed.record.notes
        assert changed.patient.id != report.new[0].patient.id
