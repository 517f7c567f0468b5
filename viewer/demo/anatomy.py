"""Bone, face and air around the teeth, as smooth fields that the phantom is painted from.

Bone comes from the label map; the face, the airway and the cervical spine are made up around it
(`Anatomy.face_mm` and `Anatomy.air`). Pure, any thread.
"""

from __future__ import annotations

from functools import cache

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.demo import labels as lab
from viewer.demo.dentition import tooth_fields
from viewer.demo.face import face_and_air
from viewer.demo.labels import load_labels, load_teeth

BONE, SOLID, DEEP, CANAL, RIM = range(5)

Box = tuple[slice, slice, slice]


@attrs.frozen(eq=False)
class Anatomy:
    """What lies where, in smooth fields along LPS.

    `tissue` is (planes, rows, columns, 5) uint8, 255 = wholly inside: mineralised bone, bone with
    its marrow, the same blurred (a depth), nerve canal, rim of the canal. `face_mm` is (planes,
    rows, columns) float32, positive inside the skin; `air` likewise, uint8, airway and sinuses.
    Origins are first voxels' centres in LPS mm.
    """

    tissue: NDArray[np.uint8]
    tissue_origin: tuple[float, float, float]
    tissue_mm: float
    face_mm: NDArray[np.float32]
    air: NDArray[np.uint8]
    face_origin: tuple[float, float, float]
    face_step_mm: float


JAWS_BOX: Box = (slice(14, 258), slice(0, 320), slice(14, 354))
"""Planes, rows, columns of the label map that a field of view of both jaws can meet."""


@cache
def jaws_anatomy() -> Anatomy:
    """Fields of both jaws at the label map's 0.5 mm, with the sockets of all teeth as bone."""
    return _build(JAWS_BOX, 1)


@cache
def head_anatomy() -> Anatomy:
    """Fields of the whole head, at 1 mm: for a cephalogram."""
    shape = load_labels().voxels_kji.shape
    return _build((slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2])), 2)


def _build(box: Box, step: int) -> Anatomy:
    labels = load_labels()
    voxels = labels.voxels_kji[box][::step, ::step, ::step]
    spacing = labels.spacing_mm * step
    start = np.array([s.start for s in box], dtype=float)
    x, y, z = (float(v) for v in labels.lps_of(start))
    roots = _roots(box, step)
    spine = _spine(voxels.shape, (x, y, z), spacing)
    tissue = _tissue(voxels, roots, spine & (voxels == 0), spacing, 158 - box[0].start)
    face_mm, air, face_origin, face_step = face_and_air()
    return Anatomy(tissue, (x, y, z), spacing, face_mm, air, face_origin, face_step)


def _roots(box: Box, step: int) -> NDArray[np.bool_]:
    """Where teeth stand in bone, missing ones included: their sockets have healed."""
    fields, teeth = tooth_fields(), load_teeth()
    inside = (teeth.numbers_kji > 0) & (fields.height_mm < -0.5)
    whole = np.zeros(load_labels().voxels_kji.shape, np.bool_)
    at = tuple(slice(s, s + n) for s, n in zip(teeth.start_kji, inside.shape, strict=True))
    whole[at] = inside
    return whole[box][::step, ::step, ::step]


def _spine(
    shape: tuple[int, ...], origin: tuple[float, float, float], spacing: float
) -> NDArray[np.bool_]:
    """A made-up cervical spine, which the label map lacks: bodies, canal and arches."""
    z, y, x = (
        (np.arange(n, dtype=np.float32) * spacing + origin[2 - axis])
        for axis, n in enumerate(shape)
    )
    rows = np.flatnonzero((y > 96.0) & (y < 164.0))
    columns = np.flatnonzero((x > 66.0) & (x < 118.0))
    planes = np.flatnonzero(z < 64.5)
    near = tuple(slice(int(n[0]), int(n[-1]) + 1) for n in (planes, rows, columns))
    bend = 5.0 * np.cos(z[near[0]] / 28.0)[:, None, None]
    back = y[near[1]][None, :, None] - bend
    side = np.abs(x[near[2]] - 92.0)[None, None, :]
    phase = ((z[near[0]] + 40.0) % 17.5)[:, None, None]
    disc = (side / 9.5) ** 2 + ((back - 113.0) / 8.0) ** 2
    body = disc**2 + ((phase - 7.0) / 7.2) ** 6 < 1
    hole = (side / 8.5) ** 2 + ((back - 128.0) / 7.5) ** 2 < 1
    arch = ((side / 12.5) ** 2 + ((back - 129.0) / 11.0) ** 2 < 1) & (phase < 9.0)
    wings = ((side - 13.0) / 9.0) ** 2 + ((back - 121.0) / 5.5) ** 2 + (
        (phase - 5.0) / 5.0
    ) ** 2 < 1
    process = (side / 3.2) ** 2 + ((back - 145.0) / 11.0) ** 2 + ((phase - 4.0) / 4.0) ** 2 < 1
    rough = ((body | arch | wings | process) & ~hole).astype(np.float32)
    spine = np.zeros(shape, np.bool_)
    spine[near] = ndimage.gaussian_filter(rough, 0.9 / spacing) > 0.5
    return spine


def _tissue(
    voxels: NDArray[np.uint8],
    roots: NDArray[np.bool_],
    spine: NDArray[np.bool_],
    spacing: float,
    sinus_plane: int,
) -> NDArray[np.uint8]:
    bone = (voxels == lab.SKULL) | (voxels == lab.MANDIBLE)
    canal = voxels == lab.CANALS
    solid = bone | roots | canal
    step = round(spacing / 0.5)
    for k, plane in enumerate(voxels):
        solid[k] = _with_marrow(plane, solid[k])
        if k * step < sinus_plane:
            solid[k] = _with_upper_marrow(plane, solid[k], 300 // step**2)
    bone |= spine
    solid |= spine
    tissue = np.zeros((*voxels.shape, 5), np.uint8)
    fine, wide = 0.4 / spacing, 1.1 / spacing
    tissue[..., BONE] = _blurred(bone, fine)
    tissue[..., SOLID] = _blurred(solid, fine)
    tissue[..., DEEP] = _blurred(solid, wide)
    found = ndimage.find_objects(canal.view(np.uint8))
    if found and found[0] is not None:
        near = tuple(slice(max(s.start - 8, 0), s.stop + 8) for s in found[0])
        tissue[..., CANAL][near] = _blurred(canal[near], fine)
        tissue[..., RIM][near] = _blurred(ndimage.binary_dilation(canal[near], iterations=2), fine)
    return tissue


def _with_marrow(plane: NDArray[np.uint8], solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close the hollows that the map leaves in spongy bone of the mandible, in one axial plane."""
    jaw = solid & (plane != lab.SKULL)
    filled = np.asarray(ndimage.binary_fill_holes(jaw | (plane == lab.LOWER_TEETH)))
    return np.asarray(solid | (filled & (plane == 0)), dtype=np.bool_)


def _with_upper_marrow(
    plane: NDArray[np.uint8], solid: NDArray[np.bool_], largest: int
) -> NDArray[np.bool_]:
    """The same for the maxilla, below the sinuses: hollows of fewer than `largest` voxels."""
    filled = np.asarray(ndimage.binary_fill_holes(solid | (plane == lab.UPPER_TEETH)))
    hollow, _ = ndimage.label(filled & ~solid & (plane == 0))
    small = np.bincount(hollow.ravel()) < largest
    small[0] = False
    return np.asarray(solid | small[hollow], dtype=np.bool_)


def _blurred(mask: NDArray[np.bool_], sigma: float) -> NDArray[np.uint8]:
    smooth = mask.astype(np.float32)
    ndimage.gaussian_filter(smooth, sigma, output=smooth, truncate=3.0)
    smooth *= 255
    return smooth.astype(np.uint8)
