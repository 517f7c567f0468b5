"""Side and teeth as devices write them: attributes, functional groups, codes old and new."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from viewer.dicom.attributes import laterality_of, orientation_of, teeth_of
from viewer.dicom.codes import Code, item_of, sequence_of


def _with(**elements: object) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize(
    ("said", "side"),
    [("R", "R"), ("L ", "L"), ("LEFT", "L"), ("RIGHT", "R"), ("B", "B"), ("X", "")],
)
def test_a_side_is_read_as_devices_write_it(said: str, side: str) -> None:
    assert laterality_of(_with(ImageLaterality=said)) == side


def test_the_images_side_counts_before_the_series() -> None:
    assert laterality_of(_with(ImageLaterality="L", Laterality="R")) == "L"
    assert laterality_of(_with(ImageLaterality="", Laterality="R")) == "R"


@pytest.mark.parametrize(
    ("code", "scheme", "side"),
    [("24028007", "SCT", "R"), ("G-A101", "SRT", "L"), ("51440002", "SCT", "B")],
)
def test_a_side_that_only_a_modifier_says_is_read(code: str, scheme: str, side: str) -> None:
    region = item_of(Code("661005", "SCT", "Jaw region"))
    region.AnatomicRegionModifierSequence = sequence_of(Code(code, scheme, "side"))
    assert laterality_of(_with(AnatomicRegionSequence=Sequence([region]))) == side


def test_the_side_of_a_frame_is_read_from_its_functional_group() -> None:
    anatomy = _with(FrameLaterality="R")
    shared = _with(FrameAnatomySequence=Sequence([anatomy]))
    ds = _with(SharedFunctionalGroupsSequence=Sequence([shared]))
    assert laterality_of(ds) == "R"


@pytest.mark.parametrize(
    ("code", "scheme"),
    [
        ("866006002", "SCT"),
        ("T-54390", "SRT"),
        ("T-54390", "SNM3"),
        ("36", "ISO3950"),
        ("36", "FDI"),
    ],
)
def test_a_tooth_is_read_in_every_coding_scheme(code: str, scheme: str) -> None:
    structure = sequence_of(Code(code, scheme, "tooth"))
    assert teeth_of(_with(PrimaryAnatomicStructureSequence=structure)) == (36,)
    region = item_of(Code("661005", "SCT", "Jaw region"))
    region.AnatomicRegionModifierSequence = structure
    assert teeth_of(_with(AnatomicRegionSequence=Sequence([region]))) == (36,)


def test_an_orientation_is_directions_or_nothing() -> None:
    assert orientation_of(_with(PatientOrientation=["A", "F"])) == ("A", "F")
    assert orientation_of(_with(PatientOrientation=["LP", "FA"])) == ("LP", "FA")
    assert orientation_of(_with(PatientOrientation=["1", "2"])) is None
