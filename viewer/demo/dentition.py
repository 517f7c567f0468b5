"""Axes and crowns of the teeth: where enamel ends, where the pulp lies. Pure, any thread."""

from __future__ import annotations

from functools import cache

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.demo.labels import load_labels, load_teeth
from viewer.model.tooth import Tooth, parse_tooth

_UPPER_CROWNS_MM = (10.5, 9.0, 10.0, 8.5, 8.0, 7.2, 7.0)
_LOWER_CROWNS_MM = (8.8, 9.0, 10.5, 8.8, 8.0, 7.4, 7.0)
"""Usual crown heights from the middle backwards, alike on both sides.

Source: Wheeler's Dental Anatomy, rounded.
"""

_TOUCH_MM = 4.0


@attrs.frozen
class ToothFacts:
    """One tooth in LPS mm: its middle, its direction from root to crown, the tip, the heights."""

    tooth: Tooth
    centre_lps: tuple[float, float, float]
    axis: tuple[float, float, float]
    crown_tip_lps: tuple[float, float, float]
    root_tip_lps: tuple[float, float, float]
    crown_mm: float
    length_mm: float


@attrs.frozen(eq=False)
class ToothFields:
    """Smooth fields (planes, rows, columns) float32 on a box of the label map.

    `depth_mm` is positive inside a tooth, negative outside; `height_mm` is the height above the
    neck, towards the cusps, of the nearest tooth; `core` is 1 on the middle line of a crown or
    root and falls to 0 at its surface.
    """

    depth_mm: NDArray[np.float32]
    height_mm: NDArray[np.float32]
    core: NDArray[np.float32]
    number: NDArray[np.uint8]
    origin_lps: tuple[float, float, float]
    spacing_mm: float


@cache
def tooth_facts() -> dict[Tooth, ToothFacts]:
    """Measure every tooth of the label map."""
    teeth = load_teeth()
    return {tooth: _measure(tooth) for tooth in teeth.teeth}


@cache
def tooth_fields(missing: frozenset[Tooth] = frozenset()) -> ToothFields:
    """Build the fields that the grey values inside the teeth are made from."""
    labels, teeth = load_labels(), load_teeth()
    numbers = teeth.numbers_kji.copy()
    numbers[np.isin(numbers, [int(t) for t in missing])] = 0
    step = labels.spacing_mm
    inside = _depth_by_tooth(numbers) * step
    outside, nearest = ndimage.distance_transform_edt(numbers == 0, return_indices=True)
    smooth = ndimage.gaussian_filter(inside - outside * step, 0.7).astype(np.float32)
    number = numbers[tuple(nearest)]
    height = _heights(number, teeth.start_kji)
    ridge = ndimage.gaussian_filter(ndimage.maximum_filter(inside, size=9), 1.0)
    core = np.clip(inside / np.maximum(ridge, 0.5), 0, 1)
    core = ndimage.gaussian_filter(core, 0.6).astype(np.float32)
    x, y, z = (float(v) for v in labels.lps_of(np.array(teeth.start_kji, dtype=float)))
    return ToothFields(smooth, height, core, number, (x, y, z), step)


def _depth_by_tooth(numbers: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Distance to the surface of the own tooth, so that neighbours in contact stay apart."""
    depth = np.zeros(numbers.shape, np.float32)
    boxes = ndimage.find_objects(numbers)
    for number in np.unique(numbers[numbers > 0]):
        box = boxes[number - 1]
        wider = tuple(slice(max(s.start - 2, 0), s.stop + 2) for s in box)
        own = numbers[wider] == number
        depth[wider][own] = ndimage.distance_transform_edt(own)[own] - 0.5
    return depth


def _heights(number: NDArray[np.uint8], start: tuple[int, int, int]) -> NDArray[np.float32]:
    labels = load_labels()
    height = np.zeros(number.shape, np.float32)
    k, j, i = (np.arange(n, dtype=np.float32) for n in number.shape)
    for tooth, facts in tooth_facts().items():
        own = number == tooth
        if not own.any():
            continue
        tip, axis = np.array(facts.crown_tip_lps), np.array(facts.axis)
        x, y, z = (labels.lps_of(np.array(start, dtype=float)) - tip).tolist()
        step = labels.spacing_mm
        along = (
            (z + k[:, None, None] * step) * axis[2]
            + (y + j[None, :, None] * step) * axis[1]
            + (x + i[None, None, :] * step) * axis[0]
        )
        height[own] = (along + facts.crown_mm)[own]
    return np.asarray(ndimage.gaussian_filter(height, 0.8), dtype=np.float32)


def _measure(tooth: Tooth) -> ToothFacts:
    labels, teeth = load_labels(), load_teeth()
    index = np.argwhere(teeth.numbers_kji == tooth) + np.array(teeth.start_kji)
    points = labels.lps_of(index.astype(float))
    upwards = -1.0 if tooth < 30 else 1.0
    order = np.argsort(points[:, 2] * upwards)
    half = len(points) // 2
    axis = points[order[half:]].mean(0) - points[order[:half]].mean(0)
    axis /= np.linalg.norm(axis)
    along = points @ axis
    middle = points.mean(0)
    top, bottom = np.percentile(along, (99.5, 0.5))
    crown = points[along > top - _TOUCH_MM].mean(0)
    root = points[along < bottom + 1.0].mean(0)
    tip = crown + axis * (top - crown @ axis)
    apex = root + axis * (bottom - root @ axis)
    usual = (_UPPER_CROWNS_MM if tooth < 30 else _LOWER_CROWNS_MM)[tooth % 10 - 1]
    return ToothFacts(
        parse_tooth(int(tooth)),
        _triple(middle),
        _triple(axis),
        _triple(tip),
        _triple(apex),
        usual,
        float(top - bottom),
    )


def _triple(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 3) for v in vector)
    return x, y, z
