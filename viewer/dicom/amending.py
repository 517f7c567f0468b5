"""What a person changed, written into a DICOM file; every other byte of it stays as it was.

Whose picture it is, which side, which teeth, how it lies and how large a pixel is may be corrected
in the chart. On the way out the corrected elements take the place of the old ones, and the old
values go into Original Attributes Sequence.

Source: PS3.3 C.12.1 (SOP Common: 0400,0561), C.7.1.1, C.7.6.1.1.1, C.8.3.1; 10.7 for spacing.
"""

from __future__ import annotations

import struct
import zlib
from datetime import datetime

import attrs
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence as Items

from viewer.dicom import attributes, codes
from viewer.dicom.codes import sequence_of
from viewer.dicom.parse import Parsed, meta_end, parse
from viewer.dicom.teeth import code_of_tooth, teeth_of_codes
from viewer.model.image import ImageRecord, PixelSpacing, SpacingSource
from viewer.model.patient import NameParts, Patient, name_groups
from viewer.model.tooth import Tooth

_ORIGINAL = 0x04000561
_UPPER = frozenset((1, 2, 5, 6))
_UTF_8 = "ISO_IR 192"
_SYSTEM = "BITEWING"


@attrs.frozen(eq=False)
class Changes:
    """Elements that take the place of others, and when that is written down."""

    elements: Dataset
    made: datetime

    @property
    def keywords(self) -> tuple[str, ...]:
        """What they are called in the standard."""
        return tuple(element.keyword for element in self.elements)


def changes_of(
    content: memoryview, patient: Patient, record: ImageRecord, made: datetime
) -> Changes | None:
    """Compare a picture's first file with what the chart says now; None where nothing changed.

    Whose it is counts only where a person decided so: a chart that is found by other capitals or
    an accent less changes no file.

    Raises
    ------
    Malformed, Unsupported
        The file is no DICOM.
    """
    header = parse(content).header
    fresh = Dataset()
    if record.arrived_as is not None:
        _put_patient(fresh, attributes.patient_of(header), patient)
    if record.laterality != attributes.laterality_of(header):
        fresh.ImageLaterality = record.laterality
        if not record.laterality and attributes.text(header, "Laterality"):
            fresh.Laterality = ""  # the series' would be read in its place
    if record.teeth != attributes.teeth_of(header):
        _put_teeth(fresh, header, record.teeth)
    if not record.is_file:
        _put_geometry(fresh, header, record)
    return Changes(fresh, made) if fresh else None


def _put_geometry(fresh: Dataset, header: Dataset, record: ImageRecord) -> None:
    if record.patient_orientation != attributes.orientation_of(header):
        fresh.PatientOrientation = list(record.patient_orientation or ())
    _put_spacing(fresh, attributes.spacing_of(header), record.spacing)


def amended(content: memoryview, changes: Changes | None) -> bytes | memoryview:
    """Return a DICOM file with changes in it; the very bytes where there are none.

    Raises
    ------
    Malformed, Unsupported
        The file is no DICOM.
    """
    if changes is None:
        return content
    parsed = parse(content)
    fresh = Dataset()
    fresh.update(changes.elements)
    fresh.OriginalAttributesSequence = _with_old(parsed.header, fresh, changes.made)
    return _spliced(content, parsed, _encoded(parsed, fresh))


def _put_patient(fresh: Dataset, was: Patient, now: Patient) -> None:
    if was.chart_number != now.chart_number:
        fresh.PatientID = now.chart_number
    if (was.family_name, was.given_name) != (now.family_name, now.given_name):
        fresh.PatientName = _raw_name(was, now)
    if was.birth_date != now.birth_date:
        fresh.PatientBirthDate = f"{now.birth_date:%Y%m%d}" if now.birth_date else ""
    if now.sex and was.sex != now.sex:
        fresh.PatientSex = now.sex


def _raw_name(was: Patient, now: Patient) -> str:
    """Return the chart's name as DICOM writes it, in all groups if they are of this name."""
    groups = _first_names(now.raw_name)
    if groups == (now.family_name, now.given_name) and now.raw_name != was.raw_name:
        return now.raw_name
    return f"{now.family_name}^{now.given_name}"


def _first_names(raw_name: str) -> tuple[str, str]:
    group = next((each for each in name_groups(raw_name) if each.words), NameParts())
    return group.family, " ".join(filter(None, (group.given, group.middle)))


def _put_teeth(fresh: Dataset, header: Dataset, teeth: tuple[Tooth, ...]) -> None:
    fresh.PrimaryAnatomicStructureSequence = sequence_of(*(code_of_tooth(t) for t in teeth))
    if _has_region_without_teeth(header):
        return
    if teeth or header.get("AnatomicRegionSequence"):
        jaws = {tooth // 10 in _UPPER for tooth in teeth}
        one = codes.MAXILLA if True in jaws else codes.MANDIBLE
        fresh.AnatomicRegionSequence = sequence_of(one if len(jaws) == 1 else codes.JAW_REGION)


def _has_region_without_teeth(header: Dataset) -> bool:
    """Whether there is a region that may stay: its modifiers name no tooth that would stay too."""
    regions = header.get("AnatomicRegionSequence")
    if not isinstance(regions, Items) or not regions:
        return False
    modifiers = (codes.codes_in(item, "AnatomicRegionModifierSequence") for item in regions)
    return not any(teeth_of_codes(each) for each in modifiers)


def _put_spacing(fresh: Dataset, was: PixelSpacing | None, now: PixelSpacing | None) -> None:
    if now is None or now == was or now.source is not SpacingSource.CALIBRATED:
        return
    fresh.PixelSpacing = [f"{now.row_mm:.10g}", f"{now.column_mm:.10g}"]
    fresh.PixelSpacingCalibrationType = "FIDUCIAL"
    fresh.PixelSpacingCalibrationDescription = "Known length measured on the image"


def _with_old(header: Dataset, fresh: Dataset, made: datetime) -> Items:
    """Return the sequence with one more item: what the changed elements said before."""
    old = Dataset()
    for element in fresh:
        if element.tag in header:
            old[element.tag] = header.get_item(element.tag)  # raw: in the letters it came in
        else:
            old.add_new(element.tag, element.VR, Items() if element.VR == "SQ" else None)
    item = Dataset()
    item.ModifiedAttributesSequence = Items([old])
    item.AttributeModificationDateTime = f"{made:%Y%m%d%H%M%S}"
    item.ModifyingSystem = _SYSTEM
    item.SourceOfPreviousValues = ""
    item.ReasonForTheAttributeModification = "CORRECT"
    return Items([*(header.get("OriginalAttributesSequence") or ()), item])


def _encoded(parsed: Parsed, fresh: Dataset) -> dict[int, bytes]:
    """Return the elements to put in, by tag, as the file writes them.

    Where the file's character set lacks a letter of the new ones, all text goes over to UTF-8.
    """
    declared = attributes.text(parsed.header, "SpecificCharacterSet")
    if declared != _UTF_8 and not all(_is_plain(element.value) for element in fresh):
        fresh = _all_in_utf_8(parsed.header, fresh)
        declared = _UTF_8
    return {int(element.tag): _bytes_of(element, parsed, declared) for element in fresh}


def _all_in_utf_8(header: Dataset, fresh: Dataset) -> Dataset:
    whole = Dataset()
    for tag in sorted(header.keys()):
        raw = header.get_item(tag)
        vr = raw.VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
        if vr in attributes.LETTERS and tag.group % 2 == 0:
            whole.add_new(tag, vr, attributes.reading_of(header, tag).text.split("\\"))
        elif vr == "SQ":
            whole[tag] = header[tag]
    whole.decode()
    for element in fresh:
        whole[element.tag] = element
    for item in whole.get("OriginalAttributesSequence") or ():
        for old in item.get("ModifiedAttributesSequence") or ():
            _decode_old(header, old)
    whole.SpecificCharacterSet = _UTF_8
    return whole


def _decode_old(header: Dataset, old: Dataset) -> None:
    for tag in list(old.keys()):
        raw = old.get_item(tag)
        if isinstance(raw.value, bytes) and (raw.VR or dictionary_VR(tag)) in attributes.LETTERS:
            old.add_new(tag, dictionary_VR(tag), attributes.reading_of(header, tag).text)


def _is_plain(value: object) -> bool:
    return isinstance(value, Items) or str(value).isascii()


def _bytes_of(element: DataElement, parsed: Parsed, declared: str) -> bytes:
    one = Dataset()
    one[element.tag] = element
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = parsed.syntax.is_implicit
    buffer.is_little_endian = not parsed.syntax.is_big_endian
    write_dataset(buffer, one, parent_encoding=declared.split("\\") if declared else "ISO_IR 6")
    return bytes(buffer.getvalue())


def _spliced(content: memoryview, parsed: Parsed, elements: dict[int, bytes]) -> bytes:
    """Put elements into a file, each in its place or in that of the old one."""
    body, tops = parsed.body, parsed.tops
    waiting = sorted(elements.items())
    parts: list[bytes | memoryview] = []
    for start, stop in zip(tops, (*tops[1:], len(body)), strict=True):
        tag = _tag_at(body, start, big=parsed.syntax.is_big_endian)
        while waiting and waiting[0][0] <= tag:
            parts.append(waiting.pop(0)[1])
        if tag not in elements:
            parts.append(body[start:stop])
    parts += [new for _, new in waiting]
    fresh = b"".join(parts)
    before = content[: parsed.body_offset]
    if parsed.syntax.is_deflated:
        before, fresh = content[: meta_end(content)], _deflated(fresh)
    return b"".join((before, fresh))


def _tag_at(body: memoryview, at: int, *, big: bool) -> int:
    group, element = struct.unpack_from(">HH" if big else "<HH", body, at)
    return int(group) << 16 | int(element)


def _deflated(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = stream.compress(body) + stream.flush()
    return packed + b"\0" * (len(packed) % 2)
