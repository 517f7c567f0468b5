"""Planes against SimpleITK's resampling, and where left is."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses

from tests.support.pictures import blobs, placed, turned_axes
from viewer.imaging.planes import (
    PlaneGeometry,
    axes_of,
    fit_mm_per_px,
    plane_letters,
    sample_plane,
    space_of,
    with_depth,
)
from viewer.model.view import Plane

_FLIPS = [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1), (-1, -1, -1)]


def _by_itk(voxels: np.ndarray, affine: np.ndarray, geometry: PlaneGeometry) -> np.ndarray:
    """The same plane by SimpleITK; NaN outside. ITK needs no handedness of ours."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image = sitk.GetImageFromArray(voxels.astype(np.float32))
    image.SetSpacing(spacing.tolist())
    image.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    right, down, _ = (np.array(axis, float) for axis in axes_of(geometry.plane))
    grid = np.stack([right, down, np.cross(right, down)], axis=1)
    resampled = sitk.Resample(
        image, [geometry.width, geometry.height, 1], sitk.Transform(), sitk.sitkLinear,
        list(geometry.pane_to_lps((0, 0))), [geometry.mm_per_px] * 3, grid.ravel().tolist(),
        float("nan"), sitk.sitkFloat32,
    )  # fmt: skip
    return sitk.GetArrayFromImage(resampled)[0]


def _affines() -> list[np.ndarray]:
    found = []
    for order in permutations(range(3)):
        for flips in _FLIPS:
            directions = np.zeros((3, 3))
            for column, row in enumerate(order):
                directions[row, column] = flips[column]
            found.append(placed((0.4, 0.5, 0.9), (-12.0, 31.0, 7.5), directions))
    return found


@pytest.mark.parametrize("plane", list(Plane))
def test_flipped_and_permuted_acquisitions_equal_simpleitk(plane: Plane) -> None:
    voxels = blobs((18, 22, 26))
    for affine in _affines():
        space = space_of(voxels.shape, affine)
        assert space.along is not None
        _compare(voxels, affine, plane, 0.21)


@pytest.mark.parametrize("plane", list(Plane))
@pytest.mark.parametrize("angles", [(12.0, 0.0, 0.0), (7.0, -18.0, 31.0), (0.0, 4.0, 175.0)])
def test_oblique_acquisitions_equal_simpleitk(
    plane: Plane, angles: tuple[float, float, float]
) -> None:
    voxels = blobs((18, 22, 26))
    affine = placed((0.4, 0.5, 0.9), (-12.0, 31.0, 7.5), turned_axes(angles))
    assert space_of(voxels.shape, affine).along is None
    _compare(voxels, affine, plane, 0.35)


def _compare(voxels: np.ndarray, affine: np.ndarray, plane: Plane, mm_per_px: float) -> None:
    space = space_of(voxels.shape, affine)
    cursor = space.snapped(space.middle_lps)
    centre = with_depth(plane, space.middle_lps, cursor)
    geometry = PlaneGeometry(plane, centre, mm_per_px, 61, 47)
    shown = np.empty((47, 61), np.float32)
    sample_plane(voxels, space, geometry, shown)
    expected = _by_itk(voxels, affine, geometry)
    both = np.isfinite(shown) & np.isfinite(expected)
    assert both.mean() > 0.3
    assert (np.isfinite(shown) != np.isfinite(expected)).mean() < 0.05
    assert np.abs(shown - expected)[both].max() < 0.5


def test_a_marker_at_the_patients_left_is_on_screen_right_however_it_was_acquired() -> None:
    for affine in _affines():
        voxels = np.zeros((20, 24, 28), np.int16)
        space = space_of(voxels.shape, affine)
        low, high = (np.array(end) for end in space.bounds_lps)
        marker = low + (high - low) * np.array([0.8, 0.25, 0.7])
        i, j, k = np.rint(space.index_of(tuple(marker))).astype(int)
        voxels[k, j, i] = 1000
        cursor = space.snapped(tuple(marker))
        for plane in Plane:
            mm_per_px = fit_mm_per_px(space, plane, 80, 80)
            centre = with_depth(plane, space.middle_lps, cursor)
            shown = np.empty((80, 80), np.float32)
            sample_plane(voxels, space, PlaneGeometry(plane, centre, mm_per_px, 80, 80), shown)
            y, x = np.unravel_index(np.nanargmax(np.nan_to_num(shown)), shown.shape)
            names = plane_letters(plane)
            across, upright = (
                names["right"] if x > 40 else names["left"],
                (names["bottom"] if y > 40 else names["top"]),
            )
            assert {across, upright} == {
                Plane.AXIAL: {"L", "A"}, Plane.CORONAL: {"L", "H"}, Plane.SAGITTAL: {"A", "H"},
            }[plane]  # fmt: skip


def test_letters_follow_the_radiological_convention() -> None:
    assert plane_letters(Plane.AXIAL) == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert plane_letters(Plane.CORONAL) == {"left": "R", "right": "L", "top": "H", "bottom": "F"}
    assert plane_letters(Plane.SAGITTAL) == {"left": "A", "right": "P", "top": "H", "bottom": "F"}


def test_outside_the_volume_there_is_no_image() -> None:
    voxels = blobs((6, 6, 6))
    space = space_of(voxels.shape, placed((1, 1, 1)))
    shown = np.zeros((40, 40), np.float32)
    sample_plane(voxels, space, PlaneGeometry(Plane.AXIAL, (2.5, 2.5, 99.0), 1.0, 40, 40), shown)
    assert np.isnan(shown).all()


def test_pane_and_space_invert_each_other() -> None:
    geometry = PlaneGeometry(Plane.SAGITTAL, (3.0, -4.0, 9.0), 0.37, 120, 90)
    x, y = geometry.lps_to_pane(geometry.pane_to_lps((17.25, 80.5)))
    assert (x, y) == pytest.approx((17.25, 80.5))


def test_snapping_never_leaves_the_volume() -> None:
    space = space_of((5, 6, 7), placed((1, 1, 2), (10, 20, 30)))
    assert space.snapped((-500, 500, 33.1)) == (10.0, 25.0, 34.0)
