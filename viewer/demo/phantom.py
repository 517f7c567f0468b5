"""A CBCT of both jaws with a known truth, painted from a real label map. Pure, any thread.

Grey values are those of a dental CBCT: about -1000 in air, 50 in muscle, 230-1450 in bone, 1650
in dentine, 2650 in enamel, clipped at 3095 as 12-bit scanners do. Deterministic by `seed`.
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.demo.anatomy import Anatomy, head_anatomy, jaws_anatomy
from viewer.demo.dentition import ToothFacts, tooth_facts, tooth_fields
from viewer.demo.face import face_and_air
from viewer.demo.paint import noise_cube, paint
from viewer.model.tooth import Tooth

INTERCEPT = -1000.0
PHANTOM_VERSION = 2
"""Raised with every change of what the phantom looks like, so that caches are made anew."""

Box = tuple[tuple[float, float, float], tuple[float, float, float]]

_FIELD_CENTRE = (92.0, 76.0)
_FIELD_RADIUS_MM = 80.0
_FIELD_BOTTOM_MM, _FIELD_TOP_MM = 8.0, 116.0
_AMALGAM_GV, _TITANIUM_GV = 3400.0, 3200.0


@attrs.frozen
class PhantomSpec:
    """What a phantom's mouth has been through, and how it is imaged.

    `fillings` are amalgam in the occlusal face, `implants` titanium where a tooth is missing.
    """

    voxel_mm: float = 0.4
    seed: int = 20431
    noise_gv: float = 65.0
    fillings: tuple[Tooth, ...] = (Tooth(16), Tooth(36))
    implants: tuple[Tooth, ...] = ()
    missing: tuple[Tooth, ...] = ()

    @property
    def absent(self) -> frozenset[Tooth]:
        """Teeth that are not there, those that an implant replaces included."""
        return frozenset(self.missing) | frozenset(self.implants)


@attrs.frozen(eq=False)
class Phantom:
    """Stored values (planes, rows, columns) int16 from 0 to 4095; grey value = stored - 1000.

    `affine_lps` maps (i=column, j=row, k=plane), 0 at the first voxel's centre, to LPS mm.
    """

    voxels_kji: NDArray[np.int16]
    affine_lps: NDArray[np.float64]
    spec: PhantomSpec
    slope: float = 1.0
    intercept: float = INTERCEPT

    @property
    def voxel_mm(self) -> float:
        """Edge of a voxel."""
        return float(self.affine_lps[0, 0])


def make_cbct(spec: PhantomSpec = PhantomSpec()) -> Phantom:
    """Make the CBCT: a cylinder 160 mm wide and 108 mm high around both jaws."""
    x, y = _FIELD_CENTRE
    low = (x - _FIELD_RADIUS_MM, y - _FIELD_RADIUS_MM, _FIELD_BOTTOM_MM)
    high = (x + _FIELD_RADIUS_MM, y + _FIELD_RADIUS_MM, _FIELD_TOP_MM)
    return _paint(spec, (low, high), jaws_anatomy(), (x, y, _FIELD_RADIUS_MM), 1.0)


def make_object(spec: PhantomSpec, box: Box) -> Phantom:
    """Make the bare object in a box of LPS mm: no noise, no streaks, no shading, no cylinder."""
    return _paint(spec, box, jaws_anatomy(), (0.0, 0.0, 0.0), 0.0)


def make_head(voxel_mm: float, seed: int = 0) -> Phantom:
    """Make the whole head as the bare object, as far as the label map reaches."""
    spec = PhantomSpec(voxel_mm=voxel_mm, seed=seed, fillings=())
    box = ((4.0, 2.0, 2.0), (179.0, 179.0, 164.0))
    return _paint(spec, box, head_anatomy(), (0.0, 0.0, 0.0), 0.0)


def forget_anatomy() -> None:
    """Give back the memory (some 400 MB) that is kept between one phantom and the next."""
    for kept in (jaws_anatomy, head_anatomy, face_and_air, tooth_fields):
        kept.cache_clear()


def _paint(
    spec: PhantomSpec,
    box: Box,
    anatomy: Anatomy,
    view: tuple[float, float, float],
    finish: float,
) -> Phantom:
    fields = tooth_fields(spec.absent)
    columns, rows, planes = (
        round((b - a) / spec.voxel_mm) for a, b in zip(box[0], box[1], strict=True)
    )
    half = spec.voxel_mm / 2
    origin = np.array(box[0]) + half
    voxels = np.empty((planes, rows, columns), np.int16)
    paint(
        voxels,
        origin,
        spec.voxel_mm,
        anatomy.tissue,
        np.array(anatomy.tissue_origin),
        anatomy.tissue_mm,
        anatomy.face_mm,
        anatomy.air,
        np.array(anatomy.face_origin),
        anatomy.face_step_mm,
        fields.depth_mm,
        fields.height_mm,
        fields.core,
        np.array(fields.origin_lps),
        fields.spacing_mm,
        _metals(spec),
        noise_cube(64, spec.seed, 0.9, 3.2),
        noise_cube(128, spec.seed + 1, 0.75, 40.0),
        spec.noise_gv * finish,
        np.array(view),
        finish,
    )
    affine = np.diag([spec.voxel_mm, spec.voxel_mm, spec.voxel_mm, 1.0])
    affine[:3, 3] = origin
    return Phantom(voxels, affine, spec)


def _metals(spec: PhantomSpec) -> NDArray[np.float64]:
    """Cylinders of metal: see `paint`."""
    facts = tooth_facts()
    rows = [_filling(facts[t]) for t in spec.fillings if t not in spec.absent]
    for tooth in spec.implants:
        rows.extend(_implant(facts[tooth]))
    return np.array(rows, dtype=np.float64).reshape(-1, 11)


def _filling(facts: ToothFacts) -> list[float]:
    middle = np.array(facts.crown_tip_lps) - 1.6 * np.array(facts.axis)
    return [*middle, *facts.axis, 2.3, 1.3, _AMALGAM_GV, 1.0, 420.0]


def _implant(facts: ToothFacts) -> list[list[float]]:
    """A 4.1 x 10 mm screw without its thread, its abutment and a crown of metal-ceramic."""
    axis, tip = np.array(facts.axis), np.array(facts.crown_tip_lps)
    neck = tip - axis * (facts.crown_mm + 1.0)
    screw = [*(neck - 5.0 * axis), *axis, 2.05, 5.0, _TITANIUM_GV, 0.0, 380.0]
    abutment = [*(neck + 1.5 * axis), *axis, 1.5, 2.0, _TITANIUM_GV, 0.0, 0.0]
    crown = [*(tip - axis * 3.4), *axis, 4.8, 3.6, 2900.0, 2.0, 0.0]
    return [screw, abutment, crown]
