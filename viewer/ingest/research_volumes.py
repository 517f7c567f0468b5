"""Volumes of research and planning software in the parent: facts checked, values taken over.

The child alone sees the file. Such a file names nobody: what arrives has an empty patient.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.dicom.greyscale import with_extremes
from viewer.dicom.headers import pack_headers
from viewer.dicom.rebuild import pack_originals
from viewer.ingest.arrival import Arrival
from viewer.ingest.errors import FileRefused
from viewer.ingest.photographs import NOBODY, Label
from viewer.ingest.protocol import Kept
from viewer.ingest.research.facts import VolumeFacts, is_sensible
from viewer.ingest.source import Source
from viewer.ingest.thumbnail import thumbnail
from viewer.model.ids import ImageId, PatientId, SeriesUid, SopUid, StudyUid, new_id
from viewer.model.image import (
    GreyScale,
    ImageKind,
    ImageRecord,
    Picture,
    PixelSpacing,
    SpacingSource,
    Window,
    to_affine,
)
from viewer.model.json import from_json, to_json
from viewer.model.patient import Patient, Series, Study

if TYPE_CHECKING:
    from viewer.ingest.reading import Reading

_FORMATS = frozenset(("NRRD", "NIfTI", "MetaImage"))
_VISIT = "Volumes of other programs"
_SENSELESS = "The file gives no sensible answer about itself."
_PROMISES = "The header promises a volume that is far larger than the file."
_MISSING = "The file that holds this header's values is not in the same folder."
_IS_LABELS = (
    "This is a map of {count} that a person or a program drew, and no scan: its numbers are"
    " names, not grey values."
)
_MOST_LABELS, _HIGHEST_LABEL = 32, 255
_NO_NUMBER = "Some voxels hold no number; they are shown as outside the picture."
_SIZE = "Size not certain"
_MOST_NOTES, _MOST_NOTE, _MOST_CAUTION = 12, 300, 60


def volume_in(_decoder: object, answer: dict[str, Any]) -> VolumeFacts:
    """Check what the child says of a volume.

    Raises
    ------
    ValueError, KeyError, TypeError
        It makes no sense.
    """
    facts = from_json(answer["volume"], VolumeFacts)
    said = (*facts.notes, facts.why_not)
    if facts.written_as not in _FORMATS or not is_sensible(facts) or len(said) > _MOST_NOTES:
        raise ValueError("no such volume")
    if any(len(note) > _MOST_NOTE or not (note.isprintable() or not note) for note in said):
        raise ValueError("no such notes")
    if any(len(words) > _MOST_CAUTION or not words.isprintable() for words in facts.cautions):
        raise ValueError("no such words")
    return facts


def kept_of(facts: VolumeFacts) -> Kept:
    """Return what is said of a volume that is kept whole and not shown."""
    uid = StudyUid(f"2.25.{int(new_id(), 16)}")
    series = Series(SeriesUid(f"2.25.{int(new_id(), 16)}"), uid, "OT", None, _VISIT)
    return Kept(
        what=f"{facts.written_as} volume",
        reason=facts.why_not,
        patient=NOBODY,
        study=Study(uid, PatientId(""), None, None, _VISIT),
        series=series,
    )


def arrivals_of_volume(source: Source, facts: VolumeFacts, reading: Reading) -> Iterable[Arrival]:
    """Read a volume of which nobody has said whose it is.

    Raises
    ------
    FileRefused, Cancelled, ChildUnavailable
    """
    holder = _holder(source, facts, reading)
    if reading.size_of(holder) < facts.packed_at_least:
        raise FileRefused(_PROMISES, is_damage=True)
    job = {"do": "volume_values", "volume": to_json(facts)}
    content, answer = reading.fill(holder, job, facts.size_bytes)
    if answer.get("done") != facts.count:
        raise FileRefused(_SENSELESS, is_damage=True)
    pixels = content.view(facts.stored_dtype).reshape(facts.shape)
    arrival = _arrival(facts, pixels)
    files = [source] if holder is source else [source, holder]
    return [
        attrs.evolve(
            arrival,
            sources=tuple(file.token for file in files),
            original=_original(files, reading),
        )
    ]


def of_patient(arrival: Arrival, label: Label, patient: Patient) -> Arrival:
    """Return a volume as what a person said of it."""
    day = label.taken.date() if label.taken else None
    record = attrs.evolve(
        arrival.picture.record,
        acquired=label.taken,
        teeth=label.teeth,
        description=label.view or arrival.picture.record.description,
    )
    return attrs.evolve(
        arrival,
        patient=patient,
        study=attrs.evolve(arrival.study, date=day),
        picture=Picture(record, arrival.picture.pixels),
    )


def _holder(source: Source, facts: VolumeFacts, reading: Reading) -> Source:
    """Return the file that holds the values: this one, or one beside it, never elsewhere."""
    name = facts.beside
    if facts.beside_suffix:
        name = source.name[: source.name.rfind(".")] + facts.beside_suffix
    if not name:
        return source
    found = reading.beside(source, name)
    if found is None:
        raise FileRefused(_MISSING)
    return found


def _original(files: list[Source], reading: Reading) -> memoryview:
    """Return the files as they came: no header that is rebuilt holds what else they say."""
    room, places = pack_originals([reading.size_of(file) for file in files])
    for file, place in zip(files, places, strict=True):
        content, answer = reading.fill(file, {"do": "content"}, place.nbytes)
        if answer.get("done") != place.nbytes:
            raise FileRefused(_SENSELESS, is_damage=True)
        place[:] = content.data
    return memoryview(room)


def _arrival(facts: VolumeFacts, pixels: NDArray[np.generic]) -> Arrival:
    matrix = np.array(facts.affine, dtype=np.float64)
    if np.linalg.det(matrix[:3, :3]) < 0:
        # Volumes ascend along the normal of their planes, as slices do that are sorted by place.
        pixels = np.ascontiguousarray(pixels[::-1])
        matrix[:3, 3] += matrix[:3, 2] * (len(pixels) - 1)
        matrix[:3, 2] *= -1
    grey = GreyScale(
        slope=facts.slope, intercept=facts.intercept, bits_stored=8 * pixels.dtype.itemsize
    )
    grey, notes = _without_gaps(pixels, grey)
    cautions = facts.cautions
    labels = _labels(facts, pixels)
    if labels:
        notes.append(_IS_LABELS.format(count=f"{labels - 1} label{'s' * (labels > 2)}"))
        cautions = ("Labels and no scan", *cautions)
        top = float(pixels.max())
        grey = attrs.evolve(grey, windows=(Window(top / 2, top + 1, name="labels"),))
    digest = hashlib.sha256(f"{pixels.shape} {pixels.dtype} {matrix.tolist()}".encode())
    digest.update(pixels.data)
    study, series = _visit(digest.digest())
    record = ImageRecord(
        id=ImageId(new_id()),
        patient_id=PatientId(""),
        study_uid=study.uid,
        series_uid=series.uid,
        sop_instance_uids=(SopUid(_uid(digest.digest(), 0)),),
        sop_class_uid="",
        modality="OT",
        kind=ImageKind.OTHER if labels else ImageKind.CBCT,
        shape=pixels.shape,
        dtype=pixels.dtype.newbyteorder("=").name,
        grey=with_extremes(grey, pixels),
        spacing=None if _SIZE in facts.cautions else _spacing(matrix),
        affine_lps=to_affine(matrix),
        description=f"{facts.written_as} volume",
        notes=(*notes, *facts.notes),
        caution=", ".join(cautions),
    )
    picture = Picture(record, pixels)
    return Arrival(NOBODY, study, series, picture, pack_headers([]), thumbnail(picture))


def _spacing(matrix: NDArray[np.float64]) -> PixelSpacing:
    column_mm, row_mm = (float(x) for x in np.linalg.norm(matrix[:3, :2], axis=0))
    return PixelSpacing(row_mm, column_mm, SpacingSource.PATIENT)


def _visit(digest: bytes) -> tuple[Study, Series]:
    study_uid, series_uid = StudyUid(_uid(digest, 1)), SeriesUid(_uid(digest, 2))
    study = Study(study_uid, PatientId(""), None, None, _VISIT)
    return study, Series(series_uid, study_uid, "OT", None, _VISIT)


def _uid(digest: bytes, which: int) -> str:
    """Return a UID of what is read (PS3.5 B.2): the same file again has the same one."""
    part = hashlib.sha256(digest + bytes((which,))).digest()[:16]
    return f"2.25.{int.from_bytes(part, 'big')}"


def _without_gaps(pixels: NDArray[np.generic], grey: GreyScale) -> tuple[GreyScale, list[str]]:
    """Turn what is no number into padding, in place."""
    if pixels.dtype.kind != "f":
        return grey, []
    low, has_gaps = np.inf, False
    for plane in pixels:
        finite = np.isfinite(plane)
        has_gaps |= not finite.all()
        low = min(low, float(plane[finite].min()) if finite.any() else np.inf)
    if not has_gaps:
        return grey, []
    nothing = int(max(np.floor(low) - 1, -(1 << 24))) if np.isfinite(low) else -1
    for plane in pixels:
        plane[~np.isfinite(plane)] = nothing
    return attrs.evolve(grey, padding_from=nothing, padding_to=nothing), [_NO_NUMBER]


def _labels(facts: VolumeFacts, pixels: NDArray[np.generic]) -> int:
    """Return how many values there are if they are labels, the one for nothing included; else 0."""
    if pixels.dtype.kind == "f" or (facts.slope, facts.intercept) != (1.0, 0.0):
        return 0
    seen: set[int] = set()
    for plane in pixels:
        if int(plane.min()) < 0 or int(plane.max()) > _HIGHEST_LABEL:
            return 0
        seen.update(np.unique(plane).tolist())
        if len(seen) > _MOST_LABELS:
            return 0
    return len(seen) if 0 in seen and len(seen) > 1 else 0
