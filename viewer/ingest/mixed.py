"""Slices of one series that are of several volumes: parted by what they say of themselves.

Echo, reconstruction and the like part them wherever they lie; time, phase and acquisition only
where several lie in the same place, for a scanner may number each slice of one volume anew. What
nothing tells apart is compared pixel by pixel, and a true double is left out with a note.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise

import attrs
import numpy as np

from viewer.dicom.geometry import PlanePlace
from viewer.dicom.marks import APART, SAME_PLACE, Marks

_SAME_PLACE_MM = 1e-3
_LEAST_SLICES = 2


@attrs.frozen
class Slice:
    """A plane with what tells it from others; `index` is the caller's."""

    index: int
    place: PlanePlace
    marks: Marks
    number: int | None
    uid: str


@attrs.frozen
class Parted:
    """Slices of one volume, and what was done to find them, in plain words."""

    slices: tuple[Slice, ...]
    notes: tuple[str, ...] = ()


def parted(slices: list[Slice], are_same: Callable[[Slice, Slice], bool]) -> list[Parted]:
    """Part parallel slices into volumes, at best one slice in a place.

    Parameters
    ----------
    are_same : callable
        Whether two slices have the same pixels; asked only where nothing else tells them apart.
    """
    found: list[Parted] = []
    for group, why in _by(slices, [name for name in APART if _always_parts(slices, name)]):
        found += [attrs.evolve(one, notes=(*why, *one.notes)) for one in _in_place(group, are_same)]
    return found


def _always_parts(slices: list[Slice], name: str) -> bool:
    """Whether each value of a mark has enough slices to be a volume."""
    counts: dict[str, int] = {}
    for each in slices:
        value = getattr(each.marks, name)
        counts[value] = counts.get(value, 0) + 1
    return len(counts) > 1 and min(counts.values()) >= _LEAST_SLICES


def _in_place(slices: list[Slice], are_same: Callable[[Slice, Slice], bool]) -> list[Parted]:
    most = max(map(len, _levels(slices)))
    if most == 1:
        return [Parted(tuple(slices))]
    by_marks = _by_marks(slices, most)
    if by_marks is not None:
        return by_marks
    single, dropped = _without_doubles(slices, are_same)
    notes = (_dropped_words(dropped),) if dropped else ()
    most = max(map(len, _levels(single)))
    if most > 1:
        groups = _by_marks(single, most) if dropped else None
        groups = groups or _by_order(single, most)
        return [attrs.evolve(one, notes=(*notes, *one.notes)) for one in groups]
    return [Parted(tuple(single), notes)]


def _by_marks(slices: list[Slice], most: int) -> list[Parted] | None:
    """Part by the fewest marks that leave one slice in each place."""
    for count in (1, 2, len(SAME_PLACE)):
        for names in combinations(SAME_PLACE, count):
            groups = _by(slices, list(names))
            if len(groups) == most and all(_is_single(group) for group, _ in groups):
                return [Parted(tuple(group), why) for group, why in groups]
    return None


def _by(slices: list[Slice], names: list[str]) -> list[tuple[list[Slice], tuple[str, ...]]]:
    """Group by marks, in the order of their values, each group with a note of why."""
    groups: dict[tuple[str, ...], list[Slice]] = {}
    for each in slices:
        groups.setdefault(tuple(getattr(each.marks, name) for name in names), []).append(each)
    if len(groups) == 1:
        return [(slices, ())]
    called = APART | SAME_PLACE
    words = " and ".join(called[name] for name in names)
    return [
        (groups[key], (f"The series holds {len(groups)} volumes that differ in {words}.",))
        for key in sorted(groups, key=_natural)
    ]


def _natural(key: tuple[str, ...]) -> list[tuple[float, str]]:
    return [(_number(text), text) for text in key]


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return float("inf")
    return number if np.isfinite(number) else float("inf")


def _levels(slices: list[Slice]) -> list[list[Slice]]:
    """Return the slices that lie at the same height, from the lowest on."""
    normal = min(slices, key=_axes).place.normal
    heights = np.array([each.place.position for each in slices]) @ normal
    order = sorted(range(len(slices)), key=lambda n: (heights[n], slices[n].place.position))
    levels = [[slices[order[0]]]]
    for before, n in pairwise(order):
        if heights[n] - heights[before] < _SAME_PLACE_MM:
            levels[-1].append(slices[n])
        else:
            levels.append([slices[n]])
    return levels


def _axes(each: Slice) -> tuple[object, ...]:
    return (each.place.along_row, each.place.down_column)


def _is_single(slices: list[Slice]) -> bool:
    return max(map(len, _levels(slices))) == 1


def _without_doubles(
    slices: list[Slice], are_same: Callable[[Slice, Slice], bool]
) -> tuple[list[Slice], int]:
    """Leave out slices whose pixels are those of another one in the very same place."""
    kept: list[Slice] = []
    for level in _levels(slices):
        here: list[Slice] = []
        for each in sorted(level, key=_acquired):
            twins = (one for one in here if one.place.position == each.place.position)
            if not any(are_same(one, each) for one in twins):
                here.append(each)
        kept += here
    return kept, len(slices) - len(kept)


def _acquired(each: Slice) -> tuple[float, str]:
    return (float("inf") if each.number is None else each.number, each.uid)


def _by_order(slices: list[Slice], most: int) -> list[Parted]:
    """Part by instance number: as many runs, one after the other, as slices in each place.

    Anything less plain stays together, and is no volume.
    """
    ordered = sorted(slices, key=_acquired)
    whole = [Parted(tuple(slices))]
    numbers = {each.number for each in slices}
    if None in numbers or len(numbers) != len(slices) or len(slices) % most:
        return whole
    size = len(slices) // most
    runs = [ordered[n : n + size] for n in range(0, len(ordered), size)]
    if size < _LEAST_SLICES or not all(_is_single(run) for run in runs):
        return whole
    note = f"The series holds {most} volumes of the same place, told apart by their order alone."
    return [Parted(tuple(run), (note,)) for run in runs]


def _dropped_words(count: int) -> str:
    if count == 1:
        return "One slice came twice, with the same pixels; it is there once."
    return f"{count} slices came twice, with the same pixels; each is there once."
