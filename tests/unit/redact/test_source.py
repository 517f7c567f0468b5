"""Which stored pictures may be shared plane by plane under the headers that they came with."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from tests.support import dicom_files
from tests.support.pictures import volume
from viewer.dicom.headers import pack_headers
from viewer.dicom.parse import parse
from viewer.dicom.write import to_bytes
from viewer.redact.errors import SourceUnreadable
from viewer.redact.source import ShareSubject, instances_of


def _headers() -> list[bytes]:
    return [
        parse(memoryview(to_bytes(dataset))).header_bytes
        for dataset in dicom_files.ct(dicom_files.axial_affine(), planes=4)
    ]


def _subject(caution: str, headers: list[bytes]) -> ShareSubject:
    picture = volume(dicom_files.voxels(4), dicom_files.axial_affine())
    record = attrs.evolve(picture.record, caution=caution)
    return ShareSubject(record, picture.pixels, pack_headers(headers))


@pytest.mark.parametrize("caution", ["", "Part 1 of 2"])
def test_a_volume_that_is_its_slices_is_shared_slice_by_slice(caution: str) -> None:
    found = instances_of(_subject(caution, _headers()))
    assert [one.planes for one in found] == [(0,), (1,), (2,), (3,)]


@pytest.mark.parametrize(
    "caution",
    ["Resampled: tilt 18.5°", "Part 2 of 2. Resampled: uneven slices", "Slices missing: 3"],
)
def test_a_volume_that_is_not_what_its_headers_say_is_not_shared_under_them(caution: str) -> None:
    with pytest.raises(SourceUnreadable, match="even grid"):
        instances_of(_subject(caution, _headers()))


def test_a_volume_without_headers_says_why_it_is_not_shared() -> None:
    with pytest.raises(SourceUnreadable, match="no DICOM"):
        instances_of(_subject("", []))


def test_a_part_of_a_file_is_not_shared_under_the_header_of_the_whole() -> None:
    dataset = dicom_files.ct(dicom_files.axial_affine(), planes=4)[0]
    dataset.NumberOfFrames = 8
    dataset.PixelData = np.concatenate([dicom_files.voxels(4)] * 2).tobytes()
    header = parse(memoryview(to_bytes(dataset))).header_bytes
    with pytest.raises(SourceUnreadable, match="part of a file"):
        instances_of(_subject("", [header]))
