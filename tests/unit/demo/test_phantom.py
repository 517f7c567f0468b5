"""The phantom's grey values, geometry and repeatability."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.demo.dentition import tooth_facts
from viewer.demo.labels import MANDIBLE, load_labels
from viewer.demo.phantom import Phantom, PhantomSpec, make_cbct, make_object
from viewer.demo.truth import load_truth
from viewer.model.tooth import Tooth

Point = tuple[float, float, float]


def grey_at(phantom: Phantom, point: Point, reach_mm: float = 0.0) -> float:
    """Mean grey value in a cube around a point in LPS mm."""
    index = np.linalg.inv(phantom.affine_lps) @ [*point, 1.0]
    i, j, k = np.round(index[:3]).astype(int)
    n = round(reach_mm / phantom.voxel_mm)
    cube = phantom.voxels_kji[k - n : k + n + 1, j - n : j + n + 1, i - n : i + n + 1]
    return float(cube.mean()) * phantom.slope + phantom.intercept


@pytest.fixture(scope="module")
def fine_molar() -> Phantom:
    """Tooth 46 and its bone as the bare object at 0.25 mm."""
    return make_object(
        PhantomSpec(voxel_mm=0.25, fillings=()), ((58.0, 55.0, 32.0), (80.0, 71.0, 62.0))
    )


def test_air_around_the_face_is_minus_1000(coarse_cbct: Phantom) -> None:
    assert grey_at(coarse_cbct, (40.0, 16.0, 60.0), 3) == pytest.approx(-1000, abs=60)


def test_muscle_is_soft_tissue(coarse_cbct: Phantom) -> None:
    assert -150 < grey_at(coarse_cbct, (92.0, 70.0, 45.0), 3) < 200


def test_the_airway_is_open(coarse_cbct: Phantom) -> None:
    darkest = min(grey_at(coarse_cbct, (92.0, float(y), 45.0), 1) for y in range(80, 106))
    assert darkest < -800


def test_a_crown_has_enamel_outside_and_dentine_and_pulp_inside(fine_molar: Phantom) -> None:
    facts = tooth_facts()[Tooth(46)]
    tip, axis = np.array(facts.crown_tip_lps), np.array(facts.axis)
    along = [grey_at(fine_molar, tuple(tip - axis * depth)) for depth in np.arange(0, 9, 0.25)]
    assert max(along[:12]) > 2300
    assert min(along[16:30]) < 900
    assert any(1400 < value < 1900 for value in along)


def test_a_canal_is_darker_than_the_bone_around_it() -> None:
    line = load_truth().canals[1].centreline_lps
    middle = np.array(line[len(line) // 2])
    box = tuple(map(tuple, (middle - 8, middle + 8)))
    bare = make_object(PhantomSpec(voxel_mm=0.5), box)  # type: ignore[arg-type]
    assert grey_at(bare, tuple(middle)) < 250
    assert (bare.voxels_kji + bare.intercept > 1000).any()


def test_the_mandibles_surface_is_cortical_bone(coarse_cbct: Phantom) -> None:
    chin = np.argwhere(load_labels().voxels_kji[:, :, 184] == MANDIBLE)
    front = chin[chin[:, 1].argmin()]
    point = (92.0, front[1] * 0.5 + 1.0, front[0] * 0.5)
    assert grey_at(coarse_cbct, point) > 700


def test_bone_of_the_label_map_is_bright_and_in_its_place(coarse_cbct: Phantom) -> None:
    labels = load_labels()
    index = np.argwhere(labels.voxels_kji == MANDIBLE)[::97]
    points = labels.lps_of(index.astype(float))
    here = np.mean([grey_at(coarse_cbct, tuple(p)) for p in points])
    mirrored = points * [-1, 1, 1] + [2 * 92.0 + 6.0, 0, 0]
    elsewhere = np.mean([grey_at(coarse_cbct, tuple(p)) for p in mirrored])
    assert here > 650
    assert here > elsewhere + 100


def test_the_same_seed_gives_the_same_voxels() -> None:
    spec = PhantomSpec(voxel_mm=2.0)
    first, second = make_cbct(spec), make_cbct(spec)
    other = make_cbct(PhantomSpec(voxel_mm=2.0, seed=1))
    assert np.array_equal(first.voxels_kji, second.voxels_kji)
    assert not np.array_equal(first.voxels_kji, other.voxels_kji)


def test_noise_is_that_of_a_cbct(coarse_cbct: Phantom) -> None:
    index = np.linalg.inv(coarse_cbct.affine_lps) @ [92.0, 70.0, 40.0, 1.0]
    i, j, k = np.round(index[:3]).astype(int)
    tongue = coarse_cbct.voxels_kji[k - 4 : k + 4, j - 4 : j + 4, i - 4 : i + 4]
    assert 45 < tongue.std() < 110


def test_nothing_lies_outside_the_cylinder_of_the_field_of_view(coarse_cbct: Phantom) -> None:
    assert (coarse_cbct.voxels_kji[:, :5, :5] == 0).all()
    assert coarse_cbct.voxels_kji.max() <= 4095


def test_a_filling_is_metal_and_a_missing_tooth_is_gone() -> None:
    tip, axis = (np.array(getattr(tooth_facts()[Tooth(36)], n)) for n in ("crown_tip_lps", "axis"))
    spot = tip - 1.6 * axis
    box = tuple(map(tuple, (spot - 6, spot + 6)))
    filled, bare, gone = (
        make_object(spec, box)  # type: ignore[arg-type]
        for spec in (
            PhantomSpec(voxel_mm=0.5, fillings=(Tooth(36),)),
            PhantomSpec(voxel_mm=0.5, fillings=()),
            PhantomSpec(voxel_mm=0.5, fillings=(Tooth(36),), missing=(Tooth(36),)),
        )
    )
    assert grey_at(filled, tuple(spot)) > 3000
    assert grey_at(bare, tuple(spot)) < 2800
    assert grey_at(gone, tuple(spot)) < 500
