from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO

import attrs
import numpy as np
import pydicom
import pytest

from tests.support.dicom_twice import apart
from viewer.dicom import attributes
from viewer.dicom.amending import amended, changes_of
from viewer.dicom.encode import transcode
from viewer.dicom.parse import parse
from viewer.dicom.write import intraoral, to_bytes
from viewer.model.ids import ImageId, PatientId, SeriesUid, StudyUid
from viewer.model.image import ImageKind, ImageRecord, PixelSpacing, SpacingSource
from viewer.model.patient import Patient, Study
from viewer.model.tooth import Tooth

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PERSON = Patient(PatientId(""), "1001", "Rossi", "Lena", date(1987, 4, 12), "F", "Rossi^Lena")
SYNTAXES = {
    "explicit": "1.2.840.10008.1.2.1",
    "implicit": "1.2.840.10008.1.2",
    "big endian": "1.2.840.10008.1.2.2",
    "deflated": "1.2.840.10008.1.2.1.99",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "RLE": "1.2.840.10008.1.2.5",
}


def _file(syntax: str = SYNTAXES["explicit"], charset: str = "ISO_IR 192") -> bytes:
    study = Study(StudyUid("2.25.77"), PatientId(""), date(2026, 1, 2))
    pixels = np.arange(48, dtype=np.uint16).reshape(6, 8)
    ds = intraoral(
        PERSON, study, pixels, kind=ImageKind.PERIAPICAL, teeth=(Tooth(36),), laterality="L",
        spacing_mm=(0.03, 0.03), patient_orientation=("A", "F"),
    )  # fmt: skip
    ds.SpecificCharacterSet = charset
    ds.add_new(0x00091001, "UN", b"private\0")
    ds.add_new(0x00090010, "LO", "ACME")
    if syntax == SYNTAXES["big endian"]:
        ds.PixelData = pixels.byteswap().tobytes()
        ds.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        return to_bytes(ds)
    return to_bytes(transcode(ds, syntax))


def _record(content: bytes) -> ImageRecord:
    """Return what is known of the file as it came."""
    header = parse(memoryview(content)).header
    return ImageRecord(
        ImageId("0" * 32), PatientId("1" * 32), StudyUid("2.25.77"), SeriesUid("2.25.78"), (), "",
        "IO", ImageKind.PERIAPICAL, (6, 8), "uint16",
        laterality=attributes.laterality_of(header),
        patient_orientation=attributes.orientation_of(header),
        teeth=attributes.teeth_of(header),
        spacing=attributes.spacing_of(header),
    )  # fmt: skip


def _amended(content: bytes, patient: Patient, record: ImageRecord) -> bytes:
    view = memoryview(content)
    return bytes(amended(view, changes_of(view, patient, record, NOW)))


def test_what_nobody_changed_keeps_every_byte() -> None:
    content = _file()
    assert _amended(content, PERSON, _record(content)) == content


def test_a_chart_that_is_written_otherwise_changes_no_file_by_itself() -> None:
    content = _file()
    other = attrs.evolve(PERSON, family_name="ROSSI", sex="")
    assert _amended(content, other, _record(content)) == content


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=list(SYNTAXES))
def test_a_corrected_side_changes_its_element_alone_in_every_syntax(syntax: str) -> None:
    content = _file(syntax)
    changed = _amended(content, PERSON, attrs.evolve(_record(content), laterality="R"))
    paths = [each.path for each in apart(content, changed)]
    assert paths == ["(0020,0062)", "(0400,0561)"]
    ds = pydicom.dcmread(BytesIO(changed))
    assert ds.ImageLaterality == "R"
    assert ds.file_meta.TransferSyntaxUID == syntax
    (item,) = ds.OriginalAttributesSequence
    assert item.ModifiedAttributesSequence[0].ImageLaterality == "L"
    assert (item.ModifyingSystem, item.ReasonForTheAttributeModification) == ("BITEWING", "CORRECT")


def test_a_patient_whom_a_person_chose_is_written_with_the_old_one_kept() -> None:
    content = _file()
    chosen = Patient(PatientId("2" * 32), "2002", "Bianchi", "Ugo", date(1990, 1, 2), "M")
    record = attrs.evolve(_record(content), arrived_as=PERSON)
    ds = pydicom.dcmread(BytesIO(_amended(content, chosen, record)))
    said = (str(ds.PatientName), ds.PatientID, ds.PatientBirthDate, ds.PatientSex)
    assert said == ("Bianchi^Ugo", "2002", "19900102", "M")
    old = ds.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    was = (str(old.PatientName), old.PatientID, old.PatientBirthDate, old.PatientSex)
    assert was == ("Rossi^Lena", "1001", "19870412", "F")


def test_teeth_are_written_as_codes_that_read_back() -> None:
    content = _file()
    record = attrs.evolve(_record(content), teeth=(Tooth(16), Tooth(17)))
    ds = pydicom.dcmread(BytesIO(_amended(content, PERSON, record)))
    codes = [
        (item.CodeValue, item.CodingSchemeDesignator)
        for item in ds.PrimaryAnatomicStructureSequence
    ]
    assert codes == [("865995000", "SCT"), ("863902006", "SCT")]
    assert attributes.teeth_of(ds) == (16, 17)


def test_teeth_that_were_removed_do_not_come_back_from_the_regions_modifier() -> None:
    ds = pydicom.dcmread(BytesIO(_file()))
    modifier = ds.PrimaryAnatomicStructureSequence
    ds.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = modifier
    del ds.PrimaryAnatomicStructureSequence
    content = to_bytes(ds)
    assert attributes.teeth_of(ds) == (36,)
    changed = _amended(content, PERSON, attrs.evolve(_record(content), teeth=(Tooth(46),)))
    assert attributes.teeth_of(pydicom.dcmread(BytesIO(changed))) == (46,)


def test_a_cleared_side_is_not_read_from_the_series_again() -> None:
    ds = pydicom.dcmread(BytesIO(_file()))
    ds.Laterality = "L"
    content = to_bytes(ds)
    changed = _amended(content, PERSON, attrs.evolve(_record(content), laterality=""))
    assert attributes.laterality_of(pydicom.dcmread(BytesIO(changed))) == ""


def test_a_calibration_is_written_as_pixel_spacing_that_says_what_it_is() -> None:
    content = _file()
    spacing = PixelSpacing(0.025, 0.025, SpacingSource.CALIBRATED)
    changed = _amended(content, PERSON, attrs.evolve(_record(content), spacing=spacing))
    ds = pydicom.dcmread(BytesIO(changed))
    assert [float(each) for each in ds.PixelSpacing] == [0.025, 0.025]
    assert ds.PixelSpacingCalibrationType == "FIDUCIAL"
    assert [float(each) for each in ds.ImagerPixelSpacing] == [0.03, 0.03]
    assert attributes.spacing_of(ds) == spacing


def test_a_second_correction_keeps_the_first_one() -> None:
    content = _file()
    once = _amended(content, PERSON, attrs.evolve(_record(content), laterality="R"))
    twice = _amended(once, PERSON, attrs.evolve(_record(once), laterality="B"))
    items = pydicom.dcmread(BytesIO(twice)).OriginalAttributesSequence
    was = [item.ModifiedAttributesSequence[0].ImageLaterality for item in items]
    assert was == ["L", "R"]


def test_a_name_that_the_files_letters_lack_takes_all_text_over_to_utf_8() -> None:
    ds = pydicom.dcmread(BytesIO(_file()))
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.StudyDescription = "Größe"
    content = to_bytes(ds)
    chosen = Patient(PatientId("2" * 32), "2002", "山田", "太郎", raw_name="山田^太郎")
    record = attrs.evolve(_record(content), arrived_as=PERSON)
    fresh = pydicom.dcmread(BytesIO(_amended(content, chosen, record)))
    assert fresh.SpecificCharacterSet == "ISO_IR 192"
    assert (str(fresh.PatientName), fresh.StudyDescription) == ("山田^太郎", "Größe")
    assert fresh.PixelData == ds.PixelData


def test_private_elements_stay_where_they_were() -> None:
    content = _file()
    changed = _amended(content, PERSON, attrs.evolve(_record(content), laterality="R"))
    ds = pydicom.dcmread(BytesIO(changed))
    assert ds[0x00091001].value == b"private\0"
