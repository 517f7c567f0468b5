"""Every compiled kernel does what its numpy twin does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from viewer.imaging import kernels
from viewer.imaging.kernels import plain, plain_rays
from viewer.imaging.padding import NO_PADDING
from viewer.imaging.sampling import taps
from viewer.imaging.window import Transfer

_seeds = st.integers(0, 2**31)
_few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> Iterator[None]:
    kernels.warm()
    assert kernels.is_warm()
    yield
    kernels.cool()


def _values(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    dtype = kernels.DTYPES[random.integers(4)]
    if dtype is np.float32:
        values = random.normal(0, 900, shape).astype(np.float32)
        values[random.random(shape) < 0.05] = np.nan
        return values
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max, shape, endpoint=True).astype(dtype)


def _same(one: np.ndarray, two: np.ndarray, within: float) -> None:
    assert (np.isnan(one) == np.isnan(two)).all()
    assert np.nanmax(np.abs(one.astype(np.float64) - two), initial=0.0) <= within


@_few
@given(_seeds)
def test_columns_and_rows_spread_alike(seed: int) -> None:
    random = np.random.default_rng(seed)
    source = _values(random, (int(random.integers(2, 30)), int(random.integers(2, 30))))
    padding = (-5.0, 12.0) if random.random() < 0.5 else kernels.NO_PADDING
    careful = padding[0] <= padding[1] or source.dtype.kind == "f"
    step = float(np.exp(random.normal(0, 1)))
    for axis, name in ((1, "spread_columns"), (0, "spread_rows")):
        t = taps(source.shape[axis], 17, float(random.normal(0, 4)), step)
        shape = (source.shape[0], 17) if axis else (17, source.shape[1])
        one, two = np.empty(shape, np.float32), np.empty(shape, np.float32)
        getattr(plain, name)(source, t.start, t.weights, careful, padding, one)
        getattr(kernels._loops, name)(source, t.start, t.weights, careful, padding, two)
        _same(one, two, 0.05)


@_few
@given(_seeds)
def test_cuts_are_alike(seed: int) -> None:
    random = np.random.default_rng(seed)
    volume = _values(random, (5, 7, 6))
    padding = (-5.0, 12.0) if random.random() < 0.5 else kernels.NO_PADDING
    axis, fraction = int(random.integers(3)), float(random.choice([0.0, 0.3]))
    shape = tuple(size for a, size in enumerate(volume.shape) if a != axis)
    one, two = np.empty(shape, np.float32), np.empty(shape, np.float32)
    plain.cut_aligned(volume, axis, 2, fraction, padding, one)
    kernels._loops.cut_aligned(volume, axis, 2, fraction, padding, two)
    _same(one, two, 0.05)
    vectors = [random.normal(2, 2, 3), random.normal(0, 0.6, 3), random.normal(0, 0.6, 3)]
    one, two = np.empty((9, 8), np.float32), np.empty((9, 8), np.float32)
    plain.cut_oblique(volume, *vectors, 2, padding, one)
    kernels._loops.cut_oblique(volume, *vectors, 2, padding, two)
    _same(one, two, 0.05)


@_few
@given(_seeds)
def test_windows_are_alike(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(0, 1000, (11, 13)).astype(np.float32)
    values[random.random(values.shape) < 0.1] = np.nan
    gain, offset = float(random.normal(0, 0.3)), float(random.normal(100, 100))
    one, two = np.empty(values.shape, np.uint8), np.empty(values.shape, np.uint8)
    plain.window_linear(values, gain, offset, one)
    kernels._loops.window_linear(values, gain, offset, two)
    assert (one == two).all()
    table = random.integers(0, 256, 300).astype(np.uint8)
    plain.window_table(values, gain, offset, table, one)
    kernels._loops.window_table(values, gain, offset, table, two)
    assert (one == two).all()


@_few
@given(_seeds)
def test_packed_windows_are_the_windows(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(0, 1000, (11, 13)).astype(np.float32)
    values[random.random(values.shape) < 0.1] = np.nan
    table = random.integers(0, 256, 300).astype(np.uint8)
    for transfer in (Transfer(0.2, 90.0), Transfer(-0.1, 150.0, table)):
        grey, packed = np.empty(values.shape, np.uint8), np.empty(values.shape, np.uint32)
        kernels.window(values, transfer, grey)
        kernels.pack_window(values, transfer, packed)
        assert (packed == grey.astype(np.uint32) * 0x010101 + 0xFF000000).all()
        twin = np.empty(values.shape, np.uint32)
        if transfer.table is None:
            plain.pack_window_linear(values, transfer.gain, transfer.offset, twin)
        else:
            plain.pack_window_table(values, transfer.gain, transfer.offset, table, twin)
        assert (twin == packed).all()


@_few
@given(_seeds)
def test_views_become_contiguous(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = _values(random, (6, 5, 7))
    for view in (values[2], values[:, 3], values[:, ::-1, 4], values[1].T, values[1, ::-1]):
        made = kernels.contiguous(view)
        assert made.flags.c_contiguous
        np.testing.assert_array_equal(made, view)


def test_bands_give_what_one_stretch_gives() -> None:
    random = np.random.default_rng(3)
    source = random.integers(0, 4000, (900, 700)).astype(np.uint16)
    for step in (0.6, 1.4):
        across, down = taps(700, 800, 3.0, step), taps(900, 600, 5.0, step)
        banded, whole = np.empty((600, 800), np.float32), np.empty((600, 800), np.float32)
        kernels.resample(source, across, down, banded)
        narrow = np.empty((900, 800), np.float32)
        plain.spread_columns(source, across.start, across.weights, False, NO_PADDING, narrow)
        plain.spread_rows(narrow, down.start, down.weights, False, NO_PADDING, whole)
        _same(banded, whole, 0.05)
    volume = random.integers(-900, 900, (40, 50, 60)).astype(np.int16)
    vectors = [random.normal(2, 1, 3), random.normal(0, 0.05, 3), random.normal(0, 0.06, 3)]
    one, two = np.empty((500, 600), np.float32), np.empty((500, 600), np.float32)
    kernels.cut_oblique(volume, *vectors, one)
    kernels.rest()
    plain.cut_oblique(volume, *vectors, 1, NO_PADDING, two)
    assert np.isfinite(one).any()
    _same(one, two, 0.05)


@_few
@given(_seeds)
def test_overlays_lie_alike(seed: int) -> None:
    random = np.random.default_rng(seed)
    alpha = random.integers(0, 256, (6, 5)).astype(np.uint32) * (random.random((6, 5)) < 0.5)
    ink = alpha << 24
    for shift in (0, 8, 16):
        ink |= (random.random((6, 5)) * alpha).astype(np.uint32) << np.uint32(shift)
    overlay = ink.astype(np.uint32)
    left, top = (int(at) for at in random.integers(-9, 14, 2))
    for name, shape in (("pack_grey", (9, 8)), ("pack_colour", (9, 8, 3))):
        picture = random.integers(0, 256, shape).astype(np.uint8)
        one, two = np.zeros((9, 8), np.uint32), np.zeros((9, 8), np.uint32)
        for loops, out in ((plain, one), (kernels._loops, two)):
            getattr(loops, name)(picture, out)
            loops.lay(overlay, left, top, out)
        assert (one == two).all()
        assert (one >> 24 == 255).all()


@settings(max_examples=6, deadline=None)
@given(_seeds)
def test_rays_see_alike_and_skipping_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = np.full((20, 18, 26), -1000, np.int16)
    values[9:15, 4:9, 10:20] = random.integers(200, 1500, (6, 5, 10))
    table = np.zeros((64, 4), np.float32)
    table[:, :3] = random.random((64, 3))
    table[:, 3] = np.linspace(0, 0.8, 64)
    lights = random.normal(0, 1, 6).astype(np.float32)
    lights[:3] /= np.linalg.norm(lights[:3])
    lights[3:] /= np.linalg.norm(lights[3:])
    into = np.array([0.1, 0.9, -0.15])
    occupied = np.ones((3, 3, 4), np.uint8)
    occupied[1, 0:2, 1:3] = 0
    rays = (
        np.array([2.0, -4.0, 1.0]), np.array([0.02, 0.03, 1.1]), np.array([0.9, 0.0, 0.05]), into,
        np.eye(3, dtype=np.float32), lights,
        np.array([0.3, 0.6, 0.2, 8, 0.4, 0.02], np.float32), 0,
    )  # fmt: skip
    pictures = []
    for cast, empty in (
        (plain_rays.cast, occupied),
        (kernels._rays.cast, np.zeros_like(occupied)),
        (kernels._rays.cast, occupied),
    ):
        picture, depth = np.zeros((18, 24, 3), np.uint8), np.zeros((18, 24), np.float32)
        cast(values, empty, 3, table, 100.0, 63 / 1500, *rays, picture, depth)
        pictures.append((picture.astype(int), depth))
    assert pictures[0][0].any()
    assert (pictures[1][0] == pictures[2][0]).all()
    assert np.percentile(np.abs(pictures[0][0] - pictures[1][0]), 99) <= 2


def test_the_twins_serve_until_the_kernels_are_warm() -> None:
    kernels.cool()
    try:
        out = np.zeros((2, 2), np.float32)
        t = taps(2, 2, 0.0, 1.0)
        kernels.resample(np.array([[1, 2], [3, 4]], np.uint8), t, t, out)
        assert not kernels.is_warm()
        assert out.tolist() == [[1, 2], [3, 4]]
    finally:
        kernels.warm()
    assert kernels.is_warm()


def test_a_fine_pattern_does_not_alias_when_it_is_made_small() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    out = np.zeros((16, 15), np.float32)
    kernels.resample(stripes, taps(64, 15, 1.6, 64 / 15), taps(64, 16, 1.5, 4.0), out)
    assert np.abs(out - 127.5).max() < 32
