"""From a made-up header to grey levels, against pydicom's arithmetic and dcmtk's pictures."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from tests.support import dicom_files
from viewer.dicom.greyscale import grey_of, window_note, with_extremes
from viewer.dicom.layout import PixelLayout, layout_of
from viewer.dicom.parse import parse
from viewer.dicom.pixels import frames
from viewer.dicom.write import to_bytes
from viewer.imaging.kernels import plain
from viewer.imaging.window import transfer_of
from viewer.model.image import GreyScale, Photometric
from viewer.model.view import WindowLevel, first_window, table_window

_VALUES = np.arange(-2048, 2048, dtype=np.int16).reshape(64, 64)


def _made(values: NDArray[np.generic] = _VALUES, **elements: object) -> Dataset:
    ds = dicom_files.bitewing()
    ds.Rows, ds.Columns = values.shape
    ds.BitsAllocated = ds.BitsStored = values.dtype.itemsize * 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(values.dtype.kind == "i")
    for keyword in ("WindowCenter", "WindowWidth", "PresentationLUTShape", "RescaleSlope"):
        if keyword in ds:
            del ds[keyword]
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    ds.PixelData = values.tobytes()
    return ds


def _read(ds: Dataset) -> tuple[GreyScale, PixelLayout, NDArray[np.generic]]:
    content = memoryview(to_bytes(ds))
    parsed = parse(content)
    layout = layout_of(parsed)
    value = content[layout.start : layout.start + layout.length]
    return grey_of(parsed.header, layout), layout, next(iter(frames(layout, value)))


def _levels(
    grey: GreyScale, pixels: NDArray[np.generic], window: WindowLevel | None = None
) -> NDArray[np.int64]:
    transfer = transfer_of(window or first_window(grey), grey)
    shown, values = np.empty(pixels.shape, np.uint8), pixels.astype(np.float32)
    if transfer.table is None:
        plain.window_linear(values, transfer.gain, transfer.offset, shown)
    else:
        plain.window_table(values, transfer.gain, transfer.offset, transfer.table, shown)
    return shown.astype(np.int64)


def _table(first: int, bits: int, entries: NDArray[np.uint16], *, is_signed: bool) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "SS" if is_signed else "US", [len(entries) & 0xFFFF, first, bits])
    item.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    return item


@settings(max_examples=40)
@given(
    centre=st.floats(-1500, 1500).map(lambda x: round(x, 1)),
    width=st.floats(2, 3000).map(lambda x: round(x, 1)),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    slope=st.sampled_from([1.0, 0.5, 2.5, -1.0]),
    intercept=st.sampled_from([0.0, -1024.0, 37.5]),
)
def test_windows_give_pydicoms_levels(
    centre: float, width: float, function: str, slope: float, intercept: float
) -> None:
    ds = _made(
        WindowCenter=centre, WindowWidth=width, VOILUTFunction=function,
        RescaleSlope=slope, RescaleIntercept=intercept, BitsStored=16,
    )  # fmt: skip
    grey, _, pixels = _read(ds)
    with np.errstate(over="ignore"):
        theirs = apply_voi_lut(apply_modality_lut(_VALUES, ds), ds)
    # pydicom's output runs over the values that the stored bits can have.
    low, high = (x * slope + intercept for x in (-32768, 32767))
    wanted = (theirs - low) / (high - low) * 255
    ours = _levels(grey, pixels, WindowLevel(grey.windows[0].centre, grey.windows[0].width))
    assert np.abs(ours - wanted).max() <= 1.01


@settings(max_examples=25)
@given(
    first=st.integers(-3000, 2000),
    bits=st.sampled_from([10, 12, 16]),
    count=st.integers(2, 5000),
    seed=st.integers(0, 9),
)
def test_tables_give_pydicoms_values(first: int, bits: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    entries = rng.integers(0, 1 << bits, count).astype(np.uint16)
    entries[0] = (1 << bits) - 1
    ds = _made(VOILUTSequence=[_table(first, bits, entries, is_signed=True)])
    grey, _, pixels = _read(ds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        item = ds.VOILUTSequence[0]
        item.add_new(0x00283006, "US", entries.tolist())
        wanted = apply_voi_lut(_VALUES, ds) / ((1 << bits) - 1) * 255
    assert np.abs(_levels(grey, pixels, table_window(grey, 0)) - wanted).max() <= 0.51


def test_a_table_stays_small_and_keeps_its_explanation() -> None:
    item = _table(0, 16, np.arange(65536).astype(np.uint16), is_signed=False)
    item.LUTExplanation = "enamel"
    grey, _, _ = _read(_made(_VALUES.view(np.uint16), VOILUTSequence=[item]))
    assert grey.tables[0].name == "enamel"
    assert len(grey.tables[0].packed) < 2_000
    assert np.array_equal(grey.tables[0].entries, np.arange(65536))


def test_a_window_by_hand_goes_on_from_where_the_table_was() -> None:
    entries = np.clip(np.arange(4000) * 40 - 40000, 0, 65535).astype(np.uint16)
    item = _table(-2000, 16, entries, is_signed=True)
    grey, _, pixels = _read(_made(VOILUTSequence=[item]))
    opening = first_window(grey)
    assert opening.table == 0
    by_hand = WindowLevel(opening.centre, opening.width)
    assert np.abs(_levels(grey, pixels, opening) - _levels(grey, pixels, by_hand)).max() < 16


def test_a_table_filled_far_below_its_bits_is_not_shown_black() -> None:
    entries = np.arange(256).astype(np.uint16)
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    item = _table(0, 16, entries, is_signed=False)
    grey, _, pixels = _read(_made(values, VOILUTSequence=[item]))
    assert _levels(grey, pixels).max() == 255


def test_several_windows_keep_their_explanations() -> None:
    names = ["bone", "soft"]
    ds = _made(WindowCenter=[300, 40], WindowWidth=[2000, 400])
    ds.WindowCenterWidthExplanation = names
    grey, _, _ = _read(ds)
    assert [window.name for window in grey.windows] == names


@pytest.mark.parametrize(
    ("centre", "width"), [(30000, 100), (-30000, 5), (1, 1), (5000, 1), (-2000, 20)]
)
def test_a_window_that_shows_nothing_gives_way_to_one_that_does(
    centre: float, width: float
) -> None:
    values = np.random.default_rng(0).integers(500, 1500, (64, 64)).astype(np.int16)
    grey, _, pixels = _read(_made(values, WindowCenter=centre, WindowWidth=width))
    full = with_extremes(grey, pixels)
    shown = _levels(full, pixels)
    assert 60 < shown.mean() < 200
    assert "next to nothing" in window_note(full)
    assert full.windows[-1].centre == centre


def test_a_window_that_shows_something_is_the_headers() -> None:
    grey, _, pixels = _read(_made(WindowCenter=0, WindowWidth=300))
    full = with_extremes(grey, pixels)
    assert full.windows[0].centre == 0
    assert window_note(full) == ""


@pytest.mark.parametrize("picture", ["two values", "one value", "one pixel"])
def test_a_picture_of_few_values_is_left_to_its_window(picture: str) -> None:
    values = np.zeros((64, 64), np.int16)
    if picture != "one value":
        values[0, : 32 if picture == "two values" else 1] = 1
    grey, _, pixels = _read(_made(values))
    full = with_extremes(grey, pixels)
    levels = _levels(full, pixels)
    assert levels.max() == (255 if picture != "one value" else levels.min())


def test_padding_is_outside_of_the_automatic_window_and_black() -> None:
    values = np.random.default_rng(0).integers(500, 1500, (64, 64)).astype(np.int16)
    values[:32] = -2000
    ds = _made(values)
    ds.add_new(0x00280120, "SS", -2000)
    grey, _, pixels = _read(ds)
    full = with_extremes(grey, pixels)
    assert full.minimum >= 500
    assert first_window(full).low >= 490


def test_infinite_and_missing_fractions_have_a_window_over_the_others() -> None:
    values = np.linspace(0.1, 0.2, 4096, dtype=np.float32).reshape(64, 64)
    values[0, :3] = np.nan, np.inf, -np.inf
    full = with_extremes(GreyScale(), values)
    assert first_window(full).low == pytest.approx(0.1, abs=0.002)
    assert first_window(full).high == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("shape", [None, "IDENTITY", "INVERSE"])
def test_the_bright_end_is_dcmtks(photometric: str, shape: str | None, tmp_path: Path) -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    shapes = {"PresentationLUTShape": shape} if shape else {}
    elements = {"WindowCenter": 128, "WindowWidth": 256, **shapes}
    ds = _made(values, PhotometricInterpretation=photometric, **elements)
    assert np.abs(_levels_of(ds) - _of_dcmtk(ds, tmp_path, "+Wi", "1")).max() <= 1


@pytest.mark.parametrize("function", ["LINEAR", "SIGMOID"])
def test_a_rescaled_window_gives_dcmtks_picture(function: str, tmp_path: Path) -> None:
    ds = _made(
        WindowCenter=100, WindowWidth=700, VOILUTFunction=function,
        RescaleSlope=0.5, RescaleIntercept=-24,
    )  # fmt: skip
    assert np.abs(_levels_of(ds) - _of_dcmtk(ds, tmp_path, "+Wi", "1")).max() <= 1


def test_a_voi_table_gives_dcmtks_picture(tmp_path: Path) -> None:
    entries = (np.linspace(0, 1, 3000) ** 2 * 4095).astype(np.uint16)
    ds = _made(VOILUTSequence=[_table(-1500, 12, entries, is_signed=True)])
    assert np.abs(_levels_of(ds) - _of_dcmtk(ds, tmp_path, "+Wl", "1")).max() <= 1


def test_a_presentation_table_comes_after_the_window() -> None:
    entries = (np.linspace(0, 1, 1024) ** 0.5 * 65535).astype(np.uint16)
    ds = _made(WindowCenter=0, WindowWidth=2000)
    ds.PresentationLUTSequence = [_table(0, 16, entries, is_signed=False)]
    grey, _, pixels = _read(ds)
    straight = (np.clip(_VALUES + 1000, 0, 2000) / 2000) ** 0.5 * 255
    assert np.abs(_levels(grey, pixels) - straight).max() < 9
    assert np.median(np.abs(_levels(grey, pixels) - straight)) <= 1


def test_a_slope_of_zero_is_passed_over() -> None:
    grey, _, _ = _read(_made(RescaleSlope=0, RescaleIntercept=5))
    assert (grey.slope, grey.intercept) == (1.0, 5.0)


def test_colour_has_no_grey_scale() -> None:
    content = memoryview(to_bytes(dicom_files.photo()))
    parsed = parse(content)
    assert grey_of(parsed.header, layout_of(parsed)).photometric is Photometric.RGB


def _levels_of(ds: Dataset) -> NDArray[np.int64]:
    grey, _, pixels = _read(ds)
    return _levels(grey, pixels)


def _of_dcmtk(ds: Dataset, folder: Path, *options: str) -> NDArray[np.int64]:
    if shutil.which("dcm2pnm") is None:
        pytest.skip("dcmtk is not on this machine")
    path = folder / "picture.dcm"
    path.write_bytes(to_bytes(ds))
    command = ["dcm2pnm", "-q", "-O", *options, "+opb", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    kind, columns, rows, _, *levels = done.stdout.split()
    assert kind == b"P2"
    return np.array(levels, np.int64).reshape(int(rows), int(columns))
