"""One plan into one arrival: decode into place, set the grey scale, describe."""

from __future__ import annotations

import base64
from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.dicom.greyscale import with_extremes
from viewer.dicom.headers import pack_headers
from viewer.dicom.layout import MAX_PICTURE_BYTES, PixelLayout
from viewer.ingest.arrival import Arrival
from viewer.ingest.crew import Crew
from viewer.ingest.errors import FileRefused
from viewer.ingest.grouping import Plan, SourceFile
from viewer.ingest.memory import SharedPixels
from viewer.ingest.originals import TOO_LARGE, originals_of
from viewer.ingest.thumbnail import thumbnail
from viewer.model.ids import ImageId, PatientId, SopUid, new_id
from viewer.model.image import GreyScale, ImageKind, ImageRecord, Picture

_RESCALED = "The slices' own rescales are applied: values are modality values."
_NO_MEMORY = "There is not enough memory for this picture."
_GUESSED_WINDOW = "The header has no window; one was chosen from the grey values."


class SourceRefused(Exception):
    """One file of a plan could not be decoded."""

    def __init__(self, file: SourceFile, reason: str, *, is_damage: bool = False) -> None:
        super().__init__(reason)
        self.file = file
        self.reason = reason
        self.is_damage = is_damage


def assemble(plan: Plan, crew: Crew, decoded: Callable[[SourceFile], None]) -> Arrival:
    """Decode a plan's files and make the arrival.

    Parameters
    ----------
    decoded : callable
        Told of each file that is done.

    Raises
    ------
    SourceRefused
        Names the file that could not be decoded; nothing of the picture is kept.
    Cancelled, ChildUnavailable
    """
    layout = plan.files[0].header.layout
    if plan.planes > 1 and layout.is_colour:
        raise SourceRefused(plan.files[0], "Colour films are not shown yet.")
    if layout.frame_bytes * plan.planes > MAX_PICTURE_BYTES:
        raise SourceRefused(
            plan.files[0], "The volume is larger than any real one.", is_damage=True
        )
    stored, is_changed = _decoded(plan, layout, crew, decoded)
    pixels, grey, notes = _in_one_scale(plan, stored)
    grey = with_extremes(grey, pixels)
    if any(window.name == "automatic" for window in grey.windows):
        notes = (*notes, _GUESSED_WINDOW)
    header = plan.files[0].header
    original = None
    if is_changed or pixels is not stored or not all(f.header.is_rebuilt for f in plan.files):
        original = _original(plan, crew)
        notes = (*notes, *([TOO_LARGE] if original is None else []))
    record = _record(plan, pixels, grey, notes)
    picture = Picture(record, pixels)
    return Arrival(
        patient=header.patient,
        study=header.study,
        series=header.series,
        picture=picture,
        headers=pack_headers(base64.b64decode(f.header.data_set) for f in plan.files),
        thumbnail=thumbnail(picture),
        sources=tuple(file.source.token for file in plan.files),
        original=original,
    )


def _original(plan: Plan, crew: Crew) -> memoryview | None:
    try:
        return originals_of([file.source for file in plan.files], crew)
    except FileRefused as refused:
        raise SourceRefused(plan.files[0], str(refused), is_damage=refused.is_damage) from refused
    except MemoryError as fault:
        raise SourceRefused(plan.files[0], _NO_MEMORY) from fault


def _decoded(
    plan: Plan, layout: PixelLayout, crew: Crew, decoded: Callable[[SourceFile], None]
) -> tuple[NDArray[np.generic], bool]:
    try:
        shared = SharedPixels(layout.frame_bytes * plan.planes)
    except OSError as fault:
        raise SourceRefused(plan.files[0], _NO_MEMORY) from fault
    try:
        is_changed = _decode_into(shared, plan, crew, decoded)
    finally:
        shared.close()
    shape = layout.frame_shape
    if plan.planes > 1 or plan.affine is not None:
        shape = (plan.planes, *shape)
    return shared.array(shape, layout.dtype), is_changed


def _decode_into(
    shared: SharedPixels, plan: Plan, crew: Crew, decoded: Callable[[SourceFile], None]
) -> bool:
    """Decode all files; the first refused one is told after the others have been waited for.

    Returns whether something of a file's pixels was not kept.
    """
    jobs = [
        (source.source, source.header, slots)
        for source, slots in zip(plan.files, plan.slots, strict=True)
    ]
    first: SourceRefused | None = None
    is_changed = False
    for source, answer in zip(plan.files, crew.decode(jobs, shared), strict=True):
        if isinstance(answer, FileRefused):
            first = first or SourceRefused(source, str(answer), is_damage=answer.is_damage)
        else:
            decoded(source)
            is_changed |= answer
    if first is not None:
        raise first
    return is_changed


def _in_one_scale(
    plan: Plan, pixels: NDArray[np.generic]
) -> tuple[NDArray[np.generic], GreyScale, tuple[str, ...]]:
    """Keep stored values where all planes share one rescale; else make modality values."""
    greys = _grey_by_slot(plan)
    scales = {(grey.slope, grey.intercept) for grey in greys}
    if len(scales) == 1:
        return pixels, greys[0], ()
    is_whole = all(slope.is_integer() and start.is_integer() for slope, start in scales)
    dtype = np.dtype("<i4" if is_whole else "<f4")
    values = np.empty(pixels.shape, dtype)
    for plane, stored, grey in zip(values, pixels, greys, strict=True):
        plane[...] = stored.astype(np.float64) * grey.slope + grey.intercept
    plain = attrs.evolve(
        greys[0], slope=1.0, intercept=0.0, bits_stored=32, padding_from=None, padding_to=None
    )
    return values, plain, (_RESCALED,)


def _grey_by_slot(plan: Plan) -> list[GreyScale]:
    by_slot: dict[int, GreyScale] = {}
    for source, slots in zip(plan.files, plan.slots, strict=True):
        frames = source.header.frames
        for frame, slot in enumerate(slots):
            by_slot[slot] = frames[frame if len(frames) > 1 else 0].grey
    return [by_slot[slot] for slot in range(plan.planes)]


def _record(
    plan: Plan, pixels: NDArray[np.generic], grey: GreyScale, notes: tuple[str, ...]
) -> ImageRecord:
    header = plan.files[0].header
    is_cbct = plan.affine is not None and header.series.modality == "CT"
    of_all = dict.fromkeys(note for file in plan.files for note in file.header.notes)
    return ImageRecord(
        id=ImageId(new_id()),
        patient_id=PatientId(""),
        study_uid=header.study.uid,
        series_uid=header.series.uid,
        sop_instance_uids=tuple(SopUid(file.header.sop_uid) for file in plan.files),
        sop_class_uid=header.sop_class_uid,
        modality=header.series.modality,
        kind=ImageKind.CBCT if is_cbct else header.kind,
        shape=tuple(pixels.shape),
        dtype=pixels.dtype.newbyteorder("=").name,
        grey=grey,
        spacing=header.spacing,
        affine_lps=plan.affine,
        laterality=header.laterality,
        patient_orientation=header.patient_orientation,
        teeth=header.teeth,
        acquired=header.acquired,
        number=header.number,
        description=header.description,
        burned_in=_worst_burned_in(plan),
        notes=(*plan.notes, *notes, *of_all),
    )


def _worst_burned_in(plan: Plan) -> str:
    """A volume is free of burned-in text only if each of its slices says so."""
    said = {file.header.burned_in for file in plan.files}
    if "YES" in said:
        return "YES"
    return "NO" if said == {"NO"} else ""
