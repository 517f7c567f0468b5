"""Rescale, windows, padding and extremes."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.support import dicom_files
from viewer.dicom.greyscale import grey_of, with_extremes
from viewer.dicom.layout import PixelLayout, layout_of
from viewer.dicom.parse import parse
from viewer.dicom.write import to_bytes
from viewer.model.image import GreyScale, Photometric, Window


def _layout(dataset: Dataset) -> PixelLayout:
    return layout_of(parse(memoryview(to_bytes(dataset))))


def _ct(**attributes: object) -> Dataset:
    dataset = dicom_files.ct()[0]
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def test_all_windows_come_with_their_names_and_function() -> None:
    dataset = _ct(
        WindowCenter=[40, 300],
        WindowWidth=[400, 2000],
        WindowCenterWidthExplanation=["soft", "bone"],
        VOILUTFunction="SIGMOID",
    )
    windows = grey_of(dataset, _layout(dataset)).windows
    assert windows == (Window(40, 400, "SIGMOID", "soft"), Window(300, 2000, "SIGMOID", "bone"))


@pytest.mark.parametrize("width", [0, -5, 0.5])
def test_a_window_without_width_is_left_out(width: float) -> None:
    dataset = _ct(WindowCenter=40, WindowWidth=width)
    assert grey_of(dataset, _layout(dataset)).windows == ()


def test_a_slope_of_zero_means_no_rescale() -> None:
    dataset = _ct(RescaleSlope=0, RescaleIntercept=-1000)
    grey = grey_of(dataset, _layout(dataset))
    assert (grey.slope, grey.intercept) == (1.0, -1000.0)


def test_padding_is_read_by_the_sign_of_the_pixels() -> None:
    dataset = _ct()
    dataset.add_new(0x00280120, "US", 63536)
    grey = grey_of(dataset, _layout(dataset))
    assert (grey.padding_from, grey.padding_to) == (-2000, -2000)


def test_extremes_and_the_automatic_window_leave_out_padding() -> None:
    grey = GreyScale(slope=2.0, intercept=-10.0, padding_from=-2000, padding_to=-2000)
    pixels = np.linspace(0, 1000, 10000).astype(np.int16)
    pixels[:3000] = -2000
    done = with_extremes(grey, pixels.reshape(100, 100))
    assert (done.minimum, done.maximum) == (300, 1000)
    window = done.windows[0]
    assert window.name == "automatic"
    assert window.centre - window.width / 2 == pytest.approx(2 * 303 - 10, abs=5)
    assert window.centre + window.width / 2 == pytest.approx(2 * 996 - 10, abs=5)


def test_a_header_window_is_not_replaced() -> None:
    grey = GreyScale(windows=(Window(50, 100),))
    assert with_extremes(grey, np.arange(9).reshape(3, 3)).windows == grey.windows


def test_a_picture_of_nothing_but_padding_gets_a_window_all_the_same() -> None:
    grey = GreyScale(padding_from=0, padding_to=0)
    done = with_extremes(grey, np.zeros((4, 4), np.uint8))
    assert done.windows[0].width >= 1


def test_monochrome1_is_said_and_grey_values_of_ct_have_no_hounsfield_unit() -> None:
    dataset = _ct(PhotometricInterpretation="MONOCHROME1", RescaleType="HU")
    grey = grey_of(dataset, _layout(dataset))
    assert grey.photometric is Photometric.MONOCHROME1
    assert grey.unit == "GV"


def test_colour_has_no_windows() -> None:
    dataset = dicom_files.photo()
    grey = with_extremes(grey_of(dataset, _layout(dataset)), np.zeros((2, 2, 3), np.uint8))
    assert grey == attrs.evolve(GreyScale(), photometric=Photometric.RGB)
