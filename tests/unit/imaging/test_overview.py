"""The small volume that is shown first: the same picture, in the same place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.pictures import blobs, placed, turned_axes, volume
from viewer.imaging import kernels
from viewer.imaging.kernels import plain_boxes
from viewer.imaging.overview import (
    make_overview,
    overview_factors,
    overview_picture,
)
from viewer.imaging.padding import NO_PADDING
from viewer.model.image import GreyScale, Picture


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> Iterator[None]:
    kernels.warm()
    yield
    kernels.cool()


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    yield
    kernels.rest()


def _overview(picture: Picture) -> Picture:
    factors, values = make_overview(picture.record, picture.pixels)
    return overview_picture(picture.record, factors, values)


def _shrunk_by_itk(picture: Picture, factors: tuple[int, int, int]) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(picture.pixels.astype(np.float64))
    matrix = picture.affine[:3, :3]
    spacing = np.linalg.norm(matrix, axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((matrix / spacing).ravel().tolist())
    image.SetOrigin(picture.affine[:3, 3].tolist())
    return SimpleITK.BinShrink(image, factors[::-1])


def _place(image: SimpleITK.Image, index: tuple[int, int, int]) -> np.ndarray:
    place = image.TransformIndexToPhysicalPoint(index)  # type: ignore[no-untyped-call]
    return np.array(place, np.float64)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**31))
def test_compiled_means_are_those_of_the_numpy_twin(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = tuple(int(n) for n in random.integers(1, 20, 3))
    factors = tuple(int(n) for n in random.integers(1, 6, 3))
    dtype: Any = np.dtype(kernels.DTYPES[random.integers(4)])
    if dtype.kind == "f":
        values = random.normal(0, 900, shape).astype(dtype)
        values[random.random(shape) < 0.1] = np.nan
    else:
        info = np.iinfo(dtype)
        values = random.integers(info.min, info.max, shape, endpoint=True).astype(dtype)
        values[random.random(shape) < 0.3] = 7
    padding = (7.0, 9.0) if random.random() < 0.5 else NO_PADDING
    found = kernels.box_means(values, factors, padding)  # type: ignore[arg-type]
    careful = padding != NO_PADDING or dtype.kind == "f"
    expected = np.empty_like(found)
    plain_boxes.box_means(values, factors, careful, padding, 0, expected)  # type: ignore[arg-type]
    assert np.allclose(found.astype(float), expected.astype(float), rtol=1e-6, equal_nan=True)
    assert found.dtype == values.dtype


@pytest.mark.parametrize("shape", [(256, 20, 384), (20, 256, 130)])
def test_a_volume_that_divides_evenly_shrinks_as_in_itk(shape: tuple[int, int, int]) -> None:
    picture = volume(blobs(shape), placed((0.3, 0.4, 1.1), (-8, -7, 10), turned_axes((11, -7, 20))))
    small, factors = _overview(picture), overview_factors(shape)
    theirs = _shrunk_by_itk(picture, factors)
    assert max(small.pixels.shape) <= 128
    values = SimpleITK.GetArrayFromImage(theirs)
    assert small.pixels.shape == values.shape
    assert np.abs(small.pixels.astype(np.float64) - values).max() <= 0.5
    for index in [(0, 0, 0), (3, 2, 9), (17, 12, 5)]:
        ours, placed_by_itk = small.affine @ (*index, 1.0), _place(theirs, index)
        assert np.abs(ours[:3] - placed_by_itk).max() < 1e-9


def test_odd_sizes_lose_no_voxel_and_their_whole_boxes_are_those_of_itk() -> None:
    shape = (131, 259, 17)
    picture = volume(blobs(shape), placed((0.3, 0.4, 1.1), (-8, -7, 10)))
    small, factors = _overview(picture), overview_factors(shape)
    assert factors == (2, 3, 1)
    assert small.pixels.shape == (66, 87, 17)
    theirs = SimpleITK.GetArrayFromImage(_shrunk_by_itk(picture, factors))
    whole = small.pixels[: theirs.shape[0], : theirs.shape[1]].astype(np.float64)
    assert np.abs(whole - theirs).max() <= 0.5
    last = picture.pixels[130:, 258:, 4].mean()
    assert abs(small.pixels[-1, -1, 4] - last) <= 0.5


def test_a_small_volume_is_its_own_overview() -> None:
    picture = volume(blobs((30, 34, 38)), placed((0.4, 0.4, 0.4)))
    small = _overview(picture)
    assert np.array_equal(small.pixels, picture.pixels)
    assert small.record == picture.record


def test_padding_never_bleeds_into_what_is_seen() -> None:
    values = np.full((2, 300, 300), 1000, np.int16)
    values[:, :, 150:] = -2000
    values[:, 30:60, 148:152] = -2000
    grey = GreyScale(bits_stored=16, minimum=1000, maximum=1000, padding_from=-2000)
    small = _overview(volume(values, placed((1, 1, 1)), grey))
    assert set(np.unique(small.pixels)) == {-2000, 1000}


def test_only_a_volume_has_an_overview() -> None:
    picture = volume(blobs((4, 4, 4)), placed((1, 1, 1)))
    flat = attrs.evolve(picture.record, affine_lps=None)
    with pytest.raises(ValueError, match="only a volume"):
        overview_picture(flat, (1, 1, 1), picture.pixels)
