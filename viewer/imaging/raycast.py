"""The 3D picture: a volume made ready for rays, a camera, and rows of the picture.

`prepare` takes a while (worker); `Shot.rows` fills a band of rows and holds no lock, so that a
picture can be split among threads and dropped between bands.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt

from viewer.imaging import kernels
from viewer.imaging.padding import padding_of
from viewer.imaging.planes import VolumeSpace, space_of
from viewer.imaging.presets import VolumePreset
from viewer.model.image import GreyScale, Picture
from viewer.model.view import VolumeView

LONGEST = 288
_COARSE_STEP = 1.25
_LEAST = 48
_KEY_LIGHT = np.array([-0.35, -0.85, 0.45])


@attrs.frozen(eq=False)
class RayVolume:
    """Modality values for the ray caster, and the extremes of each brick.

    `values` is int16 [k, j, i], thinned to at most `LONGEST` per axis; `lows` and `highs` hold the
    extremes of every brick of 2**`shift` positions cubed, its far faces included. `coarse` is the
    same at half the fineness, quieter and eight times smaller, for pictures while a hand turns it.
    """

    space: VolumeSpace
    values: NDArray[np.int16]
    lows: NDArray[np.int16]
    highs: NDArray[np.int16]
    shift: int
    coarse: RayVolume | None = None

    def wipe(self) -> None:
        """Overwrite the values with zeros: nothing of the picture is left in memory."""
        for array in (self.values, self.lows, self.highs):
            array.fill(0)
        if self.coarse is not None:
            self.coarse.wipe()


def prepare(picture: Picture, longest: int = LONGEST) -> RayVolume:
    """Make a volume ready for rays: block means in modality values, bricks. Pure, any thread.

    What it makes on the way is overwritten: freed memory would keep a patient's voxels.
    """
    pixels, grey = picture.pixels, picture.record.grey
    factors = [max(1, -(-size // longest)) for size in pixels.shape]
    thinned = _thinned(pixels, factors, grey)
    values = _in_modality(thinned, grey)
    if thinned is not pixels:
        thinned.fill(0)
    values = _thick_enough(values)
    space = _thinner(picture.affine, factors, values.shape)
    halves = [2 if size >= _LEAST else 1 for size in values.shape]
    small = _halved(values, halves)
    coarse = _with_bricks(_thinner(space.matrix, halves, small.shape), small, 2)
    return _with_bricks(space, values, 3, coarse)


def _thick_enough(values: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return at least two voxels along each axis: the last one twice where there is but one."""
    if min(values.shape) > 1:
        return values
    padded = np.pad(values, [(0, 1 if size < 2 else 0) for size in values.shape], mode="edge")
    values.fill(0)
    return padded


def _thinner(
    affine: NDArray[np.float64], factors: list[int], shape: tuple[int, ...]
) -> VolumeSpace:
    """Return where voxels lie that are means of `factors` [k, j, i] voxels each."""
    matrix = affine.copy()
    matrix[:3, 3] += matrix[:3, :3] @ ((np.array(factors[::-1]) - 1) / 2)
    matrix[:3, :3] *= np.array(factors[::-1])
    return space_of(shape, matrix)


def _halved(values: NDArray[np.int16], halves: list[int]) -> NDArray[np.int16]:
    whole = tuple(slice(0, size // by * by) for size, by in zip(values.shape, halves, strict=True))
    total = np.zeros([s.stop // by for s, by in zip(whole, halves, strict=True)], np.int32)
    cut = values[whole]
    for k in range(halves[0]):
        for j in range(halves[1]):
            for i in range(halves[2]):
                total += cut[k :: halves[0], j :: halves[1], i :: halves[2]]
    return (total // int(np.prod(halves))).astype(np.int16)


def _with_bricks(
    space: VolumeSpace, values: NDArray[np.int16], shift: int, coarse: RayVolume | None = None
) -> RayVolume:
    lows, highs = (_bricks(values, best, 1 << shift) for best in (np.minimum, np.maximum))
    return RayVolume(space, values, lows, highs, shift, coarse)


def _thinned(
    pixels: NDArray[np.generic], factors: list[int], grey: GreyScale
) -> NDArray[np.generic]:
    """Return the means of whole blocks; what is only padding becomes the lowest value."""
    if max(factors) > 1:
        k, j, i = (size // by * by for size, by in zip(pixels.shape, factors, strict=True))
        by = factors[0], factors[1], factors[2]
        # Alone: a pane's next frame would wait for the threads that share pictures out.
        pixels = kernels.box_means(pixels[:k, :j, :i], by, padding_of(grey), alone=True)
    low, high = padding_of(grey)
    if low <= high:
        values: NDArray[Any] = pixels
        pixels = np.where((values >= low) & (values <= high), grey.minimum, values)
        if max(factors) > 1:
            values.fill(0)
    return pixels


def _in_modality(values: NDArray[np.generic], grey: GreyScale) -> NDArray[np.int16]:
    found = np.empty(values.shape, np.int16)
    for plane, stored in zip(found, values, strict=True):  # a plane stays in the cache
        real = stored.astype(np.float32)
        real *= np.float32(grey.slope)
        real += np.float32(grey.intercept)
        np.clip(np.rint(real, out=real), -32768, 32767, out=real)
        plane[...] = np.nan_to_num(real, copy=False, nan=-32768.0)
    return found


def _bricks(values: NDArray[np.int16], best: np.ufunc, edge: int) -> NDArray[np.int16]:
    found = values
    for axis in range(3):
        size = found.shape[axis]
        starts = np.arange(-(-size // edge)) * edge
        extreme = np.take(found, starts, axis=axis)
        for at in range(1, edge + 1):  # its far face included
            best(extreme, np.take(found, np.minimum(starts + at, size - 1), axis=axis), out=extreme)
        found = extreme
    return np.ascontiguousarray(found)


@attrs.frozen(eq=False)
class Look:
    """A preset applied to a volume: its table and the map of empty space."""

    preset: VolumePreset
    empty: NDArray[np.uint8]
    coarse: Look | None = None

    @property
    def shows_nothing(self) -> bool:
        """Whether nothing in the volume is dense enough for the preset."""
        return bool(self.empty.all())


def look(volume: RayVolume, preset: VolumePreset) -> Look:
    """Find the space that a preset leaves empty. Pure, any thread."""
    coarse = look(volume.coarse, preset) if volume.coarse is not None else None
    table = preset.table(1.0)
    seen = np.concatenate([[0], np.cumsum(table[:, 3] > 0)])
    scale = (len(table) - 1) / (preset.high - preset.low)
    ends = [
        np.clip((extreme - preset.low) * scale, -1, len(table) - 1)
        for extreme in (volume.lows.astype(np.float64), volume.highs.astype(np.float64))
    ]
    first = np.maximum(np.floor(ends[0]).astype(np.int64), 0)
    last = np.ceil(ends[1]).astype(np.int64)
    shows = seen[np.maximum(last + 1, first)] > seen[first]
    if not shows.any():
        return Look(preset, np.full(shows.shape, 255, np.uint8), coarse)
    away = distance_transform_cdt(~shows, metric="chessboard")
    return Look(preset, np.clip(away, 0, 255).astype(np.uint8), coarse)


def directions(view: VolumeView) -> tuple[NDArray[np.float64], ...]:
    """Return LPS unit vectors to screen right, to screen top and into the screen.

    At azimuth and elevation 0 the patient is seen from the front; azimuth turns the eye towards
    the patient's left, elevation towards the head.

    >>> [v.round(3).tolist() for v in directions(VolumeView())]
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    azimuth, elevation = np.deg2rad(view.azimuth_deg), np.deg2rad(view.elevation_deg)
    right = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    eye = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            -np.cos(azimuth) * np.cos(elevation),
            np.sin(elevation),
        ]
    )
    return right + 0.0, np.cross(right, -eye) + 0.0, -eye + 0.0


@attrs.frozen(eq=False)
class Shot:
    """One picture to be taken: a volume, a look, a camera and a size. Frozen; bands may be shared.

    `step_mm` is the distance between samples along a ray.
    """

    volume: RayVolume
    look: Look
    view: VolumeView
    width: int
    height: int
    step_mm: float
    is_fine: bool

    def rows(self, first: int, picture: NDArray[np.uint8], depth: NDArray[np.float32]) -> None:
        """Fill a band: `picture` (rows, width, 3) and `depth` (rows, width) from row `first` on."""
        kernels.cast_rays(
            self.volume.values, self.look.empty, self.volume.shift, *self._arguments,
            first, picture, depth,
        )  # fmt: skip

    @cached_property
    def _arguments(self) -> tuple[object, ...]:
        """What the kernel takes from preset and camera, the same for all bands."""
        right, up, into = directions(self.view)
        low, high = (np.array(end) for end in self.volume.space.bounds_lps)
        reach = float(np.linalg.norm(high - low))
        mm_per_px = 0.82 * reach / min(self.width, self.height) / self.view.zoom
        corner = (
            (low + high) / 2
            - into * reach / 2
            - right * mm_per_px * (self.width - 1) / 2
            + up * mm_per_px * (self.height - 1) / 2
        )
        inverse = self.volume.space.inverse[:3, :3]
        kji = [
            np.ascontiguousarray(v[::-1])
            for v in (
                self.volume.space.index_of((corner[0], corner[1], corner[2])),
                inverse @ right * mm_per_px,
                inverse @ -up * mm_per_px,
                inverse @ into * self.step_mm,
            )
        ]
        preset = self.look.preset
        table = preset.table(self.step_mm)
        return (
            table, preset.low, (len(table) - 1) / (preset.high - preset.low), *kji,
            np.ascontiguousarray(inverse.T, dtype=np.float32), _lights(right, up, into),
            _strengths(preset, is_fine=self.is_fine),
        )  # fmt: skip


def shot(
    volume: RayVolume, appearance: Look, view: VolumeView, width: int, height: int, *, fine: bool
) -> Shot:
    """Return the shot for a pane: fine when it is still, coarse while it turns."""
    if not fine and volume.coarse is not None and appearance.coarse is not None:
        volume, appearance = volume.coarse, appearance.coarse
    finest = float(volume.space.spacing_mm.min())
    typical = float(np.cbrt(np.prod(volume.space.spacing_mm)))
    step_mm = max(finest, typical * 0.5) * (0.6 if fine else _COARSE_STEP)
    return Shot(volume, appearance, view, width, height, step_mm, fine)


def _lights(
    right: NDArray[np.float64], up: NDArray[np.float64], into: NDArray[np.float64]
) -> NDArray[np.float32]:
    light = right * _KEY_LIGHT[0] + into * _KEY_LIGHT[1] + up * _KEY_LIGHT[2]
    light /= np.linalg.norm(light)
    half = light - into
    return np.concatenate([light, half / np.linalg.norm(half)]).astype(np.float32)


def _strengths(preset: VolumePreset, *, is_fine: bool) -> NDArray[np.float32]:
    s = preset.shading
    unseen = (0.5 / 255 / max(s.specular, 1e-6)) ** (1 / max(s.shininess, 1e-3))
    left = 0.02 if is_fine else 0.06
    return np.array([s.ambient, s.diffuse, s.specular, s.shininess, unseen, left], np.float32)
