"""What is known about the phantom: canals, teeth, arches and distances, in LPS mm.

`python -m viewer.demo.truth` writes `resources/demo/cbct/ground_truth.json` anew from the label
map; a test checks that the shipped file is what comes out. Pure, any thread.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from viewer.demo.curve import even_curve
from viewer.demo.dentition import ToothFacts, tooth_facts
from viewer.demo.labels import CANALS, load_labels, load_teeth
from viewer.model.json import from_json, to_plain
from viewer.model.resources import resource_path
from viewer.model.tooth import Tooth

Point = tuple[float, float, float]

_MIDDLE_X_MM = 92.0
_FILE = ("demo", "cbct", "ground_truth.json")


@attrs.frozen
class Canal:
    """A mandibular canal: its middle line from the mental foramen backwards, 1 mm apart."""

    side: str
    centreline_lps: tuple[Point, ...]
    length_mm: float


@attrs.frozen
class TrueTooth:
    """A tooth; `certain` is false where its number could be disputed, and `doubt` says why."""

    facts: ToothFacts
    volume_mm3: float
    certain: bool
    doubt: str


@attrs.frozen
class Distance:
    """A straight distance between two points."""

    name: str
    start_lps: Point
    end_lps: Point
    length_mm: float


@attrs.frozen
class GroundTruth:
    """All that is known about the phantom; arches run from the patient's right to the left."""

    label_spacing_mm: float
    canals: tuple[Canal, ...]
    teeth: tuple[TrueTooth, ...]
    upper_arch_lps: tuple[Point, ...]
    lower_arch_lps: tuple[Point, ...]
    distances: tuple[Distance, ...]

    def tooth(self, number: int) -> TrueTooth:
        """Return one tooth.

        Raises
        ------
        KeyError
            The phantom has no such tooth.
        """
        for true in self.teeth:
            if true.facts.tooth == number:
                return true
        raise KeyError(number)


@cache
def load_truth() -> GroundTruth:
    """Read the shipped truth."""
    return from_json(resource_path(*_FILE).read_text("utf-8"), GroundTruth)


def derive_truth() -> GroundTruth:
    """Work out the truth from the label map (about three seconds)."""
    canals = _canals()
    facts = tooth_facts()
    return GroundTruth(
        load_labels().spacing_mm,
        canals,
        tuple(_true_tooth(f) for f in facts.values()),
        _arch([*range(17, 10, -1), *range(21, 28)]),
        _arch([*range(47, 40, -1), *range(31, 38)]),
        (*_widths(), *_to_canals(canals)),
    )


def write_truth() -> None:
    """Write the shipped truth anew."""
    text = json.dumps(to_plain(derive_truth()), indent=1)
    resource_path(*_FILE).write_text(text + "\n", "utf-8")


def _true_tooth(facts: ToothFacts) -> TrueTooth:
    volume = float((load_teeth().numbers_kji == facts.tooth).sum()) * load_labels().spacing_mm ** 3
    doubt = ""
    if facts.tooth % 10 == 7:
        doubt = "last of its quadrant: numbered by order, a third molar after a loss is possible"
    return TrueTooth(facts, round(volume, 1), not doubt, doubt)


def _canals() -> tuple[Canal, ...]:
    labels = load_labels()
    parts, count = ndimage.label(labels.voxels_kji == CANALS, structure=np.ones((3, 3, 3)))
    found = []
    for number in range(1, count + 1):
        index = np.argwhere(parts == number)
        if len(index) < 100:
            continue
        line = labels.lps_of(_middle_line(index))
        side = "right" if line[:, 0].mean() < _MIDDLE_X_MM else "left"
        length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
        found.append(Canal(side, _points(line), round(length, 2)))
    return tuple(sorted(found, key=lambda canal: canal.side, reverse=True))


def _middle_line(index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Means of voxels equally far from the front end along the inside of the canal: (n, 3)."""
    front = int(index[:, 1].argmin())
    way = _ways(index, front)
    far_end = int(way.argmax())
    way = _ways(index, int(_ways(index, far_end).argmax()))
    steps = np.floor(way / 2.0).astype(int)
    means = np.array([index[steps == s].mean(0) for s in range(steps.max() + 1)])
    if means[0, 1] > means[-1, 1]:
        means = means[::-1]
    return np.asarray(ndimage.gaussian_filter1d(means, 1.2, axis=0, mode="nearest"))


def _ways(index: NDArray[np.int64], start: int) -> NDArray[np.float64]:
    shape = index.max(0) + 2
    flat = np.full(shape, -1)
    flat[tuple(index.T)] = np.arange(len(index))
    rows, columns, weights = [], [], []
    for step in np.ndindex(3, 3, 3):
        move = np.array(step) - 1
        near = flat[tuple(np.clip(index + move, 0, shape - 1).T)]
        ok = (near >= 0) & bool(move.any())
        rows.append(np.flatnonzero(ok))
        columns.append(near[ok])
        weights.append(np.full(int(ok.sum()), float(np.linalg.norm(move))))
    n = len(index)
    graph: Any = coo_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(n, n)
    ).tocsr()
    way = np.asarray(dijkstra(graph, indices=np.array(start)))
    return np.where(np.isfinite(way), way, 0.0)


def _arch(order: list[int]) -> tuple[Point, ...]:
    """A smooth curve through the necks of the teeth, 1 mm apart."""
    necks = np.array([_neck(tooth_facts()[Tooth(n)]) for n in order])
    return _points(even_curve(necks, 1.0, 0.8))


def _neck(facts: ToothFacts) -> NDArray[np.float64]:
    return np.array(facts.crown_tip_lps) - facts.crown_mm * np.array(facts.axis)


def _widths() -> tuple[Distance, ...]:
    pairs = (("canines", 3), ("first molars", 6), ("second molars", 7))
    jaws = (("upper", 10, 20), ("lower", 40, 30))
    facts = tooth_facts()
    return tuple(
        _between(
            f"{jaw} {name}, crown tips",
            np.array(facts[Tooth(right + n)].crown_tip_lps),
            np.array(facts[Tooth(left + n)].crown_tip_lps),
        )
        for jaw, right, left in jaws
        for name, n in pairs
    )


def _to_canals(canals: tuple[Canal, ...]) -> tuple[Distance, ...]:
    """The shortest way from each lower molar and premolar to the canal's middle line."""
    labels, teeth = load_labels(), load_teeth()
    found = []
    for canal, quadrant in zip(canals, (40, 30), strict=True):
        line = np.array(canal.centreline_lps)
        for n in (5, 6, 7):
            index = np.argwhere(teeth.numbers_kji == quadrant + n) + np.array(teeth.start_kji)
            points = labels.lps_of(index.astype(float))
            gaps = np.linalg.norm(points[:, None] - line[None], axis=2)
            a, b = np.unravel_index(gaps.argmin(), gaps.shape)
            found.append(_between(f"{quadrant + n} to canal's middle", points[a], line[b]))
    return tuple(found)


def _between(name: str, start: NDArray[np.float64], end: NDArray[np.float64]) -> Distance:
    length = float(np.linalg.norm(end - start))
    return Distance(name, _point(start), _point(end), round(length, 3))


def _points(line: NDArray[np.float64]) -> tuple[Point, ...]:
    return tuple(_point(p) for p in line)


def _point(p: NDArray[np.float64]) -> Point:
    x, y, z = (round(float(v), 3) for v in p)
    return x, y, z


if __name__ == "__main__":
    write_truth()
