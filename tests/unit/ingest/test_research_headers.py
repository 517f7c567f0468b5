"""Headers of volume files, bent at random: facts within bounds or a plain refusal, nothing else."""

from __future__ import annotations

import gzip
import io

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.dicom.errors import DicomRefused
from viewer.ingest.research.facts import VolumeFacts, is_bare, is_sensible
from viewer.ingest.research.jobs import read_facts
from viewer.model.json import from_json, to_json

_NRRD = (
    b"NRRD0005\ntype: short\ndimension: 4\nspace: right-anterior-superior\nsizes: 4 5 6 2\n"
    b"space directions: (1,0,0) (0,2,0) (0,0,3) none\nkinds: space space space list\n"
    b"endian: big\nencoding: gzip\nspace origin: (1,2,3)\nbyte skip: 0\ndata file: a.raw\n\n"
)
_META = (
    b"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
    b"CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 1 2 3\n"
    b"AnatomicalOrientation = RAI\nElementSpacing = 1 2 3\nDimSize = 4 5 6\n"
    b"ElementType = MET_SHORT\nElementDataFile = LOCAL\n"
)


def _nifti() -> bytes:
    image = nibabel.Nifti1Image(np.zeros((4, 5, 6), np.int16), np.diag([1.0, 2, 3, 1]))
    image.header.set_xyzt_units("mm")
    buffer = io.BytesIO()
    image.to_file_map({"image": nibabel.FileHolder(fileobj=buffer)})
    return buffer.getvalue()[:352]


_SEEDS = (_NRRD, _META, _nifti(), gzip.compress(_nifti()))


@given(
    seed=st.sampled_from(_SEEDS),
    changes=st.lists(
        st.tuples(st.integers(0, 400), st.binary(min_size=0, max_size=6), st.integers(0, 8)),
        min_size=1,
        max_size=5,
    ),
    end=st.integers(1, 500),
)
@settings(max_examples=600, deadline=None)
def test_a_bent_header_is_facts_or_a_refusal(
    seed: bytes, changes: list[tuple[int, bytes, int]], end: int
) -> None:
    content = bytearray(seed)
    for place, put, cut in changes:
        at = place % (len(content) + 1)
        content[at : at + cut] = put
    try:
        facts = read_facts(bytes(content[: max(end, 20)]))
    except DicomRefused:
        return
    assert isinstance(is_sensible(facts), bool)
    assert from_json(to_json(facts), VolumeFacts) == facts


@pytest.mark.parametrize(
    "name", ["../a.raw", "a/b.raw", "a\\b.raw", "C:a.raw", "..", ".", "", "a\0b", "x" * 300]
)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    assert not is_bare(name)
