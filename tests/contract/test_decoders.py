"""Every transfer syntax gives the same stored values as the source or an independent reader."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.support import dicom_files
from tests.support.survey import EXPLAINED
from viewer.dicom.encode import transcode
from viewer.dicom.errors import DicomRefused
from viewer.dicom.greyscale import rescale_of
from viewer.dicom.layout import layout_of
from viewer.dicom.parse import Parsed, parse
from viewer.dicom.pixels import frames
from viewer.dicom.write import to_bytes
from viewer.ingest.sniff import FileKind, sniff

_LOSSLESS = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG lossless": "1.2.840.10008.1.2.4.57",
    "JPEG lossless SV1": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "HTJ2K": "1.2.840.10008.1.2.4.201",
}
_SOURCES = {
    "signed CT": lambda: dicom_files.ct()[0],
    "bitewing": dicom_files.bitewing,
    "photo": dicom_files.photo,
}
_GREY_ONLY = ("JPEG lossless", "JPEG lossless SV1")
_FOLDERS = (
    "cornerstone3d_testImages",
    "dwv_sr_dicomdir/data",
    "highdicom",
    "nema_wg04",
    "presidio_burned_in",
    "pylibjpeg_odd",
    "weasis_presentation_state",
)
_COLOUR_OFF_BY = 1  # JPEG's colour transform is rounded differently by each decoder


def _decode(parsed: Parsed) -> NDArray[np.generic]:
    layout = layout_of(parsed)
    start = layout.start - parsed.body_offset
    value = parsed.body[start : start + layout.length]
    return np.stack(list(frames(layout, value)))


@pytest.mark.parametrize("source", _SOURCES)
@pytest.mark.parametrize("syntax", _LOSSLESS)
def test_a_lossless_syntax_gives_back_the_source(source: str, syntax: str) -> None:
    dataset: Dataset = _SOURCES[source]()
    if source == "photo" and syntax in _GREY_ONLY:
        dataset = dicom_files.bitewing()
    written = to_bytes(transcode(dataset, _LOSSLESS[syntax]))
    assert _decode(parse(memoryview(written))).tobytes() == dataset.PixelData


def _references(path: Path, parsed: Parsed) -> tuple[NDArray[np.generic], str] | None:
    """Read with SimpleITK (modality values), else with pydicom (stored values)."""
    try:
        return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), "modality"
    except RuntimeError:
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dcmread(path).pixel_array, "stored"
        except (AttributeError, RuntimeError, ValueError, NotImplementedError):
            return None


def _difference(path: Path, parsed: Parsed, ours: NDArray[np.generic]) -> float | None:
    found = _references(path, parsed)
    if found is None:
        return None
    theirs, scale = found
    layout = layout_of(parsed)
    values = ours.astype(np.float64)
    if layout.bits_allocated == 1 and scale == "modality":
        values *= 255  # ITK makes black and white of single bits
    if scale == "modality" and not layout.is_colour:
        slope, intercept = rescale_of(parsed.header)
        if layout.photometric == "MONOCHROME1":
            # ITK turns MONOCHROME1 around; ours stays as stored.
            values = 2**layout.bits_stored - 1 - values
        values = values * slope + intercept
    if theirs.size != values.size:
        return None if layout.palette is not None else float("inf")
    return float(np.abs(theirs.reshape(values.shape).astype(np.float64) - values).max())


def _dicom_files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if sniff(path.read_bytes()[:264]) is FileKind.DICOM]


@pytest.mark.parametrize("folder", _FOLDERS)
def test_real_files_have_the_values_that_an_independent_reader_finds(
    folder: str, shared_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="pydicom")
    wrong, compared = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in _dicom_files(shared_data / "dicom" / folder):
            try:
                parsed = parse(memoryview(path.read_bytes()))
                ours = _decode(parsed)
            except DicomRefused:
                continue
            difference = _difference(path, parsed, ours)
            allowed = _COLOUR_OFF_BY if layout_of(parsed).is_colour else 0
            if difference is not None and (path.name, "SimpleITK") not in EXPLAINED:
                compared += 1
                wrong += [(path.name, difference)] if difference > allowed else []
    assert wrong == []
    assert compared > 0


def test_what_is_refused_among_the_real_files_is_no_picture_that_a_peer_reads(
    shared_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="pydicom")
    readable = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in _dicom_files(shared_data / "dicom"):
            try:
                _decode(parse(memoryview(path.read_bytes())))
            except DicomRefused:
                dataset = dcmread(path, stop_before_pixels=False)
                bits = dataset.get("BitsAllocated")
                if "PixelData" in dataset and dataset.get("Rows") and bits != 1:
                    readable.append(path.name)
    assert readable == []
