"""The compiled brush: from smooth fields of anatomy to grey values, voxel by voxel."""

# mypy: disable-error-code="no-untyped-call,untyped-decorator"

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

AIR, FAT, MUSCLE, SKIN = -1000.0, -110.0, 55.0, 30.0
CORTICAL, SPONGY, MARROW = 1450.0, 620.0, 230.0
CANAL, CANAL_RIM = 120.0, 1050.0
LIGAMENT, LAMINA_DURA = 250.0, 1350.0
PULP, DENTINE, ENAMEL = 350.0, 1650.0, 2650.0


@numba.njit(fastmath=True)
def _step(low: float, high: float, x: float) -> float:
    t = (x - low) / (high - low)
    t = min(max(t, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@numba.njit(fastmath=True)
def _mix(a: float, b: float, t: float) -> float:
    return a + (b - a) * t


@numba.njit(fastmath=True)
def _sample(field, z, y, x):  # type: ignore[no-untyped-def]
    """Trilinear sample at (z, y, x) in voxels, clamped to the field."""
    z = min(max(z, 0.0), field.shape[0] - 1.001)
    y = min(max(y, 0.0), field.shape[1] - 1.001)
    x = min(max(x, 0.0), field.shape[2] - 1.001)
    k, j, i = int(z), int(y), int(x)
    a, b, c = np.float32(z - k), np.float32(y - j), np.float32(x - i)
    one = np.float32(1.0)
    near = (field[k, j, i] * (one - c) + field[k, j, i + 1] * c) * (one - b) + (
        field[k, j + 1, i] * (one - c) + field[k, j + 1, i + 1] * c
    ) * b
    far = (field[k + 1, j, i] * (one - c) + field[k + 1, j, i + 1] * c) * (one - b) + (
        field[k + 1, j + 1, i] * (one - c) + field[k + 1, j + 1, i + 1] * c
    ) * b
    return near * (one - a) + far * a


@numba.njit(fastmath=True)
def _spongy(noise, z, y, x, per_mm):  # type: ignore[no-untyped-def]
    """Trilinear sample of a periodic noise cube at LPS mm."""
    n = noise.shape[0]
    z, y, x = z * per_mm, y * per_mm, x * per_mm
    k, j, i = int(np.floor(z)), int(np.floor(y)), int(np.floor(x))
    a, b, c = z - k, y - j, x - i
    k, j, i = k % n, j % n, i % n
    l, m, o = (k + 1) % n, (j + 1) % n, (i + 1) % n  # noqa: E741
    near = (noise[k, j, i] * (1 - c) + noise[k, j, o] * c) * (1 - b) + (
        noise[k, m, i] * (1 - c) + noise[k, m, o] * c
    ) * b
    far = (noise[l, j, i] * (1 - c) + noise[l, j, o] * c) * (1 - b) + (
        noise[l, m, i] * (1 - c) + noise[l, m, o] * c
    ) * b
    return near * (1 - a) + far * a


@numba.njit(fastmath=True)
def _bone(tissue, k, j, i, grain):  # type: ignore[no-untyped-def]
    """Grey value of bone, how much of the voxel it fills, canal and canal's rim (0-1)."""
    solid = _sample(tissue[..., 1], k, j, i) / 255.0
    if solid < 0.004:
        return 0.0, 0.0, 0.0, 0.0
    bone = _sample(tissue[..., 0], k, j, i) / 255.0
    deep = _sample(tissue[..., 2], k, j, i) / 255.0
    shell = 1.0 - _step(0.80, 0.97, deep)
    inner = _mix(MARROW, SPONGY, bone) + 450.0 * grain
    value = _mix(inner, CORTICAL + 60.0 * grain, shell * bone)
    canal = _sample(tissue[..., 3], k, j, i) / 255.0
    rim = _sample(tissue[..., 4], k, j, i) / 255.0
    return value, _step(0.15, 0.85, solid), canal, rim


@numba.njit(fastmath=True)
def _tooth(depth, height, core, crown):  # type: ignore[no-untyped-def]
    """Grey value inside a tooth: enamel over the crown, dentine, pulp along the middle."""
    thick = 1.5 * _step(-0.3, crown * 0.75, height) + 0.35 * _step(-0.2, 0.8, height)
    value = DENTINE
    if height > 0.0:
        value = _mix(DENTINE, ENAMEL, _step(-0.18, 0.18, thick - depth))
    top = 1.0 - _step(crown * 0.30, crown * 0.52, height)
    pulp = _step(0.66, 0.82, core) * top * _step(0.45, 0.8, depth)
    return _mix(value, PULP, pulp)


@numba.njit(fastmath=True)
def _soft(skin, cloud, hollow):  # type: ignore[no-untyped-def]
    """Skin, fat below it, muscle further in, air in hollows."""
    fat = _step(1.2, 2.2, skin) * (1.0 - _step(5.0, 8.0, skin + 3.0 * cloud))
    value = _mix(MUSCLE + 25.0 * cloud, FAT, fat)
    value = _mix(SKIN, value, _step(0.6, 1.6, skin))
    return _mix(value, AIR, _step(0.35, 0.65, hollow))


@numba.njit(fastmath=True)
def _with_bone(value, tissue, k, j, i, grain):  # type: ignore[no-untyped-def]
    """Add bone and canal to a grey value; also how much of the voxel is bone."""
    shape = tissue.shape
    if k <= -1 or j <= -1 or i <= -1 or k >= shape[0] or j >= shape[1] or i >= shape[2]:
        return value, 0.0
    bone, share, canal, rim = _bone(tissue, k, j, i, grain)
    value = _mix(value, bone, share)
    if rim > 0.01:
        value = _mix(value, CANAL_RIM, max(rim - canal, 0.0) * 0.8)
        value = _mix(value, CANAL, _step(0.3, 0.7, canal))
    return value, share


@numba.njit(fastmath=True)
def _with_tooth(value, share, cloud, depth, height, core, k, j, i):  # type: ignore[no-untyped-def]
    """Add a tooth, its socket and the air beside its crown; also the depth inside it in mm."""
    shape = depth.shape
    if k <= 0 or j <= 0 or i <= 0:
        return value, -9.0
    if k >= shape[0] - 1 or j >= shape[1] - 1 or i >= shape[2] - 1:
        return value, -9.0
    d = _sample(depth, k, j, i)
    if d <= -1.3:
        return value, d
    above = _sample(height, k, j, i)
    if above < -0.8:
        wall = _step(-1.05, -0.75, d) * _step(0.3, 0.7, share)
        value = _mix(value, LAMINA_DURA, 0.75 * wall)
        value = _mix(value, LIGAMENT, _step(-0.5, -0.2, d))
    elif above > 1.6:
        value = _mix(value, AIR, 0.8 * _step(-1.0, -0.5, d + 0.6 * cloud) * (1.0 - share))
    if d > -0.3:
        tooth = _tooth(d, above, _sample(core, k, j, i), 8.0)
        value = _mix(value, tooth, _step(-0.22, 0.22, d))
    return value, d


@numba.njit(fastmath=True)
def _with_metal(value, metal, x, y, z, d, cloud):  # type: ignore[no-untyped-def]
    """Add one piece of metal: a filling cut to its tooth, or a plain cylinder."""
    px, py, pz = x - metal[0], y - metal[1], z - metal[2]
    along = abs(px * metal[3] + py * metal[4] + pz * metal[5])
    half = metal[7]
    if along >= half + 0.5:
        return value
    across = np.sqrt(max(px * px + py * py + pz * pz - along * along, 0.0))
    if metal[9] > 0.5:
        shape = (across / metal[6]) ** 2 + (along / half) ** 3
        fill = 1.0 - _step(0.75, 1.15, shape + 0.22 * cloud)
        if metal[9] < 1.5:
            fill *= _step(-0.1, 0.2, d - 0.1)
    else:
        fill = _step(-0.2, 0.2, metal[6] - across) * _step(-0.2, 0.2, half - along)
    return _mix(value, metal[8], fill)


@numba.njit(fastmath=True)
def _streak(metal, number, x, y, z):  # type: ignore[no-untyped-def]
    """Rays of light and dark in the planes of one piece of metal."""
    px, py, pz = x - metal[0], y - metal[1], abs(z - metal[2])
    near = px * px + py * py
    reach = metal[7] + 1.5 - pz
    if reach <= 0.0 or near >= 2500.0:
        return 0.0
    angle = np.arctan2(py, px)
    ray = np.sin(7.0 * angle + number) + 0.7 * np.sin(13.0 * angle + 2.0 * number)
    ray += 0.5 * np.sin(29.0 * angle)
    fade = np.exp(-np.sqrt(near) / 16.0) * _step(2.0, 6.0, near) * _step(0.0, 1.5, reach)
    return metal[10] * ray * fade


@numba.njit(parallel=True, fastmath=True, cache=True, nogil=True)
def paint(  # type: ignore[no-untyped-def]
    out,
    origin,
    voxel_mm,
    tissue,
    tissue_origin,
    tissue_mm,
    face,
    air,
    face_origin,
    face_mm,
    depth,
    height,
    core,
    teeth_origin,
    teeth_mm,
    metals,
    grain,
    noise,
    noise_gv,
    view,
    finish,
):
    """Fill `out` (planes, rows, columns) int16 with grey values + 1000, clipped to 0-4095.

    `origin`, `*_origin` are (x, y, z) LPS mm of first voxels' centres. `metals` is (n, 11): centre,
    axis, radius, half length, grey value, its form (0 a cylinder, 1 rounded and cut to the tooth,
    2 rounded), streak. `view` is (x, y, radius) of the field of view's cylinder, radius 0: none.
    `finish` is 1 for shading and streaks, 0 for the bare object.
    """
    planes, rows, columns = out.shape
    n, square = noise.shape[0], view[2] * view[2]
    for k in numba.prange(planes):
        z = origin[2] + k * voxel_mm
        f, r, u = (z - face_origin[2]), (z - tissue_origin[2]), (z - teeth_origin[2])
        f, r, u = f / face_mm, r / tissue_mm, u / teeth_mm
        for j in range(rows):
            y = origin[1] + j * voxel_mm
            g, s, v = (y - face_origin[1]), (y - tissue_origin[1]), (y - teeth_origin[1])
            g, s, v = g / face_mm, s / tissue_mm, v / teeth_mm
            for i in range(columns):
                x = origin[0] + i * voxel_mm
                around = (x - view[0]) ** 2 + (y - view[1]) ** 2
                if square > 0.0 and around > square:
                    out[k, j, i] = 0
                    continue
                h = (x - face_origin[0]) / face_mm
                skin = _sample(face, f, g, h)
                value = AIR
                inside = _step(-0.25, 0.25, skin)
                if inside > 0.0:
                    t, w = (x - tissue_origin[0]) / tissue_mm, (x - teeth_origin[0]) / teeth_mm
                    cloud = _spongy(grain, z, y, x, 0.28)
                    value = _soft(skin, cloud, _sample(air, f, g, h) / 255.0)
                    texture = _spongy(grain, z, y, x, 2.2)
                    value, share = _with_bone(value, tissue, r, s, t, texture)
                    value, d = _with_tooth(value, share, cloud, depth, height, core, u, v, w)
                    for m in range(metals.shape[0]):
                        value = _with_metal(value, metals[m], x, y, z, d, cloud)
                        if finish > 0.5:
                            value += _streak(metals[m], m, x, y, z)
                    value = _mix(AIR, value, inside)
                if finish > 0.5:
                    value += 90.0 * around / max(square, 1.0) - 45.0 + 14.0 * np.sin(z * 0.11)
                speck = noise[k % n, (j + 37 * (k // n)) % n, (i + 53 * (j // n)) % n]
                out[k, j, i] = np.int16(min(max(value + noise_gv * speck + 1000.5, 0.0), 4095.0))


def noise_cube(size: int, seed: int, low: float, high: float) -> NDArray[np.float32]:
    """A periodic cube of band-passed noise, mean 0 and standard deviation 1.

    `low` and `high` are the band's wavelengths in voxels (short to long).
    """
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((size, size, size)).astype(np.float32)
    spectrum = np.fft.rfftn(white)
    k, j = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")
    i = np.fft.rfftfreq(size)
    square = k[..., None] ** 2 + j[..., None] ** 2 + i**2
    shape = np.exp(-square * low * low / 2) - np.exp(-square * high * high / 2)
    cube = np.fft.irfftn(spectrum * shape, s=white.shape, axes=(0, 1, 2))
    return np.asarray(cube / cube.std(), dtype=np.float32)
