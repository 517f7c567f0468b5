"""The shipped label map of a real dental CBCT, and its teeth told apart.

Arrays are (planes, rows, columns) = [k, j, i]; `i` runs to the patient's left, `j` to the back,
`k` up, so that LPS mm = index * spacing + origin. Pure, any thread.

Source: PostDentalSurgery_Segmentation.nii.gz of SlicerDentalSegmentator, Apache-2.0
(`resources/demo/SOURCES.md`).
"""

from __future__ import annotations

import heapq
import tomllib
from functools import cache

import attrs
import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.model.resources import resource_path
from viewer.model.tooth import Tooth, parse_tooth

SKULL, MANDIBLE, UPPER_TEETH, LOWER_TEETH, CANALS = 1, 2, 3, 4, 5
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_TEETH_MARGIN = 6


@attrs.frozen(eq=False)
class LabelMap:
    """Labels 0-5 as (planes, rows, columns) uint8, axes along LPS.

    `spacing_mm` is the same in all directions; `origin_lps` is the first voxel's centre in mm.
    """

    voxels_kji: NDArray[np.uint8]
    spacing_mm: float
    origin_lps: tuple[float, float, float]

    def lps_of(self, index_kji: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return LPS mm of (..., 3) indices [k, j, i], 0 at the first voxel's centre."""
        xyz = np.asarray(index_kji, dtype=np.float64)[..., ::-1]
        return np.asarray(xyz * self.spacing_mm + np.array(self.origin_lps), dtype=np.float64)


@attrs.frozen(eq=False)
class ToothMap:
    """Which tooth a voxel belongs to: ISO 3950 number or 0, a box of the label map.

    `start_kji` is the box's first voxel in the label map.
    """

    numbers_kji: NDArray[np.uint8]
    start_kji: tuple[int, int, int]

    @property
    def teeth(self) -> tuple[Tooth, ...]:
        """The teeth present, in ascending order of their numbers."""
        return tuple(parse_tooth(int(n)) for n in np.unique(self.numbers_kji) if n)


@cache
def load_labels() -> LabelMap:
    """Read the shipped label map and turn NIfTI's RAS axes into LPS."""
    path = resource_path("demo", "cbct", "PostDentalSurgery_Segmentation.nii.gz")
    image = nibabel.nifti1.Nifti1Image.from_filename(path)
    affine = _RAS_TO_LPS @ np.asarray(image.affine, dtype=np.float64)
    voxels = np.asarray(image.dataobj).astype(np.uint8)
    for axis in range(3):
        if affine[axis, axis] < 0:
            voxels = np.flip(voxels, axis)
            affine[:3, 3] += affine[:3, axis] * (voxels.shape[axis] - 1)
            affine[:3, axis] *= -1
    spacing = float(affine[0, 0])
    if not np.allclose(affine[:3, :3], np.eye(3) * spacing):
        raise ValueError("the label map's axes do not lie along the patient's")
    x, y, z = (float(v) for v in affine[:3, 3])
    kji = np.ascontiguousarray(voxels.transpose(2, 1, 0))
    kji.flags.writeable = False
    return LabelMap(kji, spacing, (x, y, z))


@cache
def load_teeth() -> ToothMap:
    """Tell the teeth apart: a watershed on the depth inside, from seeds placed by hand."""
    labels = load_labels()
    box = _box_of_teeth(labels.voxels_kji)
    part = labels.voxels_kji[box]
    start = (box[0].start, box[1].start, box[2].start)
    numbers = np.zeros(part.shape, np.uint8)
    for label, quadrants in ((UPPER_TEETH, (1, 2)), (LOWER_TEETH, (3, 4))):
        mask = _without_hollows(part == label, part)
        seeds = _seeds(part.shape, start, quadrants)
        numbers[mask] = _grow(mask, seeds)[mask]
    numbers.flags.writeable = False
    return ToothMap(numbers, start)


def _box_of_teeth(voxels: NDArray[np.uint8]) -> tuple[slice, slice, slice]:
    found = ndimage.find_objects(np.isin(voxels, (UPPER_TEETH, LOWER_TEETH)).view(np.uint8))[0]
    k, j, i = (slice(s.start - _TEETH_MARGIN, s.stop + _TEETH_MARGIN) for s in found)
    return k, j, i


def _without_hollows(mask: NDArray[np.bool_], part: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Fill pulp chambers that the map leaves empty, slice by slice, where nothing else lies."""
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in mask])
    small = filled & ~mask & (part == 0)
    return np.asarray(mask | small, dtype=np.bool_)


def _seeds(
    shape: tuple[int, ...], start: tuple[int, int, int], quadrants: tuple[int, int]
) -> NDArray[np.int16]:
    text = resource_path("demo", "cbct", "tooth_seeds.toml").read_text("utf-8")
    markers = np.zeros(shape, np.int16)
    for name, points in tomllib.loads(text)["seeds"].items():
        if int(name) // 10 in quadrants:
            for i, j, k in points:
                at = (k - start[0], j - start[1], i - start[2])
                markers[tuple(slice(a - 1, a + 2) for a in at)] = int(name)
    return markers


def _grow(mask: NDArray[np.bool_], seeds: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Flood each tooth from its seeds, deepest voxels first (Meyer's watershed).

    scipy's `watershed_ift` leaks along the surface here, where many voxels are equally shallow.
    """
    depth = ndimage.gaussian_filter(np.asarray(ndimage.distance_transform_edt(mask)), 0.6)
    padded = np.pad(mask, 1)
    free = padded.ravel().copy()
    level = -np.pad(depth, 1).ravel()
    numbers = np.pad(np.where(mask, seeds, 0), 1).astype(np.uint8).ravel()
    steps = _neighbour_steps(padded.shape)
    queue: list[tuple[float, int, int]] = []
    for at in np.flatnonzero(numbers).tolist():
        free[at] = False
        heapq.heappush(queue, (float(level[at]), len(queue), at))
    order = len(queue)
    while queue:
        height, _, at = heapq.heappop(queue)
        for step in steps:
            near = at + step
            if free[near]:
                free[near] = False
                numbers[near] = numbers[at]
                order += 1
                heapq.heappush(queue, (max(height, float(level[near])), order, near))
    return numbers.reshape(padded.shape)[1:-1, 1:-1, 1:-1]


def _neighbour_steps(shape: tuple[int, ...]) -> tuple[int, ...]:
    plane, row = shape[1] * shape[2], shape[2]
    return (plane, -plane, row, -row, 1, -1)
