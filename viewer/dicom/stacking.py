"""Whether planes are a volume, and what has to be done to them first.

Nothing is made up and nothing is moved silently. A slice that is missing leaves its plane empty.
Slices that are tilted or unevenly spaced are put on a straight, even grid (`Regrid`). A hole too
wide for one picture parts the volume. What is left over is no volume.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.dicom.geometry import PlanePlace
from viewer.model.image import Affine, to_affine

Floats = NDArray[np.float64]

RESAMPLED, MISSING = "Resampled", "Slices missing"
"""How the caution of a volume begins that is not plane by plane what its slices were."""

_UNEVEN_RATIO = 0.05
_UNEVEN_MM = 0.05
_SAME_PLACE_MM = 1e-3
_LEAST_PLANES = 2
_LEAST_UNEVEN = 4
# A distance this many times the usual one around it is a hole: something is missing there.
_HOLE_RATIO = 1.8
_NEIGHBOURS = 3
# About a tooth's width. Across a narrower hole both sides are one picture, and a length measured
# over it is right; beyond a wider one lies another picture, and a volume of mostly nothing.
_WIDEST_HOLE_MM = 10.0
# With more of it empty a volume would look like one that was scanned so.
_MOST_EMPTY = 0.25
# No gantry leans more than 30 degrees; beyond 45 the planes lie beside each other, not above.
_MOST_SLANT = 1.0
# The finest distance that so many of the gaps have is the grid's: one stray slice must not
# multiply the volume.
_USUAL_SHARE = 0.1
_MOST_PLANES_EACH = 4
_MOST_RANGES = 3


@attrs.frozen
class Regrid:
    """How slanted or unevenly spaced planes become a straight, even grid.

    Plane n of the source lies at `heights[n]` mm, ascending from 0; its first pixel is at column
    `across[n]` and row `down[n]` of the grid, not whole numbers. The grid has `shape` (planes,
    rows, columns), its plane k at k * `step_mm`. Between the heights of each of `holes` it is
    empty.
    """

    heights: tuple[float, ...]
    across: tuple[float, ...]
    down: tuple[float, ...]
    shape: tuple[int, int, int]
    step_mm: float
    holes: tuple[tuple[float, float], ...] = ()


@attrs.frozen
class Stack:
    """Planes that are a volume.

    `order` lists them by ascending height, and `slots` the plane of the volume each of those
    becomes, of `planes` in all; with a `regrid` they are its source. `notes` say in plain words
    what was found; `caution` in a few of them what has to stand in every pane.
    """

    order: tuple[int, ...]
    slots: tuple[int, ...]
    planes: int
    affine: Affine
    regrid: Regrid | None = None
    notes: tuple[str, ...] = ()
    caution: str = ""


@attrs.frozen
class NotAStack:
    """Planes that are no volume, and why in plain words; `order` lists them by height."""

    order: tuple[int, ...]
    reason: str


def stacks(places: Sequence[PlanePlace], rows: int, columns: int) -> tuple[Stack | NotAStack, ...]:
    """Sort parallel planes of `rows` x `columns` pixels into volumes.

    Planes may miss their even places by 5 % of the distance, at most 0.05 mm, and drift sideways by
    half a pixel over the whole stack.

    >>> flat = [PlanePlace((0, 0, z), (1, 0, 0), (0, 1, 0), 0.3, 0.3) for z in (2.0, 0.0, 1.0)]
    >>> stacks(flat, 5, 5)[0].order
    (1, 2, 0)
    >>> far = [PlanePlace((0, 0, z), (1, 0, 0), (0, 1, 0), 0.3, 0.3) for z in (3.0, 4.0, 6.0)]
    >>> stacks(flat + far, 5, 5)[0].notes
    ('1 of 7 slices is missing: 6. Its place is left empty.',)
    """
    # The same one whatever the order: places may differ by the rounding of their writers.
    normal = min(places, key=lambda p: (p.along_row, p.down_column)).normal
    positions = np.array([place.position for place in places], dtype=np.float64)
    heights = positions @ normal
    order = sorted(range(len(places)), key=lambda n: (heights[n], places[n].position))
    parts = _parted(order, heights)
    found = tuple(
        _one([places[n] for n in part], positions[part], part, (rows, columns)) for part in parts
    )
    if len(found) == 1:
        return found
    return tuple(_as_part(part, n, found) for n, part in enumerate(found, 1))


def _as_part(part: Stack | NotAStack, n: int, all_parts: Sequence[object]) -> Stack | NotAStack:
    words = f"part {n} of {len(all_parts)}"
    why = f"The slices leave a wide gap, so each side is shown by itself: this is {words}."
    if isinstance(part, NotAStack):
        return NotAStack(part.order, f"{why} {part.reason}")
    caution = f"{words.capitalize()}. {part.caution}".rstrip(" .")
    return attrs.evolve(part, notes=(why, *part.notes), caution=caution)


def _parted(order: list[int], heights: Floats) -> list[list[int]]:
    """Part the planes at each hole that is too wide for one volume."""
    gaps = np.diff(heights[order])
    if gaps.size == 0 or gaps.min() < _SAME_PLACE_MM:
        return [order]
    cuts = [n + 1 for n in _holes(gaps) if gaps[n] > _WIDEST_HOLE_MM]
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def _holes(gaps: Floats) -> list[int]:
    """Return which gaps are much wider than those around them."""
    if gaps.max() <= _HOLE_RATIO * gaps.min():
        return []
    found = []
    for n, gap in enumerate(gaps):
        around = [*gaps[max(0, n - _NEIGHBOURS) : n], *gaps[n + 1 : n + 1 + _NEIGHBOURS]]
        if around and gap > _HOLE_RATIO * float(np.median(around)):
            found.append(n)
    return found


def _one(
    places: list[PlanePlace], positions: Floats, order: list[int], size: tuple[int, int]
) -> Stack | NotAStack:
    """Make one volume of planes in ascending order."""
    listed = tuple(order)
    if len(places) < _LEAST_PLANES:
        return NotAStack(listed, "There is only one slice.")
    first = places[0]
    offsets = positions - positions[0]
    heights = offsets @ first.normal
    gaps = np.diff(heights)
    if gaps.min() < _SAME_PLACE_MM:
        return NotAStack(listed, "Several slices lie in the same place.")
    sideways = np.stack(
        (offsets @ np.array(first.along_row), offsets @ np.array(first.down_column))
    )
    drift = np.linalg.norm(sideways, axis=0)
    is_straight = bool(drift.max() <= min(first.row_mm, first.column_mm) / 2)
    fitted = _even_slots(heights)
    if is_straight and fitted is not None:
        return _even(first, positions, listed, fitted)
    if fitted is not None:
        heights = np.array(fitted) * (heights[-1] / fitted[-1])
    return _uneven(first, positions[0], listed, _Slant(heights, sideways, fitted is not None, size))


@attrs.frozen(eq=False)
class _Slant:
    """Heights (n,) and sideways drift (2, n), along rows and down columns, both in mm."""

    heights: Floats
    sideways: Floats
    is_even: bool
    size: tuple[int, int]

    @property
    def steepness(self) -> float:
        """Most that one plane is moved sideways against the one below, by its distance."""
        moved = np.linalg.norm(np.diff(self.sideways, axis=1), axis=0)
        return float((moved / np.diff(self.heights)).max())

    def words(self, place: PlanePlace) -> tuple[str, str]:
        """Say how the planes lie against each other: in a sentence, and in a few words."""
        ends = self.sideways[:, -1] / self.heights[-1]
        line = np.outer(ends, self.heights)
        stray = np.linalg.norm(self.sideways - line, axis=0).max()
        if np.linalg.norm(self.sideways, axis=0).max() <= min(place.row_mm, place.column_mm) / 2:
            return "", ""
        if stray > min(place.row_mm, place.column_mm) / 2:
            return "The slices are shifted sideways against each other.", "slices shifted"
        angle = float(np.degrees(np.arctan(np.linalg.norm(ends))))
        return f"The slices are tilted by {angle:.1f}° against their stack.", f"tilt {angle:.1f}°"


def _even_slots(heights: Floats) -> tuple[int, ...] | None:
    """Return the place of each plane on an even line, holes left free; None if there is no line."""
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    if gaps.max() <= (1 + _HOLE_RATIO) / 2 * usual:
        counts = np.ones(gaps.size)
    else:
        counts = np.rint(gaps / usual)
    if counts.min() < 1:
        return None
    slots = np.concatenate(([0.0], np.cumsum(counts)))
    missing = slots[-1] + 1 - heights.size
    if missing > _MOST_EMPTY * (slots[-1] + 1):
        return None
    step = float(heights[-1] / slots[-1])
    if np.abs(heights - step * slots).max() > min(_UNEVEN_RATIO * step, _UNEVEN_MM):
        return None
    return tuple(int(n) for n in slots)


def _even(
    first: PlanePlace, positions: Floats, order: tuple[int, ...], slots: tuple[int, ...]
) -> Stack:
    planes = slots[-1] + 1
    step = float((positions[-1] - positions[0]) @ first.normal) / slots[-1]
    affine = _affine(first, positions[0], step)
    missing = sorted(set(range(planes)) - set(slots))
    if not missing:
        return Stack(order, slots, planes, affine)
    ranges = _ranges(missing)
    one = len(missing) == 1
    note = (
        f"{len(missing)} of {planes} slices {'is' if one else 'are'} missing: {ranges}."
        f" {'Its place is' if one else 'Their places are'} left empty."
    )
    return Stack(order, slots, planes, affine, None, (note,), f"{MISSING}: {ranges}")


def _ranges(numbers: list[int]) -> str:
    """Write plane numbers, from 1 on, as they are counted on screen."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    words = [f"{r[0] + 1}" if len(r) == 1 else f"{r[0] + 1} to {r[-1] + 1}" for r in runs]
    more = " and more" if len(words) > _MOST_RANGES else ""
    return ", ".join(words[:_MOST_RANGES]) + more


def _uneven(
    first: PlanePlace, origin: Floats, order: tuple[int, ...], slant: _Slant
) -> Stack | NotAStack:
    """Put planes on a straight, even grid, or say why that would not be honest."""
    gaps = np.diff(slant.heights)
    said, short = slant.words(first)
    why = "" if slant.is_even else f"The slices are {_span(gaps)} mm apart."
    reason = " ".join(filter(None, (said, why)))
    holes = _holes(gaps)
    empty = float(gaps[holes].sum()) if holes else 0.0
    bridged = np.delete(gaps, holes)
    if (
        (len(order) < _LEAST_UNEVEN and not slant.is_even)
        or slant.steepness > _MOST_SLANT
        or empty > _MOST_EMPTY * slant.heights[-1]
        or (not slant.is_even and bridged.max() > _WIDEST_HOLE_MM)
    ):
        return NotAStack(order, reason)
    regrid, corner = _regrid(first, slant, holes)
    affine = _affine(first, origin + corner, regrid.step_mm)
    notes = [
        f"{reason} They were put on a straight, even grid: values in between are interpolated."
    ]
    if holes:
        notes.append(_hole_words(slant.heights, holes))
    caution = ", ".join(filter(None, (short, "" if slant.is_even else "uneven slices")))
    return Stack(
        order, tuple(range(len(order))), len(order), affine, regrid, tuple(notes),
        f"{RESAMPLED}: {caution}" + (", slices missing" if holes else ""),
    )  # fmt: skip


def _hole_words(heights: Floats, holes: list[int]) -> str:
    first = [f"{_mm(heights[n + 1] - heights[n])} mm" for n in holes[:_MOST_RANGES]]
    more = " and more" if len(holes) > _MOST_RANGES else ""
    return f"Slices are missing in {', '.join(first)}{more}: the place is left empty."


def _regrid(first: PlanePlace, slant: _Slant, holes: list[int]) -> tuple[Regrid, Floats]:
    """Return the grid, and where its first pixel lies from that of the first plane, in mm."""
    heights, (along, down) = slant.heights, slant.sideways
    planes = 1 + round(float(heights[-1]) / _grid_step(heights, is_even=slant.is_even))
    step = float(heights[-1]) / (planes - 1)
    across, below = along / first.column_mm, down / first.row_mm
    left, top = float(np.floor(across.min())), float(np.floor(below.min()))
    rows = slant.size[0] + int(np.ceil(below.max() - top))
    columns = slant.size[1] + int(np.ceil(across.max() - left))
    if not np.ptp(across) > 1e-6:
        left, columns = float(across[0]), slant.size[1]
    if not np.ptp(below) > 1e-6:
        top, rows = float(below[0]), slant.size[0]
    corner = left * first.column_mm * np.array(first.along_row)
    corner = corner + top * first.row_mm * np.array(first.down_column)
    regrid = Regrid(
        tuple(float(x) for x in heights),
        tuple(float(x) for x in across - left),
        tuple(float(x) for x in below - top),
        (planes, rows, columns),
        step,
        tuple((float(heights[n]), float(heights[n + 1])) for n in holes),
    )
    return regrid, corner


def _grid_step(heights: Floats, *, is_even: bool) -> float:
    gaps = np.sort(np.diff(heights))
    if is_even:
        return float(np.median(gaps))
    usual = float(gaps[min(gaps.size - 1, int(np.ceil(_USUAL_SHARE * gaps.size)))])
    return max(usual, float(heights[-1]) / (_MOST_PLANES_EACH * heights.size))


def _affine(first: PlanePlace, origin: Floats, step_mm: float) -> Affine:
    matrix = np.eye(4)
    matrix[:3, 0] = np.array(first.along_row) * first.column_mm
    matrix[:3, 1] = np.array(first.down_column) * first.row_mm
    matrix[:3, 2] = first.normal * step_mm
    matrix[:3, 3] = origin
    return to_affine(matrix)


def _span(gaps: Floats) -> str:
    return f"{_mm(gaps.min())} to {_mm(gaps.max())}"


def _mm(value: float) -> str:
    return f"{float(value):.3g}"
