"""Headers of many files into pictures and volumes, before any pixel is decoded.

A volume is planes of one series with the same size, type, axes, spacing and frame of reference,
evenly spaced and untilted. What is none is kept as flat pictures, with the reason as a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from viewer.dicom.geometry import NotAStack, PlanePlace, stack
from viewer.dicom.geometry import is_parallel as parallel
from viewer.ingest.protocol import Header
from viewer.ingest.source import Source
from viewer.model.image import Affine

_ONE_BY_ONE = "They are shown one by one."


@attrs.frozen(eq=False)
class SourceFile:
    """A file whose header has been read."""

    source: Source
    header: Header


@attrs.frozen(eq=False)
class Plan:
    """One picture to make.

    `slots[n][f]` is the plane that frame f of file n becomes; a volume has an affine.
    """

    files: tuple[SourceFile, ...]
    slots: tuple[tuple[int, ...], ...]
    affine: Affine | None = None
    notes: tuple[str, ...] = ()

    @property
    def planes(self) -> int:
        """How many frames the picture has."""
        return sum(len(slots) for slots in self.slots)


def plan(files: Sequence[SourceFile]) -> list[Plan]:
    """Make the plans for some files, in the order in which the files came."""
    plans: list[Plan] = []
    for group in _groups(files):
        first = group[0].header
        if first.layout.frames > 1:
            plans += [_multi_frame(file) for file in group]
        elif first.frames[0].place is None or first.is_localizer or len(group) == 1:
            plans += [_flat(file) for file in group]
        else:
            plans += _volume_or_flat(group)
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
    return Plan((file,), (tuple(range(file.header.layout.frames)),), notes=notes)


def _volume_or_flat(group: list[SourceFile]) -> list[Plan]:
    places = [file.header.frames[0].place for file in group]
    stacked = stack([place for place in places if place is not None])
    if isinstance(stacked, NotAStack):
        notes = (_refused(stacked.reason),)
        return [_flat(file, notes) for file in group]
    ordered = tuple(group[n] for n in stacked.order)
    return [Plan(ordered, tuple((k,) for k in range(len(ordered))), stacked.affine)]


def _multi_frame(file: SourceFile) -> Plan:
    places = [facts.place for facts in file.header.frames]
    known: list[PlanePlace] = [place for place in places if place is not None]
    if len(known) != file.header.layout.frames:
        return _flat(file)
    if not all(parallel(known[0], place) for place in known):
        return _flat(file, (_refused("The slices point in different directions."),))
    stacked = stack(known)
    if isinstance(stacked, NotAStack):
        return _flat(file, (_refused(stacked.reason),))
    slots = [0] * len(known)
    for slot, frame in enumerate(stacked.order):
        slots[frame] = slot
    return Plan((file,), (tuple(slots),), stacked.affine)


def _refused(reason: str) -> str:
    return f"Not shown as a volume. {reason} {_ONE_BY_ONE}"
