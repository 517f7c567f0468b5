"""One plan into one arrival: decode into place, set the grey scale, describe."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.greyscale import window_note, with_extremes
from viewer.dicom.headers import pack_headers
from viewer.dicom.layout import MAX_PICTURE_BYTES, PixelLayout
from viewer.ingest.arrival import Arrival
from viewer.ingest.crew import Crew
from viewer.ingest.errors import FileRefused
from viewer.ingest.grouping import Plan, SourceFile
from viewer.ingest.memory import SharedPixels
from viewer.ingest.originals import TOO_LARGE, originals_of
from viewer.ingest.protocol import Header
from viewer.ingest.regular import fill_missing, regular, with_room_for_nothing
from viewer.ingest.scales import in_one_scale
from viewer.ingest.thumbnail import thumbnail
from viewer.model.bit_planes import BadBitPlanes, unpack
from viewer.model.ids import ImageId, PatientId, SopUid, new_id
from viewer.model.image import GreyScale, ImageKind, ImageRecord, Picture

_BAD_PLANES = "The picture's overlays contradict themselves."
_CRANIOFACIAL = "1.2.840.10008.5.1.4.1.1.13.1.2"
_NO_MEMORY = "There is not enough memory for this picture."


class SourceRefused(Exception):
    """One file of a plan could not be decoded."""

    def __init__(self, file: SourceFile, reason: str, *, is_damage: bool = False) -> None:
        super().__init__(reason)
        self.file = file
        self.reason = reason
        self.is_damage = is_damage


def assemble(
    plan: Plan,
    crew: Crew,
    decoded: Callable[[SourceFile], None],
    whole: Callable[[SourceFile], Header] = lambda file: file.header,
) -> Arrival:
    """Decode a plan's files and make the arrival.

    Parameters
    ----------
    decoded : callable
        Told of each file that is done.
    whole : callable
        Gives a file's header with what was let go of it to save memory.

    Raises
    ------
    SourceRefused
        Names the file that could not be decoded; nothing of the picture is kept.
    Cancelled, ChildUnavailable
    """
    layout = plan.files[0].header.layout
    if max(layout.frame_bytes * plan.planes, _grid_bytes(plan, layout)) > MAX_PICTURE_BYTES:
        raise SourceRefused(
            plan.files[0], "The volume is larger than any real one.", is_damage=True
        )
    stored, is_changed = _decoded(plan, layout, crew, decoded)
    pixels, grey, notes = in_one_scale(stored, _grey_by_slot(plan))
    pixels, grey = _in_place(plan, pixels, grey, crew)
    grey = with_extremes(grey, pixels)
    notes = (*notes, *filter(None, (window_note(grey),)))
    header = plan.files[0].header
    original = None
    is_changed |= pixels is not stored or not plan.is_whole
    if is_changed or not all(f.header.is_rebuilt for f in plan.files):
        original = _original(plan, crew)
        notes = (*notes, *([TOO_LARGE] if original is None else []))
    record = _record(plan, pixels, grey, notes)
    picture = Picture(record, pixels)
    return Arrival(
        patient=header.patient,
        study=header.study,
        series=header.series,
        picture=picture,
        headers=pack_headers(base64.b64decode(whole(file).data_set) for file in plan.files),
        thumbnail=thumbnail(picture),
        sources=tuple(file.source.token for file in plan.files),
        original=original,
        overlays=_overlays(plan, whole),
    )


def _overlays(plan: Plan, whole: Callable[[SourceFile], Header]) -> memoryview | None:
    """Return a flat picture's bit planes, once they are known to be whole."""
    if len(plan.files) > 1 or plan.affine is not None:
        return None
    packed = whole(plan.files[0]).overlays
    if not packed:
        return None
    content = base64.b64decode(packed)
    try:
        unpack(content)
    except BadBitPlanes as fault:
        raise SourceRefused(plan.files[0], _BAD_PLANES, is_damage=True) from fault
    return memoryview(content)


def _original(plan: Plan, crew: Crew) -> memoryview | None:
    try:
        return originals_of([file.source for file in plan.files], crew)
    except FileRefused as refused:
        raise SourceRefused(plan.files[0], str(refused), is_damage=refused.is_damage) from refused
    except MemoryError as fault:
        raise SourceRefused(plan.files[0], _NO_MEMORY) from fault


def same_pixels(crew: Crew, one: SourceFile, other: SourceFile) -> bool:
    """Whether two files of one frame have the same pixels; one that is not decoded has not.

    Raises
    ------
    Cancelled, ChildUnavailable
    """
    layout = one.header.layout
    if (layout.frame_shape, layout.dtype) != (
        other.header.layout.frame_shape, other.header.layout.dtype,
    ):  # fmt: skip
        return False
    both = Plan((one, other), ((0,), (1,)), 2)
    try:
        (first, second), _ = _decoded(both, layout, crew, lambda _: None)
    except SourceRefused:
        return False
    return bool(np.array_equal(first, second))


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


def _grid_bytes(plan: Plan, layout: PixelLayout) -> int:
    return math.prod(plan.regrid.shape) * layout.dtype.itemsize if plan.regrid else 0


def _in_place(
    plan: Plan, pixels: NDArray[np.generic], grey: GreyScale, crew: Crew
) -> tuple[NDArray[np.generic], GreyScale]:
    """Empty the planes of missing slices; put slanted or uneven ones on a straight, even grid."""
    named = plan.named
    if plan.regrid is None and len(named) == plan.planes:
        return pixels, grey
    try:
        pixels, grey = with_room_for_nothing(pixels, grey)
        if plan.regrid is not None:
            return regular(pixels, plan.regrid, grey, crew.check_cancelled), grey
    except MemoryError as fault:
        raise SourceRefused(plan.files[0], _NO_MEMORY) from fault
    fill_missing(pixels, sorted(named), grey)
    return pixels, grey


def _grey_by_slot(plan: Plan) -> list[GreyScale]:
    by_slot: dict[int, GreyScale] = {}
    for source, slots in zip(plan.files, plan.slots, strict=True):
        frames = source.header.frames
        for frame, slot in enumerate(slots):
            if slot >= 0:
                by_slot[slot] = frames[frame if len(frames) > 1 else 0].grey
    first = by_slot[min(by_slot)]
    return [by_slot.get(slot, first) for slot in range(plan.planes)]


def _record(
    plan: Plan, pixels: NDArray[np.generic], grey: GreyScale, notes: tuple[str, ...]
) -> ImageRecord:
    header = plan.files[0].header
    is_cbct = plan.affine is not None and (
        header.series.modality == "CT" or header.sop_class_uid == _CRANIOFACIAL
    )
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
        pixel_aspect=header.pixel_aspect,
        affine_lps=plan.affine,
        laterality=header.laterality,
        patient_orientation=header.patient_orientation,
        teeth=header.teeth,
        acquired=header.acquired,
        number=header.number,
        description=header.description,
        burned_in=_worst_burned_in(plan),
        notes=(*plan.notes, *notes, *of_all),
        caution=plan.caution,
        part=plan.part,
    )


def _worst_burned_in(plan: Plan) -> str:
    """A volume is free of burned-in text only if each of its slices says so."""
    said = {file.header.burned_in for file in plan.files}
    if "YES" in said:
        return "YES"
    return "NO" if said == {"NO"} else ""
