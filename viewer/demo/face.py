"""A made-up face around the bones: skin with nose and lips, airway, sinuses. Pure, any thread."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.demo.labels import load_labels

_STEP = 4
_MARGIN_MM = 24.0
_MIDDLE_X = 92.0


@cache
def face_and_air() -> tuple[
    NDArray[np.float32], NDArray[np.uint8], tuple[float, float, float], float
]:
    """Build the skin's signed distance (mm, positive inside) and the air inside it (0-255).

    Returns both as (planes, rows, columns), the first voxel's centre in LPS mm and the spacing.
    """
    voxels = load_labels().voxels_kji[::_STEP, ::_STEP, ::_STEP]
    step = load_labels().spacing_mm * _STEP
    pad = round(_MARGIN_MM / step)
    padded = np.pad(voxels, ((pad, pad), (pad, 0), (pad, pad)))
    origin = -pad * step
    z, y, x = np.meshgrid(
        *(np.arange(n, dtype=np.float32) * step + origin for n in padded.shape), indexing="ij"
    )
    face = _skin(padded, x, y, z, step)
    air = _air(padded, x, y, z, step)
    return face, air, (origin, origin, origin), step


def _skin(
    voxels: NDArray[np.uint8],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    step: float,
) -> NDArray[np.float32]:
    inner = np.zeros(voxels.shape, np.bool_)
    neck = ((x - _MIDDLE_X) / 50) ** 2 + ((y - 116 + 0.10 * (40 - z)) / 46) ** 2 < 1
    for k, plane in enumerate(voxels > 0):
        inner[k] = _hull(plane | (neck[k] if z[k, 0, 0] < 78 else False))
    inner |= neck & (z < 78)
    outer = _signed_mm(inner, step)
    smooth = ndimage.gaussian_filter(outer, (4.5 / step, 3.0 / step, 3.0 / step))
    skin = smooth + _thickness(x, y, z)
    for bump in (_muzzle(x, y, z), _nose(x, y, z), _lips(x, y, z), _chin(x, y, z)):
        skin = _smooth_union(skin, bump, 4.0)
    skin = ndimage.gaussian_filter(skin, 1.0 / step)
    return np.asarray(skin, dtype=np.float32)


def _thickness(
    x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Soft tissue over bone: thin over forehead and teeth, thick over the cheeks."""
    side = np.clip((np.abs(x - _MIDDLE_X) - 18) / 25, 0, 1)
    cheek = np.exp(-(((z - 62) / 26) ** 2)) * side * np.clip((y - 30) / 25, 0, 1)
    return np.asarray(6.5 + 8.0 * cheek + 2.0 * (z < 60), dtype=np.float32)


def _nose(
    x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    tip = _ball(x, y, z, (_MIDDLE_X, 18.5, 88.0), (9.0, 10.5, 8.0))
    bridge = _rod(x, y, z, (_MIDDLE_X, 19.0, 91.0), (_MIDDLE_X, 31.0, 120.0), 6.0)
    body = _rod(x, y, z, (_MIDDLE_X, 30.0, 92.0), (_MIDDLE_X, 37.0, 116.0), 11.0)
    wings = np.maximum(
        _ball(x, y, z, (_MIDDLE_X - 10, 28.0, 87.0), (6.5, 12.0, 6.5)),
        _ball(x, y, z, (_MIDDLE_X + 10, 28.0, 87.0), (6.5, 12.0, 6.5)),
    )
    return _smooth_union(_smooth_union(_smooth_union(tip, bridge, 4.0), body, 5.0), wings, 3.0)


def _lips(
    x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    bow = 0.010 * (x - _MIDDLE_X) ** 2
    upper = _ball(x, y - bow, z, (_MIDDLE_X, 25.5, 64.5), (24.0, 7.5, 5.2))
    lower = _ball(x, y - bow, z, (_MIDDLE_X, 26.0, 54.5), (21.0, 8.0, 5.2))
    return np.maximum(upper, lower)


def _muzzle(
    x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The muscles around the mouth, between nose and chin."""
    return _ball(x, y, z, (_MIDDLE_X, 52.0, 57.0), (36.0, 29.0, 33.0))


def _chin(
    x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]
) -> NDArray[np.float32]:
    return _ball(x, y, z, (_MIDDLE_X, 33.0, 30.0), (20.0, 13.0, 12.0))


def _air(
    voxels: NDArray[np.uint8],
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    step: float,
) -> NDArray[np.uint8]:
    bone = voxels > 0
    enclosed = _walls(bone)
    across = np.abs(x - _MIDDLE_X)
    antrum = _ball(across, y, z, (26.0, 60.0, 97.0), (14.0, 18.0, 18.0))
    sinus = (enclosed >= 6) & (antrum > 0) & (across > 15)
    nose = (enclosed >= 4) & (across < 13.5) & (((y - 64) / 31) ** 4 + ((z - 101) / 17) ** 4 < 1)
    turbinate = _rod(across, y, z, (8.5, 42.0, 92.0), (8.0, 84.0, 92.0), 3.8) > 0
    turbinate |= _rod(across, y, z, (7.5, 50.0, 103.0), (6.5, 84.0, 101.0), 3.0) > 0
    septum = np.abs(x - _MIDDLE_X - 1.2 * np.sin(y / 9)) < 1.5
    nostril = np.maximum(
        _rod(x, y, z, (_MIDDLE_X - 6, 21.0, 78.0), (_MIDDLE_X - 6, 36.0, 91.0), 3.2),
        _rod(x, y, z, (_MIDDLE_X + 6, 21.0, 78.0), (_MIDDLE_X + 6, 36.0, 91.0), 3.2),
    )
    wide = (_MIDDLE_X + (x - _MIDDLE_X) * (0.62 + 0.12 * np.sin(z / 11))).astype(np.float32)
    bent = (y + 2.5 * np.sin(z / 14)).astype(np.float32)
    pharynx = _rod(wide, bent, z, (_MIDDLE_X, 90.0, -30.0), (_MIDDLE_X, 96.0, 98.0), 6.0)
    tongue = _ball(x, y, z, (_MIDDLE_X, 60.0, 77.0), (16.0, 24.0, 2.6))
    slit = _ball(x, y, z, (_MIDDLE_X, 20.0, 59.5), (20.0, 8.0, 1.0))
    hollow = sinus | (nose & ~turbinate & ~septum)
    cavity = (ndimage.gaussian_filter(hollow.astype(np.float32), 0.7) - 0.5) * 2 * step
    inside = np.maximum.reduce([cavity, nostril, pharynx, tongue, slit])
    clear = (0.15 - ndimage.gaussian_filter(bone.astype(np.float32), 0.6)) * 2 * step
    inside = np.minimum(inside, clear)
    return np.asarray(np.clip(inside / step + 0.5, 0, 1) * 255, dtype=np.uint8)


def _walls(bone: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """In how many of the six directions along the axes bone is met from each voxel."""
    met = np.zeros(bone.shape, np.uint8)
    for axis in range(3):
        met += np.logical_or.accumulate(bone, axis)
        met += np.flip(np.logical_or.accumulate(np.flip(bone, axis), axis), axis)
    return met


def _hull(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The convex hull of one plane's voxels, filled."""
    points = np.argwhere(plane)
    if len(points) < 3:
        return plane
    rows, columns = np.indices(plane.shape)
    inside = np.ones(plane.shape, np.bool_)
    for angle in np.linspace(0, 2 * np.pi, 48, endpoint=False):
        a, b = np.cos(angle), np.sin(angle)
        reach = (points @ np.array([a, b])).max()
        inside &= rows * a + columns * b <= reach + 0.01
    return inside


def _signed_mm(mask: NDArray[np.bool_], step: float) -> NDArray[np.float32]:
    inside = ndimage.distance_transform_edt(mask)
    outside = ndimage.distance_transform_edt(~mask)
    return np.asarray((inside - outside) * step, dtype=np.float32)


def _ball(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
) -> NDArray[np.float32]:
    a, b, c = radii
    u, v, w = (x - centre[0]) / a, (y - centre[1]) / b, (z - centre[2]) / c
    radius = np.sqrt(u * u + v * v + w * w)
    return np.asarray((1 - radius) * min(radii), dtype=np.float32)


def _rod(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    z: NDArray[np.float32],
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radius: float,
) -> NDArray[np.float32]:
    way = np.subtract(end, start)
    along = (x - start[0]) * way[0] + (y - start[1]) * way[1] + (z - start[2]) * way[2]
    t = np.clip(along / float(way @ way), 0, 1)
    gap = np.sqrt(
        (x - start[0] - t * way[0]) ** 2
        + (y - start[1] - t * way[1]) ** 2
        + (z - start[2] - t * way[2]) ** 2
    )
    return np.asarray(radius - gap, dtype=np.float32)


def _smooth_union(
    a: NDArray[np.float32], b: NDArray[np.float32], width: float
) -> NDArray[np.float32]:
    """Union of two signed distances with a fillet `width` mm wide."""
    h = np.clip(0.5 + 0.5 * (a - b) / width, 0, 1)
    return np.asarray(b * (1 - h) + a * h + width * h * (1 - h), dtype=np.float32)
