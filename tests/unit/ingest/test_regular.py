"""Slanted and uneven slices on a straight grid: the values SimpleITK finds in the same places."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813  its documented name
from numpy.typing import NDArray

from viewer.dicom.geometry import PlanePlace, place_of
from viewer.dicom.stacking import Stack, stacks
from viewer.ingest.arrival import Arrival
from viewer.ingest.importer import read
from viewer.ingest.regular import fill_missing, regular, with_room_for_nothing
from viewer.model.errors import Cancelled
from viewer.model.image import GreyScale

_NOTHING = -32768


def _never() -> None:
    return


def _peer(
    pixels: NDArray[np.generic],
    places: list[PlanePlace],
    affine: NDArray[np.float64],
    shape: tuple[int, int, int],
    holes: tuple[tuple[float, float], ...] = (),
) -> NDArray[np.float64]:
    """Resample by SimpleITK, between each two slices in turn; NaN outside them."""
    out = np.full(shape, np.nan)
    for n, (low, high) in enumerate(pairwise(places)):
        offset = np.subtract(high.position, low.position)
        heights = [
            float(np.dot(np.subtract(p.position, places[0].position), low.normal))
            for p in (low, high)
        ]
        if tuple(heights) in holes:
            continue
        axes = np.stack((low.along_row, low.down_column, offset / np.linalg.norm(offset)), axis=1)
        pair = sitk.GetImageFromArray(pixels[n : n + 2].astype(np.float32))
        pair.SetOrigin(low.position)
        pair.SetSpacing((low.column_mm, low.row_mm, float(np.linalg.norm(offset))))
        pair.SetDirection(axes.ravel().tolist())
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        straight = sitk.ResampleImageFilter()
        straight.SetInterpolator(sitk.sitkLinear)
        straight.SetDefaultPixelValue(float("nan"))
        straight.SetOutputSpacing(spacing.tolist())
        straight.SetOutputDirection((affine[:3, :3] / spacing).ravel().tolist())
        for k in range(shape[0]):
            if heights[0] - 1e-6 <= k * spacing[2] <= heights[1] + 1e-6:
                corner = affine[:3, 3] + affine[:3, 2] * k
                straight.SetSize((shape[2], shape[1], 1))
                straight.SetOutputOrigin(corner.tolist())
                found = sitk.GetArrayFromImage(straight.Execute(pair))[0]
                out[k] = np.where(np.isnan(out[k]), found, out[k])
    return out


def _slanted(heights: list[float], drift: tuple[float, float]) -> list[PlanePlace]:
    c, s = np.cos(0.3), np.sin(0.3)
    along, down = np.array((c, s, 0.0)), np.array((-s * c, c * c, s))
    normal = np.cross(along, down)
    places = []
    for height in heights:
        at = np.array((3.0, -7.0, 11.0)) + height * normal
        at = at + height * (drift[0] * along + drift[1] * down)
        x, y, z = (float(v) for v in at)
        places.append(
            PlanePlace(
                (x, y, z), (c, s, 0.0), (float(down[0]), float(down[1]), float(down[2])), 0.5, 0.4
            )
        )
    return places


def _textured(planes: int, rows: int = 30, columns: int = 26) -> NDArray[np.int16]:
    k, j, i = np.indices((planes, rows, columns))
    return (900 * np.sin(k / 3 + i / 5) + 700 * np.cos(j / 4 - k / 2) + 3 * i).astype(np.int16)


@pytest.mark.parametrize(
    ("heights", "drift"),
    [
        ([1.5 * n for n in range(12)], (0.0, 0.33)),
        ([1.5 * n for n in range(12)], (-0.2, -0.4)),
        ([0, 2, 4, 6, 8, 9.1, 12, 15, 18], (0.0, 0.0)),
        ([0, 2, 4, 6, 8, 9.1, 12, 15, 18], (0.1, 0.3)),
        ([1.5 * n for n in range(12) if n != 6], (0.0, 0.33)),
    ],
)
def test_every_value_is_the_one_simpleitk_finds_there(
    heights: list[float], drift: tuple[float, float]
) -> None:
    places, pixels = _slanted(heights, drift), _textured(len(heights))
    (stacked,) = stacks(places, *pixels.shape[1:])
    assert isinstance(stacked, Stack)
    assert stacked.regrid is not None
    grey = GreyScale(padding_from=_NOTHING, padding_to=_NOTHING)
    found = regular(pixels, stacked.regrid, grey, _never)
    peer = _peer(
        pixels, places, np.array(stacked.affine), stacked.regrid.shape, stacked.regrid.holes
    )
    seen = found != _NOTHING
    assert seen.mean() > 0.4
    assert np.abs(found[seen] - peer[seen]).max() <= 0.51
    # ITK also answers up to half a pixel beyond the outermost centres; nothing else may differ.
    missed = np.isfinite(peer) & ~seen
    assert missed.mean() < 0.12


def test_a_slice_that_lies_on_the_grid_keeps_its_values_bit_for_bit() -> None:
    heights = [float(n) for n in range(8)]
    places = _slanted(heights, (0.0, 0.5))
    pixels = _textured(8)
    (stacked,) = stacks(places, *pixels.shape[1:])
    assert isinstance(stacked, Stack)
    assert stacked.regrid is not None
    found = regular(pixels, stacked.regrid, GreyScale(padding_from=_NOTHING), _never)
    for k, plane in enumerate(found):
        assert np.array_equal(plane[k : k + 30], pixels[k])
        assert (np.delete(plane, range(k, k + 30), axis=0) == _NOTHING).all()


def test_padding_is_mixed_into_nothing() -> None:
    places = _slanted([float(n) for n in range(8)], (0.0, 0.37))
    pixels = _textured(8)
    pixels[:, 10:14, 10:14] = -2000
    (stacked,) = stacks(places, *pixels.shape[1:])
    assert isinstance(stacked, Stack)
    assert stacked.regrid is not None
    grey = GreyScale(padding_from=-2000, padding_to=-2000)
    found = regular(pixels, stacked.regrid, grey, _never)
    image = found[found != -2000]
    assert image.min() >= _textured(8).min()


def test_a_cancel_ends_the_work_between_two_planes() -> None:
    places, pixels = _slanted([float(n) for n in range(8)], (0.0, 0.5)), _textured(8)
    (stacked,) = stacks(places, *pixels.shape[1:])
    assert isinstance(stacked, Stack)
    assert stacked.regrid is not None
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        regular(pixels, stacked.regrid, GreyScale(padding_from=_NOTHING), check)
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("dtype", "low", "high", "expected"),
    [
        (np.int16, -1000, 3000, (np.int16, -32768)),
        (np.uint16, 1, 70, (np.uint16, 0)),
        (np.uint16, 0, 4095, (np.uint16, 65535)),
        (np.uint16, 0, 65535, (np.int32, -(1 << 31))),
        (np.uint8, 0, 255, (np.int16, -32768)),
        (np.int16, -32768, 32767, (np.int32, -(1 << 31))),
        (np.float32, -3, 5, (np.float32, -4)),
    ],
)
def test_nothing_gets_a_value_that_no_pixel_has(
    dtype: type, low: int, high: int, expected: tuple[type, int]
) -> None:
    pixels = np.array([[[low, high]]], dtype)
    found, grey = with_room_for_nothing(pixels, GreyScale())
    assert (found.dtype, grey.padding_from) == (np.dtype(expected[0]), expected[1])
    assert found.tolist() == pixels.tolist()


def test_planes_of_missing_slices_are_filled_with_nothing() -> None:
    pixels = np.ones((4, 2, 2), np.int16)
    fill_missing(pixels, (0, 1, 3), GreyScale(padding_from=-7))
    assert pixels[:, 0, 0].tolist() == [1, 1, -7, 1]


def test_a_real_head_with_a_tilted_gantry_and_three_slice_distances_comes_out_straight(
    shared_data: Path,
) -> None:
    folder = shared_data / "ct-geometry" / "ge_head_tilt_uneven"
    files = sorted(folder.glob("*.dcm"))
    (arrival,) = read(files, progress=lambda *_: None, is_cancelled=lambda: False)
    assert isinstance(arrival, Arrival)
    record, pixels = arrival.picture.record, arrival.picture.pixels
    assert record.caution == "Resampled: tilt 18.5°, uneven slices"
    assert "1.08 to 7 mm apart" in record.notes[0]

    datasets = [pydicom.dcmread(path) for path in files]
    places = [place for ds in datasets if (place := place_of(ds)) is not None]
    stored = np.stack([ds.pixel_array for ds in datasets])
    shape = (record.shape[0], record.shape[1], record.shape[2])
    peer = _peer(stored, places, arrival.picture.affine, shape)
    seen = pixels != record.grey.padding_from
    assert seen.mean() > 0.5
    assert np.abs(pixels[seen].astype(float) - peer[seen]).max() <= 0.51
    # What is not seen is what the scanner calls no image, a pixel around that, and the outside.
    missed = peer[~seen & np.isfinite(peer)]
    assert (missed < -1000).mean() > 0.9
