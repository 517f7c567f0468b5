"""A file taken for like another one says what a full reading of it says, or is not taken."""

from __future__ import annotations

from datetime import datetime

import attrs
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.support import dicom_files
from viewer.dicom.encode import transcode
from viewer.dicom.likeness import MOST_VARYING_BYTES, Likeness
from viewer.dicom.parse import parse
from viewer.dicom.write import to_bytes
from viewer.ingest.describe import describe, describe_own
from viewer.ingest.protocol import FrameFacts, Header


def _model(content: bytes) -> tuple[Likeness | None, Header]:
    parsed = parse(memoryview(content))
    return Likeness.of(memoryview(content), parsed), describe(parsed)


def _by_likeness(model: bytes, other: bytes) -> Header | None:
    likeness, header = _model(model)
    assert likeness is not None
    match = likeness.match(other[: likeness.most_header_bytes], len(other))
    if match is None:
        return None
    own = describe_own(match, header)
    first = header.frames[0]
    marks = attrs.evolve(first.marks, acquisition=own.acquisition)
    return attrs.evolve(
        header,
        sop_uid=own.sop_uid,
        number=own.number,
        acquired=own.acquired,
        frames=(FrameFacts(own.place, first.grey, marks),),
        layout=attrs.evolve(header.layout, start=own.start),
        data_set=own.data_set,
    )


def _wholly(content: bytes) -> Header:
    return describe(parse(memoryview(content)))


def _slices() -> list[Dataset]:
    """Return slices that differ in all that may, with values of different lengths."""
    datasets = dicom_files.ct(dicom_files.oblique_affine(), planes=4)
    for n, ds in enumerate(datasets):
        uid = UID("1.2.3." + "45" * (n + 1))
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid
        ds.InstanceNumber, ds.AcquisitionNumber = 7 * 10**n, n // 2
        ds.AcquisitionTime, ds.ContentTime = f"1010{n:02d}", "10" if n % 2 else "101112.25"
        ds.SliceLocation, ds.XRayTubeCurrent = n / 3, 10**n
    return datasets


def test_each_slice_read_by_likeness_is_the_slice_read_wholly() -> None:
    contents = [to_bytes(ds) for ds in _slices()]
    for model in contents:
        for other in contents:
            assert _by_likeness(model, other) == _wholly(other)


def test_the_times_of_a_slice_are_its_own() -> None:
    datasets = _slices()
    datasets[1].AcquisitionDate, datasets[1].AcquisitionTime = "20200102", "030405"
    found = _by_likeness(to_bytes(datasets[0]), to_bytes(datasets[1]))
    assert found is not None
    assert found.acquired == datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001  DICOM times are local


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", "SOMEBODY-ELSE"),
        ("PatientName", "Other^Name"),
        ("SeriesInstanceUID", "1.2.3"),
        ("RescaleSlope", "2"),
        ("PixelSpacing", [9, 9]),
        ("ImageOrientationPatient", [0, 1, 0, 0, 0, 1]),
        ("Rows", 4),
        ("BurnedInAnnotation", "YES"),
        ("InstanceNumber", None),
        ("ImageComments", "one more element"),
    ],
)
def test_a_file_that_differs_in_anything_else_is_not_taken_for_like(
    keyword: str, value: object
) -> None:
    first, second = _slices()[:2]
    if value is None:
        delattr(second, keyword)
    else:
        setattr(second, keyword, value)
    assert _by_likeness(to_bytes(first), to_bytes(second)) is None


def test_a_file_cut_anywhere_or_with_bytes_behind_is_not_taken_for_like() -> None:
    first, second = (to_bytes(ds) for ds in _slices()[:2])
    assert _by_likeness(first, second + b"\0\0") is None
    for length in (0, 1, 131, 140, 200, 400, 700, len(second) - 1):
        assert _by_likeness(first, second[:length]) is None


def test_a_varying_value_that_claims_more_than_there_may_be_is_not_taken() -> None:
    first, second = (to_bytes(ds) for ds in _slices()[:2])
    at = second.index(b"\x20\x00\x13\x00IS") + 6
    for claimed in (MOST_VARYING_BYTES + 2, 0xFFFF):
        lying = second[:at] + claimed.to_bytes(2, "little") + second[at + 2 :]
        assert _by_likeness(first, lying) is None


def test_compressed_and_implicit_files_are_no_models() -> None:
    dataset = dicom_files.ct(planes=1)[0]
    for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.80"):
        assert _model(to_bytes(transcode(dataset, syntax)))[0] is None
