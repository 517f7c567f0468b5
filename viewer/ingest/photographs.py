"""Photos and scans in the parent: looked at for the person, then read with what he said of them.

The child alone sees the file. Nothing but pixels, the time and kinds of what was left behind
comes back, so nothing of place, device or people can be stored.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.dicom.greyscale import with_extremes
from viewer.dicom.headers import pack_headers
from viewer.dicom.secondary import class_and_modality, header_of
from viewer.ingest.arrival import Arrival, KeptFile
from viewer.ingest.errors import FileRefused
from viewer.ingest.foreign.facts import (
    SMALL_SIDE,
    DecodedPage,
    Photo,
    PhotoPage,
    is_of,
    is_sensible,
    scale_note,
    stripped_words,
)
from viewer.ingest.source import Source
from viewer.ingest.thumbnail import thumbnail
from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid, new_id
from viewer.model.image import GreyScale, ImageKind, ImageRecord, Photometric, Picture, Window
from viewer.model.json import from_json
from viewer.model.patient import Patient, Series, Study
from viewer.model.tooth import Tooth

if TYPE_CHECKING:
    from viewer.ingest.reading import Reading

VISIT = "Photos and scans"
NOBODY = Patient(PatientId(""), "", "", "")
_SENSELESS = "The file gives no sensible answer about itself."
_MOST_NOTES, _MOST_NOTE = 12, 200


@attrs.frozen
class Label:
    """What is said of one picture besides its pixels.

    `quarter_turns` are clockwise; `is_flipped` exchanges left and right, before turning.
    """

    kind: ImageKind = ImageKind.OTHER
    view: str = ""
    teeth: tuple[Tooth, ...] = ()
    laterality: str = ""
    taken: datetime | None = None
    quarter_turns: int = 0
    is_flipped: bool = False


def photo_in(_decoder: object, answer: dict[str, Any]) -> Photo:
    """Check what the child says of a photo.

    Raises
    ------
    ValueError, KeyError, TypeError
        It makes no sense.
    """
    photo = from_json(answer["photo"], Photo)
    if not is_sensible(photo) or photo.written_as not in _FORMATS:
        raise ValueError("no such photo")
    _check_notes(photo.notes)
    return photo


_FORMATS = frozenset(("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "HEIC"))


def arrivals_of_photo(source: Source, photo: Photo, reading: Reading) -> Iterable[Arrival]:
    """Read all pages of a photo of which nobody has said whose and what it is.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    for page in range(len(photo.pages)):
        yield arrival_of(source, photo, page, Label(taken=photo.captured), NOBODY, reading)


def small_picture(source: Source, page: int, reading: Reading) -> NDArray[np.uint8]:
    """Have one page decoded to be looked at: uint8, longest side at most 640.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    return drawn(source, {"do": "photo_small", "page": page}, reading)


def drawn(source: Source, job: dict[str, Any], reading: Reading) -> NDArray[np.uint8]:
    """Have a job done that draws a small picture: uint8, longest side at most 640.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    most = SMALL_SIDE * SMALL_SIDE * 3
    content, answer = reading.fill(source, job, most)
    shape = answer.get("shape")
    if not isinstance(shape, list) or not _is_small(shape):
        raise FileRefused(_SENSELESS, is_damage=True)
    return content[: math.prod(shape)].reshape(shape).copy()


def _is_small(shape: list[Any]) -> bool:
    if len(shape) not in (2, 3):
        return False
    sides = all(isinstance(n, int) and 0 < n <= SMALL_SIDE for n in shape)
    return sides and (len(shape) == 2 or shape[2] == 3)


def arrival_of(
    source: Source, photo: Photo, page: int, label: Label, patient: Patient, reading: Reading
) -> Arrival:
    """Read one page as the person wants it.

    Parameters
    ----------
    patient : Patient
        Whose it is; `NOBODY` where nobody said.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    pixels, decoded = _read(source, page, photo.pages[page], reading)
    if label.is_flipped:
        pixels = pixels[:, ::-1]
    pixels = np.ascontiguousarray(np.rot90(pixels, -label.quarter_turns))
    study, series, record = _described(photo, decoded, pixels, label, patient)
    grey = with_extremes(record.grey, pixels)
    record = attrs.evolve(record, grey=grey)
    picture = Picture(record, pixels)
    ratio = pixels.nbytes / max(source_size(source), 1)
    header = header_of(record, patient, study, series, written_as=photo.written_as, ratio=ratio)
    small = thumbnail(picture)
    return Arrival(patient, study, series, picture, pack_headers([header]), small, (source.token,))


def source_size(source: Source) -> int:
    """Return how many bytes a file has; 0 where it cannot be opened."""
    try:
        opened = source.open()
    except FileRefused:
        return 0
    opened.close()
    return opened.size_bytes


def _read(
    source: Source, page: int, announced: PhotoPage, reading: Reading
) -> tuple[NDArray[np.generic], DecodedPage]:
    content, answer = reading.fill(source, {"do": "photo_page", "page": page}, announced.size_bytes)
    try:
        decoded = _page_in(answer, announced)
    except (KeyError, TypeError, ValueError) as fault:
        raise FileRefused(_SENSELESS, is_damage=True) from fault
    flat = content[: decoded.size_bytes].view(np.dtype(decoded.dtype).newbyteorder("<"))
    return flat.reshape(decoded.shape), decoded


def _page_in(answer: dict[str, Any], announced: PhotoPage) -> DecodedPage:
    decoded = from_json(answer["page"], DecodedPage)
    if not is_of(decoded, announced):
        raise ValueError("not as announced")
    _check_notes(decoded.notes)
    return decoded


def _check_notes(notes: tuple[str, ...]) -> None:
    if len(notes) > _MOST_NOTES or any(
        len(note) > _MOST_NOTE or not note.isprintable() for note in notes
    ):
        raise ValueError("no such notes")


def _described(
    photo: Photo,
    decoded: DecodedPage,
    pixels: NDArray[np.generic],
    label: Label,
    patient: Patient,
) -> tuple[Study, Series, ImageRecord]:
    digest = hashlib.sha256(f"{patient.id} {pixels.shape} {pixels.dtype}".encode())
    digest.update(pixels.data)
    day = label.taken.date() if label.taken else None
    whose = patient.id or digest.hexdigest()  # of nobody's pictures each is a visit of its own
    kind = label.kind
    sop_class, modality = class_and_modality(kind)
    words = label.view or kind.value.capitalize()
    study_uid = StudyUid(_uid(f"study {whose} {day}"))
    series_uid = SeriesUid(_uid(f"series {whose} {day} {sop_class} {modality}"))
    study = Study(study_uid, PatientId(""), day, None, VISIT)
    series = Series(series_uid, study_uid, modality, None, VISIT)
    record = ImageRecord(
        id=ImageId(new_id()),
        patient_id=PatientId(""),
        study_uid=study_uid,
        series_uid=series_uid,
        sop_instance_uids=(SopUid(_uid_of(digest.digest())),),
        sop_class_uid=sop_class,
        modality=modality,
        kind=kind,
        shape=tuple(pixels.shape),
        dtype=pixels.dtype.newbyteorder("=").name,
        grey=_grey(decoded),
        laterality=label.laterality,
        teeth=label.teeth,
        acquired=label.taken,
        description=words,
        notes=tuple(_notes(photo, decoded)),
    )
    return study, series, record


def _grey(decoded: DecodedPage) -> GreyScale:
    if len(decoded.shape) == 3:
        return GreyScale(photometric=Photometric.RGB)
    photometric = Photometric.MONOCHROME1 if decoded.is_inverted else Photometric.MONOCHROME2
    if decoded.dtype == "uint8":  # somebody saved it as it should look
        return GreyScale(photometric, bits_stored=8, windows=(Window(128, 256, name="as saved"),))
    return GreyScale(photometric, bits_stored=16)


def _notes(photo: Photo, decoded: DecodedPage) -> Iterable[str]:
    yield from photo.notes
    yield from decoded.notes
    is_grey = len(decoded.shape) == 2  # a camera's dots an inch mean nothing
    if is_grey and (said := scale_note(photo.dots_per_inch)):
        yield said
    if photo.stripped:
        yield stripped_words(photo.stripped)


def _uid(basis: str) -> str:
    return _uid_of(hashlib.sha256(basis.encode()).digest())


def _uid_of(digest: bytes) -> str:
    """Return a UID of a digest (PS3.5 B.2): the same for the same picture of the same person."""
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def labelled(arrived: KeptFile, label: Label, patient: Patient) -> KeptFile:
    """Return a file that is kept whole as what a person said of it."""
    day = label.taken.date() if label.taken else None
    series_uid = SeriesUid(_uid(f"series {patient.id} {day} {arrived.record.modality}"))
    study = attrs.evolve(arrived.study, uid=StudyUid(_uid(f"study {patient.id} {day}")), date=day)
    series = attrs.evolve(arrived.series, uid=series_uid, study_uid=study.uid)
    record = attrs.evolve(
        arrived.record,
        study_uid=study.uid,
        series_uid=series.uid,
        teeth=label.teeth,
        laterality=label.laterality,
        acquired=label.taken,
        description=label.view or arrived.record.description,
    )
    return attrs.evolve(arrived, patient=patient, study=study, series=series, record=record)
