"""Headers of many files into pictures and volumes, before any pixel is decoded.

A volume is slices of one series with the same size, type, axes, spacing and frame of reference
(`stacking` says what is a stack). Slices that lie in the same place are parted by what they say of
themselves. What is no volume is kept as flat pictures, with the reason as a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from viewer.dicom.geometry import is_parallel as parallel
from viewer.dicom.stacking import NotAStack, Regrid, Stack, stacks
from viewer.ingest.mixed import Parted, Slice, parted
from viewer.ingest.protocol import Header
from viewer.ingest.source import Source
from viewer.model.image import Affine

_SCANS = frozenset(("CT", "MR", "PT"))
_PLACELESS = (
    "The file does not say where its frames lie, so they are shown one after the other and not as"
    " a volume."
)
_ONE_BY_ONE = "They are shown one by one."

AreSame = Callable[["SourceFile", "SourceFile"], bool]


@attrs.frozen(eq=False)
class SourceFile:
    """A file whose header has been read."""

    source: Source
    header: Header


@attrs.frozen(eq=False)
class Plan:
    """One picture to make.

    `slots[n][f]` is the plane that frame f of file n becomes, of `planes` in all; -1: it is of
    another picture. Planes that no slot names are empty. A volume has an affine; with a `regrid`
    the planes are put on that grid afterwards, which is what the affine is of.
    """

    files: tuple[SourceFile, ...]
    slots: tuple[tuple[int, ...], ...]
    planes: int
    affine: Affine | None = None
    regrid: Regrid | None = None
    notes: tuple[str, ...] = ()
    caution: str = ""
    part: str = ""

    @property
    def named(self) -> frozenset[int]:
        """The planes that some frame becomes."""
        return frozenset(slot for slots in self.slots for slot in slots if slot >= 0)

    @property
    def is_whole(self) -> bool:
        """Whether each frame of its files is a plane of it, and each plane one of those."""
        frames = sum(len(slots) for slots in self.slots)
        return self.regrid is None and frames == self.planes == len(self.named)


def _never(_one: SourceFile, _other: SourceFile) -> bool:
    return False


def plan(files: Sequence[SourceFile], are_same: AreSame = _never) -> list[Plan]:
    """Make the plans for some files; the same ones in whatever order the files came.

    Parameters
    ----------
    are_same : callable
        Whether two files have the same pixels. Asked only of slices in the same place that nothing
        else tells apart.
    """
    plans: list[Plan] = []
    for group in _groups(files):
        first = group[0].header
        if first.layout.frames > 1:
            plans += [one for file in group for one in _multi_frame(file)]
        elif first.frames[0].place is None or first.is_localizer or len(group) == 1:
            plans += [_flat(file) for file in group]
        else:
            plans += _volumes_or_flat(group, are_same)
    return plans


def _groups(files: Iterable[SourceFile]) -> list[list[SourceFile]]:
    groups: dict[tuple[object, ...], list[list[SourceFile]]] = {}
    for file in files:
        alike = groups.setdefault(_key(file.header), [])
        for group in alike:
            if _fits(group[0].header, file.header):
                group.append(file)
                break
        else:
            alike.append([file])
    return [group for alike in groups.values() for group in alike]


def _key(header: Header) -> tuple[object, ...]:
    layout = header.layout
    return (
        header.study.uid,
        header.series.uid,
        header.series.frame_of_reference_uid,
        header.sop_class_uid,
        header.is_localizer,
        layout.frames > 1,
        layout.frame_shape,
        layout.dtype.str,
        layout.photometric,
    )


def _fits(first: Header, other: Header) -> bool:
    here, there = first.frames[0].place, other.frames[0].place
    if here is None or there is None:
        return here is there
    return parallel(here, there)


def _flat(file: SourceFile, notes: tuple[str, ...] = ()) -> Plan:
    frames = file.header.layout.frames
    return Plan((file,), (tuple(range(frames)),), frames, notes=notes)


def _volumes_or_flat(group: list[SourceFile], are_same: AreSame) -> list[Plan]:
    """Make volumes of files with one frame each."""
    slices = [
        Slice(n, place, file.header.frames[0].marks, file.header.number, file.header.sop_uid)
        for n, file in enumerate(group)
        if (place := file.header.frames[0].place) is not None
    ]
    found: list[Plan] = []
    for one in parted(slices, lambda a, b: are_same(group[a.index], group[b.index])):
        for stacked in _stacks(one, group[0].header):
            members = [one.slices[n].index for n in stacked.order]
            chosen = tuple(group[n] for n in members)
            if isinstance(stacked, NotAStack):
                notes = (_refused(stacked.reason), *one.notes)
                found += [_flat(file, notes) for file in chosen]
            else:
                found.append(_volume(chosen, tuple((k,) for k in stacked.slots), stacked, one))
    return found


def _multi_frame(file: SourceFile) -> list[Plan]:
    """Make volumes of one file's frames; all of them, or the whole file stays a film."""
    header = file.header
    if header.is_localizer:
        return [_flat(file)]
    slices = [
        Slice(n, facts.place, facts.marks, n, "")
        for n, facts in enumerate(header.frames)
        if facts.place is not None
    ]
    if len(slices) != header.layout.frames:
        is_scan = bool(slices) or header.series.modality in _SCANS
        return [_flat(file, (_PLACELESS,) if is_scan and not header.layout.is_colour else ())]
    found: list[Plan] = []
    for aligned in _directions(slices):
        for one in parted(aligned, lambda _a, _b: False):
            for stacked in _stacks(one, header):
                if isinstance(stacked, NotAStack):
                    return [_flat(file, (_refused(stacked.reason),))]
                slots = [-1] * len(slices)
                for n, slot in zip(stacked.order, stacked.slots, strict=True):
                    slots[one.slices[n].index] = slot
                found.append(_volume((file,), (tuple(slots),), stacked, one))
    if len(found) == 1:
        return found
    return [attrs.evolve(one, part=f"{n} of {len(found)}") for n, one in enumerate(found, 1)]


def _directions(slices: list[Slice]) -> list[list[Slice]]:
    groups: list[list[Slice]] = []
    for each in slices:
        for group in groups:
            if parallel(group[0].place, each.place):
                group.append(each)
                break
        else:
            groups.append([each])
    return groups


def _stacks(one: Parted, header: Header) -> tuple[Stack | NotAStack, ...]:
    places = [each.place for each in one.slices]
    return stacks(places, header.layout.rows, header.layout.columns)


def _volume(
    files: tuple[SourceFile, ...], slots: tuple[tuple[int, ...], ...], found: Stack, one: Parted
) -> Plan:
    notes = (*found.notes, *one.notes)
    return Plan(files, slots, found.planes, found.affine, found.regrid, notes, found.caution)


def _refused(reason: str) -> str:
    return f"Not shown as a volume. {reason} {_ONE_BY_ONE}"
