"""Anatomical planes through a volume: what lies where, and which array cut shows it.

Radiological convention, always in true LPS planes whatever the acquisition's orientation:

- axial is seen from the feet: patient's right on screen left, anterior on top;
- coronal is seen from the front: patient's right on screen left, head on top;
- sagittal is seen from the patient's left: anterior on screen left, head on top.

LPS is in mm, x to the patient's left, y to posterior, z to the head. Pane coordinates are screen
pixels, 0 at the first one's centre, y down. Voxel indices are (i, j, k) in affines and [k, j, i]
in arrays, 0 at the first voxel's centre.
"""

from __future__ import annotations

from functools import cached_property

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.imaging import kernels
from viewer.imaging.padding import NO_PADDING
from viewer.imaging.sampling import taps
from viewer.model.image import Affine, to_affine
from viewer.model.view import Plane

Lps = tuple[float, float, float]

_AXES: dict[Plane, tuple[Lps, Lps, Lps]] = {
    Plane.AXIAL: ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    Plane.CORONAL: ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    Plane.SAGITTAL: ((0, 1, 0), (0, 0, -1), (1, 0, 0)),
}
_LETTERS = ("L", "R"), ("P", "A"), ("H", "F")
_ALIGNED_VOXELS = 0.05


def axes_of(plane: Plane) -> tuple[Lps, Lps, Lps]:
    """Return the LPS unit vectors to screen right, to screen bottom, and along wheel steps.

    >>> axes_of(Plane.CORONAL)
    ((1, 0, 0), (0, 0, -1), (0, 1, 0))
    """
    return _AXES[plane]


def letters(direction: Lps, least: float = 0.1) -> str:
    """Return the letters of the end a direction points to, the strongest first.

    >>> letters((1, 0, 0)), letters((0, 0, -1)), letters((-0.8, -0.6, 0))
    ('L', 'F', 'RA')
    """
    order = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    return "".join(
        _LETTERS[axis][0 if direction[axis] > 0 else 1]
        for axis in order
        if abs(direction[axis]) > least
    )


def plane_letters(plane: Plane) -> dict[str, str]:
    """Return the letters at the four edges of a pane.

    >>> plane_letters(Plane.SAGITTAL)
    {'left': 'A', 'right': 'P', 'top': 'H', 'bottom': 'F'}
    """
    right, down, _ = axes_of(plane)
    back = tuple(-x for x in right), tuple(-x for x in down)
    return {
        "left": letters(back[0]),  # type: ignore[arg-type]
        "right": letters(right),
        "top": letters(back[1]),  # type: ignore[arg-type]
        "bottom": letters(down),
    }


@attrs.frozen
class VolumeSpace:
    """Where the voxels of a volume are: array `shape` (planes, rows, columns) and its affine."""

    shape: tuple[int, int, int]
    affine: Affine

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """4x4, (i, j, k, 1) to LPS mm."""
        return np.array(self.affine, np.float64)

    @cached_property
    def inverse(self) -> NDArray[np.float64]:
        """4x4, LPS mm to (i, j, k, 1)."""
        return np.asarray(np.linalg.inv(self.matrix))

    @cached_property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Distance between voxels along i, j and k."""
        return np.asarray(np.linalg.norm(self.matrix[:3, :3], axis=0))

    @cached_property
    def along(self) -> tuple[int, int, int] | None:
        """The affine column (0=i, 1=j, 2=k) that runs along x, y and z; None if oblique.

        Aligned means that across the whole volume no voxel strays by a twentieth of a voxel.
        """
        matrix = self.matrix[:3, :3]
        columns = [int(np.argmax(np.abs(matrix[row]))) for row in range(3)]
        if sorted(columns) != [0, 1, 2]:
            return None
        stray = np.abs(matrix) * (np.array(self.shape[::-1]) - 1)
        finest = self.spacing_mm.min()
        for row, column in enumerate(columns):
            stray[row, column] = 0.0
        return tuple(columns) if stray.max() < _ALIGNED_VOXELS * finest else None  # type: ignore[return-value]

    @cached_property
    def bounds_lps(self) -> tuple[Lps, Lps]:
        """The box around all voxels, their half widths included."""
        ends = np.array([[-0.5, size - 0.5] for size in self.shape[::-1]])
        corners = np.array(np.meshgrid(*ends)).reshape(3, -1)
        placed = self.matrix[:3, :3] @ corners + self.matrix[:3, 3:]
        return _lps(placed.min(axis=1)), _lps(placed.max(axis=1))

    @property
    def middle_lps(self) -> Lps:
        """The middle of that box."""
        low, high = self.bounds_lps
        return _lps((np.array(low) + np.array(high)) / 2)

    def index_of(self, point: Lps) -> NDArray[np.float64]:
        """Return the fractional (i, j, k) of a point."""
        return np.asarray(self.inverse[:3, :3] @ np.array(point) + self.inverse[:3, 3])

    def snapped(self, point: Lps) -> Lps:
        """Return the nearest voxel's centre, inside the volume."""
        index = np.rint(self.index_of(point))
        inside = np.clip(index, 0, np.array(self.shape[::-1]) - 1)
        return _lps(self.matrix[:3, :3] @ inside + self.matrix[:3, 3])

    def step_mm(self, plane: Plane) -> float:
        """How far one wheel step goes across a plane: a voxel, or the finest spacing if oblique."""
        if self.along is None:
            return float(self.spacing_mm.min())
        axis = int(np.argmax(np.abs(axes_of(plane)[2])))
        return float(self.spacing_mm[self.along[axis]])

    def count(self, plane: Plane) -> int:
        """How many wheel steps there are from one end of the volume to the other, plus one."""
        axis = int(np.argmax(np.abs(axes_of(plane)[2])))
        low, high = self.bounds_lps
        return max(1, round((high[axis] - low[axis]) / self.step_mm(plane)))

    def number(self, plane: Plane, point: Lps) -> int:
        """Which of those steps a point lies on, from 1 on, growing along the plane's third axis."""
        axis = int(np.argmax(np.abs(axes_of(plane)[2])))
        from_end = point[axis] - self.bounds_lps[0][axis]
        return min(max(int(from_end // self.step_mm(plane)) + 1, 1), self.count(plane))


@attrs.frozen
class PlaneGeometry:
    """One pane of `width` x `height` screen pixels looking at `plane`.

    `centre_lps` is in the middle of the pane (and on the plane), one screen pixel is `mm_per_px`.

    >>> g = PlaneGeometry(Plane.AXIAL, (10.0, 20.0, 5.0), 0.5, 101, 101)
    >>> g.pane_to_lps((50, 50)), g.pane_to_lps((52, 50))
    ((10.0, 20.0, 5.0), (11.0, 20.0, 5.0))
    >>> g.lps_to_pane((11.0, 21.0, 99.0))
    (52.0, 52.0)
    """

    plane: Plane
    centre_lps: Lps
    mm_per_px: float
    width: int
    height: int

    def pane_to_lps(self, pane: tuple[float, float]) -> Lps:
        """Return the point of the plane under a pane point."""
        right, down, _ = axes_of(self.plane)
        x = (pane[0] - (self.width - 1) / 2) * self.mm_per_px
        y = (pane[1] - (self.height - 1) / 2) * self.mm_per_px
        return _lps(np.array(self.centre_lps) + x * np.array(right) + y * np.array(down))

    def lps_to_pane(self, point: Lps) -> tuple[float, float]:
        """Return where a point appears, projected along the plane's normal."""
        right, down, _ = axes_of(self.plane)
        away = np.array(point) - np.array(self.centre_lps)
        return (
            float(away @ np.array(right)) / self.mm_per_px + (self.width - 1) / 2,
            float(away @ np.array(down)) / self.mm_per_px + (self.height - 1) / 2,
        )


def with_depth(plane: Plane, centre: Lps, cursor: Lps) -> Lps:
    """Return `centre` moved along the plane's normal onto the plane through `cursor`.

    >>> with_depth(Plane.AXIAL, (1, 2, 3), (7, 8, 9))
    (1.0, 2.0, 9.0)
    """
    axis = int(np.argmax(np.abs(axes_of(plane)[2])))
    moved = list(centre)
    moved[axis] = cursor[axis]
    return _lps(np.array(moved, np.float64))


def fit_mm_per_px(space: VolumeSpace, plane: Plane, width: int, height: int) -> float:
    """Return the scale at which the whole volume is just seen in a pane."""
    low, high = (np.array(end) for end in space.bounds_lps)
    right, down, _ = axes_of(plane)
    wide, tall = abs((high - low) @ np.array(right)), abs((high - low) @ np.array(down))
    return float(max(wide / width, tall / height))


def sample_plane(
    volume: NDArray[np.generic],
    space: VolumeSpace,
    geometry: PlaneGeometry,
    out: NDArray[np.float32],
    padding: tuple[float, float] = NO_PADDING,
) -> None:
    """Fill `out` (height, width) with stored values; NaN outside the volume. Pure, any thread.

    An aligned volume is cut along its own axes and resampled separably (area filter when
    minified); an oblique one is interpolated in the true plane.
    """
    if space.along is None:
        _sample_oblique(volume, space, geometry, out, padding)
    else:
        _sample_aligned(volume, space, space.along, geometry, out, padding)


def _sample_oblique(
    volume: NDArray[np.generic],
    space: VolumeSpace,
    geometry: PlaneGeometry,
    out: NDArray[np.float32],
    padding: tuple[float, float],
) -> None:
    right, down, _ = (np.array(axis, np.float64) for axis in axes_of(geometry.plane))
    origin = space.index_of(geometry.pane_to_lps((0.0, 0.0)))[::-1]
    turn = space.inverse[:3, :3]
    across = (turn @ right * geometry.mm_per_px)[::-1]
    along = (turn @ down * geometry.mm_per_px)[::-1]
    o, u, v = (np.ascontiguousarray(vector) for vector in (origin, across, along))
    kernels.cut_oblique(volume, o, u, v, out, padding)


def _sample_aligned(
    volume: NDArray[np.generic],
    space: VolumeSpace,
    along: tuple[int, int, int],
    geometry: PlaneGeometry,
    out: NDArray[np.float32],
    padding: tuple[float, float],
) -> None:
    columns = [along[int(np.argmax(np.abs(axis)))] for axis in axes_of(geometry.plane)]
    origin = space.index_of(geometry.pane_to_lps((0.0, 0.0)))
    depth = float(origin[columns[2]])
    if not -0.5 <= depth <= volume.shape[2 - columns[2]] - 0.5:
        out[:] = np.nan
        return
    cut, padding = _cut(volume, 2 - columns[2], depth, padding)
    if columns[0] > columns[1]:
        cut = cut.T
    right, down, _ = (np.array(axis, np.float64) for axis in axes_of(geometry.plane))
    steps = space.inverse[:3, :3] * geometry.mm_per_px
    step_x, step_y = float((steps @ right)[columns[0]]), float((steps @ down)[columns[1]])
    cut, x0 = _forward(cut, 1, float(origin[columns[0]]), step_x)
    cut, y0 = _forward(cut, 0, float(origin[columns[1]]), step_y)
    across = taps(cut.shape[1], out.shape[1], x0, abs(step_x))
    below = taps(cut.shape[0], out.shape[0], y0, abs(step_y))
    (left, last), (top, bottom) = across.reach, below.reach
    seen = kernels.contiguous(cut[top:bottom, left:last])
    kernels.resample(seen, across.moved(-left), below.moved(-top), out, padding)


def _cut(
    volume: NDArray[np.generic], axis: int, position: float, padding: tuple[float, float]
) -> tuple[NDArray[np.generic], tuple[float, float]]:
    """Return a view of one plane of voxels and the padding in it, or a mix of two, NaN for it."""
    nearest = min(max(round(position), 0), volume.shape[axis] - 1)
    if abs(min(max(position, 0.0), volume.shape[axis] - 1.0) - nearest) < 1e-6:
        return volume[(slice(None),) * axis + (nearest,)], padding
    shape = tuple(size for a, size in enumerate(volume.shape) if a != axis)
    mixed = np.empty(shape, np.float32)
    kernels.cut_aligned(volume, axis, position, mixed, padding)
    return mixed, NO_PADDING


def _forward(
    cut: NDArray[np.generic], axis: int, origin: float, step: float
) -> tuple[NDArray[np.generic], float]:
    """Turn an axis that runs against the screen round; float noise never moves a whole pixel."""
    size = cut.shape[axis]
    if step < 0:
        cut, origin = np.flip(cut, axis), size - 1 - origin
    return cut, round(origin, 7)


def space_of(shape: tuple[int, ...], affine: NDArray[np.float64]) -> VolumeSpace:
    """Return the space of an array of `shape` (planes, rows, columns) with a 4x4 affine."""
    return VolumeSpace((shape[0], shape[1], shape[2]), to_affine(affine))


def _lps(values: NDArray[np.floating]) -> Lps:
    x, y, z = (float(v) + 0.0 for v in values)
    return x, y, z
