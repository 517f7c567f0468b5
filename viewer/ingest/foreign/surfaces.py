"""What a surface is: how large, in which unit, and how it looks. Pure; in the decoding child."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from viewer.ingest.foreign.mesh_facts import MeshFacts
from viewer.ingest.foreign.meshes import Surface

_JAW_MM = (15.0, 400.0)
"""From a few teeth to a whole head."""

_TOOTH_MM = 4.0
_AMBIENT, _IVORY = 0.25, np.array([0.98, 0.95, 0.88])
_MOST_SAMPLES = 3_000_000
_MOST_DRAWN = 600_000


@attrs.frozen
class Unit:
    """A unit of length, and whether it can be no other."""

    name: str
    mm: float
    is_certain: bool = True


def facts_of(surface: Surface) -> MeshFacts:
    """Measure a surface and judge its unit by its size."""
    used = surface.vertices[surface.triangles.reshape(-1)]
    box = used.max(axis=0) - used.min(axis=0)
    unit = unit_of(float(box.max()))
    corners = used.reshape(-1, 3, 3) - used.mean(axis=0)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = float(np.linalg.norm(across, axis=1).sum() / 2)
    volume = float(
        np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    )
    return MeshFacts(
        surface.written_as,
        len(surface.vertices),
        len(surface.triangles),
        (float(box[0]), float(box[1]), float(box[2])),
        area,
        volume,
        unit.name,
        unit.mm,
        unit.is_certain,
    )


def unit_of(longest: float) -> Unit:
    """Judge the unit by the longest side of the box: teeth are of a known size.

    >>> unit_of(0.06).name, unit_of(62.0).name, unit_of(2.4).name
    ('metres', 'millimetres', '')
    """
    low, high = _JAW_MM
    if low <= longest <= high:
        return Unit("millimetres", 1.0)
    if low <= longest * 1000 <= high:
        return Unit("metres", 1000.0)
    if low <= longest / 1000 <= high:
        return Unit("micrometres", 0.001)
    if _TOOTH_MM <= longest < low:
        return Unit("millimetres", 1.0, is_certain=False)
    return Unit("", 0.0, is_certain=False)


def picture_of(surface: Surface, side: int) -> NDArray[np.uint8]:
    """Draw a surface seen along its thinnest direction: (side, side, 3) uint8 on black.

    Points are strewn evenly over each triangle and painted from the farthest to the nearest.
    """
    corners = surface.vertices[surface.triangles[:: max(1, len(surface.triangles) // _MOST_DRAWN)]]
    corners = _turned_to_see(corners, side)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(across, axis=1)
    light = np.abs(across @ np.array([0.36, 0.48, 0.8])) / np.maximum(size, 1e-12)
    shade = _AMBIENT + (1 - _AMBIENT) * light
    each = np.clip(np.ceil(2 * size).astype(np.int64), 1, 4096)
    share = min(1.0, _MOST_SAMPLES / float(each.sum()))
    each = np.maximum(1, (each * share).astype(np.int64))
    which = np.repeat(np.arange(len(corners)), each)
    points = _strewn(corners, which)
    order = np.argsort(points[:, 2], kind="stable")
    columns, rows = np.clip(points[order, :2], 0, side - 1).astype(np.int64).T
    image = np.zeros((side, side, 3))
    image[rows, columns] = shade[which[order], None] * _IVORY
    return np.asarray(np.rint(image * 255), np.uint8)


def _turned_to_see(corners: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Turn so that x and y are in pixels and z points to whoever looks."""
    flat = corners.reshape(-1, 3)
    flat = flat - flat.mean(axis=0)
    _, axes = np.linalg.eigh(flat.T @ flat)
    axes = axes[:, ::-1]
    if np.linalg.det(axes) > 0:  # rows count downwards: else a right jaw would look like a left one
        axes = axes * (1, -1, 1)
    turned = flat @ axes
    extent = turned[:, :2].max(axis=0) - turned[:, :2].min(axis=0)
    scale = 0.92 * side / max(float(extent.max()), 1e-12)
    middle = (turned[:, :2].max(axis=0) + turned[:, :2].min(axis=0)) / 2
    turned[:, :2] = (turned[:, :2] - middle) * scale + side / 2
    turned[:, 2] *= scale
    made: NDArray[np.float64] = turned.reshape(-1, 3, 3)
    return made


def _strewn(corners: NDArray[np.float64], which: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a point on each triangle of `which`, evenly over the triangle (an R2 sequence)."""
    n = np.arange(len(which))
    u, v = (n * 0.7548776662466927) % 1, (n * 0.5698402909980532) % 1
    beyond = u + v > 1
    u[beyond], v[beyond] = 1 - u[beyond], 1 - v[beyond]
    a, b, c = (corners[which, k] for k in range(3))
    points: NDArray[np.float64] = a + (b - a) * u[:, None] + (c - a) * v[:, None]
    return points
