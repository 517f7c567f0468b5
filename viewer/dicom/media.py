"""The table of contents of a medium: a DICOMDIR over numbered files, as CDs of images have it.

Source: PS3.10 8.6 (file-set), PS3.3 F.3 and F.5 (directory records), PS3.11 D (General Purpose CD).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import zip_longest

import attrs
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import dcmread
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from viewer.dicom import attributes
from viewer.dicom.parse import parse

_IN_USE, _UTF_8 = 0xFFFF, "ISO_IR 192"
_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY = ("StudyDate", "StudyTime", "StudyDescription", "StudyInstanceUID", "StudyID")
_SERIES = ("Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription")
_INVENTED = {
    "PatientID": "NONE",
    "StudyDate": "19000101",
    "StudyTime": "000000",
    "StudyID": "1",
    "Modality": "OT",
    "SeriesNumber": "0",
}
_KINDS = {
    "1.2.840.10008.5.1.4.1.1.11.1": "PRESENTATION",
    "1.2.840.10008.5.1.4.1.1.88": "SR DOCUMENT",
    "1.2.840.10008.5.1.4.1.1.104": "ENCAP DOC",
    "1.2.840.10008.5.1.4.1.1.66": "RAW DATA",
    "1.2.840.10008.5.1.4.1.1.481.2": "RT DOSE",
    "1.2.840.10008.5.1.4.1.1.481.3": "RT STRUCTURE SET",
    "1.2.840.10008.5.1.4.1.1.481.5": "RT PLAN",
    "1.2.840.10008.5.1.4.1.1.9": "WAVEFORM",
}
"""What is no IMAGE record, by how the SOP class begins."""


@attrs.frozen
class Listed:
    """One file of a medium: what its records say, in Unicode."""

    file_id: tuple[str, ...]
    patient: tuple[str, ...]
    study: tuple[str, ...]
    series: tuple[str, ...]
    number: str
    sop_class_uid: str
    sop_uid: str
    syntax_uid: str
    document: tuple[str, ...] = ()


def listed(file_id: tuple[str, ...], content: memoryview) -> Listed:
    """Read what the directory says of one file.

    Raises
    ------
    Malformed, Unsupported
        The file is no DICOM.
    """
    parsed = parse(content)
    ds = parsed.header
    return Listed(
        file_id,
        tuple(attributes.text(ds, keyword) for keyword in _PATIENT),
        tuple(attributes.text(ds, keyword) for keyword in _STUDY),
        tuple(attributes.text(ds, keyword) for keyword in _SERIES),
        str(attributes.number_of(ds, "InstanceNumber") or ""),
        attributes.text(ds, "SOPClassUID"),
        attributes.text(ds, "SOPInstanceUID"),
        parsed.syntax.uid,
        tuple(attributes.text(ds, each) for each in ("ContentDate", "ContentTime", "ContentLabel")),
    )


def directory(files: Sequence[Listed]) -> bytes:
    """Return the DICOMDIR of some files, in UTF-8, whatever their own letters.

    Each record points to its next neighbour and to its first child by their places in the file.
    """
    tree = [_of_patient(group) for group in _grouped(files, lambda one: one.patient)]
    nodes = list(_flat(tree))
    ds = _root([node.record for node in nodes])
    content = _written(ds)  # with zeros, to learn the places
    items = dcmread(BytesIO(content)).DirectoryRecordSequence
    for node, item in zip(nodes, items, strict=True):
        node.place = int(item.seq_item_tell)
    _link(tree)
    if tree:
        ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = tree[0].place
        ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = tree[-1].place
    return _written(ds)


@attrs.define(eq=False)
class _Node:
    record: Dataset
    below: list[_Node] = attrs.field(factory=list)
    place: int = 0


def _flat(nodes: Iterable[_Node]) -> Iterator[_Node]:
    for node in nodes:
        yield node
        yield from _flat(node.below)


def _link(nodes: Sequence[_Node]) -> None:
    for node, after in zip_longest(nodes, nodes[1:]):
        record = node.record
        record.OffsetOfTheNextDirectoryRecord = after.place if after else 0
        first = node.below[0].place if node.below else 0
        record.OffsetOfReferencedLowerLevelDirectoryEntity = first
        _link(node.below)


def _grouped(
    files: Iterable[Listed], key_of: Callable[[Listed], Hashable]
) -> Iterable[list[Listed]]:
    groups: dict[Hashable, list[Listed]] = {}
    for one in files:
        groups.setdefault(key_of(one), []).append(one)
    return groups.values()


def _of_patient(files: list[Listed]) -> _Node:
    node = _Node(_record("PATIENT", _filled(_PATIENT, files[0].patient)))
    node.below = [_of_study(group) for group in _grouped(files, lambda one: one.study[3])]
    return node


def _of_study(files: list[Listed]) -> _Node:
    values = _filled(_STUDY, files[0].study)
    node = _Node(_record("STUDY", {**values, "AccessionNumber": ""}))
    node.below = [_of_series(group) for group in _grouped(files, lambda one: one.series[1])]
    return node


def _of_series(files: list[Listed]) -> _Node:
    node = _Node(_record("SERIES", _filled(_SERIES, files[0].series)))
    node.below = [_Node(_file(one, number)) for number, one in enumerate(files, 1)]
    return node


def _filled(keywords: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Return what a record says; what no record may lack and the file does is made up here."""
    found = zip(keywords, values, strict=True)
    return {keyword: value or _INVENTED.get(keyword, "") for keyword, value in found}


def _file(one: Listed, number: int) -> Dataset:
    kind = next((k for uid, k in _KINDS.items() if one.sop_class_uid.startswith(uid)), "IMAGE")
    record = _record(kind, {"InstanceNumber": one.number or str(number)})
    if kind != "IMAGE" and one.document:
        record.ContentDate, record.ContentTime = one.document[:2]
    if kind == "PRESENTATION":
        record.ContentLabel = one.document[2] or "UNNAMED"
    record.ReferencedFileID = list(one.file_id)
    record.ReferencedSOPClassUIDInFile = one.sop_class_uid
    record.ReferencedSOPInstanceUIDInFile = one.sop_uid
    record.ReferencedTransferSyntaxUIDInFile = one.syntax_uid
    return record


def _record(kind: str, values: Mapping[str, str]) -> Dataset:
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = _IN_USE
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = kind
    record.SpecificCharacterSet = _UTF_8
    for keyword, value in values.items():
        setattr(record, keyword, value)
    return record


def _root(records: list[Dataset]) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.ImplementationVersionName = "BITEWING"
    ds.FileSetID = "IMAGES"
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    ds.FileSetConsistencyFlag = 0
    ds.DirectoryRecordSequence = Items(records)
    return ds


def _written(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
