"""A parsed file into what the parent needs to know of it. Runs in the decoding child."""

from __future__ import annotations

import base64
import struct
from datetime import datetime
from functools import lru_cache

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from viewer.dicom import attributes as read
from viewer.dicom import kept
from viewer.dicom.errors import DicomRefused
from viewer.dicom.explicit import explicit_of
from viewer.dicom.geometry import PlanePlace, place_of
from viewer.dicom.greyscale import doubts_of, grey_of
from viewer.dicom.layout import PixelLayout, layout_of
from viewer.dicom.likeness import Match, small_data_set
from viewer.dicom.marks import acquisition_of, marks_of
from viewer.dicom.overlays import overlays_of
from viewer.dicom.parse import Parsed
from viewer.dicom.rebuild import is_rebuilt
from viewer.ingest.protocol import FrameFacts, Header, Kept, OwnFacts
from viewer.model.bit_planes import pack
from viewer.model.image import ImageKind

_UNWRITABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, struct.error)
_BULK = (0x00420011, 0x54000100)  # an encapsulated document, waveforms
_MOST_KEPT_HEADER = 4 << 20
_LOST = "Some header elements could not be kept: they are damaged."


def describe(parsed: Parsed) -> Header:
    """Read all facts of one picture.

    Raises
    ------
    NotAnImage, Unsupported, Malformed
    """
    ds = parsed.header
    kept.refuse_what_is_no_picture(ds)
    layout = layout_of(parsed)
    data_set, notes = _kept(parsed)
    planes, lost = _overlays(parsed, layout)
    return Header(
        patient=read.patient_of(ds),
        study=read.study_of(ds),
        series=read.series_of(ds),
        sop_uid=read.sop_uid_of(ds),
        sop_class_uid=read.text(ds, "SOPClassUID"),
        kind=read.kind_of(ds),
        is_localizer="LOCALIZER" in read.text(ds, "ImageType").upper(),
        layout=layout,
        frames=_frames(ds, layout),
        data_set=base64.b64encode(data_set).decode("ascii"),
        number=read.number_of(ds, "InstanceNumber"),
        acquired=read.acquired_of(ds),
        description=read.description_of(ds),
        burned_in=read.burned_in_of(ds),
        laterality=read.laterality_of(ds),
        patient_orientation=read.orientation_of(ds),
        teeth=read.teeth_of(ds),
        spacing=read.spacing_of(ds),
        pixel_aspect=read.pixel_aspect_of(ds),
        overlays=base64.b64encode(planes).decode("ascii"),
        notes=(*read.text_doubts(ds), *notes, *layout.notes, *lost, *doubts_of(ds)),
        is_rebuilt=not notes and is_rebuilt(parsed, layout),
    )


def describe_kept(parsed: Parsed, reason: DicomRefused) -> Kept:
    """Read who and what an object is that is kept whole, and say why it is not shown."""
    ds = parsed.header
    return Kept(
        what=kept.what_in_words(ds),
        reason=str(reason),
        patient=read.patient_of(ds),
        study=read.study_of(ds),
        series=read.series_of(ds),
        kind=_kept_kind(ds),
        sop_uid=read.sop_uid_of(ds),
        sop_class_uid=read.text(ds, "SOPClassUID"),
        number=read.number_of(ds, "InstanceNumber"),
        acquired=read.acquired_of(ds),
        description=read.description_of(ds),
        burned_in=read.burned_in_of(ds),
        laterality=read.laterality_of(ds),
        teeth=read.teeth_of(ds),
        data_set=base64.b64encode(_without_bulk(parsed)).decode("ascii"),
    )


def _overlays(parsed: Parsed, layout: PixelLayout) -> tuple[bytes, tuple[str, ...]]:
    place = parsed.pixels
    if place is None:
        return b"", ()
    value = parsed.body[place.start : place.start + place.length]
    planes, notes = overlays_of(parsed.header, layout, value)
    return pack(planes), notes


def describe_own(match: Match, model: Header) -> OwnFacts:
    """Read what a file says otherwise than the model that it is like."""
    ds = match.values
    return OwnFacts(
        sop_uid=read.sop_uid_of(ds),
        number=read.number_of(ds, "InstanceNumber"),
        acquired=_acquired(match.times),
        place=_place(ds, 0, model.layout),
        start=match.pixels_start,
        data_set=base64.b64encode(match.header_bytes).decode("ascii"),
        acquisition=acquisition_of(ds),
    )


@lru_cache(maxsize=8)
def _acquired(times: bytes) -> datetime | None:
    """Read when a picture was taken; slices often say the same."""
    return read.acquired_of(small_data_set(times))


def _frames(ds: Dataset, layout: PixelLayout) -> tuple[FrameFacts, ...]:
    groups = ds.get("PerFrameFunctionalGroupsSequence")
    has_groups = isinstance(groups, Sequence) and len(groups) == layout.frames
    facts = [
        FrameFacts(_place(ds, frame, layout), grey_of(ds, layout, frame), marks_of(ds, frame))
        for frame in range(layout.frames if has_groups else 1)
    ]
    return tuple(facts)


def _place(ds: Dataset, frame: int, layout: PixelLayout) -> PlanePlace | None:
    if layout.is_colour:
        return None
    return place_of(ds, frame)


def _kept(parsed: Parsed) -> tuple[bytes, tuple[str, ...]]:
    """Return the header in Explicit VR Little Endian, bit for bit where it came so."""
    syntax = parsed.syntax
    if not syntax.is_big_endian:
        if not syntax.is_implicit:
            return parsed.header_bytes, ()
        return explicit_of(memoryview(parsed.header_bytes)), ()
    try:
        return _explicit(parsed.header), ()
    except _UNWRITABLE:
        return _explicit_by_element(parsed.header), (_LOST,)


def _explicit(ds: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    write_dataset(buffer, ds)
    return bytes(buffer.getvalue())


def _explicit_by_element(ds: Dataset) -> bytes:
    parts = []
    for tag in sorted(ds.keys()):
        one = Dataset()
        one.set_original_encoding(*ds.original_encoding)
        try:
            one[tag] = ds[tag]
            parts.append(_explicit(one))
        except _UNWRITABLE:
            continue
    return b"".join(parts)


def _kept_kind(ds: Dataset) -> ImageKind:
    if kept.is_surface(ds):
        return ImageKind.MODEL
    return ImageKind.DOCUMENT if kept.is_document(ds) else ImageKind.OTHER


def _without_bulk(parsed: Parsed) -> bytes:
    """Return the header without what makes it large: the file itself is kept as well."""
    try:
        small = Dataset()
        small.set_original_encoding(*parsed.header.original_encoding)
        for tag in sorted(parsed.header.keys()):
            if tag not in _BULK:
                small[tag] = parsed.header[tag]
        content = _explicit(small)
    except _UNWRITABLE:
        return b""
    return content if len(content) <= _MOST_KEPT_HEADER else b""
