"""Radiographs projected from the phantom, with their geometry known to the millimetre.

They are what they say: sums of attenuation through a phantom, not pictures of a person. All films
are seen from outside the mouth (labial mounting): the patient's right is on the screen's left.
Pure, any thread.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viewer.demo.curve import even_curve
from viewer.demo.dentition import tooth_facts
from viewer.demo.phantom import Box, Phantom, PhantomSpec, make_head, make_object
from viewer.demo.rays import cast
from viewer.model.image import ImageKind
from viewer.model.tooth import Tooth

Vector = NDArray[np.float64]

_WATER_PER_MM = 0.021
_ARCH_MIDDLE = np.array([92.0, 76.0])
_TEETH_BOX: Box = ((50.0, 22.0, 26.0), (134.0, 92.0, 96.0))
_JAWS_BOX: Box = ((22.0, 14.0, 10.0), (162.0, 132.0, 112.0))
_FILM_STEP_MM = 0.06
_SOURCE_MM = 360.0
_OBJECT_TO_FILM_MM = 12.0
_BUCCAL_MM, _LINGUAL_MM = 16.0, 8.0


@attrs.frozen
class FilmPlan:
    """One film of a series: what it aims at and how it lies."""

    name: str
    kind: ImageKind
    aim: tuple[int, ...]
    width_mm: float
    height_mm: float


@attrs.frozen(eq=False)
class Film:
    """A projected radiograph.

    `pixels` is (rows, columns) uint16 of `bits_stored` bits, bright where dense. `spacing_mm` is
    between pixel centres at the detector, `magnification` is that of the plane aimed at, so that
    millimetres there are pixels * spacing / magnification. `source_lps`, `corner_lps` (the first
    pixel's centre), `right` and `down` (unit vectors along rows and columns) place it in space.
    """

    name: str
    kind: ImageKind
    pixels: NDArray[np.uint16]
    spacing_mm: float
    magnification: float
    teeth: tuple[Tooth, ...]
    laterality: Literal["R", "L", "B", "U"]
    patient_orientation: tuple[str, str]
    source_lps: tuple[float, float, float]
    corner_lps: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    bits_stored: int = 12
    source_to_detector_mm: float = 0.0
    source_to_object_mm: float = 0.0

    def pixel_of(self, point_lps: Vector) -> tuple[float, float]:
        """Return (column, row) where a point in LPS mm is seen; 0 at the first pixel's centre."""
        source = np.array(self.source_lps)
        corner, right, down = (np.array(v) for v in (self.corner_lps, self.right, self.down))
        normal = np.cross(right, down)
        ray = np.asarray(point_lps) - source
        hit = source + ray * ((corner - source) @ normal) / (ray @ normal)
        offset = (hit - corner) / self.spacing_mm
        return float(offset @ right), float(offset @ down)


FULL_MOUTH: tuple[FilmPlan, ...] = (
    FilmPlan("Upper right molars", ImageKind.PERIAPICAL, (16, 17), 41, 31),
    FilmPlan("Upper right premolars", ImageKind.PERIAPICAL, (14, 15), 41, 31),
    FilmPlan("Upper right canine", ImageKind.PERIAPICAL, (13,), 24, 40),
    FilmPlan("Upper incisors", ImageKind.PERIAPICAL, (11, 21), 24, 40),
    FilmPlan("Upper left canine", ImageKind.PERIAPICAL, (23,), 24, 40),
    FilmPlan("Upper left premolars", ImageKind.PERIAPICAL, (24, 25), 41, 31),
    FilmPlan("Upper left molars", ImageKind.PERIAPICAL, (26, 27), 41, 31),
    FilmPlan("Right molar bitewing", ImageKind.BITEWING, (16, 17, 46, 47), 41, 31),
    FilmPlan("Right premolar bitewing", ImageKind.BITEWING, (14, 15, 44, 45), 41, 31),
    FilmPlan("Left premolar bitewing", ImageKind.BITEWING, (24, 25, 34, 35), 41, 31),
    FilmPlan("Left molar bitewing", ImageKind.BITEWING, (26, 27, 36, 37), 41, 31),
    FilmPlan("Lower right molars", ImageKind.PERIAPICAL, (46, 47), 41, 31),
    FilmPlan("Lower right premolars", ImageKind.PERIAPICAL, (44, 45), 41, 31),
    FilmPlan("Lower right canine", ImageKind.PERIAPICAL, (43,), 24, 40),
    FilmPlan("Lower incisors", ImageKind.PERIAPICAL, (31, 41), 24, 40),
    FilmPlan("Lower left canine", ImageKind.PERIAPICAL, (33,), 24, 40),
    FilmPlan("Lower left premolars", ImageKind.PERIAPICAL, (34, 35), 41, 31),
    FilmPlan("Lower left molars", ImageKind.PERIAPICAL, (36, 37), 41, 31),
)
"""The usual 18 films: seven periapicals a jaw and four bitewings, in mounting order."""

USUAL = PhantomSpec()
"""The usual mouth: 28 teeth, two fillings."""

BITEWINGS = tuple(plan for plan in FULL_MOUTH if plan.kind is ImageKind.BITEWING)


def project_films(
    plans: tuple[FilmPlan, ...],
    spec: PhantomSpec = USUAL,
    *,
    voxel_mm: float = 0.2,
    step_mm: float = _FILM_STEP_MM,
) -> Iterator[Film]:
    """Project intra-oral films one after the other, by the paralleling technique.

    The phantom is painted once at `voxel_mm`; `step_mm` is the detector's pixel.
    """
    teeth = make_object(attrs.evolve(spec, voxel_mm=voxel_mm), _TEETH_BOX)
    for plan in plans:
        yield _expose(teeth, plan, step_mm, spec.seed + zlib.crc32(plan.name.encode()))


def project_panoramic(
    spec: PhantomSpec = USUAL, *, voxel_mm: float = 0.35, step_mm: float = 0.15
) -> Film:
    """Project a panoramic: sums across a curved layer through both arches, magnified 1.25."""
    magnification = 1.25
    jaws = make_object(attrs.evolve(spec, voxel_mm=voxel_mm), _JAWS_BOX)
    layer, normals, depth = _focal_trough(step_mm / magnification)
    heights = np.arange(110.0, 12.0, -step_mm / magnification, dtype=np.float32)
    starts, ends = (
        _curtain(layer + sign * normals * depth[:, None], heights) for sign in (-1.0, 1.0)
    )
    sums = _cast(jaws, starts, ends, voxel_mm)
    sums /= np.linalg.norm(ends - starts, axis=2) / 20.0
    ghost = ndimage.gaussian_filter(sums, (30, 90))
    pixels = _developed(sums + 0.25 * ghost, spec.seed, (1.0, 99.5), grain=0.010, gamma=1.25)
    return Film(
        "Panoramic", ImageKind.PANORAMIC, pixels, step_mm, magnification,
        tuple(t for t in tooth_facts() if t not in spec.missing), "B", ("L", "F"),
        (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0),
    )  # fmt: skip


def project_ceph(seed: int = 0, *, voxel_mm: float = 0.6, step_mm: float = 0.2) -> Film:
    """Project a lateral cephalogram of the whole head, facing right, magnified 1.1."""
    head = make_head(voxel_mm, seed)
    source_to_object, source_to_detector = 1500.0, 1650.0
    middle, right, up = np.array([92.0, 84.0, 80.0]), np.array([0, -1.0, 0]), np.array([0, 0, 1.0])
    inwards = np.cross(up, right)
    source = middle - inwards * source_to_object
    centre = source + inwards * source_to_detector
    columns, rows = round(196 / step_mm), round(168 / step_mm)
    corner, detector = _detector(centre, right, -up, columns, rows, step_mm)
    reach = np.linalg.norm(detector - source, axis=2, keepdims=True)
    way = (detector - source) / reach
    starts = source + way * (source_to_object - 100.0)
    far = source + way * (source_to_object + 100.0)
    sums = _cast(head, starts, far, voxel_mm)
    pixels = _developed(sums, seed, (0.5, 99.7), grain=0.006, gamma=0.9)
    return Film(
        "Lateral cephalogram", ImageKind.CEPHALOMETRIC, pixels, step_mm,
        source_to_detector / source_to_object, (), "U", ("A", "F"),
        _triple(source), _triple(corner), _triple(right), _triple(-up),
        source_to_detector_mm=source_to_detector, source_to_object_mm=source_to_object,
    )  # fmt: skip


def _expose(teeth: Phantom, plan: FilmPlan, step_mm: float, seed: int) -> Film:
    target, right, up = _aim(plan)
    inwards = np.cross(up, right)
    source = target - inwards * _SOURCE_MM
    centre = target + inwards * _OBJECT_TO_FILM_MM
    columns, rows = round(plan.width_mm / step_mm), round(plan.height_mm / step_mm)
    corner, detector = _detector(centre, right, -up, columns, rows, step_mm)
    way = detector - source
    way /= np.linalg.norm(way, axis=2, keepdims=True)
    along = way @ inwards
    starts = source + way * ((_SOURCE_MM - _BUCCAL_MM) / along)[..., None]
    ends = source + way * ((_SOURCE_MM + _LINGUAL_MM) / along)[..., None]
    sums = _cast(teeth, starts, ends, teeth.voxel_mm)
    pixels = _developed(sums, seed, (0.4, 97.0), grain=0.012, gamma=1.0)
    film = Film(
        plan.name, plan.kind, pixels, step_mm,
        (_SOURCE_MM + _OBJECT_TO_FILM_MM) / _SOURCE_MM, (), _side(plan), _orientation(plan),
        _triple(source), _triple(corner), _triple(right), _triple(-up),
        source_to_detector_mm=_SOURCE_MM + _OBJECT_TO_FILM_MM, source_to_object_mm=_SOURCE_MM,
    )  # fmt: skip
    return attrs.evolve(film, teeth=_seen(film, plan, teeth.spec))


def _aim(plan: FilmPlan) -> tuple[Vector, Vector, Vector]:
    """The point aimed at, and the film's directions to the right and up, orthonormal."""
    facts = [tooth_facts()[Tooth(n)] for n in plan.aim]
    tips = np.array([f.crown_tip_lps for f in facts])
    upper = plan.aim[0] < 30
    if plan.kind is ImageKind.BITEWING:
        target, up = tips.mean(0), np.array([0.0, 0.0, 1.0])
    else:
        roots = np.array([f.root_tip_lps for f in facts])
        target = (tips + roots).mean(0) / 2
        up = np.mean([f.axis for f in facts], axis=0) * (-1.0 if upper else 1.0)
    tangent = _tangent(plan)
    outwards = np.append(target[:2] - _ARCH_MIDDLE, 0.0)
    outwards -= tangent * (outwards @ tangent)
    right = tangent
    up = up - right * (up @ right)
    up /= np.linalg.norm(up)
    if np.cross(up, right) @ outwards > 0:
        right = -right
    shift = 0.0 if plan.kind is ImageKind.BITEWING else 1.5
    return target + up * (shift if upper else -shift), right, up


def _tangent(plan: FilmPlan) -> Vector:
    """The arch's horizontal direction along the teeth aimed at."""
    order = [*range(17, 10, -1), *range(21, 28)]
    lower = [*range(47, 40, -1), *range(31, 38)]
    lines = []
    for row in (order, lower):
        places = [row.index(n) for n in plan.aim if n in row]
        if places:
            first, last = max(min(places) - 1, 0), min(max(places) + 1, len(row) - 1)
            a, b = (np.array(tooth_facts()[Tooth(row[n])].centre_lps) for n in (first, last))
            lines.append((b - a) / np.linalg.norm(b - a))
    tangent = np.mean(lines, axis=0)
    tangent[2] = 0.0
    return np.asarray(tangent / np.linalg.norm(tangent), dtype=np.float64)


def _side(plan: FilmPlan) -> Literal["R", "L", "B", "U"]:
    sides = {"R" if n // 10 in (1, 4) else "L" for n in plan.aim}
    return "B" if len(sides) == 2 else ("R" if "R" in sides else "L")


def _orientation(plan: FilmPlan) -> tuple[str, str]:
    if _side(plan) == "B" or plan.aim[0] % 10 <= 2:
        return ("L", "F")
    return ("A", "F") if _side(plan) == "R" else ("P", "F")


def _seen(film: Film, plan: FilmPlan, spec: PhantomSpec) -> tuple[Tooth, ...]:
    """The teeth of the film's side that are on it: crown for a bitewing, crown and root else."""
    quadrants = {n // 10 for n in plan.aim}
    if plan.aim[0] % 10 == 3:
        quadrants |= {{1: 2, 2: 1, 3: 4, 4: 3}[q] for q in quadrants}
    rows, columns = film.pixels.shape
    margin = 1.0 / film.spacing_mm
    seen = []
    for tooth, facts in tooth_facts().items():
        tip, root = np.array(facts.crown_tip_lps), np.array(facts.root_tip_lps)
        ends = (tip, tip - 3 * np.array(facts.axis))
        if plan.kind is ImageKind.PERIAPICAL:
            ends = (tip - 2 * np.array(facts.axis), root)
        places = [film.pixel_of(end) for end in ends]
        if (
            tooth // 10 in quadrants
            and tooth not in spec.missing
            and all(
                margin < c < columns - margin and -margin < r < rows + margin for c, r in places
            )
        ):
            seen.append(tooth)
    return tuple(seen)


def _detector(
    centre: Vector, right: Vector, down: Vector, columns: int, rows: int, step_mm: float
) -> tuple[Vector, Vector]:
    """The first pixel's centre, and (rows, columns, 3) centres of all pixels in LPS mm."""
    corner = centre - right * (columns - 1) / 2 * step_mm - down * (rows - 1) / 2 * step_mm
    across = np.arange(columns)[None, :, None] * step_mm * right
    downwards = np.arange(rows)[:, None, None] * step_mm * down
    return corner, corner + across + downwards


def _focal_trough(step_mm: float) -> tuple[Vector, Vector, Vector]:
    """A curve from condyle to condyle: (n, 2) points, outward normals, half thickness (n,)."""
    right = [(38.5, 114.0), (42.5, 103.0), (50.0, 88.0), (60.0, 73.0), (69.0, 59.5), (75.5, 48.5),
             (83.0, 41.5), (92.0, 39.5)]  # fmt: skip
    points = np.array(right + [(184.0 - x, y) for x, y in right[-2::-1]])
    line = even_curve(points, step_mm, 0.3)
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normals = np.stack([-along[:, 1], along[:, 0]], axis=1)
    depth = 7.0 + 5.0 * np.clip((line[:, 1] - 45) / 40, 0, 1)
    return line, normals, depth


def _curtain(line: Vector, heights: NDArray[np.float32]) -> Vector:
    """(rows, columns, 3) points above a (columns, 2) line, top row first."""
    grid = np.empty((len(heights), len(line), 3))
    grid[..., :2] = line[None]
    grid[..., 2] = heights[:, None]
    return grid


def _cast(phantom: Phantom, starts: Vector, ends: Vector, step_mm: float) -> NDArray[np.float32]:
    out = np.empty(starts.shape[:2], np.float32)
    cast(
        phantom.voxels_kji,
        phantom.affine_lps[:3, 3].copy(),
        phantom.voxel_mm,
        starts.astype(np.float32),
        ends.astype(np.float32),
        _attenuation(),
        step_mm,
        out,
    )
    return out


def _attenuation() -> NDArray[np.float32]:
    """Attenuation per mm by stored value: water's, and more for calcium at dental energies."""
    grey = np.arange(4096) - 1000.0
    ratio = np.clip(1 + grey / 1000, 0, None)
    ratio = np.where(grey > 150, ratio + 0.45 * (grey - 150) / 1000, ratio)
    ratio += 8.0 * np.clip((grey - 2750) / 345, 0, 1)
    return np.asarray(ratio * _WATER_PER_MM, dtype=np.float32)


def _developed(
    sums: NDArray[np.float32],
    seed: int,
    percentiles: tuple[float, float],
    *,
    grain: float,
    gamma: float,
) -> NDArray[np.uint16]:
    """Turn attenuation into a 12-bit picture: exposure, blur of the detector, quanta, tone."""
    rng = np.random.default_rng(seed)
    blurred = ndimage.gaussian_filter(sums, 0.7)
    low, high = np.percentile(blurred, percentiles)
    noise = ndimage.gaussian_filter(rng.standard_normal(sums.shape).astype(np.float32), 0.6)
    level = (blurred - low) / max(high - low, 1e-6)
    level += noise * grain * np.exp(np.clip(level, 0, 1.2)) / 0.6
    level = np.clip(level, 0.0, None)
    dense = 0.898 + 0.102 * (1 - np.exp(-4.0 * np.clip(level - 1, 0, None)))
    toned = np.where(level < 1, level / (1.0 + 0.18 * level**3) * 1.06, dense)
    toned = np.clip(0.03 + 0.97 * toned**gamma, 0, 1)
    return np.asarray(np.round(toned * 4095), dtype=np.uint16)


def _triple(vector: Vector) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in vector)
    return x, y, z
